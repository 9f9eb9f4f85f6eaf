// Recording in the browser: camera, screen, both, or sound alone. What is recorded is sent while it
// grows; see media/record.html for the markup. The page gets "weike:recorded" with the server's answer.

import { Live } from "weike/media/transfer";

const SLICE_MS = 1000; // how often the browser hands over what it has
const BITS = { camera: 2_500_000, screen: 2_500_000, both: 3_000_000, sound: 0 };
const SOUND_BITS = 128_000;
const HEADROOM = 1.5; // browsers take a bit rate as a wish
const KINDS = {
  picture: ["video/mp4;codecs=avc1.42E01F,mp4a.40.2", "video/webm;codecs=vp9,opus", "video/webm;codecs=vp8,opus", "video/webm"],
  sound: ["audio/mp4;codecs=mp4a.40.2", "audio/webm;codecs=opus", "audio/webm"],
};
const MINE = 4; // the camera's picture is a quarter as wide as the screen

const clock = (ms) => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
};

function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The screen with the camera in its corner, as one picture. */
async function together(screen, camera, tickerUrl) {
  const [large, small] = await Promise.all([screen, camera].map(async (stream) => {
    const video = document.createElement("video");
    video.muted = video.playsInline = true;
    video.srcObject = new MediaStream(stream.getVideoTracks());
    await video.play();
    return video;
  }));
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { alpha: false });
  const scale = Math.min(1, 1920 / large.videoWidth, 1080 / large.videoHeight);
  canvas.width = Math.round((large.videoWidth * scale) / 2) * 2;
  canvas.height = Math.round((large.videoHeight * scale) / 2) * 2;
  const draw = () => {
    pen.drawImage(large, 0, 0, canvas.width, canvas.height);
    const width = Math.round(canvas.width / MINE);
    const height = Math.round((width * small.videoHeight) / (small.videoWidth || 1));
    const edge = Math.round(canvas.width / 60);
    pen.drawImage(small, canvas.width - width - edge, canvas.height - height - edge, width, height);
  };
  draw();
  const ticker = new Worker(tickerUrl);
  ticker.onmessage = draw;
  const stream = canvas.captureStream(25);
  return { tracks: stream.getVideoTracks(), end: () => ticker.terminate() };
}

class Booth {
  constructor(root) {
    this.root = root;
    this.words = JSON.parse(root.dataset.words);
    this.part = (name) => root.querySelector(`[data-record-${name}]`);
    this.open = []; // streams and whatever else must be ended
    root.dataset.recordBound = "";
    if (!navigator.mediaDevices?.getUserMedia || !("MediaRecorder" in window)) {
      this.part("choose").hidden = true;
      this.part("cannot").hidden = false;
      return;
    }
    for (const button of root.querySelectorAll("[data-record-what]")) {
      const what = button.dataset.recordWhat;
      button.hidden = (what === "screen" || what === "both") && !navigator.mediaDevices.getDisplayMedia;
      button.addEventListener("click", () => this.prepare(what));
    }
    const verbs = { start: "begin", pause: "pause", stop: "stop", again: "again", keep: "keep", leave: "leave" };
    for (const [name, verb] of Object.entries(verbs)) this.part(name).addEventListener("click", () => this[verb]());
    addEventListener("beforeunload", (event) => {
      if (this.live) event.preventDefault();
    });
    addEventListener("pagehide", () => this.release());
  }

  say(sentence) {
    this.part("status").textContent = sentence;
  }

  refuse(sentence) {
    this.part("error").textContent = sentence;
    this.part("error").hidden = false;
  }

  /** Which buttons there are: "choose", "ready", "recording", "review" or "sending". */
  show(step) {
    this.root.dataset.step = step;
    for (const box of this.root.querySelectorAll("[data-record-in]")) {
      box.hidden = !box.dataset.recordIn.split(" ").includes(step);
    }
    const focus = { ready: "start", recording: "stop", review: "keep" }[step];
    if (focus) this.part(focus).focus();
    if (step === "choose") this.root.querySelector("[data-record-what]:not([hidden])").focus();
  }

