// A file on its way: chosen or dropped, sent with progress, paused, cancelled or tried again, and
// then shown while the server prepares it. See media/upload.html for the markup.

import { leftOver, Resumable, Single } from "weike/media/transfer";

const language = document.documentElement.lang || "en";
const LOOK_MS = 500; // between two measurements of the speed
const announced = [25, 50, 75];

/** 3400000 → "3.2 MB", in the reader's digits. */
function size(bytes) {
  const units = ["B", "KB", "MB", "GB"];
  let step = 0;
  let amount = bytes;
  while (amount >= 1024 && step < units.length - 1) {
    amount /= 1024;
    step += 1;
  }
  const digits = step === 0 || amount >= 100 ? 0 : 1;
  return `${amount.toLocaleString(language, { maximumFractionDigits: digits })} ${units[step]}`;
}

function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** How fast it goes: a mean that follows changes within a few seconds. */
class Speed {
  constructor() {
    this.at = performance.now();
    this.sent = 0;
    this.perSecond = 0;
  }

  measure(sent) {
    const now = performance.now();
    const seconds = (now - this.at) / 1000;
    if (seconds * 1000 < LOOK_MS) return;
    const current = (sent - this.sent) / seconds;
    this.perSecond = this.perSecond ? 0.7 * this.perSecond + 0.3 * current : current;
    this.at = now;
    this.sent = sent;
  }
}

