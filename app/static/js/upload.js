// A file on its way: chosen or dropped, sent with progress, cancelled or tried again, and then
// shown while the server prepares it. See media/upload.html for the markup.

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
    this.request = null;
    this.file = null;
    this.lock = null;
    root.dataset.uploadBound = "";
    this.part("file").addEventListener("change", ({ target }) => {
      if (target.files.length) this.take(target.files[0]);
      target.value = ""; // choosing the same file again is a choice too
    });
    this.part("cancel").addEventListener("click", () => this.cancel());
    this.part("again").addEventListener("click", () => this.take(this.file));
    root.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      root.classList.add("dragging");
    });
    root.addEventListener("dragleave", () => root.classList.remove("dragging"));
    root.addEventListener("drop", (event) => {
      event.preventDefault();
      root.classList.remove("dragging");
      if (event.dataTransfer.files.length) this.take(event.dataTransfer.files[0]);
    });
    root.addEventListener("htmx:afterSwap", () => this.announceState());
    root.closest("form")?.addEventListener("submit", (event) => {
      if (!this.request) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      this.say(this.words.busy);
      this.part("cancel").focus();
    });
    this.compact();
  }

  /** Once there is a file, the target for another one need not be as large. */
  compact() {
    this.root.classList.toggle("compact", Boolean(this.part("id").value));
  }

  say(sentence) {
    this.part("live").textContent = sentence;
  }

  take(file) {
    if (!file || this.request) return;
    this.file = file;
    this.part("error").hidden = true;
    if (!file.size) return this.refuse(this.words.empty, false);
    if (file.size > Number(this.root.dataset.limit)) {
      return this.refuse(fill(this.words.large, { limit: this.root.dataset.limitText }), false);
    }
    this.send(file);
  }

  send(file) {
    const request = new XMLHttpRequest();
    const speed = new Speed();
    const waiting = [...announced];
    this.request = request;
    this.part("name").textContent = file.name;
    this.part("status").textContent = this.words.sending_start;
    this.part("progress").value = 0;
    this.part("going").hidden = false;
    this.part("choose").hidden = true;
    this.say(this.words.sending_start);
    this.part("cancel").focus();
    addEventListener("beforeunload", stay);
    this.keepAwake();

    request.upload.addEventListener("progress", ({ loaded, total }) => {
      speed.measure(loaded);
      const percent = total ? Math.floor((loaded / total) * 100) : 0;
      this.part("progress").value = percent;
      if (loaded >= total) {
        this.part("progress").removeAttribute("value");
        this.part("status").textContent = this.words.checking;
        this.say(this.words.checking);
        return;
      }
      if (waiting.length && percent >= waiting[0]) {
        while (waiting.length && percent >= waiting[0]) waiting.shift();
        this.say(`${percent} %`);
      }
      if (!speed.perSecond) return;
      const seconds = Math.ceil((total - loaded) / speed.perSecond);
      const left = seconds < 100
        ? fill(this.words.seconds, { n: seconds })
        : fill(this.words.minutes, { n: Math.ceil(seconds / 60) });
      this.part("status").textContent = fill(this.words.sending, {
        percent: `${percent} %`, speed: size(speed.perSecond), left,
      });
    });
    request.addEventListener("load", () => this.answered(request));
    request.addEventListener("error", () => this.refuse(this.words.offline, true));
    request.addEventListener("timeout", () => this.refuse(this.words.offline, true));
    request.addEventListener("abort", () => this.refuse(this.words.cancelled, true));
    request.open("POST", `${this.root.dataset.url}?filename=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("X-CSRFToken", document.querySelector('meta[name="csrf-token"]').content);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.send(file);
  }

  /** A phone that falls asleep cuts the upload off. */
  async keepAwake() {
    try {
      this.lock = await navigator.wakeLock?.request("screen");
    } catch {
      this.lock = null; // saving energy, or an old browser
    }
  }

  over() {
    this.request = null;
    this.lock?.release();
    removeEventListener("beforeunload", stay);
    this.part("going").hidden = true;
    this.part("choose").hidden = false;
  }

  cancel() {
    this.request?.abort();
  }

  refuse(sentence, worthAnotherTry) {
    this.over();
    this.part("sentence").textContent = sentence;
    this.part("again").hidden = !worthAnotherTry;
    this.part("error").hidden = false;
    this.say(sentence);
    (worthAnotherTry ? this.part("again") : this.part("file")).focus();
  }

  answered(request) {
    let answer = {};
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      answer = {};
    }
    if (request.status >= 400 || !answer.id) {
      // A file that was refused once will be refused again; a busy server may not.
      const again = request.status >= 500 || request.status === 429 || !answer.error;
      this.refuse(answer.error || this.words.failed, again);
      return;
    }
    this.over();
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
