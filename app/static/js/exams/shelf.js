// Answers that the server has not acknowledged, kept in this browser (IndexedDB) until it has. Each
// is sealed with a key of its attempt and with the time that was left, so that what could never be
// sent in time can still be brought to the organizer, and shows if it was changed afterwards.

const STORE = "answers";
const NOTE = "weike-answers:"; // and the attempt: where what this browser keeps of it is saved

function note(name, address) {
  try {
    if (address) localStorage.setItem(name, address);
    else localStorage.removeItem(name);
  } catch {
    // No store: the paper itself sends what it kept when it is opened again.
  }
}

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("weike-papers", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: ["attempt", "item"] });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function withStore(mode, work) {
  const base = await opened();
  try {
    const act = base.transaction(STORE, mode, { durability: "strict" });
    const found = work(act.objectStore(STORE));
    await new Promise((resolve, reject) => {
      act.oncomplete = resolve;
      act.onerror = () => reject(act.error);
      act.onabort = () => reject(act.error);
    });
    return found?.result;
  } finally {
    base.close();
  }
}

const whole = (attempt) => IDBKeyRange.bound([attempt], [attempt, []]);

async function sealed(seal, text) {
  // Without https there is no crypto.subtle: then the package goes without a seal, and says so.
  if (!seal || !crypto.subtle) return "";
  const bytes = Uint8Array.from(seal.match(/../g), (pair) => parseInt(pair, 16));
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text));
  return [...new Uint8Array(mac)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Shelf {
  constructor(attempt, seal = "", save = "") {
    this.attempt = attempt;
    this.seal = seal;
    this.save = save;
    this.name = `${NOTE}${attempt}`;
    this.kept = new Map(); // item → {entries, version, page, turn}; the page's own copy, there at once
    this.line = Promise.resolve(); // changes reach the store in their order
  }

  /** What an earlier page left behind. */
  async load() {
    const rows = (await withStore("readonly", (store) => store.getAll(whole(this.attempt))).catch(() => [])) ?? [];
    for (const { item, entries, version, page, turn } of rows) {
      if (!this.kept.has(item)) this.kept.set(item, { entries, version, page, turn });
    }
    return this.kept;
  }

  keep(item, given, leftMs) {
    this.kept.set(item, given);
    note(this.name, this.save);
    const said = JSON.stringify({ attempt: this.attempt, item, entries: given.entries, left_ms: leftMs });
    this.then(async () => {
      const row = { attempt: this.attempt, item, ...given, said, mac: await sealed(this.seal, said) };
      await withStore("readwrite", (store) => store.put(row));
    });
  }

  forget(item) {
    this.kept.delete(item);
    if (!this.kept.size) note(this.name, "");
    this.then(() => withStore("readwrite", (store) => store.delete([this.attempt, item])));
  }

  then(work) {
    // A full or forbidden store: the page itself still holds the answers.
    this.line = this.line.then(work).catch(() => {});
    return this.line;
  }
}

/** What an attempt left unsent: {attempt, entries: [{said, mac}]}, or null. */
export async function packed(attempt) {
  const rows = await withStore("readonly", (store) => store.getAll(whole(attempt))).catch(() => []);
  if (!rows?.length) return null;
  return { attempt, entries: rows.map(({ said, mac }) => ({ said, mac })) };
}

export const empty = (attempt) => withStore("readwrite", (store) => store.delete(whole(attempt))).catch(() => {});

/** Bring the package of an attempt to the server: true when there is nothing left to bring. */
export async function bring(attempt, url, token) {
  const parcel = await packed(attempt);
  if (!parcel) return true;
  const answer = await fetch(url, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(parcel),
  }).catch(() => null);
  if (!answer) return false;
  if (answer.ok) await empty(attempt);
  return answer.ok || answer.status === 422; // refused for good: it stays here, as a file can be made
}

/** Save what papers kept that were closed without a connection; a paper that is open sees to itself. */
export async function sendLeft(token) {
  if (!navigator.locks) return;
  for (const name of Object.keys(localStorage).filter((key) => key.startsWith(NOTE))) {
    await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
      if (lock) await sendOne(name, Number(name.slice(NOTE.length)), token);
    });
  }
}

async function sendOne(name, attempt, token) {
  const of = whole(String(attempt));
  const rows = await withStore("readonly", (store) => store.getAll(of)).catch(() => []);
  const address = localStorage.getItem(name);
  if (!rows?.length || !address) return note(name, "");
  // Each page that left something speaks for itself, under its own name.
  const pages = new Map();
  for (const { item, entries, version, page = "", turn = 0 } of rows) {
    const said = pages.get(page) ?? { turn: 0, body: new URLSearchParams() };
    said.turn = Math.max(said.turn, turn);
    said.body.append(`q${item}`, "");
    for (const [field, value] of entries) said.body.append(field, value);
    said.body.append(`v${item}`, version);
    pages.set(page, said);
  }
  dispatchEvent(new CustomEvent("weike:syncing", { detail: true }));
  try {
    const headers = { Accept: "application/json", "X-CSRFToken": token };
    let answer = null;
    for (const [page, { turn, body }] of pages) {
      body.append("page", page);
      body.append("turn", turn);
      answer = await fetch(address, { method: "POST", headers, body }).catch(() => null);
      if (!answer?.ok) break;
    }
    if (answer?.ok) await empty(String(attempt));
    // What is refused stays in the store: the page of the attempt brings it, or shows it.
    if (answer && answer.status < 500 && answer.status !== 401 && answer.status !== 429) note(name, "");
  } finally {
    dispatchEvent(new CustomEvent("weike:syncing", { detail: false }));
  }
}

/** A button's work: the package as a file, for a memory stick and the invigilator. */
export async function asFile(attempt) {
  const parcel = await packed(attempt);
  if (!parcel) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(parcel)], { type: "application/json" }));
  link.download = `answers-${attempt}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