class Row {
  constructor(root) {
    this.root = root;
    this.words = JSON.parse(root.dataset.words);
    this.part = (name) => root.querySelector(`[data-upload-${name}]`);
    this.transfer = null;
    this.file = null;
    this.lock = null;
    root.dataset.uploadBound = "";
    this.part("file").addEventListener("change", ({ target }) => {
      if (target.files.length) this.takeAll([...target.files]);
      target.value = ""; // choosing the same file again is a choice too
    });
    this.part("cancel").addEventListener("click", () => this.cancel());
    this.part("again").addEventListener("click", () => this.goOn());
    this.part("pause")?.addEventListener("click", () => this.pause());
    root.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      root.classList.add("dragging");
    });
    root.addEventListener("dragleave", () => root.classList.remove("dragging"));
    root.addEventListener("drop", (event) => {
      event.preventDefault();
      root.classList.remove("dragging");
      if (event.dataTransfer.files.length) this.takeAll([...event.dataTransfer.files]);
    });
    root.addEventListener("htmx:afterSwap", () => this.announceState());
    root.closest(".upload-place")?.addEventListener("weike:recorded", ({ detail }) => {
      this.queue = [];
      this.file = { name: detail.filename };
      this.part("error").hidden = true;
      this.answered(detail);
    });
    root.closest("form")?.addEventListener("submit", (event) => {
      if (!this.transfer) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      this.say(this.words.busy);
      this.part("cancel").focus();
    });
    this.compact();
    if (root.dataset.tus) this.remember().catch(() => {});
  }

  /** What was interrupted before the page was closed. */
  async remember() {
    const [first] = await leftOver(this.root.dataset.tus);
    if (!first || this.transfer) return;
    this.part("left").textContent = fill(this.words.left, { name: first.name, size: size(first.size) });
    this.part("left").hidden = false;
  }

  /** Once there is a file, the target for another one need not be as large. */
  compact() {
    this.root.classList.toggle("compact", Boolean(this.part("id").value));
  }

  say(sentence) {
    this.part("live").textContent = sentence;
  }

  /** One after another: several at once would only share the line. */
  takeAll(files) {
    if (this.transfer) return;
    this.queue = "many" in this.root.dataset ? files.slice(1) : [];
    this.all = this.queue.length + 1;
    this.refused = [];
    this.take(files[0]);
  }

  /** Go on with the next file; when there is none, say what was refused or show what has arrived. */
  next() {
    if (!("many" in this.root.dataset)) return;
    if (this.queue?.length) this.take(this.queue.shift());
    else if (this.refused?.length) this.complain(this.refused.join("\n"), false);
    else location.reload();
  }

  take(file) {
    if (!file || this.transfer) return;
    this.file = file;
    this.part("error").hidden = true;
    if (!file.size) return this.refuse(this.words.empty, false);
    if (file.size > Number(this.root.dataset.limit)) {
      return this.refuse(fill(this.words.large, { limit: this.root.dataset.limitText }), false);
    }
    this.send(file);
  }

  send(file) {
    this.speed = new Speed();
    this.waiting = [...announced];
    const turn = this.all > 1 ? ` · ${fill(this.words.next, { n: this.all - this.queue.length, all: this.all })}` : "";
    this.part("name").textContent = file.name + turn;
    this.part("status").textContent = this.words.sending_start;
    this.part("progress").value = 0;
    this.say(this.words.sending_start);
    this.under(true);
    this.part("cancel").focus();
    const on = {
      progress: (sent, total) => this.progress(sent, total),
      done: (answer) => this.answered(answer),
      failed: (sentence, again, offline = false) => {
        this.refuse(sentence || (offline ? this.words.offline : this.words.failed), again);
      },
      waiting: (full = false) => {
        const sentence = full ? this.words.full : this.words.waiting;
        this.part("status").textContent = sentence;
        this.say(sentence);
      },
    };
    this.transfer = this.root.dataset.tus
      ? new Resumable(file, this.root.dataset.tus, on)
      : new Single(file, this.root.dataset.url, on);
  }

  /** Show a transfer (or the choice of a file when there is none). */
  under(way) {
    this.part("going").hidden = !way;
    this.part("choose").hidden = way;
    if (this.part("left")) this.part("left").hidden = true;
    if (this.part("pause")) this.pausing(false);
    if (way) {
      addEventListener("beforeunload", stay);
      this.keepAwake();
    } else {
      removeEventListener("beforeunload", stay);
      this.lock?.release();
    }
  }

  progress(sent, total) {
    this.part("error").hidden = true;
    this.speed.measure(sent);
    const percent = total ? Math.floor((sent / total) * 100) : 0;
    this.part("progress").value = percent;
    if (sent >= total) {
      this.part("progress").removeAttribute("value");
      this.part("status").textContent = this.words.checking;
      this.say(this.words.checking);
      return;
    }
    if (this.waiting.length && percent >= this.waiting[0]) {
      while (this.waiting.length && percent >= this.waiting[0]) this.waiting.shift();
      this.say(`${percent} %`);
    }
    if (!this.speed.perSecond) return;
    const seconds = Math.ceil((total - sent) / this.speed.perSecond);
    const left = seconds < 100
      ? fill(this.words.seconds, { n: seconds })
      : fill(this.words.minutes, { n: Math.ceil(seconds / 60) });
    this.part("status").textContent = fill(this.words.sending, {
      percent: `${percent} %`, speed: size(this.speed.perSecond), left,
    });
  }

  pause() {
    if (!this.transfer) return;
    const pausing = !this.transfer.paused;
    this.pausing(pausing);
    if (pausing) {
      this.transfer.pause();
      this.part("status").textContent = this.words.paused;
      this.say(this.words.paused);
    } else {
      this.speed = new Speed();
      this.part("status").textContent = this.words.sending_start;
      this.transfer.resume();
    }
  }

  pausing(is) {
    this.part("pause").setAttribute("aria-pressed", String(is));
    this.part("pause-text").textContent = is ? this.words.resume : this.words.pause;
  }

  /** A phone that falls asleep cuts the upload off. */
  async keepAwake() {
    try {
      this.lock = await navigator.wakeLock?.request("screen");
    } catch {
      this.lock = null; // saving energy, or an old browser
    }
  }

  cancel() {
    this.transfer?.cancel();
    this.refuse(this.words.cancelled, true);
  }

  refuse(sentence, worthAnotherTry) {
    this.stopped = worthAnotherTry && this.transfer?.stuck ? this.transfer : null;
    this.transfer = null;
    this.under(false);
    // Of several files, one that is no recording does not keep the others back.
    if (!worthAnotherTry && this.all > 1) {
      this.refused.push(`${this.file.name}: ${sentence}`);
      this.next();
    } else {
      this.complain(sentence, worthAnotherTry);
    }
  }

  complain(sentence, worthAnotherTry) {
    this.part("sentence").textContent = sentence;
    this.part("again").hidden = !worthAnotherTry;
    this.part("error").hidden = false;
    this.say(sentence);
    (worthAnotherTry ? this.part("again") : this.part("file")).focus();
  }

  /** Another try: from the last byte that arrived where that is possible. */
  goOn() {
    this.stopped?.close();
    this.stopped = null;
    this.take(this.file);
  }

  answered(answer) {
    this.transfer = null;
    this.under(false);
    this.part("id").value = answer.id;
    this.part("choose-text").textContent = this.part("choose-text").dataset.again;
    this.compact();
    this.say(fill(this.words.done, { name: answer.filename || this.file.name }));
    const preview = this.part("preview");
    if (preview && answer.url) {
      preview.src = answer.url;
      preview.hidden = false;
    }
    if (answer.state_url) {
      htmx.ajax("GET", answer.state_url, { target: this.part("state"), swap: "innerHTML" });
    }
    this.part("file").focus();
    this.root.dispatchEvent(new CustomEvent("weike:uploaded", { bubbles: true, detail: answer }));
    this.next();
  }

  /** Said once per state, not every two seconds. */
  announceState() {
    const box = this.root.querySelector("[data-media-state]");
    if (!box) return;
    const words = box.querySelector("[data-media-words]")?.textContent.trim();
    const now = `${box.querySelector(".chip")?.textContent.trim() ?? ""}. ${words ?? ""}`;
    if (now !== this.said) {
      this.said = now;
      this.say(now);
    }
  }
}

function stay(event) {
  event.preventDefault();
}

/** Bring upload rows inside `root` to life; rows that live already are left alone. */
export function bind(root = document) {
  for (const row of root.querySelectorAll("[data-upload]:not([data-upload-bound])")) new Row(row);
}

bind();
document.addEventListener("htmx:load", ({ detail }) => bind(detail.elt.parentElement ?? document));
