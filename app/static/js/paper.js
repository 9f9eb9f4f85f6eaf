// The paper of a quiz or an exam: one question at a time, each answer saved as soon as it is given,
// kept on this device until the server has it, and a clock that only the server sets. Without this
// script the same form shows all questions and is saved and submitted as it stands.

import { ask } from "weike/app";
import { signInAgain as dialogToSignIn } from "weike/exams/again";
import { proof, prove } from "weike/exams/safe";
import { asFile, bring, Shelf } from "weike/exams/shelf";

const form = document.getElementById("paper");
const words = form.dataset;
const questions = [...form.querySelectorAll(".question")];
const dots = document.getElementById("dots");
const status = document.getElementById("status");
const spoken = document.getElementById("spoken");
const said = document.getElementById("said");
const buttons = Object.fromEntries(
  ["previous", "next", "submit", "later", "onward"].map((id) => [id, document.getElementById(id)]),
);
const isExam = "exam" in words;
const oneByOne = "oneByOne" in words && questions.length > 0;
const DEBOUNCE_MS = 1_000;
const HEARD_MS = 15_000; // at least so often an exam says that it is still there
const RETRY_MS = [2_000, 4_000, 8_000, 15_000];
const shelf = new Shelf(words.attempt, words.seal, words.save);
// While this page is open, no other one sends what it keeps.
navigator.locks?.request(shelf.name, () => new Promise(() => {}));
let token = document.querySelector("meta[name=csrf-token]").content;
let here = 0;
let touched = false; // somebody has moved or answered: what comes back late does not move the page
let submitting = false;
let wish = null; // the button that was pressed without a connection: it counts when it is back

// ---- One at a time ---------------------------------------------------------------------------

/** The fields of a question's answer: q12 and q12.part, without the flag and the hidden ones. */
function fieldsOf(question) {
  const name = `q${question.dataset.item}`;
  return [...question.querySelectorAll("input:not([type=hidden], [type=file]), select, textarea")].filter(
    (field) => field.name === name || field.name.startsWith(`${name}.`),
  );
}

const isTick = (field) => field.type === "checkbox" || field.type === "radio";
const isGiven = (field) => (isTick(field) ? field.checked : field.value.trim() !== "");
const isAnswered = (question) => fieldsOf(question).some(isGiven);
const flagOf = (question) => question.querySelector(".flag input");

const marks = dots ? [...dots.children] : [];
marks.forEach((mark, index) => mark.addEventListener("click", () => go(index, true)));

function paint() {
  marks.forEach((mark, index) => {
    const answered = isAnswered(questions[index]);
    const flagged = flagOf(questions[index])?.checked ?? false;
    mark.classList.toggle("answered", answered);
    mark.classList.toggle("flagged", flagged);
    if (oneByOne && index === here) mark.setAttribute("aria-current", "step");
    else mark.removeAttribute("aria-current");
    const name = words.wordQuestion.replace("{n}", index + 1);
    const state = [answered ? words.wordAnswered : words.wordOpen, ...(flagged ? [words.wordFlagged] : [])];
    mark.setAttribute("aria-label", `${name}, ${state.join(", ")}`);
  });
  if (!oneByOne) return;
  buttons.previous.disabled = here === 0;
  const last = here === questions.length - 1;
  buttons.next.hidden = last;
  buttons.submit.hidden = !last && !questions.every(isAnswered);
  buttons.submit.classList.toggle("btn-primary", last);
  buttons.submit.classList.toggle("btn-outline-secondary", !last);
}

function go(index, focus) {
  touched ||= focus;
  here = Math.min(questions.length - 1, Math.max(0, index));
  if (oneByOne) {
    questions.forEach((question, number) => {
      question.hidden = number !== here;
    });
  }
  paint();
  // The map of a long paper shows where one is.
  if (dots && oneByOne) dots.scrollTop = marks[here].offsetTop - (dots.clientHeight - marks[here].offsetHeight) / 2;
  if (!focus) return;
  questions[here].focus({ preventScroll: true });
  (oneByOne ? form : questions[here]).scrollIntoView({ block: "start" });
}

buttons.previous.addEventListener("click", () => go(here - 1, true));
buttons.next.addEventListener("click", () => go(here + 1, true));

// ---- Kept on this device until the server has it ---------------------------------------------

