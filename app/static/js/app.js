// What every page runs: notices that close, dialogs, questions before doing, the “/” key,
// widths that come from data, and sentences for requests that fail.

const words = document.getElementById("words").dataset;
const notices = document.getElementById("notices");
const root = document.documentElement;

// ---- Appearance ------------------------------------------------------------------------------

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
  if (root.dataset.appearance === "auto") root.dataset.bsTheme = event.matches ? "dark" : "light";
});

// ---- Notices ---------------------------------------------------------------------------------

/** Fields that somebody typed into, also before weike/drafts was there to see it. */
export const typedEarly = new WeakSet();
addEventListener("input", (event) => event.isTrusted && typedEarly.add(event.target), true);

/** Say one sentence in the live region. tone: good, info, warn or bad; bad ones stay. */
export function say(sentence, tone = "good") {
  const box = document.createElement("div");
  box.className = `notice notice-${tone}`;
  if (tone === "bad") box.setAttribute("role", "alert");
  box.textContent = sentence;
  notices.append(box);
}

function dress(box) {
  if (box.dataset.said !== undefined || !box.classList.contains("notice")) return;
  const said = box.textContent.trim();
  // A request that is repeated by itself must not fill the screen, nor be read out for ever.
  const same = [...notices.children].find((other) => other.dataset.said === said);
  if (same) {
    box.remove();
    same.animate?.([{ opacity: 0.3 }, { opacity: 1 }], 400);
    return;
  }
  box.dataset.said = said;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "notice-close";
  close.setAttribute("aria-label", words.close);
  close.textContent = "×";
  close.addEventListener("click", () => box.remove());
  box.classList.add("closable");
  box.append(close);
  if (box.classList.contains("notice-bad") || box.classList.contains("notice-warn")) return;
  // Long enough to be read twice; the pointer or the keyboard upon it stops the clock.
  const life = Math.max(box.matches(".notice-undo") ? 20_000 : 8000, said.length * 160);
  let timer;
  const start = () => {
    timer = setTimeout(() => {
      box.classList.add("leaving");
      setTimeout(() => box.remove(), 400);
    }, life);
  };
  const stop = () => clearTimeout(timer);
  box.addEventListener("pointerenter", stop);
  box.addEventListener("pointerleave", start);
  box.addEventListener("focusin", stop);
  box.addEventListener("focusout", start);
  start();
}

for (const box of notices.children) dress(box);
new MutationObserver(() => {
  for (const box of notices.children) dress(box);
}).observe(notices, { childList: true });

// ---- Requests that fail ----------------------------------------------------------------------

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { status } = detail.xhr;
  if (status < 400) return;
  // 422 is a form that came back; a refusal says itself where it goes. Anything else is no page.
  const known = status === 422 || detail.xhr.getResponseHeader("HX-Retarget") !== null;
  detail.shouldSwap = known;
  if (known) detail.isError = false;
});
document.addEventListener("htmx:responseError", () => say(words.failed, "bad"));
document.addEventListener("htmx:sendError", () => say(words.offline, "bad"));
document.addEventListener("htmx:timeout", () => say(words.slow, "bad"));
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  const button = detail.elt.closest?.("form")?.querySelector("[type=submit]");
  button?.setAttribute("aria-busy", "true");
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const button = detail.elt.closest?.("form")?.querySelector("[type=submit]");
  button?.removeAttribute("aria-busy");
});

// ---- Dialogs ---------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (dialog instanceof HTMLDialogElement) {
      event.preventDefault();
      dialog.showModal();
    }
    return;
  }
  const closer = event.target.closest("dialog [data-close]");
  if (closer) closer.closest("dialog").close();
  // A press on the dark ground around a dialog closes it.
  else if (event.target instanceof HTMLDialogElement && event.target.classList.contains("dialog")) {
    const { left, right, top, bottom } = event.target.getBoundingClientRect();
    const { clientX: x, clientY: y } = event;
    if (x < left || x > right || y < top || y > bottom) event.target.close();
  }
});

/** Ask before doing; resolves to true or false. `yes` is the word on the button that does it. */
export function ask(question, yes = words.sure) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  const text = document.createElement("p");
  text.id = "question";
  text.textContent = question;
  dialog.setAttribute("aria-labelledby", "question");
  dialog.setAttribute("role", "alertdialog");
  const actions = document.createElement("div");
  actions.className = "dialog-actions";
  const make = (label, kind, value) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `btn ${kind}`;
    button.textContent = label;
    button.addEventListener("click", () => dialog.close(value));
    actions.append(button);
    return button;
  };
  const cancel = make(words.cancel, "btn-outline-secondary", "");
  make(yes, "btn-primary", "yes");
  dialog.append(text, actions);
  document.body.append(dialog);
  dialog.showModal();
  cancel.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
  });
}

