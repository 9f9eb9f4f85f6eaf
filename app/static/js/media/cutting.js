// Cutting a recording: its sound drawn, a handle for every cut, and the picture around a cut.
// The fields of the form are what counts; a handle only changes them.

const form = document.querySelector("[data-cutting-form]");
const board = document.querySelector("[data-cutting]");
const AROUND = 2; // seconds before and after a cut
const SNAP_MS = 2500;

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
    this.video = board.querySelector("[data-cutting-video]");
    this.trims = "trim" in form.dataset;
    this.fields = [...form.querySelectorAll("[data-cut]")];
    board.hidden = false;
    this.handles = this.fields.map((field, number) => this.handle(field, number));
    new ResizeObserver(() => this.draw()).observe(this.wave);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    for (const [number, button] of [...form.querySelectorAll("[data-cut-play]")].entries()) {
      button.hidden = !this.video;
      button.addEventListener("click", () => this.around(read(this.fields[number].value) ?? 0));
    }
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
    field.addEventListener("input", () => this.show());
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
      handle.classList.add("dragged");
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const box = this.wave.getBoundingClientRect();
      const at = ((event.clientX - box.left) / box.width) * this.data.duration;
      this.move(number, event.altKey ? at : this.snapped(at));
    });
    handle.addEventListener("pointerup", () => handle.classList.remove("dragged"));
    return handle;
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

  move(number, at) {
    const before = number ? (read(this.fields[number - 1].value) ?? 0) + 1000 : (this.trims ? 0 : 1000);
    const following = number + 1 < this.fields.length ? read(this.fields[number + 1].value) : null;
    const after = following === null ? this.data.duration - (this.trims ? 0 : 1000) : following - 1000;
    this.fields[number].value = written(Math.round(Math.min(after, Math.max(before, at))));
    this.show();
  }

  show() {
    const times = this.fields.map((field) => read(field.value));
    for (const [number, handle] of this.handles.entries()) {
      const at = times[number] ?? 0;
      const word = this.trims ? this.words[number ? "end" : "start"] : this.words.cut;
      handle.style.left = `${(at / this.data.duration) * 100}%`;
      handle.setAttribute("aria-valuenow", String(at));
      handle.setAttribute("aria-valuetext", written(at));
      handle.setAttribute("aria-label", fill(word, { time: written(at) }));
      this.fields[number].setAttribute("aria-invalid", String(times[number] === null));
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
    this.draw();
  }

  draw() {
    const { width, height } = this.wave.getBoundingClientRect();
    const scale = devicePixelRatio || 1;
    this.canvas.width = width * scale;
    this.canvas.height = height * scale;
    const pen = this.canvas.getContext("2d");
    const style = getComputedStyle(this.wave);
    pen.scale(scale, scale);
    pen.clearRect(0, 0, width, height);
    const times = this.fields.map((field) => read(field.value) ?? 0);
    pen.fillStyle = style.getPropertyValue("--brand");
    for (let x = 0; x < width; x += 2) {
      const first = Math.floor((x / width) * this.peaks.length);
      const last = Math.max(first + 1, Math.floor(((x + 2) / width) * this.peaks.length));
      const loud = Math.max(0, (Math.max(...this.peaks.subarray(first, last)) - 80) / 110);
      const at = (x / width) * this.data.duration;
      const out = this.trims && (at < times[0] || at > times[1]);
      pen.globalAlpha = out ? 0.25 : 1;
      const tall = Math.max(1, loud * height * 0.9);
      pen.fillRect(x, (height - tall) / 2, 1.4, tall);
    }
    pen.globalAlpha = 1;
  }

  async load() {
    if (this.loaded) return;
    this.loaded = true;
    const { default: Hls } = await import(board.dataset.hls);
    if (!Hls.isSupported()) {
      this.video.src = this.data.source;
      return;
    }
    const hls = new Hls({ enableWorker: false, maxBufferLength: 6 });
    hls.loadSource(this.data.source);
    hls.attachMedia(this.video);
  }

  /** Two seconds before and two after a cut. */
  async around(ms) {
    await this.load();
    clearTimeout(this.stopping);
    this.video.muted = false;
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

if (form && board) new Board();