const entriesOf = (question) =>
  fieldsOf(question)
    .filter((field) => !isTick(field) || field.checked)
    .map((field) => [field.name, field.value]);

function fill(question, entries) {
  for (const field of fieldsOf(question)) {
    if (isTick(field)) field.checked = entries.some(([name, value]) => name === field.name && value === field.value);
    else field.value = entries.find(([name]) => name === field.name)?.[1] ?? "";
  }
  question.dispatchEvent(new CustomEvent("weike:filled")); // pictures draw what the fields say
}

// ---- Saving ----------------------------------------------------------------------------------

const waiting = new Map(); // item → timer, or true while it is on its way
const tries = new Map();
let stopped = false;
let savedAt = null;
let away = 0;

const version = (question) => form.elements.namedItem(`v${question.dataset.item}`);

// This page's name, and the number of what it says: so the server tells a message that was long on
// its way, or whose answer was lost, from what another window says. What an earlier page kept goes on
// under that page's name.
const page = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const origins = new Map();
let turns = 0;

function stamp(item) {
  const origin = origins.get(item);
  if (!origin) return { page, turn: (turns += 1) };
  origin.turn += 1;
  return { ...origin };
}

function answerOf(question) {
  const { item } = question.dataset;
  const body = new URLSearchParams();
  body.append(`q${item}`, "");
  for (const [name, value] of entriesOf(question)) body.append(name, value);
  body.append(`v${item}`, version(question).value);
  const flag = flagOf(question);
  if (flag) body.append(`f${item}`, flag.checked ? "1" : "0");
  return body;
}

// What the bar of the whole site says while this page is without a connection, and after.
document.getElementById("net").dataset.offline = words.wordOffline;
let catchingUp = false;

function catchUp(begins) {
  if (catchingUp === begins) return;
  catchingUp = begins;
  dispatchEvent(new CustomEvent("weike:syncing", { detail: begins }));
}

function tell() {
  if (!waiting.size || stopped) catchUp(false);
  if (stopped) return;
  const failing = [...tries.values()].some((n) => n > 0);
  status.classList.toggle("paper-trouble", failing);
  if (wish) status.textContent = words.wordWaits;
  else if (failing) status.textContent = navigator.onLine ? words.wordUnsaved : words.wordOffline;
  else if (waiting.size) status.textContent = words.wordSaving;
  else if (savedAt) {
    const time = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "medium", hour12: false });
    status.textContent = words.wordSaved.replace("{time}", time.format(savedAt));
  }
}

function stop(sentence) {
  stopped = true;
  status.textContent = sentence;
  status.classList.add("paper-trouble");
}

/** Another page goes on: what stands here can be read and copied, and not be changed. */
function readOnly(sentence) {
  stop(sentence);
  for (const question of questions) for (const field of fieldsOf(question)) field.disabled = true;
  for (const id of ["submit", "later", "onward"]) if (buttons[id]) buttons[id].disabled = true;
  if (spoken) spoken.textContent = sentence;
  const anew = document.createElement("button");
  anew.type = "button";
  anew.className = "btn btn-lg btn-outline-secondary";
  anew.textContent = words.wordAnew;
  anew.addEventListener("click", () => location.reload());
  form.querySelector(".paper-buttons").append(anew);
}

function later(question, ms) {
  const { item } = question.dataset;
  if (typeof waiting.get(item) === "number") clearTimeout(waiting.get(item));
  waiting.set(item, setTimeout(() => save(question), ms));
}

async function post(body, leaving = false) {
  if (away) body.append("away", away);
  const gone = away;
  away = 0;
  // Of two devices the page opened last goes on; the server knows which.
  const opened = form.elements.namedItem("opened");
  if (opened) body.append("opened", opened.value);
  for (const [name, value] of proof()) body.append(name, value);
  try {
    const answer = await fetch(words.save, {
      method: "POST",
      keepalive: leaving,
      headers: { Accept: "application/json", "X-CSRFToken": token },
      body,
    });
    if (!answer.ok) away += gone;
    return answer;
  } catch {
    away += gone; // no connection: tried again
    return null;
  }
}

