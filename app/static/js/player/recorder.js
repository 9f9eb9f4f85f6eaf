// What was really played, as spans: from where to where, and how fast. Times in seconds.

const STALL = 0.35; // seconds that the clock of a player may run ahead of ours

export class Recorder {
  #open = null;
  #spans = [];
  #since = null; // when the oldest span that nobody took began, by the page's clock

  constructor(media, clock = () => performance.now() / 1000) {
    this.media = media;
    this.clock = clock;
    // It may play before anybody counts.
    const before = media.played;
    for (let part = 0; part < before.length; part += 1) {
      const [from, to] = [before.start(part), before.end(part)];
      this.#spans.push({ from, to, rate: media.playbackRate });
      this.#since = (this.#since ?? clock()) - (to - from) / media.playbackRate;
    }
    this.sample();
    media.addEventListener("playing", () => this.sample());
    media.addEventListener("timeupdate", () => this.sample());
    media.addEventListener("pause", () => this.stop());
    media.addEventListener("ended", () => this.stop());
    media.addEventListener("waiting", () => this.stop());
    // The time has jumped already, so the last sample is the end of what was seen.
    media.addEventListener("seeking", () => this.#close());
    media.addEventListener("ratechange", () => this.stop());
  }

  /** Look where the player is, and make the open span as much longer as is plausible. */
  sample() {
    const { media } = this;
    const now = this.clock();
    const at = media.currentTime;
    if (this.#open && !media.seeking) {
      const moved = at - this.#open.to;
      const most = (now - this.#open.at) * this.#open.rate * 1.25 + STALL;
      if (moved >= 0 && moved <= most) {
        this.#open.to = at;
        this.#open.at = now;
      } else {
        this.#close();
      }
    }
    if (!this.#open && !media.paused && !media.ended && !media.seeking) {
      this.#open = { from: at, to: at, at: now, rate: media.playbackRate };
      this.#since ??= now;
    }
  }

  /** Take a last sample and end the open span. */
  stop() {
    if (this.#open) this.sample();
    this.#close();
  }

  #close() {
    if (this.#open && this.#open.to > this.#open.from) this.#spans.push(this.#open);
    this.#open = null;
  }

  /** Seconds since the oldest span that was not taken yet. */
  get age() {
    return this.#since === null ? 0 : this.clock() - this.#since;
  }

  /** All spans since the last call: [[from, to, rate], …] in the order they were played. */
  take() {
    if (this.#open) this.sample();
    const found = this.#spans;
    this.#spans = [];
    if (this.#open && this.#open.to > this.#open.from) {
      found.push({ ...this.#open });
      this.#open.from = this.#open.to;
    }
    this.#since = this.#open ? this.clock() : null;
    return found.map(({ from, to, rate }) => [from, to, rate]);
  }
}
