// How a file gets to the server. Recordings go by tus: in pieces, so that a lost connection, a
// closed lid or a reload costs nothing that has arrived. Pictures are small and go in one request.

const PIECE = 8 * 1024 * 1024;
const LIVE_PIECE = 512 * 1024; // of a recording that is still going on; or less, after
const LIVE_MS = 4000; // so that a closed lid costs a few seconds even of sound alone
const FULL = 507; // the server's disk: what has arrived is kept, and somebody may clear it away
const FULL_MS = 20_000;
const DELAYS = [0, 1000, 3000, 5000, 10_000, 20_000, 30_000, 30_000, 30_000];
const ENDPOINT = "/media/tus";
const LIFE_MS = 24 * 3600 * 1000; // the server forgets unfinished uploads after a day

const token = () => document.querySelector('meta[name="csrf-token"]').content;
const headers = () => ({ "X-CSRFToken": token(), Accept: "application/json" });

function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/** One request for the whole file. `on` has progress(sent, total), done(answer), failed(sentence, again). */
export class Single {
  constructor(file, url, on) {
    const request = new XMLHttpRequest();
    this.request = request;
    request.upload.addEventListener("progress", ({ loaded, total }) => on.progress(loaded, total));
    request.addEventListener("load", () => {
      const answer = parsed(request.responseText);
      if (request.status < 400 && answer.id) on.done(answer);
      // A file that was refused once will be refused again; a busy server may not.
      else on.failed(answer.error, request.status >= 500 || request.status === 429 || !answer.error);
    });
    for (const event of ["error", "timeout"]) request.addEventListener(event, () => on.failed("", true, true));
    request.open("POST", `${url}?filename=${encodeURIComponent(file.name)}`);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.send(file);
  }

  cancel() {
    this.request.abort();
  }
}

async function library(url) {
  if (!window.tus) await import(url);
  return window.tus;
}

/** What this browser began to upload and never finished: [{name, size}], newest first. */
export async function leftOver(url) {
  const tus = await library(url);
  const storage = tus.defaultOptions.urlStorage;
  const found = await storage.findAllUploads();
  const fresh = [];
  for (const one of found) {
    if (Date.now() - new Date(one.creationTime).getTime() > LIFE_MS) {
      await storage.removeUpload(one.urlStorageKey);
    } else if (one.uploadUrl?.includes(ENDPOINT)) {
      fresh.push({ name: one.metadata.filename, size: one.size });
    }
  }
  return fresh.reverse();
}

/** A file that goes on where it stopped. Besides the three of Single: waiting() while it tries again. */
/**
 * By tus. `keep` says where to ask for what has arrived to be kept, given its name on the server;
 * without it, it becomes a recording.
 */
export class Resumable {
  constructor(file, url, on, keep = null) {
    this.on = on;
    this.keep = keep ?? ((name) => `${ENDPOINT}/${name}/recording`);
    this.over = false;
    this.paused = false;
    this.begin(file, url).catch(() => on.failed("", true, true));
    this.back = () => {
      if (this.stuck && !this.over && !this.paused) this.resume();
    };
    addEventListener("online", this.back);
  }

  async begin(file, url) {
    const tus = await library(url);
    if (this.over) return;
    this.upload = new tus.Upload(file, {
      endpoint: ENDPOINT,
      chunkSize: PIECE,
      retryDelays: [...DELAYS],
      removeFingerprintOnSuccess: true,
      metadata: { filename: file.name, filetype: file.type },
      headers: headers(),
      onProgress: (sent, total) => {
        if (!this.paused) this.on.progress(sent, total);
      },
      onShouldRetry: (problem, attempt, options) => {
        const status = problem.originalResponse?.getStatus() ?? 0;
        const wait = Number(problem.originalResponse?.getHeader("Retry-After")) || 0;
        options.retryDelays[attempt] = Math.max(DELAYS[attempt] ?? 0, Math.min(wait, 60) * 1000);
        if (status === FULL && this.upload.url) {
          // As often as need be: the next delay is never the last one.
          options.retryDelays.splice(attempt, 2, FULL_MS, FULL_MS);
          this.on.waiting(true);
          return true;
        }
        const again = status === 0 || (status >= 500 && status !== FULL) || [409, 423, 429, 460].includes(status);
        if (again) this.on.waiting();
        return again;
      },
      onError: (problem) => this.failed(problem),
      onSuccess: () => this.finish(),
    });
    const [before] = await this.upload.findPreviousUploads();
    if (before) this.upload.resumeFromPreviousUpload(before);
    if (!this.over && !this.paused) this.upload.start();
  }

  failed(problem) {
    const status = problem.originalResponse?.getStatus() ?? 0;
    const answer = parsed(problem.originalResponse?.getBody());
    this.stuck = status === 0 || status >= 500 || [401, 409, 423, 429, 460].includes(status);
    if (!this.stuck) this.forget();
    this.on.failed(answer.error, this.stuck || !answer.error, status === 0);
  }

