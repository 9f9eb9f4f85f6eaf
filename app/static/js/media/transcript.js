// The words beside the player: they follow along, a press on a line goes there, and one can search.

const SECOND_THOUGHT = 4000; // ms without following after somebody scrolled

function seconds(stamp) {
  const [hours, minutes, rest] = stamp.split(":");
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}

const entities = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** Our own clean WebVTT → [{start, end, text}]. */
export function cuesOf(text) {
  return text.trimEnd().split(/\n\n+/).flatMap((block) => {
    const [timing, ...lines] = block.split("\n");
    const found = /^(\d+:\d\d:\d\d\.\d+) --> (\d+:\d\d:\d\d\.\d+)/.exec(timing);
    if (!found) return [];
    const words = lines.join("\n").replace(/&(?:lt|gt|amp);/g, (one) => entities[one]);
    return [{ start: seconds(found[1]), end: seconds(found[2]), text: words }];
  });
}

function clock(at) {
  const whole = Math.floor(at);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** The list of chapters: a press goes there, and the one that is played is marked and named. */
export function showChapters(box, { player }) {
  if (!box) return;
  const links = [...box.querySelectorAll("[data-at]")];
  const named = box.querySelector("[data-chapter-now]");
  const mark = () => {
    const at = player.time * 1000 + 50;
    const now = links.findLast((link) => Number(link.dataset.at) <= at);
    if (now?.hasAttribute("aria-current")) return;
    for (const link of links) link.removeAttribute("aria-current");
    now?.setAttribute("aria-current", "true");
    named.textContent = now ? now.lastElementChild.textContent : String(links.length);
  };
  box.addEventListener("click", (event) => {
    const link = event.target.closest("[data-at]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    player.seek(Number(link.dataset.at) / 1000);
    player.play();
  });
  for (const event of ["timeupdate", "seeked"]) player.media.addEventListener(event, mark);
  mark();
}

export function showTranscript(box, { tracks, player, language }) {
  if (!box || !tracks?.length) return;
  const list = box.querySelector("[data-transcript-lines]");
  const search = box.querySelector("[data-transcript-search]");
  const choice = box.querySelector("[data-transcript-language]");
  let cues = [];
  let rows = [];
  let active = -1;
  let quietUntil = 0;

  async function load(number) {
    const response = await fetch(tracks[number][2], { credentials: "same-origin" });
    if (!response.ok) return;
    cues = cuesOf(await response.text());
    list.lang = tracks[number][0];
    rows = cues.map((cue) => {
      const row = document.createElement("li");
      const button = document.createElement("button");
      const time = document.createElement("span");
      button.type = "button";
      time.className = "transcript-time";
      time.textContent = clock(cue.start);
      button.append(time, cue.text);
      button.addEventListener("click", () => {
        player.seek(cue.start);
        player.play();
      });
      row.append(button);
      return row;
    });
    list.replaceChildren(...rows);
    active = -1;
    filter();
    follow();
    box.hidden = !cues.length;
  }

  function filter() {
    const wanted = search.value.trim().toLowerCase();
    for (const [number, row] of rows.entries()) {
      row.hidden = Boolean(wanted) && !cues[number].text.toLowerCase().includes(wanted);
    }
    const none = rows.every((row) => row.hidden);
    box.querySelector("[data-transcript-none]").hidden = !none;
    list.hidden = none;
  }

  function follow() {
    const at = player.time;
    let now = -1;
    for (let number = 0; number < cues.length && cues[number].start <= at + 0.05; number += 1) now = number;
    if (now === active) return;
    rows[active]?.removeAttribute("aria-current");
    active = now;
    const row = rows[active];
    if (!row) return;
    row.setAttribute("aria-current", "true");
    if (performance.now() < quietUntil || search.value || box.contains(document.activeElement)) return;
    // Only the list scrolls, never the page.
    list.scrollTo({ top: row.offsetTop - list.clientHeight / 3, behavior: "smooth" });
  }

  for (const event of ["wheel", "touchmove"]) {
    list.addEventListener(event, () => {
      quietUntil = performance.now() + SECOND_THOUGHT;
    }, { passive: true });
  }
  search.addEventListener("input", filter);
  choice.addEventListener("change", () => load(Number(choice.value)));
  player.media.addEventListener("timeupdate", follow);
  player.media.addEventListener("seeked", follow);
  const wanted = language.toLowerCase();
  const tags = tracks.map(([tag]) => tag.toLowerCase());
  const first = Math.max(0, tags.includes(wanted)
    ? tags.indexOf(wanted)
    : tags.findIndex((tag) => tag.split("-")[0] === wanted.split("-")[0]));
  choice.value = String(first);
  load(first).catch(() => {});
}
