// Cutting a recording: its sound drawn, a handle for every cut, half a minute around one of them drawn
// larger, for a finger on the sound of four hours is a minute wide, and the picture around a cut.
// The fields of the form are what counts; a handle only changes them.

const form = document.querySelector("[data-cutting-form]");
let board = document.querySelector("[data-cutting]");
const AROUND = 2; // seconds before and after a cut
const SNAP_MS = 2500;
const NEAR_MS = 15_000; // before and after the cut that is looked at
const WIDEST = 44; // pixels of a handle; less where cuts are close together

function written(ms) {
  const seconds = Math.floor(ms / 1000);
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const text = hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
  return ms % 1000 ? `${text}.${String(ms % 1000).padStart(3, "0")}` : text;
}

function read(text) {
  const found = /^(?:(?:(\d{1,2}):)?(\d{1,3}):)?(\d{1,5})(?:[.,](\d{1,3}))?$/.exec(text.trim().replaceAll("：", ":"));
  if (!found) return null;
  const [, hours, minutes, seconds, fraction] = found;
  return ((Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60 + Number(seconds)) * 1000
    + Number((fraction ?? "0").padEnd(3, "0"));
}

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

class Board {
  constructor() {
    this.words = JSON.parse(board.dataset.words);
    this.data = JSON.parse(board.querySelector("[data-cutting-data]").textContent);
    this.peaks = Uint8Array.from(atob(this.data.peaks), (c) => c.charCodeAt(0));
    this.wave = board.querySelector("[data-cutting-wave]");
    this.canvas = board.querySelector("[data-cutting-canvas]");
    this.loupe = board.querySelector("[data-cutting-loupe]");
    this.near = board.querySelector("[data-cutting-near-wave]");
    this.chosen = 0; // the number of the cut that the loupe shows
    this.middle = 0; // what stands in its middle, in ms
    this.trims = "trim" in form.dataset;
    this.fields = [...form.querySelectorAll("[data-cut]")];
    board.hidden = false;
    this.handles = this.fields.map((field, number) => this.handle(field, number));
    new ResizeObserver(() => this.draw()).observe(this.wave);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    for (const [number, button] of [...form.querySelectorAll("[data-cut-play]")].entries()) {
      button.addEventListener("click", () => {
        this.choose(number);
        this.around(read(this.fields[number].value) ?? 0);
        const { top, bottom } = this.video.getBoundingClientRect();
        if (top < 0 || bottom > innerHeight) this.video.scrollIntoView({ block: "center" });
      });
    }
    if (this.fields.length) this.magnify();
    this.canvas.addEventListener("click", (event) => this.playFrom(event));
    this.screen();
    this.play();
    this.show();
  }

  handle(field, number) {
    const handle = document.createElement("button");
    handle.type = "button";
    handle.className = "cutting-handle";
    handle.setAttribute("role", "slider");
    handle.setAttribute("aria-valuemin", "0");
    handle.setAttribute("aria-valuemax", String(this.data.duration));
    this.wave.append(handle);
    if (!this.trims) handle.dataset.number = number + 1;
    field.addEventListener("input", () => this.choose(number));
    for (const one of [field, handle]) one.addEventListener("focus", () => this.choose(number));
    handle.addEventListener("keydown", (event) => {
      const now = read(field.value) ?? 0;
      const step = event.shiftKey ? 1000 : 100;
      const goal = {
        ArrowLeft: now - step, ArrowDown: now - step, ArrowRight: now + step, ArrowUp: now + step,
        PageDown: now - 10_000, PageUp: now + 10_000, Home: 0, End: this.data.duration,
      }[event.key];
      if (goal === undefined) return;
      event.preventDefault();
      this.move(number, goal);
    });
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      this.choose(number);
      handle.classList.add("dragged");
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const box = this.wave.getBoundingClientRect();
      const at = ((event.clientX - box.left) / box.width) * this.data.duration;
      this.move(number, event.altKey ? at : this.snapped(at));
    });
    for (const end of ["pointerup", "pointercancel"]) {
      handle.addEventListener(end, () => handle.classList.remove("dragged"));
    }
    return handle;
  }

  /** The loupe: one cut at a time, moved by a drag as far as the finger goes. */
  magnify() {
    this.loupe.hidden = false;
    new ResizeObserver(() => this.draw()).observe(this.near);
    for (const button of this.loupe.querySelectorAll("[data-cutting-step]")) {
      button.hidden = this.fields.length < 2;
      button.addEventListener("click", () => {
        const all = this.fields.length;
        this.choose((this.chosen + Number(button.dataset.cuttingStep) + all) % all);
      });
    }
    this.loupe.querySelector("[data-cutting-listen]").addEventListener("click", () => {
      this.around(read(this.fields[this.chosen].value) ?? 0);
    });
    let held = null; // where the finger came down, and where the cut was
    this.near.addEventListener("pointerdown", (event) => {
      this.near.setPointerCapture(event.pointerId);
      held = [event.clientX, read(this.fields[this.chosen].value) ?? 0];
    });
    this.near.addEventListener("pointermove", (event) => {
      if (!held) return;
      const perPixel = (2 * NEAR_MS) / this.near.clientWidth;
      this.move(this.chosen, held[1] + (event.clientX - held[0]) * perPixel, true);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      this.near.addEventListener(end, () => {
        held = null;
        this.show();
      });
    }
  }

  choose(number) {
    this.chosen = number;
    this.show();
  }

  screen() {
    const video = board.querySelector("[data-cutting-video]");
    if (video === this.video) return;
    this.hls?.destroy();
    this.hls = this.loaded = undefined;
    this.video = video;
    for (const event of ["timeupdate", "seeked"]) this.video?.addEventListener(event, () => this.line());
  }

  /** Buttons and picture, as soon as there is something to play. */
  play() {
    const can = Boolean(this.data.source && this.video);
    for (const button of document.querySelectorAll("[data-cut-play], [data-cutting-listen]")) button.hidden = !can;
    if (!can) return;
    board.querySelector("[data-cutting-coming]")?.remove();
    this.video.controls = true;
    if (this.data.poster && !this.video.poster) this.video.poster = this.data.poster;
    this.load(); // without it the browser's own buttons are dead
  }

  /** What has been prepared since the page was sent. Cuts and names stay as they are. */
  catchUp(fresh) {
    const { source } = this.data;
    const screen = fresh.querySelector(".cutting-screen");
    if (!screen) board.querySelector(".cutting-screen")?.remove(); // it failed
    else if (!this.video?.isConnected) board.prepend(screen);
    this.screen();
    this.data = JSON.parse(fresh.querySelector("[data-cutting-data]").textContent);
    const [scenes, pictures] = [board, fresh].map((one) => one.querySelector("[data-cutting-scenes]"));
    if (scenes && pictures && !scenes.childElementCount) scenes.replaceChildren(...pictures.children);
    if (this.loaded && this.data.source && this.data.source !== source) this.renew();
    else this.play();
    this.draw();
  }

  /** The same recording at another address, in more qualities, from the same moment on. */
  async renew() {
    const at = this.video.currentTime;
    const going = !this.video.paused;
    await this.loaded;
    if (this.hls) {
      this.hls.config.startPosition = at;
      this.hls.loadSource(this.data.source);
    } else {
      this.video.src = this.data.source;
      this.video.addEventListener("loadedmetadata", () => {
        this.video.currentTime = at;
      }, { once: true });
    }
    if (going) this.video.play().catch(() => {});
  }

  /** A press on the sound plays from there; a line goes along. */
  async playFrom(event) {
    if (!this.data.source) return;
    const { left, width } = this.wave.getBoundingClientRect();
    await this.load();
    clearTimeout(this.stopping);
    this.video.currentTime = (((event.clientX - left) / width) * this.data.duration) / 1000;
    this.video.play().catch(() => {});
  }

  line() {
    const at = this.video ? this.video.currentTime * 1000 : 0;
    const places = [at / this.data.duration, (at - this.middle + NEAR_MS) / (2 * NEAR_MS)];
    for (const [number, line] of [...board.querySelectorAll("[data-cutting-now]")].entries()) {
      line.hidden = !this.loaded || places[number] < 0 || places[number] > 1;
      line.style.left = `${places[number] * 100}%`;
    }
  }

  /** The middle of the nearest silence, or the nearest keyframe; the place itself where none is near. */
  snapped(at) {
    const pauses = this.data.silences.map(([start, end]) => (start + end) / 2);
    return this.nearest(at, pauses) ?? this.nearest(at, this.data.keyframes) ?? at;
  }

  nearest(at, places) {
    let best = null;
    let least = Math.max(SNAP_MS, this.data.duration / 200);
    for (const place of places) {
      const apart = Math.abs(place - at);
      if (apart < least) [best, least] = [place, apart];
    }
    return best;
  }

  move(number, at, still = false) {
    const before = number ? (read(this.fields[number - 1].value) ?? 0) + 1000 : (this.trims ? 0 : 1000);
    const following = number + 1 < this.fields.length ? read(this.fields[number + 1].value) : null;
    const after = following === null ? this.data.duration - (this.trims ? 0 : 1000) : following - 1000;
    this.fields[number].value = written(Math.round(Math.min(after, Math.max(before, at))));
    this.show(still);
  }

  /** `still`: the loupe stays where it is, under the finger that moves the cut. */
  show(still = false) {
    const times = this.fields.map((field) => read(field.value));
    if (!still) this.middle = times[this.chosen] ?? this.middle;
    const pixels = this.wave.clientWidth / this.data.duration;
    for (const [number, handle] of this.handles.entries()) {
      const at = times[number] ?? 0;
      const word = this.trims ? this.words[number ? "end" : "start"] : this.words.cut;
      handle.style.left = `${(at / this.data.duration) * 100}%`;
      const others = times.filter((time, other) => time !== null && other !== number);
      const room = Math.min(...others.map((time) => Math.abs(time - at) * pixels));
      handle.style.width = `${Math.max(18, Math.min(WIDEST, room))}px`;
      handle.classList.toggle("chosen", number === this.chosen && this.handles.length > 1);
      handle.setAttribute("aria-valuenow", String(at));
      handle.setAttribute("aria-valuetext", written(at));
      handle.setAttribute("aria-label", fill(word, { time: written(at) }));
      this.fields[number].setAttribute("aria-invalid", String(times[number] === null));
      this.reason(this.fields[number], at);
    }
    const edges = [0, ...times.map((time) => time ?? 0), this.data.duration];
    for (const [number, label] of [...form.querySelectorAll("[data-part-length]")].entries()) {
      const length = edges[number + 1] - edges[number];
      const long = length > this.data.most;
      label.textContent = fill(this.words.part, {
        start: written(edges[number]), end: written(edges[number + 1]), length: written(length),
      }) + (long ? ` · ${this.words.long}` : "");
      label.classList.toggle("part-long", long);
    }
    if (this.fields.length) {
      const { near, nearStart, nearEnd } = this.words;
      this.loupe.querySelector("[data-cutting-near]").textContent = this.trims
        ? (this.chosen ? nearEnd : nearStart) : fill(near, { number: this.chosen + 1 });
      this.loupe.querySelector("[data-cutting-time]").textContent = written(times[this.chosen] ?? 0);
    }
    this.draw();
  }

  /** What was said of a proposed cut is true of another place only when that is silent, too. */
  reason(field, at) {
    const why = field.parentElement.querySelector("[data-cut-why]");
    if (!why) return;
    const quiet = this.data.silences.some(([from, to]) => at >= from && at <= to);
    why.hidden = field.value !== field.defaultValue && (why.dataset.cutWhy !== "silence" || !quiet);
  }

  draw() {
    this.sound(this.canvas, 0, this.data.duration);
    if (this.fields.length) {
      const canvas = this.near.querySelector("canvas");
      this.sound(canvas, this.middle - NEAR_MS, this.middle + NEAR_MS, true);
    }
    this.line();
  }

  /** The sound from one moment to another; near by, with its silences and the cuts. */
  sound(canvas, start, end, near = false) {
    const { width, height } = canvas.parentElement.getBoundingClientRect();
    const scale = devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const pen = canvas.getContext("2d");
    const style = getComputedStyle(this.wave);
    const place = (at) => ((at - start) / (end - start)) * width;
    const times = this.fields.map((field) => read(field.value) ?? 0);
    pen.scale(scale, scale);
    if (near) {
      pen.fillStyle = style.getPropertyValue("--good-soft");
      for (const [from, to] of this.data.silences) {
        if (to > start && from < end) pen.fillRect(place(from), 0, place(to) - place(from), height);
      }
    }
    pen.fillStyle = style.getPropertyValue("--brand");
    const step = this.data.duration / Math.max(1, this.peaks.length);
    for (let x = 0; x < width; x += 2) {
      const at = start + (x / width) * (end - start);
      if (at < 0 || at >= this.data.duration) continue;
      const first = Math.floor(at / step);
      const last = Math.max(first + 1, Math.floor((at + (2 / width) * (end - start)) / step));
      const part = this.peaks.subarray(first, last);
      // The mean: of a long recording, the loudest moment of each second would be one flat block.
      const loud = Math.max(0, (part.reduce((sum, one) => sum + one, 0) / Math.max(1, part.length) - 80) / 110);
      const out = this.trims && (at < times[0] || at > times[1]);
      pen.globalAlpha = out ? 0.25 : 1;
      const tall = Math.max(1, loud * height * 0.9);
      pen.fillRect(x, (height - tall) / 2, 1.4, tall);
    }
    pen.globalAlpha = 1;
    if (!near) return;
    pen.fillStyle = style.getPropertyValue("--bad");
    for (const at of times) {
      if (at >= start && at <= end) pen.fillRect(place(at) - 1.5, 0, 3, height);
    }
  }

  load() {
    this.loaded ??= this.attach();
    return this.loaded;
  }

  async attach() {
    const { default: Hls } = await import(board.dataset.hls);
    if (!Hls.isSupported()) {
      this.video.src = this.data.source;
      return;
    }
    this.hls = new Hls({ enableWorker: false, maxBufferLength: 6 });
    this.hls.loadSource(this.data.source);
    this.hls.attachMedia(this.video);
  }

  /** Two seconds before and two after a cut. */
  async around(ms) {
    await this.load();
    clearTimeout(this.stopping);
    this.video.currentTime = Math.max(0, ms / 1000 - AROUND);
    await this.video.play().catch(() => {});
    const until = ms / 1000 + AROUND;
    const look = () => {
      if (this.video.paused) return; // by hand: what is played from there on is not ended by us
      if (this.video.currentTime >= until || this.video.ended) this.video.pause();
      else this.stopping = setTimeout(look, 50);
    };
    look();
  }
}

