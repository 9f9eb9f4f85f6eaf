// Captions, written and edited beside the video: a row for each cue. The text area of the form is what
// counts; it is filled from the rows when the form is sent.

import { cuesOf } from "weike/media/transcript";

const root = document.querySelector("[data-captions]");
const words = JSON.parse(root.dataset.words);
const list = root.querySelector("[data-captions-rows]");
const area = root.querySelector("[data-captions-text]");
const media = root.querySelector("[data-captions-media]");
const form = root.querySelector("[data-captions-form]");
const undoing = root.querySelector("[data-captions-undo]");
const adding = root.querySelector("[data-captions-add]");
const LENGTH = 3; // seconds, of a new caption
const MOST_STEPS = 200; // that can be taken back
let loaded = false;
let leaving = false;
let now = ""; // the rows as they are
const past = []; // and as they were, one for each change
let stopping = null;

function stamp(at) {
  const ms = Math.max(0, Math.round(at * 1000));
  const two = (n) => String(n).padStart(2, "0");
  const seconds = Math.floor(ms / 1000);
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${String(ms % 1000).padStart(3, "0")}`;
}

function seconds(text) {
  const found = /^(?:(?:(\d+):)?(\d+):)?(\d+)(?:[.,](\d{1,3}))?$/.exec(text.trim().replaceAll("：", ":"));
  if (!found) return Number.NaN;
  const [, hours, minutes, rest, fraction] = found;
  return Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(rest) + Number(`0.${fraction ?? 0}`);
}

const short = (at) => stamp(at).replace(/^00:/, "");

function button(name, icon, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn btn-ghost";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${root.dataset.sprite}#${icon}`);
  svg.append(use);
  made.append(svg, words[name]);
  made.addEventListener("click", action);
  return made;
}

function input(name, value) {
  const made = document.createElement(name === "text" ? "textarea" : "input");
  made.className = "form-control";
  made.defaultValue = value;
  made.value = value;
  made.setAttribute("aria-label", words[name]);
  if (name === "text") {
    made.rows = 2;
    made.lang = area.lang;
  } else {
    made.inputMode = "decimal";
    made.autocomplete = "off";
  }
  made.dataset.cue = name;
  made.addEventListener("input", () => check(made.closest("li")));
  made.addEventListener("change", () => {
    made.defaultValue = made.value;
    keep();
  });
  return made;
}

const part = (row, name) => row.querySelector(`[data-cue="${name}"]`);
const times = (row) => [seconds(part(row, "start").value), seconds(part(row, "end").value)];

function check(row) {
  const [start, end] = times(row);
  const bad = !(start < end);
  part(row, "end").setCustomValidity(bad ? words.bad : "");
  part(row, "end").setAttribute("aria-invalid", String(bad));
  part(row, "end").title = bad ? words.bad : "";
  return !bad;
}

function make(start, end, text) {
  const row = document.createElement("li");
  row.append(input("start", short(start)), input("end", short(end)), input("text", text));
  const tools = document.createElement("div");
  tools.className = "cue-tools";
  if (media) tools.append(button("play", "play-fill", () => play(row)));
  tools.append(
    button("split", "layout-split", () => split(row)),
    button("merge", "arrows-collapse", () => merge(row)),
    button("remove", "trash", () => {
      const near = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      keep();
      if (near) go(near);
      else adding.focus();
    }),
  );
  row.append(tools);
  return row;
}

/** At the cursor when it stands in the words, else in the middle; the time is divided alike. */
function split(row) {
  const field = part(row, "text");
  const text = field.value;
  const inside = field.selectionStart > 0 && field.selectionStart < text.length;
  const at = inside ? field.selectionStart : Math.ceil(text.length / 2);
  const [start, end] = times(row);
  const middle = start + ((end - start) * at) / Math.max(1, text.length);
  const following = make(middle, end, text.slice(at).trim());
  field.value = text.slice(0, at).trim();
  part(row, "end").value = short(middle);
  row.after(following);
  keep();
  go(following);
}

function merge(row) {
  const following = row.nextElementSibling;
  if (!following) return;
  const wide = /[\u2e80-\u9fff\uff00-\uffef]$/u.test(part(row, "text").value);
  part(row, "text").value = [part(row, "text").value, part(following, "text").value].join(wide ? "" : " ");
  part(row, "end").value = part(following, "end").value;
  following.remove();
  keep();
  go(row);
}