async function save(question, leaving = false) {
  if (stopped) return;
  const { item } = question.dataset;
  if (typeof waiting.get(item) === "number") clearTimeout(waiting.get(item));
  const sent = answerOf(question);
  waiting.set(item, true);
  tell();
  const answer = await post(new URLSearchParams([...sent, ...Object.entries(stamp(item))]), leaving);
  if (answer?.ok) {
    const told = await answer.json();
    heard(told);
    if (told.stale?.includes(Number(item))) {
      waiting.delete(item);
      shelf.forget(item);
      readOnly(told.error);
      return tell();
    }
    version(question).value = told.saved[item];
    origins.delete(item);
    tries.set(item, 0);
    const now = answerOf(question);
    sent.set(`v${item}`, told.saved[item]);
    waiting.delete(item);
    if (now.toString() === sent.toString()) {
      savedAt = new Date();
      shelf.forget(item);
    } else later(question, DEBOUNCE_MS);
  } else if (answer?.status === 409) {
    const { reason, error } = await answer.json().catch(() => ({}));
    waiting.delete(item);
    shelf.forget(item);
    if (reason === "GoneOnElsewhere") readOnly(error);
    else if (isExam && (reason === "AlreadySubmitted" || reason === "TimeOver")) leave();
    else stop(reason === "AlreadySubmitted" ? words.wordFinal : (error ?? words.wordFinal));
  } else if (answer?.status === 401 || (answer?.status === 400 && (await isTokenOld(answer)))) {
    waiting.set(item, 0);
    signInAgain();
  } else if (answer?.status === 422) {
    const { reason, error } = await answer.json().catch(() => ({}));
    waiting.delete(item);
    if (reason !== "NeedsSafeBrowser") shelf.forget(item);
    status.textContent = error ?? words.wordUnsaved;
    status.classList.add("paper-trouble");
    return;
  } else {
    const failed = (tries.get(item) ?? 0) + 1;
    tries.set(item, failed);
    const asked = Number(answer?.headers.get("Retry-After")) * 1000;
    const wait = asked || RETRY_MS[Math.min(failed, RETRY_MS.length) - 1];
    later(question, wait * (0.8 + 0.4 * Math.random())); // not all pages of a room at once
  }
  tell();
}

async function isTokenOld(answer) {
  const { reason } = await answer.clone().json().catch(() => ({}));
  return reason === "csrf";
}

/** What every answer of an exam brings: the clock and what the invigilator said. */
function heard(told) {
  if (told.clock) setClock(told.clock.remaining_ms, told.clock.is_paused);
  for (const { id, text } of told.messages ?? []) {
    if (said.querySelector(`[data-message="${id}"]`)) continue;
    const box = document.createElement("div");
    box.className = "notice notice-info";
    box.dataset.message = id;
    box.textContent = text;
    said.append(box);
  }
}

function leave() {
  submitting = true;
  location.assign(form.action.replace(/\/submit$/, ""));
}

let lastSent = performance.now();

function changed(question) {
  touched = true;
  wish = null; // who changes an answer is not done
  paint();
  if (stopped) return;
  const { item } = question.dataset;
  shelf.keep(item, { entries: entriesOf(question), version: version(question).value, ...stamp(item) }, leftMs());
  if (waiting.get(item) !== true) later(question, DEBOUNCE_MS);
  tell();
}

form.addEventListener("change", (event) => {
  const question = event.target.closest(".question");
  if (question) changed(question);
});
form.addEventListener("input", (event) => {
  const question = event.target.closest(".question");
  if (question && event.target.matches("input[type=text], textarea")) changed(question);
});

function sendAll(leaving = false) {
  for (const question of questions) {
    const timer = waiting.get(question.dataset.item);
    if (timer !== undefined && timer !== true) save(question, leaving);
  }
}

addEventListener("online", () => {
  if (waiting.size && !stopped) catchUp(true);
  sendAll();
  if (wish) send(wish);
});
addEventListener("offline", tell);
document.addEventListener("visibilitychange", () => {
  if (submitting) return;
  if (document.visibilityState === "hidden") {
    away += 1;
    sendAll(true);
  } else if (lost) returned();
});
// A page that comes out of the browser's cache shows an old clock and old answers.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// The full screen is asked for and never enforced; leaving it counts like leaving the page.
const full = document.getElementById("full-screen");
if (full && document.documentElement.requestFullscreen) {
  full.hidden = false;
  full.addEventListener("click", () => document.documentElement.requestFullscreen().catch(() => {}));
  document.addEventListener("fullscreenchange", () => {
    full.hidden = Boolean(document.fullscreenElement);
    if (!document.fullscreenElement && !submitting) away += 1;
  });
}