let shown = form && board ? new Board() : null;

// ---- What is still being prepared comes by itself ----------------------------------------------

const state = () => {
  const box = document.querySelector(".media-state");
  return box ? `${box.dataset.mediaState} ${box.dataset.mediaStage}` : "";
};
let known = state();
let asking = false;

async function look() {
  if (asking || state() === known) return;
  asking = true;
  known = state();
  try {
    const answer = await fetch(location.pathname, { credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-cutting]");
    if (fresh && shown) {
      shown.catchUp(fresh);
    } else if (fresh && form) {
      begin(document.adoptNode(fresh), page);
    } else if (fresh) {
      location.replace(location.pathname); // nothing could be begun on this page
    }
  } catch {
    // no connection; the next change asks again
  } finally {
    asking = false;
  }
  look();
}

/** The sound has been listened to: its picture takes the place of the notice. */
function begin(fresh, page) {
  document.querySelector("[data-cutting-not-yet]").replaceWith(fresh);
  board = fresh;
  const proposed = page.querySelectorAll("[data-cutting-form] [data-cut]");
  for (const [number, field] of form.querySelectorAll("[data-cut]").entries()) {
    if (field.value === field.defaultValue) field.value = proposed[number]?.value ?? field.value;
  }
  shown = new Board();
}

document.addEventListener("htmx:afterSettle", look);
