// The first picture before the player is there: the browser is given the beginning of a recording by
// these few lines, and only then everything else is loaded. On a slow link that is half the wait.
// hls.js takes over what was begun, while it plays.

import { beginsSmall, linkSpeed } from "weike/media/quality";

const WAIT_MS = 60_000; // for one piece; then the player tries it by itself

const tag = document.getElementById("begin");

const happens = (target, name) => new Promise((done) => {
  target.addEventListener(name, done, { once: true });
});

/** The element that plays, as soon as it is read. */
function element() {
  const look = () => document.querySelector("#player video");
  return new Promise((done) => {
    if (look()) {
      done(look());
      return;
    }
    const watcher = new MutationObserver(() => {
      if (!look()) return;
      watcher.disconnect();
      done(look());
    });
    watcher.observe(document, { childList: true, subtree: true });
  });
}

async function asked(address) {
  const since = performance.now();
  const answer = await fetch(address, { signal: AbortSignal.timeout(WAIT_MS) });
  if (!answer.ok) throw new Error(String(answer.status));
  return { reader: answer.body.getReader(), since };
}

/** Give the browser what comes as it comes: the first second plays before the rest is there. */
async function append(buffer, reader) {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const appended = happens(buffer, "updateend");
    buffer.appendBuffer(value);
    await appended;
  }
}

/**
 * Give the browser header and first piece of the smallest picture; null where that is not what is
 * played first. `taken` says how long each took to come, in ms, by address.
 */
async function begin({ first, codecs, nextRate, length }) {
  const kind = `video/mp4; codecs="${codecs}"`;
  if (!navigator.onLine || !window.MediaSource?.isTypeSupported(kind)) return null;
  if (!beginsSmall(Number(nextRate), linkSpeed())) return null;
  const addresses = first.split(" ");
  const pieces = addresses.map(asked);
  for (const piece of pieces) piece.catch(() => {}); // said below
  const media = await element();
  const source = new MediaSource();
  const address = URL.createObjectURL(source);
  const open = happens(source, "sourceopen");
  media.src = address;
  document.getElementById("player").dataset.begun = ""; // it can be pressed, and plays when it can
  try {
    await open;
    URL.revokeObjectURL(address);
    media.removeAttribute("src"); // it plays on; the player makes a copy of the element
    source.duration = Number(length) / 1000;
    const buffer = source.addSourceBuffer(kind);
    const taken = new Map();
    for (const [number, piece] of pieces.entries()) {
      const { reader, since } = await piece;
      await append(buffer, reader);
      taken.set(new URL(addresses[number], location.href).href, performance.now() - since);
    }
    return { source, buffer, codecs, taken };
  } catch (problem) {
    media.load(); // without an address: as if nothing had been tried
    throw problem;
  }
}

function link(rel, href) {
  const made = Object.assign(document.createElement("link"), { rel, href });
  const there = Promise.race([happens(made, "load"), happens(made, "error")]);
  document.head.append(made);
  return there;
}

/** Everything else; the player's styles are there before it is. */
async function playerAfter({ then: modules, styles }) {
  for (const href of modules.split(" ")) link("modulepreload", href);
  await Promise.all(styles.split(" ").map((href) => link("stylesheet", href)));
  if (document.readyState === "loading") await happens(document, "DOMContentLoaded");
  await import("weike/player/lesson");
}

/** What was begun, for the player; null where nothing was. */
export const begun = tag ? begin(tag.dataset).catch(() => null) : Promise.resolve(null);

if (tag) begun.then(() => playerAfter(tag.dataset));