  async prepare(what) {
    this.part("error").hidden = true;
    try {
      await this.listen(what);
    } catch (problem) {
      this.release();
      const said = { NotAllowedError: "denied", NotFoundError: "missing", NotReadableError: "taken" };
      this.refuse(this.words[said[problem.name]] ?? this.words.failed);
      if (this.root.dataset.step !== "choose") this.show("choose");
      return;
    }
    this.what = what;
    this.say(this.words.ready);
    this.left(0);
    this.show("ready");
  }

  async listen(what) {
    const { mediaDevices } = navigator;
    const tracks = [];
    const sounds = [];
    let screen = null;
    if (what === "screen" || what === "both") {
      // First: browsers want the press of a button for it, and forget the press while they wait.
      screen = await mediaDevices.getDisplayMedia({ video: { frameRate: 25 }, audio: true });
      this.open.push(screen);
      screen.getVideoTracks()[0].addEventListener("ended", () => this.unshared());
    }
    const seen = what === "camera" || what === "both";
    const own = await mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true },
      video: seen ? { width: { ideal: what === "both" ? 640 : 1280 }, height: { ideal: what === "both" ? 360 : 720 }, frameRate: { ideal: 25 } } : false,
    });
    this.open.push(own);
    sounds.push(own);
    if (screen?.getAudioTracks().length) sounds.push(screen);
    if (what === "both") {
      const mixed = await together(screen, own, this.root.dataset.ticker);
      this.open.push({ getTracks: () => [...mixed.tracks, { stop: mixed.end }] });
      tracks.push(...mixed.tracks);
    } else if (what !== "sound") {
      tracks.push(...(screen ?? own).getVideoTracks());
    }
    tracks.push(...this.mixed(sounds, own));
    this.stream = new MediaStream(tracks);
    const video = this.part("picture");
    video.hidden = what === "sound";
    video.removeAttribute("src");
    video.controls = false;
    video.muted = true;
    video.srcObject = this.stream;
    await video.play().catch(() => {});
  }

  /** One track of all sounds; the meter shows the microphone. */
  mixed(streams, own) {
    const context = new AudioContext();
    context.resume().catch(() => {});
    const target = context.createMediaStreamDestination();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    for (const stream of streams) {
      const source = context.createMediaStreamSource(new MediaStream(stream.getAudioTracks()));
      source.connect(target);
      if (stream === own) source.connect(analyser);
    }
    const samples = new Float32Array(analyser.fftSize);
    const meter = this.part("level");
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
      // From -60 dB (nothing) to 0 dB (all that there can be).
      const now = Math.max(0, Math.min(100, 100 + (10 * Math.log10(power + 1e-9) * 100) / 60));
      meter.value = Math.max(now, meter.value - 5); // falls slowly, so that words can be seen
    }, 100);
    this.open.push({
      getTracks: () => [{
        stop: () => {
          clearInterval(timer);
          context.close();
        },
      }],
    });
    return target.stream.getAudioTracks();
  }

  get most() {
    return Number(this.root.dataset.most);
  }

  begin() {
    const kinds = this.what === "sound" ? KINDS.sound : KINDS.picture;
    const type = kinds.find((one) => MediaRecorder.isTypeSupported(one));
    const bits = BITS[this.what];
    this.recorder = new MediaRecorder(this.stream, {
      mimeType: type, audioBitsPerSecond: SOUND_BITS, ...(bits ? { videoBitsPerSecond: bits } : {}),
    });
    const ending = type?.includes("mp4") ? (bits ? "mp4" : "m4a") : "webm";
    const now = new Date();
    const stamp = `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, "0")}-${String(now.getDate()).padStart(2, "0")} ${String(now.getHours()).padStart(2, "0")}.${String(now.getMinutes()).padStart(2, "0")}`;
    const bytes = Math.ceil(((bits + SOUND_BITS) / 8) * (this.most / 1000) * HEADROOM) + 4 * 1024 * 1024;
    this.live = new Live(`${this.words.name} ${stamp}.${ending}`, Math.min(bytes, Number(this.root.dataset.limit)), {
      failed: (sentence) => {
        this.refuse(sentence || this.words.failed);
        if (this.recorder.state !== "inactive") this.recorder.stop();
      },
      waiting: (full = false) => this.say(full ? this.words.full : this.words.waiting),
      going: () => {
        if (this.root.dataset.step === "sending") this.sending();
        else if (this.recorder.state === "recording") this.say(this.words.recording);
      },
    });
    this.recorder.addEventListener("dataavailable", ({ data }) => this.live?.push(data));
    const { live } = this;
    this.recorder.addEventListener("stop", () => {
      // What was thrown away stops a moment later, when the next picture may be there already.
      if (this.live === live) this.stopped();
    });
    this.recorder.addEventListener("error", () => this.refuse(this.words.failed));
    this.done = 0;
    this.since = performance.now();
    this.recorder.start(SLICE_MS);
    this.timer = setInterval(() => this.tick(), 200);
    this.pausing(false);
    this.say(this.words.recording);
    this.show("recording");
    this.keepAwake();
  }

  get recorded() {
    return this.done + (this.recorder.state === "recording" ? performance.now() - this.since : 0);
  }

  tick() {
    this.left(this.recorded);
    // A little earlier: what the browser writes may be longer than what it was told.
    if (this.recorded >= this.most - 1500) this.stop();
  }

  left(recorded) {
    const left = this.most - recorded;
    this.part("left").textContent = clock(left);
    this.part("left").classList.toggle("soon", left < 60_000);
  }

  pause() {
    if (this.recorder.state === "recording") {
      this.done = this.recorded;
      this.recorder.pause();
    } else if (this.recorder.state === "paused") {
      this.since = performance.now();
      this.recorder.resume();
    }
    const is = this.recorder.state === "paused";
    this.pausing(is);
    this.say(is ? this.words.paused : this.words.recording);
  }

  pausing(is) {
    this.part("pause").setAttribute("aria-pressed", String(is));
    this.part("pause-text").textContent = is ? this.words.resume : this.words.pause;
    this.root.classList.toggle("paused", is);
  }

  /** The browser's own button has ended the sharing of the screen. */
  unshared() {
    if (this.root.dataset.step === "ready") this.leave();
    else this.stop();
  }

  stop() {
    if (!this.recorder || this.recorder.state === "inactive") return;
    this.done = this.recorded;
    this.recorder.stop();
  }

  stopped() {
    clearInterval(this.timer);
    this.release();
    const video = this.part("picture");
    video.srcObject = null;
    this.address = URL.createObjectURL(this.live.whole);
    video.src = this.address;
    video.muted = false;
    video.controls = true;
    video.hidden = false;
    this.say(fill(this.words.look, { length: clock(this.done) }));
    this.show("review");
  }

  /** Throw it away and begin again with the same picture. */
  again() {
    this.drop();
    this.prepare(this.what);
  }

  leave() {
    this.drop();
    this.say("");
    this.show("choose");
  }

  drop() {
    this.live?.cancel();
    this.live = null;
    this.stop();
    clearInterval(this.timer);
    this.release();
    const video = this.part("picture");
    video.srcObject = null;
    video.removeAttribute("src");
    video.hidden = true;
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = null;
  }

  sending() {
    const percent = Math.floor((this.live.offset / this.live.size) * 100);
    this.say(fill(this.words.sending, { percent: `${percent} %` }));
  }

  async keep() {
    this.show("sending");
    this.sending();
    const answer = await this.live.finish();
    if (!answer) {
      this.show("review");
      return;
    }
    this.live = null;
    this.drop();
    this.say("");
    this.show("choose");
    this.root.dispatchEvent(new CustomEvent("weike:recorded", { bubbles: true, detail: answer }));
  }

  async keepAwake() {
    try {
      this.lock = await navigator.wakeLock?.request("screen");
    } catch {
      this.lock = null;
    }
  }

  /** Camera and microphone off. */
  release() {
    this.lock?.release();
    this.lock = null;
    for (const stream of this.open.splice(0)) for (const track of stream.getTracks()) track.stop();
    this.part("level").value = 0;
  }
}

for (const root of document.querySelectorAll("[data-record]:not([data-record-bound])")) new Booth(root);