/** Into the words of a row, which nothing that sticks to the window may cover. */
function go(row) {
  part(row, "text").focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest", behavior: "instant" });
}

const endOf = (row) => times(row)[1];

/** A new caption where the video stands; after the last one where there is none. */
function add() {
  const rows = [...list.children];
  const at = media && !media.error ? media.currentTime : Math.max(0, ...rows.map(endOf).filter(Number.isFinite));
  const following = rows.find((row) => times(row)[0] > at);
  const most = Math.min(following ? times(following)[0] : Infinity, Number(root.dataset.duration) / 1000);
  const row = make(at, Math.min(at + LENGTH, most), "");
  if (following) following.before(row);
  else list.append(row);
  keep();
  check(row);
  go(row);
}

const read = () => JSON.stringify([...list.children].map((row) => ["start", "end", "text"].map((name) => part(row, name).value)));

/** After every change: what was before can be had again. */
function keep() {
  const found = read();
  if (found === now) return;
  past.push(now);
  if (past.length > MOST_STEPS) past.shift();
  now = found;
  undoing.disabled = false;
}

function undo() {
  const before = past.pop();
  undoing.disabled = !past.length;
  if (before === undefined) return;
  const [was, is] = [JSON.parse(before), JSON.parse(now)];
  now = before;
  list.replaceChildren(...was.map(([start, stop, text]) => make(seconds(start), seconds(stop), text)));
  // A time that cannot be read comes back as it was typed.
  was.forEach(([start, stop], number) => {
    part(list.children[number], "start").value = start;
    part(list.children[number], "end").value = stop;
    check(list.children[number]);
  });
  // To where something is different again, so that one sees what was taken back.
  const place = was.findIndex((row, number) => JSON.stringify(row) !== JSON.stringify(is[number]));
  const row = list.children[Math.max(0, place)] ?? list.lastElementChild;
  if (row) go(row);
}

async function load() {
  if (loaded) return;
  loaded = true;
  const { default: Hls } = await import(root.dataset.hls);
  if (!Hls.isSupported()) {
    media.src = root.dataset.source;
    return;
  }
  const hls = new Hls({ enableWorker: false, maxBufferLength: 6 });
  hls.loadSource(root.dataset.source);
  hls.attachMedia(media);
}

async function play(row) {
  await load();
  clearTimeout(stopping);
  const [start, end] = times(row);
  media.currentTime = start;
  await media.play().catch(() => {});
  const look = () => {
    if (media.paused) return; // by hand: what is played from there on is not ended by us
    if (media.currentTime >= end) media.pause();
    else stopping = setTimeout(look, 50);
  };
  look();
}

function follow() {
  for (const row of list.children) {
    const [start, end] = times(row);
    row.classList.toggle("spoken", media.currentTime >= start && media.currentTime < end);
  }
}

const cues = cuesOf(area.value);
const refused = root.previousElementSibling?.classList.contains("notice-bad");
if ((cues.length && !refused) || !area.value.replace("WEBVTT", "").trim()) {
  list.replaceChildren(...cues.map((cue) => make(cue.start, cue.end, cue.text)));
  now = read();
  list.hidden = false;
  area.hidden = true;
  for (const each of [undoing, adding]) each.hidden = false;
  undoing.addEventListener("click", undo);
  adding.addEventListener("click", add);
  form.addEventListener("keydown", (event) => {
    // Within a field the browser takes back what was typed; what was done to rows, we do.
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.shiftKey) return;
    if (event.target.matches("input, textarea") && event.target.value !== event.target.defaultValue) return;
    event.preventDefault();
    undo();
  });
  addEventListener("beforeunload", (event) => {
    if (!leaving && past.length) event.preventDefault();
  });
  form.addEventListener("submit", (event) => {
    const rows = [...list.children].filter((row) => part(row, "text").value.trim()); // no words, no caption
    const bad = rows.find((row) => !check(row));
    if (bad) {
      event.preventDefault();
      part(bad, "end").reportValidity();
      return;
    }
    leaving = true;
    const blocks = rows.map((row) => {
      const [start, end] = times(row);
      const text = part(row, "text").value.replace(/\n\s*\n/g, "\n").replaceAll("-->", "→").trim();
      return `${stamp(start)} --> ${stamp(end)}\n${text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}`;
    });
    area.value = `WEBVTT\n\n${blocks.join("\n\n")}\n`;
  });
}
if (media) {
  media.addEventListener("play", load, { once: true });
  media.addEventListener("timeupdate", follow);
  load();
}