async function beat() {
  if (stopped || submitting || lost || performance.now() - lastSent < HEARD_MS - 500) return;
  lastSent = performance.now();
  if ([...waiting.values()].some((timer) => timer === true)) return;
  const answer = await post(new URLSearchParams({ away: "0" }));
  if (answer?.ok) heard(await answer.json());
  else if (answer?.status === 401) signInAgain();
  else if (answer?.status === 409) {
    const { reason, error } = await answer.json().catch(() => ({}));
    if (reason === "GoneOnElsewhere") readOnly(error);
    else leave();
  }
}
if (isExam) setInterval(beat, HEARD_MS);

// ---- Signing in again, without losing the page -----------------------------------------------

let lost = null;

function signInAgain() {
  if (lost) return;
  lost = dialogToSignIn(words, returned);
  addEventListener("focus", returned);
}

const thisPage = () => fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
const parsed = async (page) => new DOMParser().parseFromString(await page.text(), "text/html");

async function returned() {
  let page = await thisPage();
  if (page?.status === 422) {
    await prove(await parsed(page));
    page = await thisPage();
  }
  if (!page?.ok || page.redirected) return false;
  const fresh = await parsed(page);
  const found = fresh.querySelector("meta[name=csrf-token]")?.content;
  if (!found || !fresh.getElementById("paper")) return false;
  token = found;
  form.elements.namedItem("csrf_token").value = found;
  // Who signs in here goes on here, whatever other window was opened later.
  const since = form.elements.namedItem("opened");
  if (since) since.value = fresh.querySelector("#paper [name=opened]")?.value ?? since.value;
  removeEventListener("focus", returned);
  lost?.close();
  lost = null;
  sendAll();
  return true;
}

// ---- The clock -------------------------------------------------------------------------------
// The server says how much is left; the page counts it down with a clock that nobody can set.

const time = document.getElementById("time");
const hide = document.getElementById("hide-clock");
const whole = Number(words.whole ?? 0);
let endsAt = null;
let paused = false;
const announced = new Set();

function setClock(remaining, isPaused) {
  if (remaining !== null && remaining !== undefined) endsAt = performance.now() + remaining;
  if (isPaused !== paused) {
    // A page opened during the pause has no questions yet.
    if (!isPaused && !questions.length) location.reload();
    standStill(isPaused);
    if (paused) spoken.textContent = words.wordPaused;
  }
  tick();
}

/** Nobody studies the questions while the clocks stand still. */
function standStill(still) {
  paused = still;
  form.classList.toggle("is-paused", still);
  for (const question of questions) question.inert = still;
  document.getElementById("paused").hidden = !still;
}

const leftMs = () => (endsAt === null ? null : Math.round(endsAt - performance.now()));