const asked = new WeakSet();

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (!question) return;
  if (asked.delete(form)) return;
  event.preventDefault();
  event.stopPropagation(); // htmx listens on the form: hx-confirm is its way, see below
  const yes = event.submitter?.dataset.confirmLabel ?? form.dataset.confirmLabel;
  const { submitter } = event;
  if (await ask(question, yes || submitter?.textContent.trim() || undefined)) {
    asked.add(form);
    form.requestSubmit(submitter);
  }
}, true);

document.addEventListener("htmx:confirm", async (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  const label = event.detail.elt.dataset.confirmLabel ?? event.detail.elt.textContent.trim();
  if (await ask(event.detail.question, label || undefined)) event.detail.issueRequest(true);
});

// ---- Menus -----------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// ---- The “/” key -----------------------------------------------------------------------------

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest?.("input, textarea, select, [contenteditable], dialog[open]")) return;
  const box = document.getElementById("global-search");
  if (box && box.offsetParent !== null) {
    event.preventDefault();
    box.focus();
    box.select();
    return;
  }
  const link = [...document.querySelectorAll("a[data-search]")].find((each) => each.offsetParent !== null);
  if (link) {
    event.preventDefault();
    link.click();
  }
});

// ---- Sizes from data -------------------------------------------------------------------------

/** data-width="37" and data-height="37" become per cent: the security policy forbids style="…". */
function size(within) {
  for (const name of ["width", "height"]) {
    for (const element of within.querySelectorAll(`[data-${name}]`)) {
      const value = Number(element.dataset[name]);
      if (Number.isFinite(value)) element.style[name] = `${Math.min(100, Math.max(0, value))}%`;
    }
  }
}

size(document);
document.addEventListener("htmx:load", (event) => size(event.detail.elt.parentElement ?? document));

// ---- Rows that do not fit ----------------------------------------------------------------------

// Where one is must be seen, also when the tabs are wider than the phone.
function showWhere() {
  for (const here of document.querySelectorAll(".tabs > [aria-current], .segments > [aria-current]")) {
    const row = here.parentElement;
    row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
  }
}

showWhere();
document.fonts.ready.then(showWhere); // with its own letters a row has another width

// ---- The way back ----------------------------------------------------------------------------

// A crumb that leads to the page somebody came from goes back to it, with its filters and its place.
const entriesBefore = history.length;
document.addEventListener("click", (event) => {
  const crumb = event.target.closest?.(".crumbs a[href]");
  if (!crumb || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const from = URL.parse?.(document.referrer) ?? null;
  if (from?.origin !== location.origin || from.pathname !== crumb.pathname || crumb.search || crumb.hash) return;
  if (history.length !== entriesBefore || entriesBefore < 2) return; // more pages lie between
  event.preventDefault();
  history.back();
});

// ---- Forms that came back --------------------------------------------------------------------

const wrong = document.querySelector("[data-focus], main [aria-invalid=true]");
if (wrong && !document.querySelector("[autofocus]")) wrong.focus();

function fields(within) {
  if (within.querySelector(".field-error")) import("weike/fields");
}
fields(document);
document.addEventListener("htmx:afterSettle", ({ target }) => fields(target));

// ---- Long forms ------------------------------------------------------------------------------

try {
  if (document.querySelector("form[data-draft]") || sessionStorage.getItem("weike-draft-sent")) import("weike/drafts");
} catch {
  // No store, no drafts.
}

// ---- Watched without a connection ------------------------------------------------------------

// A page that was closed offline left its report behind; the pages of lessons send it themselves.
async function sendWhatWasLeft() {
  const { sendUnsent } = await import("weike/player/unsent");
  await sendUnsent(document.querySelector("meta[name=csrf-token]").content);
}

try {
  const left = Object.keys(localStorage).some((key) => key.startsWith("weike-unsent:"));
  if (left && !document.getElementById("lesson-data")) sendWhatWasLeft().catch(() => {});
} catch {
  // No store, nothing left behind.
}

// ---- Answered without a connection ------------------------------------------------------------

// A quiz that was closed offline keeps its answers in this browser until a page can send them.
async function sendAnswersLeft() {
  const { sendLeft } = await import("weike/exams/shelf");
  await sendLeft(document.querySelector("meta[name=csrf-token]").content);
}

try {
  const left = Object.keys(localStorage).some((key) => key.startsWith("weike-answers:"));
  if (left && navigator.onLine && !document.getElementById("paper")) sendAnswersLeft().catch(() => {});
} catch {
  // No store, nothing left behind.
}

// ---- Formulas --------------------------------------------------------------------------------

function formulas(root) {
  if (root.querySelector("code.formula")) import("weike/formulas").then((module) => module.formulas(root));
}
formulas(document);
document.addEventListener("htmx:afterSettle", ({ target }) => formulas(target));
