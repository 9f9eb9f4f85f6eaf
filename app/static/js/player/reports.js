// Tells the server what was seen, and keeps it until the server has said that it knows.
// Times in ms. Every report carries the visit's next token; the answer brings the one after.

import { ticket } from "weike/keeping";
import { forget, keep, sendUnsent } from "weike/player/unsent";

const SPANS_MOST = 40;
const LATE_MS = 15_000;
const WAITS_MS = [3_000, 6_000, 12_000, 30_000];

/** Join spans that continue each other; when there are too many, the order is given up as well. */
export function compact(spans) {
  const found = [];
  for (const [from, to, rate] of spans) {
    const last = found.at(-1);
    if (last && last[1] === from && last[2] === rate) last[1] = to;
    else if (to > from) found.push([from, to, rate]);
  }
  if (found.length <= SPANS_MOST) return found;
  found.sort((a, b) => a[0] - b[0]);
  const merged = [];
  for (const [from, to, rate] of found) {
    const last = merged.at(-1);
    if (last && from - last[1] <= 300) {
      last[1] = Math.max(last[1], to);
      last[2] = Math.max(last[2], rate);
    } else merged.push([from, to, rate]);
  }
  return merged;
}

export class Reports {
  #waiting = []; // spans that the server does not know of
  #visit = null;
  #opening = null;
  #busy = false;
  #failures = 0;
  #timer = null;
  #again = false;
  #over = false;
  #lastSent = 0;
  #position = 0;
  #closing = false;

