// The lesson page: puts the player, the reports and the strip together.

import { say } from "weike/app";
import { goesOn } from "weike/media/quality";
import { showChapters, showTranscript } from "weike/media/transcript";
import { askInside } from "weike/player/checkpoints";
import { createPlayer } from "weike/player/player";
import { readAlong } from "weike/player/reading";
import { Recorder } from "weike/player/recorder";
import { Reports } from "weike/player/reports";
import { clock, gapsOf, Strip } from "weike/player/strip";

const REPORT_MS = 10_000;
const SETTLE_MS = 2_000; // after a pause or a jump: people jump several times in a row

const data = JSON.parse(document.getElementById("lesson-data").textContent);
const { words, urls } = data;
const state = { seen: data.seen, length: data.length, complete: data.complete };
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
const live = document.getElementById("lesson-live");
const text = document.getElementById("seen-text");
const gapsButton = document.getElementById("play-gaps");
const strip = data.counts ? new Strip(data.length) : null;
const isReading = data.kind === "reading";

function icon(name, className = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `icon ${className}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${urls.sprite}#${name}`);
  svg.append(use);
  return svg;
}

// ---- What is known ---------------------------------------------------------------------------

function show(percent) {
  strip.show(state.seen, state.length);
  if (state.complete) {
    const strong = document.createElement("strong");
    strong.textContent = words.complete;
    text.replaceChildren(icon("check-circle-fill"), strong); // #icon:check-circle-fill
  } else if (!isReading) {
    text.textContent = fill(words.seen, { percent, needed: data.needed });
  }
  const why = document.getElementById("why");
  if (why) why.hidden = state.complete || !state.seen.length;
  if (!gapsButton) return;
  const gaps = gapsOf(state.seen, state.length);
  // Only when something was left out: everything still ahead is no gap.
  const behind = state.seen.length > 1 || (state.seen.length === 1 && state.seen[0][0] > 1000);
  gapsButton.hidden = state.complete || !behind || !gaps.length;
  if (!gapsButton.hidden) {
    const parts = gaps.slice(0, 6).map(([from, to]) => `${clock(from)}–${clock(to)}`);
    text.textContent += ` · ${fill(words.missing, { parts: parts.join(", ") })}`;
  }
  if (why && !why.hidden) explain(gaps);
}

let playPart = null; // set once there is a player

/** The list behind “Why isn't this complete?”: what is missing, each part good for one press. */
function explain(gaps) {
  const seenMs = state.seen.reduce((sum, [from, to]) => sum + to - from, 0);
  document.getElementById("why-short").textContent =
    fill(words.short, { time: clock(Math.max(0, data.neededMs - seenMs) + 999) });
  const focused = document.activeElement?.dataset.from;
  const list = document.getElementById("gaps");
  list.replaceChildren(...gaps.map(([from, to]) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const part = `${clock(from)}–${clock(to)}`;
    button.type = "button";
    button.className = "btn btn-sm btn-outline-secondary";
    button.dataset.from = from;
    button.setAttribute("aria-label", fill(words.playPart, { part }));
    button.append(icon("play-fill"), part); // #icon:play-fill
    button.addEventListener("click", () => playPart?.(from));
    item.append(button);
    return item;
  }));
  if (focused) (list.querySelector(`[data-from="${focused}"]`) ?? list.querySelector("button"))?.focus();
}

function celebrate(answer) {
  const mark = document.getElementById("lesson-mark");
  mark?.classList.add("done");
  mark?.replaceChildren(icon("check-circle-fill"));
  const next = document.getElementById("lesson-next");
  next.dataset.complete = "";
  next.querySelector(".btn-outline-secondary")?.classList.replace("btn-outline-secondary", "btn-primary");
  const course = document.getElementById("course-progress");
  if (course && answer.coursePercent !== null) {
    course.querySelector("progress").value = answer.coursePercent;
    course.querySelector(".meter-text").textContent = fill(words.percentOfCourse, { percent: answer.coursePercent });
  }
  const parts = [answer.points ? fill(words.points, { points: answer.points }) : words.completed];
  if (answer.courseDone) parts.push(words.courseDone);
  live.textContent = parts.join(" ");
  say(parts.join(" "), "good");
}

let told = false; // that only questions are missing

function heard(answer) {
  const before = state.complete;
  Object.assign(state, { seen: answer.seen, length: answer.length, complete: answer.complete });
  show(answer.percent);
  if (answer.complete && !before) celebrate(answer);
  if (answer.questions && !told) say(words.questions, "warn");
  told = answer.questions > 0;
  if (answer.trimmed) say(words[answer.trimmed] ?? words.trimmed, "warn");
  if (answer.trimmed === "elsewhere") {
    machine.stop();
    offer(words.watchHere, async () => {
      await reports.again();
      machine.goOn();
    }, words.elsewhere);
  }
  if (answer.presence !== null) askWhoIsThere(answer.presence);
  else if (presence?.open) presence.close();
}

