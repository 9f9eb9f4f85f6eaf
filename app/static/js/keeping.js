// Courses that are kept on this device: their texts, and of their recordings one small quality.
//
// Recordings lie in a cache that belongs to one sign-in (the worker empties it with the pages), and
// never take more than the member allows. Each lesson gets a ticket: a visit that was opened while
// there was a connection, so that the server can credit what is watched without one.

import { ask } from "weike/offline";

const MEDIA = "media-";
const ROOM = "weike-kept-room";
const TICKET = "weike-ticket:";
const RENEW_MS = 12 * 3600_000;
export const ROOMS = [100, 250, 500, 1000, 2000]; // MB
const MB = 1_000_000;
const PAGES_BYTES = 60_000; // about what the page of one lesson takes

/** The sign-in that kept pages belong to; "" for nobody. */
async function reader() {
  if (!("caches" in window) || !(await caches.has("state"))) return "";
  const known = await (await caches.open("state")).match("/reader");
  return known ? known.text() : "";
}

async function shelf() {
  const who = await reader();
  return who ? caches.open(MEDIA + who) : null;
}

const record = (slug) => `/kept/course/${encodeURIComponent(slug)}`;

/** What is kept: [{ slug, title, page, choice, bytes, at, changed, lessons }], newest first. */
export async function keptCourses() {
  const cache = await shelf();
  if (!cache) return [];
  const found = [];
  for (const request of await cache.keys()) {
    if (!new URL(request.url).pathname.startsWith("/kept/course/")) continue;
    found.push(await (await cache.match(request)).json());
  }
  return found.sort((a, b) => b.at - a.at);
}

/** Bytes that kept courses may take: the member's choice, and never what the device does not have. */
export async function room() {
  let wanted = 500;
  try {
    wanted = Number(localStorage.getItem(ROOM)) || wanted;
  } catch {
    // No store: as it comes.
  }
  const { quota = Infinity, usage = 0 } = await navigator.storage?.estimate?.() ?? {};
  const used = (await keptCourses()).reduce((sum, { bytes }) => sum + bytes, 0);
  const free = Math.max(0, quota * 0.9 - usage);
  return { wanted, used, most: Math.min(wanted * MB, used + free) };
}

export function chooseRoom(megabytes) {
  localStorage.setItem(ROOM, String(megabytes));
}

/** What keeping a course would take, of each choice that it has: { text, sound, small } in bytes. */
export function sizes({ lessons }) {
  const found = { text: lessons.length * PAGES_BYTES };
  for (const choice of ["sound", "small"]) {
    if (!lessons.some(({ media }) => media?.choices[choice])) continue;
    found[choice] = found.text + lessons.reduce((sum, { media }) => sum + (best(media, choice)?.bytes ?? 0), 0);
  }
  return found;
}

/** The rendition that stands for a choice: what is only sound has no picture to leave out. */
const best = (media, choice) => media?.choices[choice] ?? media?.choices.sound ?? media?.choices.small;

export async function factsOf(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (answer.status === 404 || answer.status === 403) return null;
  if (answer.status !== 200) throw new Error(`answered ${answer.status}`);
  return answer.json();
}

async function keepFile(cache, from, to) {
  const there = await cache.match(to);
  if (there) return Number(there.headers.get("Content-Length")) || 0;
  const answer = await fetch(from);
  if (answer.status !== 200) throw new Error(`answered ${answer.status}`);
  const body = await answer.blob();
  const headers = { "Content-Type": answer.headers.get("Content-Type") ?? "", "Content-Length": String(body.size) };
  await cache.put(to, new Response(body, { headers }));
  return body.size;
}