  /**
   * `onState` gets each answer, `onTrouble` one of: offline, online, signIn, reload. `collect` gives
   * what was seen since it was asked last: { spans: [[from, to, rate], …], age, position }, where
   * `age` is how old the oldest of it is. It is asked for every report, so that the first one after
   * an outage brings all of it: a second one would have to explain how it can be so soon.
   */
  constructor({ url, course, lesson, length, collect, onState, onTrouble }) {
    Object.assign(this, { url, course, lesson, length, collect, onState, onTrouble });
    this.end = false;
    this.token = document.querySelector("meta[name=csrf-token]").content;
    addEventListener("online", () => this.#soon(0));
    // Before the last report of a page that closes: its answer will not be heard.
    addEventListener("pagehide", () => {
      this.#closing = true;
      if (this.#visit && !this.#over) {
        this.#collect();
        this.#keep();
      }
    });
    addEventListener("pageshow", () => {
      this.#closing = false;
    });
  }

  /** Begin a visit. Called when the page opens; asked again, it waits for the same one. */
  open() {
    this.#opening ??= this.#begin().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #begin() {
    if (!this.#visit) await sendUnsent(this.token); // so that the strip knows of it at once
    const answer = await this.#post(this.url, { course: this.course, lesson: this.lesson });
    if (!answer) {
      // Without a connection: a visit that was opened ahead, when the course was kept.
      this.#visit ??= await ticket(this.lesson);
      if (this.#visit) {
        this.#failures = Math.max(2, this.#failures);
        this.onTrouble("offline");
      }
      this.#soon(this.#wait());
      return;
    }
    if (answer.status !== 201) {
      this.#refused(answer);
      return;
    }
    this.#visit = await answer.json();
    this.length = this.#visit.length;
    this.onState(this.#visit);
  }

  /** Begin anew here, after another lesson was opened elsewhere; what waited does not count. */
  again() {
    if (this.#visit) forget(this.#visit.visit);
    this.#visit = null;
    this.#waiting = [];
    return this.open();
  }

  /** Say that somebody is there; returns whether the server heard it. */
  async present() {
    if (!this.#visit) return true;
    const answer = await this.#post(`${this.url}/${this.#visit.visit}/present`, {});
    return answer?.status === 204;
  }

  #add(spans) {
    for (const [from, to, rate] of spans) {
      const a = Math.max(0, Math.min(this.length, Math.round(from)));
      const b = Math.max(0, Math.min(this.length, Math.round(to)));
      if (b > a) this.#waiting.push([a, b, Math.min(2, Math.max(0.25, rate))]);
    }
  }

  /** Take over what was seen since the last time; returns how old the oldest of it is. */
  #collect() {
    const { spans, age, position } = this.collect();
    this.#position = Math.max(0, Math.min(this.length, Math.round(position)));
    this.#add(spans);
    this.#waiting = compact(this.#waiting);
    return age;
  }

  /** Lay what waits where it outlives the page; or clear the place when nothing does. */
  #keep() {
    if (!this.#visit || this.#over) return;
    const { visit, token, seq } = this.#visit;
    if (!this.#waiting.length) {
      forget(visit);
      return;
    }
    const url = `${this.url}/${visit}/spans`;
    keep({
      ...{ url, visit, token, seq, closed: this.#closing },
      ...{ spans: this.#waiting, position: this.#position, end: this.end },
    });
  }

  /** How long ago the last report left. */
  get quiet() {
    return performance.now() - this.#lastSent;
  }

  /** Send what was seen; `always` sends a bare position too, `leaving` when the page is closing. */
  async send({ leaving = false, always = false } = {}) {
    if (this.#over) return;
    if (this.#busy) {
      this.#again = true;
      if (leaving && this.#visit) {
        this.#collect();
        this.#keep();
      }
      return;
    }
    if (!this.#visit) {
      if (!leaving) await this.open();
      if (!this.#visit) return;
    }
    const age = this.#collect();
    if (!this.#waiting.length && !always) return;
    if (leaving || this.#failures) this.#keep();
    clearTimeout(this.#timer);
    this.#busy = true;
    this.#lastSent = performance.now();
    const sent = this.#waiting.slice(0, SPANS_MOST);
    const body = {
      token: this.#visit.token,
      seq: this.#visit.seq,
      spans: sent,
      position: this.#position,
      kept: this.#failures > 0 || age > LATE_MS,
      end: this.end,
    };
    let answer;
    try {
      answer = await this.#post(`${this.url}/${this.#visit.visit}/spans`, body, leaving);
    } finally {
      this.#busy = false;
    }
    await this.#answered(answer, sent);
    if (this.#again && !this.#over) {
      this.#again = false;
      this.#soon(1_000);
    }
  }

  async #answered(answer, sent) {
    if (!answer) {
      this.#failed();
      return;
    }
    if (answer.status === 200) {
      const state = await answer.json().catch(() => null);
      if (!state) {
        this.#failed();
        return;
      }
      this.#visit = state;
      if (!state.applied) {
        // The answer to an earlier report was lost; with the token of this one it is sent again.
        this.#failures = Math.max(1, this.#failures);
        this.#soon(200);
        return;
      }
      this.#waiting = this.#waiting.slice(sent.length);
      this.#keep();
      if (this.#failures > 1) this.onTrouble("online");
      this.#failures = 0;
      this.onState(state);
      if (this.#waiting.length) this.#soon(2_000);
    } else if (answer.status === 409) {
      forget(this.#visit.visit);
      this.#visit = null; // open for half a day: a new visit goes on
      this.#soon(200);
    } else if (answer.status === 429) {
      this.#failures += 1;
      this.#soon(1000 * Math.min(60, Number(answer.headers.get("Retry-After")) || 5));
    } else if (answer.status >= 500) {
      this.#failed();
    } else {
      this.#refused(answer);
    }
  }

  #failed() {
    this.#failures += 1;
    this.#keep();
    if (this.#failures === 2) this.onTrouble("offline");
    this.#soon(this.#wait());
  }

  #refused(answer) {
    if (answer.status === 401) this.#keep(); // for after the next sign-in
    this.#over = true;
    this.onTrouble(answer.status === 401 ? "signIn" : "reload");
  }

  #wait() {
    return WAITS_MS[Math.min(this.#failures, WAITS_MS.length) - 1] ?? WAITS_MS[0];
  }

  #soon(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.send({ always: this.#failures > 0 }), ms);
  }

  /** The answer, or null when there was none. */
  async #post(url, body, leaving = false) {
    // A page that is being closed may still send this: keepalive, or a form where there is none.
    if (leaving && !("keepalive" in Request.prototype)) {
      const form = new FormData();
      form.set("csrf_token", this.token);
      form.set("report", JSON.stringify(body));
      navigator.sendBeacon(url, form);
      return null;
    }
    try {
      return await fetch(url, {
        method: "POST",
        keepalive: true,
        headers: {
          Accept: "application/json",
          "Content-Type": "application/json",
          "X-CSRFToken": this.token,
        },
        body: JSON.stringify(body),
      });
    } catch {
      return null;
    }
  }
}