function clockText(ms) {
  const seconds = Math.ceil(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  const pair = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${pair(m)}:${pair(s)}` : `${m}:${pair(s)}`;
}

function announce(key, sentence) {
  if (announced.has(key)) return;
  announced.add(key);
  if (spoken) spoken.textContent = sentence;
}

function tick() {
  if (endsAt === null || !time) return;
  const left = Math.max(0, endsAt - performance.now());
  time.textContent = paused ? words.wordPaused : words.wordLeft.replace("{time}", clockText(left));
  time.closest(".paper-clock").classList.toggle("is-late", left <= 300_000 && !paused);
  if (paused) return;
  if (whole >= 1_200_000 && left <= whole / 2 && left > 300_000) announce("half", words.wordHalf);
  if (left <= 300_000 && left > 60_000) announce("five", words.wordFive);
  if (left <= 60_000 && left > 0) announce("one", words.wordOne);
  if (left === 0 && !submitting) over();
}

async function over() {
  submitting = true;
  announce("over", words.wordOver);
  status.textContent = words.wordOver;
  await settled(4_000);
  const answer = await handIn();
  if (answer && answer.status < 500) {
    await forgetAll();
    leave();
  } else sealUp();
}

/** What is on this page goes to the server, which decides by its own clock; null: unreachable. */
const handIn = () => {
  sign();
  return fetch(words.save.replace(/answers$/, "submit"), {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRFToken": token },
    body: new URLSearchParams(new FormData(form)),
  }).catch(() => null);
};

async function forgetAll() {
  for (const item of [...shelf.kept.keys()]) shelf.forget(item);
  await shelf.line;
}

/** Without a connection at the end: the answers stay here, sealed, until they can be brought. */
function sealUp() {
  stopped = true; // what is sealed is brought as a whole, not answer by answer
  for (const question of questions) question.inert = true;
  status.textContent = words.wordSealed;
  status.classList.add("paper-trouble");
  spoken.textContent = words.wordSealed;
  for (const button of Object.values(buttons)) button?.setAttribute("hidden", "");
  const file = document.createElement("button");
  file.type = "button";
  file.className = "btn btn-lg btn-outline-secondary";
  file.textContent = words.wordAsFile;
  file.addEventListener("click", () => asFile(words.attempt));
  form.querySelector(".paper-buttons").append(file);
  const again = setInterval(async () => {
    // Within the grace it still counts; after it, what is sealed is brought besides.
    const answer = await handIn();
    if (!answer || answer.status >= 500) return;
    if (answer.ok) await forgetAll();
    else if (!(await bring(words.attempt, words.sealed, token))) return;
    clearInterval(again);
    leave();
  }, 5_000);
}

if (isExam) standStill("paused" in words);
if (time && words.remaining !== undefined) {
  endsAt = performance.now() + Number(words.remaining);
  if (Number(words.remaining) <= whole / 2) announced.add("half");
  tick();
  setInterval(tick, 500);
  hide.hidden = false;
  hide.addEventListener("click", () => {
    time.hidden = !time.hidden;
    hide.textContent = time.hidden ? words.wordShow : words.wordHide;
  });
}

// ---- Submitting ------------------------------------------------------------------------------


/** The form itself says which page it is, too. */
function sign() {
  for (const [name, value] of Object.entries({ page, turn: (turns += 1) })) {
    const field = form.elements.namedItem(name) ?? form.appendChild(document.createElement("input"));
    Object.assign(field, { type: "hidden", name, value });
  }
}

/** Answers on their way carry the number that the form must name, so they are waited for. */
async function settled(ms) {
  const end = performance.now() + ms;
  sendAll();
  while (waiting.size && !stopped && !lost && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

form.addEventListener("submit", async (event) => {
  if (submitting) return;
  event.preventDefault();
  const { submitter } = event;
  if (submitter !== buttons.later && submitter !== buttons.onward) {
    // Without a way back there is nothing to look at again.
    const open = dots ? questions.filter((question) => !isAnswered(question)) : [];
    const flagged = dots ? questions.filter((question) => flagOf(question)?.checked) : [];
    const said = [
      ...(open.length ? [words.wordBlank.replace("{n}", open.length)] : []),
      ...(flagged.length ? [words.wordFlags.replace("{n}", flagged.length)] : []),
    ];
    const sentence = said.length ? [...said, words.wordAllTheSame].join(" ") : words.wordSure;
    if (!(await ask(sentence, words.wordSubmit))) {
      const [first] = questions.filter((question) => open.includes(question) || flagged.includes(question));
      if (first) go(questions.indexOf(first), true);
      return;
    }
  }
  await send(submitter);
});

async function send(submitter) {
  if (submitting) return;
  submitter?.setAttribute("aria-busy", "true");
  if (navigator.onLine) await settled(4_000);
  // A page that cannot be reached would take this one's place.
  wish = navigator.onLine ? null : submitter;
  if (wish) {
    submitter.removeAttribute("aria-busy");
    status.textContent = words.wordWaits;
    status.classList.add("paper-trouble");
    return;
  }
  submitting = true;
  sign();
  form.requestSubmit(submitter);
}

// ---- Begin -----------------------------------------------------------------------------------

function firstOpen() {
  const first = questions.findIndex((question) => !isAnswered(question));
  return first < 0 ? questions.length - 1 : first;
}

if (oneByOne) {
  form.classList.add("one-by-one");
  buttons.previous.hidden = false;
  go(firstOpen(), false);
} else paint();

// Answers that never reached the server come back, unless something newer is there.
shelf.load().then((kept) => {
  let found = false;
  for (const question of questions) {
    const { item } = question.dataset;
    if (!kept.has(item) || waiting.has(item)) continue;
    found = true;
    fill(question, kept.get(item).entries);
    const { version: known, page: name, turn } = kept.get(item);
    version(question).value = known;
    if (name) origins.set(item, { page: name, turn });
    later(question, 0);
  }
  if (!found) return;
  paint();
  if (oneByOne && !touched) go(firstOpen(), false);
});