// ---- Whether somebody is there -----------------------------------------------------------------

const presence = document.getElementById("presence");
let machine = { stop() {}, goOn() {} }; // a player, or the clock of a text
let patience = null;
let stopped = false;

function askWhoIsThere(leftMs) {
  if (!presence || presence.open) return;
  presence.showModal();
  patience = setTimeout(() => {
    stopped = true;
    machine.stop();
  }, leftMs);
}

// Closing it in whatever way is an answer.
presence?.addEventListener("close", async () => {
  clearTimeout(patience);
  if (state.complete) return;
  if (await reports.present() && stopped) machine.goOn();
  stopped = false;
});

function troubled(kind) {
  say(words[kind], { online: "good", offline: "warn" }[kind] ?? "bad");
}

const reports = data.counts
  ? new Reports({
      url: urls.visits,
      course: data.course,
      lesson: data.lesson,
      length: data.length,
      collect: () => ({ spans: [], age: 0, position: data.position }), // until something is there
      onState: heard,
      onTrouble: troubled,
    })
  : null;

// ---- A text ----------------------------------------------------------------------------------

function read() {
  if (!reports) return;
  const seenMs = state.seen.reduce((sum, [from, to]) => sum + to - from, 0);
  const along = readAlong({
    reports,
    state,
    seenMs,
    onTick(left, ahead) {
      if (state.complete) return;
      strip.show([...state.seen, ahead]);
      const [time, end] = [document.getElementById("why-time"), document.getElementById("why-end")];
      time.textContent = left > 0 ? fill(words.timeShort, { time: clock(left + 999) }) : words.timeEnough;
      time.classList.toggle("done", left <= 0);
      if (reports.end) {
        end.textContent = words.endReached;
        end.classList.add("done");
      }
      text.textContent = left > 0 ? fill(words.readingTime, { time: clock(left + 999) })
        : reports.end ? words.reading : words.readingEnd;
    },
  });
  machine = along;
  reports.open();
  const through = data.position / data.length;
  if (!state.complete && through > 0.15 && through < 0.95) offer(words.goOn, () => along.showPlace(data.position));
}

/** A button below the strip that is good for one press. */
function offer(label, action, sentence = "") {
  const box = document.getElementById("resumed");
  if (!box) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm btn-ghost";
  button.textContent = label;
  button.addEventListener("click", () => {
    box.hidden = true;
    action();
  });
  box.replaceChildren(...(sentence ? [`${sentence} `] : []), button);
  box.hidden = false;
}

// ---- In order ----------------------------------------------------------------------------------

const EDGE_MS = 2_000; // as on the server
const played = []; // spans that the server may not know of yet

/** Whether a place was seen, or follows what was; always, where jumping ahead is allowed. */
function mayBeAt(ms) {
  if (!data.inOrder || state.complete || ms <= EDGE_MS) return true;
  return [...state.seen, ...played].some(([from, to]) => from <= ms && ms <= to + EDGE_MS);
}

function keepInOrder(media) {
  for (let part = 0; part < media.played.length; part += 1) {
    played.push([media.played.start(part) * 1000, media.played.end(part) * 1000]);
  }
  media.addEventListener("timeupdate", () => {
    if (media.seeking || media.paused) return;
    const ms = media.currentTime * 1000;
    const last = played.at(-1);
    if (last && ms >= last[1] && ms - last[1] <= EDGE_MS) last[1] = ms;
    else if (mayBeAt(ms)) played.push([ms, ms]);
  });
  media.addEventListener("seeking", () => {
    const ms = media.currentTime * 1000;
    if (mayBeAt(ms)) return;
    const ends = [0, ...[...state.seen, ...played].map(([, to]) => to).filter((to) => to < ms)];
    media.currentTime = Math.max(...ends) / 1000;
    say(words.ahead, "warn");
  });
}

// ---- A recording -----------------------------------------------------------------------------

const RENEWED = "weike-renewed";
const ASK_AGAIN_MS = 10_000;
let renewing = false;
let asked = -Infinity; // when the page was asked for other addresses
let player = null;

/** The links have run out, or lead to a first version that is replaced by the whole one, or the trainer
 *  has put in another recording: the page, asked again, has new ones. Of the same length, it goes on
 *  here; else the page begins anew at the same second. Where it has none, that is said. */
