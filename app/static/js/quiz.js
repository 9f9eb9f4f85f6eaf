// The quiz, one question at a time, each answer saved as soon as it is given. Without this script
// the same form shows all questions and is saved and submitted as it stands.

import { ask } from "weike/app";

const form = document.getElementById("paper");
const words = form.dataset;
const questions = [...form.querySelectorAll(".question")];
const dots = document.getElementById("dots");
const status = document.getElementById("status");
const buttons = Object.fromEntries(
  ["previous", "next", "submit", "later"].map((id) => [id, document.getElementById(id)]),
);
const token = document.querySelector("meta[name=csrf-token]").content;
const DEBOUNCE_MS = 400;
const RETRY_MS = [2_000, 4_000, 8_000, 15_000];
let here = 0;

// ---- One at a time ---------------------------------------------------------------------------

const isAnswered = (question) => question.querySelector("input:checked") !== null;

const marks = questions.map((question, index) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "dot";
  button.textContent = String(index + 1);
  button.addEventListener("click", () => go(index, true));
  dots.append(button);
  return button;
});

function paint() {
  marks.forEach((mark, index) => {
    const answered = isAnswered(questions[index]);
    mark.classList.toggle("answered", answered);
    if (index === here) mark.setAttribute("aria-current", "step");
    else mark.removeAttribute("aria-current");
    const name = words.wordQuestion.replace("{n}", index + 1);
    mark.setAttribute("aria-label", `${name}, ${answered ? words.wordAnswered : words.wordOpen}`);
  });
  buttons.previous.disabled = here === 0;
  const last = here === questions.length - 1;
  buttons.next.hidden = last;
  buttons.submit.hidden = !last && !questions.every(isAnswered);
  buttons.submit.classList.toggle("btn-primary", last);
  buttons.submit.classList.toggle("btn-outline-secondary", !last);
}

function go(index, focus) {
  here = Math.min(questions.length - 1, Math.max(0, index));
  questions.forEach((question, number) => {
    question.hidden = number !== here;
  });
  paint();
  if (!focus) return;
  questions[here].focus({ preventScroll: true });
  form.scrollIntoView({ block: "start" });
}

buttons.previous.addEventListener("click", () => go(here - 1, true));
buttons.next.addEventListener("click", () => go(here + 1, true));

// ---- Saving ----------------------------------------------------------------------------------

const waiting = new Map(); // item → timer or true while it is on its way
const tries = new Map();
let stopped = false;

function field(question, letter) {
  return form.elements.namedItem(`${letter}${question.dataset.item}`);
}

function answerOf(question) {
  const { item } = question.dataset;
  const body = new URLSearchParams();
  body.append(`q${item}`, "");
  for (const input of question.querySelectorAll("input:checked")) body.append(`q${item}`, input.value);
  body.append(`v${item}`, field(question, "v").value);
  return body;
}

function tell() {
  if (stopped) return;
  if ([...tries.values()].some((n) => n > 0)) status.textContent = words.wordUnsaved;
  else if (waiting.size) status.textContent = words.wordSaving;
  else {
    const time = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "medium" });
    status.textContent = `${words.wordSaved} ${time.format(new Date())}`;
  }
}

function stop(sentence) {
  stopped = true;
  status.textContent = sentence;
  status.classList.add("paper-trouble");
}

function later(question, ms) {
  const { item } = question.dataset;
  clearTimeout(waiting.get(item));
  waiting.set(item, setTimeout(() => save(question), ms));
}

async function save(question, leaving = false) {
  if (stopped) return;
  const { item } = question.dataset;
  clearTimeout(waiting.get(item));
  const sent = answerOf(question);
  waiting.set(item, true);
  tell();
  let answer = null;
  try {
    answer = await fetch(words.save, {
      method: "POST",
      keepalive: leaving,
      headers: { Accept: "application/json", "X-CSRFToken": token },
      body: sent,
    });
  } catch {
    // no connection: tried again below
  }
  if (answer?.ok) {
    const { saved } = await answer.json();
    field(question, "v").value = saved[item];
    tries.set(item, 0);
    const now = answerOf(question);
    sent.set(`v${item}`, saved[item]);
    waiting.delete(item);
    if (now.toString() !== sent.toString()) later(question, DEBOUNCE_MS);
  } else if (answer && [401, 409].includes(answer.status)) {
    const { reason } = await answer.json().catch(() => ({}));
    waiting.delete(item);
    if (answer.status === 401) stop(words.wordSignIn);
    else stop(reason === "AlreadySubmitted" ? words.wordFinal : words.wordElsewhere);
  } else {
    const failed = (tries.get(item) ?? 0) + 1;
    tries.set(item, failed);
    const asked = Number(answer?.headers.get("Retry-After")) * 1000;
    later(question, asked || RETRY_MS[Math.min(failed, RETRY_MS.length) - 1]);
  }
  tell();
}

form.addEventListener("change", (event) => {
  const question = event.target.closest(".question");
  if (!question) return;
  paint();
  if (!stopped) {
    later(question, DEBOUNCE_MS);
    tell();
  }
});
addEventListener("online", () => {
  for (const question of questions) if (waiting.has(question.dataset.item)) save(question);
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "hidden" || submitting) return;
  for (const question of questions) {
    const timer = waiting.get(question.dataset.item);
    if (timer !== undefined && timer !== true) save(question, true);
  }
});

// ---- Submitting ------------------------------------------------------------------------------

let submitting = false;

/** Answers on their way carry the number that the form must name, so they are waited for. */
async function settled(ms) {
  const end = performance.now() + ms;
  for (const question of questions) {
    const timer = waiting.get(question.dataset.item);
    if (timer !== undefined && timer !== true) save(question);
  }
  while (waiting.size && !stopped && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

form.addEventListener("submit", async (event) => {
  if (submitting) return;
  event.preventDefault();
  const { submitter } = event;
  if (submitter !== buttons.later) {
    const blank = questions.filter((question) => !isAnswered(question));
    const question = blank.length ? words.wordBlank.replace("{n}", blank.length) : words.wordSure;
    if (!(await ask(question, words.wordSubmit))) {
      if (blank.length) go(questions.indexOf(blank[0]), true);
      return;
    }
  }
  submitter?.setAttribute("aria-busy", "true");
  await settled(4_000);
  submitting = true;
  form.requestSubmit(submitter);
});

// ---- Begin -----------------------------------------------------------------------------------

dots.hidden = false;
form.classList.add("one-by-one");
buttons.previous.hidden = false;
const first = questions.findIndex((question) => !isAnswered(question));
go(first < 0 ? questions.length - 1 : first, false);