/** Keep one recording; `onBytes` hears of each file. Goes on where an earlier try stopped. */
async function keepRecording(cache, media, choice, onBytes) {
  const { playlist } = best(media, choice);
  const answer = await fetch(`${media.base}/${playlist}`);
  if (answer.status !== 200) throw new Error(`answered ${answer.status}`);
  const text = await answer.text();
  // The header, the key where there is one, and the segments.
  const names = [...text.matchAll(/^(?:#EXT-X-(?:MAP|KEY):.*URI="([^"]+)".*|([^#\s].*))$/gm)].map(([, named, file]) => named ?? file);
  const files = [];
  for (const name of [...names, ...media.extras]) {
    const to = `/kept/${media.key}/${name}`;
    onBytes(await keepFile(cache, `${media.base}/${name}`, to));
    files.push(to);
  }
  // Last, and in the place of the list of all qualities: now the recording is whole.
  const master = `/kept/${media.key}/master.m3u8`;
  const headers = { "Content-Type": "application/vnd.apple.mpegurl" };
  await cache.put(master, new Response(text, { headers }));
  return [...files, master];
}

/**
 * Keep a course. `facts` as factsOf gave them; choice: text, sound or small; `onProgress` hears
 * parts of 1. Resolves to the record; throws when the connection or the room ends before.
 */
export async function keep(facts, choice, csrf, onProgress = () => {}) {
  const pages = [facts.page, ...facts.lessons.map(({ page }) => page), "/device"];
  const done = await ask({ what: "keep", urls: pages, files: facts.files });
  if (done !== pages.length) throw new Error("not every page was kept");
  const cache = await shelf();
  if (!cache) throw new Error("nobody is known to the worker");
  await navigator.storage?.persist?.().catch(() => false);
  let bytes = facts.lessons.length * PAGES_BYTES;
  const expected = sizes(facts)[choice] ?? bytes;
  const lessons = [];
  for (const { id, page, media } of facts.lessons) {
    const wanted = choice !== "text" && media ? media : null;
    const files = wanted ? await keepRecording(cache, wanted, choice, (size) => {
      bytes += size;
      onProgress(Math.min(1, bytes / expected));
    }) : [];
    lessons.push({ id, page, key: media?.key ?? "", files });
  }
  const before = (await keptCourses()).find(({ slug }) => slug === facts.slug);
  const now = { slug: facts.slug, title: facts.title, page: facts.page, choice, bytes, at: Date.now(), lessons };
  await cache.put(record(facts.slug), Response.json(now));
  if (before) await dropFiles(cache, before);
  if (facts.counts) await renewTickets(facts.slug, lessons, csrf);
  onProgress(1);
  return now;
}

/** Take away the files of a record that no other record names. */
async function dropFiles(cache, { lessons }) {
  const needed = new Set((await keptCourses()).flatMap((other) => other.lessons.flatMap(({ files }) => files)));
  for (const file of lessons.flatMap(({ files }) => files)) {
    if (!needed.has(file)) await cache.delete(file);
  }
}

export async function drop(slug) {
  const cache = await shelf();
  const found = (await keptCourses()).find((one) => one.slug === slug);
  if (!cache || !found) return;
  await cache.delete(record(slug));
  await dropFiles(cache, found);
  const read = await caches.open(`pages-${await reader()}`);
  for (const page of [found.page, ...found.lessons.map((one) => one.page)]) {
    await cache.delete(page);
    await read.delete(page);
  }
  for (const { id } of found.lessons) forgetTicket(id);
}

// ---- Tickets -----------------------------------------------------------------------------------

async function renewTickets(slug, lessons, csrf) {
  const who = await reader();
  for (const { id } of lessons) {
    const known = ticketOf(id);
    if (known?.who === who && Date.now() - known.at < RENEW_MS) continue;
    const answer = await fetch("/learning/visits", {
      method: "POST",
      headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify({ course: slug, lesson: id, ahead: true }),
    });
    if (answer.status !== 201) return;
    localStorage.setItem(TICKET + id, JSON.stringify({ who, at: Date.now(), visit: await answer.json() }));
  }
}

function ticketOf(lesson) {
  try {
    return JSON.parse(localStorage.getItem(TICKET + lesson));
  } catch {
    return null;
  }
}

function forgetTicket(lesson) {
  try {
    localStorage.removeItem(TICKET + lesson);
  } catch {
    // No store, no ticket.
  }
}

/** The visit that was opened ahead for a lesson by whoever is signed in here; null for none. */
export async function ticket(lesson) {
  const found = ticketOf(lesson);
  return found && found.who === await reader() ? found.visit : null;
}

// ---- Looking after -----------------------------------------------------------------------------

/** With a connection: what may no longer be seen goes, tickets are renewed, changes are noted. */
export async function lookAfter(csrf) {
  const cache = await shelf();
  for (const one of await keptCourses()) {
    if (Date.now() - (one.seenAt ?? one.at) < 60_000) continue;
    const facts = await factsOf(`${one.page}/kept.json`);
    if (!facts) {
      await drop(one.slug);
      continue;
    }
    const key = (lessons) => lessons.map(({ id, key: own, media }) => `${id}:${own ?? media?.key ?? ""}`).join();
    const changed = key(one.lessons) !== key(facts.lessons);
    await cache.put(record(one.slug), Response.json({ ...one, changed, seenAt: Date.now() }));
    if (facts.counts) await renewTickets(one.slug, one.lessons, csrf);
  }
}