async function renew(media, { perhaps = false } = {}) {
  if (renewing || (perhaps && performance.now() - asked < ASK_AGAIN_MS)) return;
  renewing = true;
  asked = performance.now();
  try {
    const answer = await fetch(location.pathname, { credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = JSON.parse(page.getElementById("lesson-data").textContent);
    if (fresh.source && fresh.source !== data.source) {
      if (player && fresh.length === data.length) {
        data.source = fresh.source;
        player.renew({ source: fresh.source, audio: fresh.extras.audio });
        renewing = false;
      } else {
        try {
          sessionStorage.setItem(RENEWED, String(data.lesson));
        } catch {
          // no store: it begins anew without a word
        }
        location.replace(`${location.pathname}?t=${Math.floor(media.currentTime)}`);
      }
      return;
    }
  } catch {
    // not there, or not for this member any more
  }
  renewing = false;
  if (!perhaps || media.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) say(words.broken, "bad");
}

function sayRenewed() {
  try {
    if (sessionStorage.getItem(RENEWED) === String(data.lesson)) say(words.renewed);
    sessionStorage.removeItem(RENEWED);
  } catch {
    // no store
  }
}

async function play() {
  const media = document.querySelector("#player video, #player audio");
  const startMs = data.start !== null && mayBeAt(data.start) ? data.start : data.resume;
  player = await createPlayer(media, {
    source: data.source,
    language: data.language,
    urls,
    words: words.plyr,
    start: Math.min(startMs, Math.max(0, data.length - 500)) / 1000,
    highest: data.highestSpeed,
    onBroken: (how) => renew(media, how),
    extras: data.extras,
  });
  document.getElementById("player").dataset.ready = "";
  if (goesOn()) player.play();
  sayRenewed();
  showTranscript(document.getElementById("transcript"), {
    tracks: data.extras.captions, player, language: data.language,
  });
  showChapters(document.getElementById("chapters"), { player });
  if (strip && player.bar) strip.mount(player.bar);
  if (data.start === null && data.resume > 0) {
    offer(words.restart, () => {
      player.seek(0);
      player.play();
    }, fill(words.resumed, { time: clock(data.resume) }));
    media.addEventListener("playing", () => {
      setTimeout(() => {
        document.getElementById("resumed").hidden = true;
      }, 15_000);
    }, { once: true });
  }
  let settledOne = () => {};
  if (data.checkpoints.length) {
    askInside(player, document.getElementById("checkpoint"), {
      list: data.checkpoints,
      url: urls.questions,
      onSettled: (left) => settledOne(left),
      onTrouble: () => say(words.offline, "warn"),
    });
  }
  machine = { stop: () => player.pause(), goOn: () => player.play() };
  if (!reports) return;
  if (data.inOrder) keepInOrder(media);

  const recorder = new Recorder(media);
  let settling = null;
  reports.collect = () => {
    const age = recorder.age * 1000;
    const spans = recorder.take().map(([from, to, rate]) => [from * 1000, to * 1000, rate]);
    return { spans, age, position: player.time * 1000 };
  };
  const report = (extra) => {
    clearTimeout(settling);
    return reports.send(extra);
  };
  settledOne = (left) => {
    const why = document.getElementById("why-questions");
    if (why && !left) why.remove();
    report({ always: true });
  };
  const settle = () => {
    clearTimeout(settling);
    settling = setTimeout(() => report({ always: true }), SETTLE_MS);
  };
  reports.open();

  // One press plays only what is missing: at the end of a gap it goes on to the next one.
  let gapsOnly = false;
  let moving = false;
  async function toNextGap(first = false) {
    if (moving) return;
    moving = true;
    await report();
    const at = first ? -1 : player.time * 1000;
    const gaps = gapsOf(state.seen, state.length);
    if (!gaps.length || state.complete) gapsOnly = false;
    else if (first || !inGap(gaps)) player.seek((gaps.find(([from]) => from > at) ?? gaps[0])[0] / 1000);
    moving = false;
  }
  const inGap = (gaps) => {
    const at = player.time * 1000;
    return gaps.some(([from, to]) => at >= from - 500 && at < to);
  };
  playPart = (from) => {
    gapsOnly = true;
    player.seek(from / 1000);
    player.play();
  };
  gapsButton.addEventListener("click", async () => {
    gapsOnly = true;
    await toNextGap(true);
    player.play();
  });

  media.addEventListener("timeupdate", () => {
    strip.at(player.time * 1000);
    if (player.isPlaying && reports.quiet >= REPORT_MS) report();
    if (gapsOnly && !inGap(gapsOf(state.seen, state.length))) toNextGap();
  });
  media.addEventListener("pause", settle);
  media.addEventListener("seeked", settle);
  media.addEventListener("ended", () => report({ always: true }));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") report({ leaving: true, always: player.isPlaying });
  });
  addEventListener("pagehide", () => report({ leaving: true }));
  setInterval(() => {
    if (player.isPlaying && reports.quiet >= REPORT_MS) report();
  }, REPORT_MS / 2);

}

if (isReading) read();
else play().catch(() => say(words.broken, "bad"));