  async finish(tries = 5) {
    this.on.progress(1, 1);
    try {
      const name = new URL(this.upload.url, location.href).pathname.split("/").at(-1);
      const response = await fetch(this.keep(name), {
        method: "POST", headers: headers(), credentials: "same-origin",
      });
      const answer = parsed(await response.text());
      if (response.ok && (answer.id || answer.url || answer.files)) {
        this.close();
        this.on.done(answer);
        return;
      }
      if (response.status === 409 && tries > 1) {
        // An earlier question, whose answer was lost on the way, is still being worked on.
        setTimeout(() => this.finish(tries - 1), 3000);
        return;
      }
      this.close();
      this.on.failed(answer.error, response.status >= 500 || response.status === 429);
    } catch {
      if (tries > 1) setTimeout(() => this.finish(tries - 1), 3000);
      else this.on.failed("", true, true);
    }
  }

  pause() {
    this.paused = true;
    this.upload?.abort();
  }

  resume() {
    this.paused = this.stuck = false;
    this.upload?.start();
  }

  cancel() {
    this.close();
    this.upload?.abort(true).catch(() => {}); // a server that does not hear of it sweeps it away
    this.forget();
  }

  close() {
    this.over = true;
    removeEventListener("online", this.back);
  }

  /** So that choosing the same file again begins anew. */
  forget() {
    const key = this.upload?._urlStorageKey;
    if (key) this.upload.options.urlStorage.removeUpload(key);
  }
}

/**
 * What is being recorded, sent while it grows. It has no length yet, so it promises `most` bytes,
 * and says at the end how many there are. `on`: failed(sentence), waiting(), going().
 */
export class Live {
  constructor(name, most, on) {
    this.name = name;
    this.most = most;
    this.on = on;
    this.parts = [];
    this.size = this.offset = 0;
    this.running = null;
    this.over = false;
    this.sent = performance.now();
  }

  push(blob) {
    if (!blob.size || this.over) return;
    this.parts.push(blob);
    this.size += blob.size;
    this.go();
  }

  /** All of it as one file, for looking at it again. */
  get whole() {
    return new Blob(this.parts, { type: this.parts[0]?.type });
  }

  go() {
    this.running ??= this.send().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  get due() {
    return this.size - this.offset >= LIVE_PIECE || performance.now() - this.sent >= LIVE_MS;
  }

  async send(all = false) {
    while (!this.over && this.size > this.offset && (all || this.due)) {
      const delay = await this.piece();
      if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }

  /** One request; returns how long to wait before the next one, in ms. */
  async piece() {
    try {
      if (!this.url) return await this.begin();
      if (this.lost) await this.look();
      const body = this.whole.slice(this.offset, this.offset + PIECE);
      const response = await fetch(this.url, {
        method: "PATCH",
        headers: { ...this.headers(), "Upload-Offset": String(this.offset), "Content-Type": "application/offset+octet-stream" },
        body,
      });
      if (!response.ok) return await this.refused(response);
      this.offset = Number(response.headers.get("Upload-Offset"));
      this.sent = performance.now();
      this.on.going();
      return 0;
    } catch {
      this.lost = true;
      this.on.waiting();
      return 3000;
    }
  }

  headers() {
    return { ...headers(), "Tus-Resumable": "1.0.0" };
  }

  async begin() {
    const name = btoa(String.fromCharCode(...new TextEncoder().encode(this.name)));
    const response = await fetch(ENDPOINT, {
      method: "POST",
      headers: { ...this.headers(), "Upload-Length": String(this.most), "Upload-Metadata": `filename ${name}` },
    });
    if (!response.ok) return this.refused(response);
    this.url = new URL(response.headers.get("Location"), location.href).pathname;
    if (this.over) this.cancel(); // it was thrown away in the meantime
    return 0;
  }

  async look() {
    const response = await fetch(this.url, { method: "HEAD", headers: this.headers() });
    if (!response.ok) throw new Error(`HEAD ${response.status}`);
    this.offset = Number(response.headers.get("Upload-Offset"));
    this.lost = false;
  }

  async refused(response) {
    this.lost = Boolean(this.url);
    if (response.status === FULL) {
      this.on.waiting(true);
      return FULL_MS;
    }
    if (response.status >= 500 || [409, 423, 429, 460].includes(response.status)) {
      this.on.waiting();
      return 3000;
    }
    this.over = true;
    this.on.failed(parsed(await response.text()).error ?? "");
    return 0;
  }

  /** Send what is left, and make a recording of it; returns what the server says, or null. */
  async finish() {
    await this.running;
    await (this.running = this.send(true));
    this.running = null;
    while (!this.over) {
      try {
        const response = await fetch(`${this.url}/recording`, {
          method: "POST", headers: { ...this.headers(), "Upload-Length": String(this.size) },
        });
        if (response.ok) {
          this.over = true;
          return parsed(await response.text());
        }
        const delay = await this.refused(response);
        if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
      } catch {
        this.on.waiting();
        await new Promise((resolve) => setTimeout(resolve, 3000));
      }
    }
    return null;
  }

  cancel() {
    this.over = true;
    if (this.url) fetch(this.url, { method: "DELETE", headers: this.headers() }).catch(() => {});
    this.url = null;
  }
}
