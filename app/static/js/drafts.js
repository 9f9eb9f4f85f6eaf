// What is typed into a long form is kept on this device until it has been saved.
//
// A form says whose draft it is and of what: data-draft="12:text:7"; data-refused says that it came
// back without what was typed. Its hidden field `seen`, where
// there is one, tells whether what it edits was changed elsewhere since.

import { say, typedEarly } from "weike/app";

const PREFIX = "weike-draft:";
const SENT = "weike-draft-sent";
const QUIET_MS = 800;
const LIFE_MS = 14 * 24 * 3600_000;
const words = document.getElementById("words").dataset;
const forms = [...document.querySelectorAll("form[data-draft]")];
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
const time = (at) => new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "short", timeStyle: "short" }).format(at);

function read(key) {
  try {
    const found = JSON.parse(localStorage.getItem(PREFIX + key));
    return found && Date.now() - found.at < LIFE_MS ? found : null;
  } catch {
    return null;
  }
}

const drop = (key) => localStorage.removeItem(PREFIX + key);

/** Everything that a person can change: [name, value or whether it is checked], in order. */
function fields(form) {
  return [...form.elements].filter((each) => each.name && !["hidden", "file", "submit", "button", "password"].includes(each.type));
}

/** What the page came with, in a field that was typed into before this script was there. */
function given(each) {
  if (isTick(each)) return each.defaultChecked;
  if (each.tagName !== "SELECT") return each.defaultValue;
  return ([...each.options].find((option) => option.defaultSelected) ?? each.options[0])?.value ?? "";
}

const isTick = (each) => each.type === "checkbox" || each.type === "radio";
const values = (form) => fields(form).map((each) => [each.name, isTick(each) ? each.checked : each.value]);

/** As many rows of answers as were typed, where a form can have more of them. */
function grow(form, wanted) {
  const more = form.querySelector("[data-more]");
  for (let tries = 0; more && !more.hidden && fields(form).length < wanted && tries < 40; tries += 1) more.click();
}

function put(form, saved) {
  grow(form, saved.length);
  const now = fields(form);
  if (now.length !== saved.length || now.some((each, i) => each.name !== saved[i][0])) return false;
  now.forEach((each, i) => {
    if (isTick(each)) each.checked = saved[i][1];
    else each.value = saved[i][1];
    each.dispatchEvent(new Event("input", { bubbles: true }));
    each.dispatchEvent(new Event("change", { bubbles: true }));
  });
  return true;
}

/** Whether it came back with a fault beside a field, and so with all that was typed. */
const isWrong = (form) => form.querySelector("[aria-invalid=true], .is-invalid, .field-error") !== null;

// The form that was sent last led to another page, or came back without a fault: it is saved.
const sent = sessionStorage.getItem(SENT);
if (sent) {
  sessionStorage.removeItem(SENT);
  const again = forms.find((form) => form.dataset.draft === sent);
  if (!again || (!("refused" in again.dataset) && !isWrong(again))) drop(sent);
}

// Who adds rows is listening by then.
if (document.readyState === "loading") await new Promise((done) => document.addEventListener("DOMContentLoaded", done, { once: true }));

function watch(form) {
  const key = form.dataset.draft;
  const before = fields(form).map((each) => [each.name, typedEarly.has(each) ? given(each) : isTick(each) ? each.checked : each.value]);
  const seen = form.elements.seen?.value ?? "";
  const status = document.createElement("p");
  status.className = "draft-state field-hint";
  status.setAttribute("role", "status");
  (form.querySelector(".actions") ?? form.lastElementChild).after(status);

  const button = (label, action) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "btn btn-sm btn-outline-secondary";
    made.textContent = label;
    made.addEventListener("click", action);
    return made;
  };

  const found = read(key);
  const differs = found && JSON.stringify(found.values) !== JSON.stringify(before);
  if (differs && !isWrong(form)) {
    const back = () => {
      drop(key);
      if (!put(form, before)) location.reload();
      status.textContent = "";
      form.querySelector("textarea, input:not([type=hidden])")?.focus();
    };
    if (found.seen === seen && put(form, found.values)) {
      form.closest("details")?.setAttribute("open", "");
      status.replaceChildren(`${fill(words.draftBack, { when: time(found.at) })} `, button(words.draftDrop, back));
    } else if (found.seen !== seen) {
      // Somebody saved meanwhile: what is newer is for the person to say.
      status.replaceChildren(`${fill(words.draftOther, { when: time(found.at) })} `, button(words.draftTake, () => {
        if (put(form, found.values)) status.textContent = "";
      }));
    }
  }

  let timer;
  const keep = () => {
    try {
      localStorage.setItem(PREFIX + key, JSON.stringify({ at: Date.now(), seen, values: values(form) }));
      status.textContent = fill(words.draftKept, { when: time(Date.now()) });
    } catch {
      status.textContent = "";
    }
  };
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(keep, QUIET_MS);
  };
  form.addEventListener("input", (event) => {
    if (event.isTrusted) wait();
  });
  if (!differs && fields(form).some((each) => typedEarly.has(each))) wait();
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    keep();
    sessionStorage.setItem(SENT, key);
  });
  // A last word that was typed just before the page went away.
  addEventListener("pagehide", () => {
    if (!timer || JSON.stringify(values(form)) === JSON.stringify(before)) return;
    keep();
  });
  if (status.firstChild) say(status.firstChild.textContent.trim(), "info");
}

forms.forEach(watch);
