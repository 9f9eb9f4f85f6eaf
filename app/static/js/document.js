// The text of a document: reports what is on the screen, takes selected words over into notes,
// copies citations. Without this everything can still be read and noted.

import { say } from "weike/app";

const EVERY = 5000; // milliseconds between two reports
const token = document.querySelector('meta[name="csrf-token"]').content;
const seen = new Set();
let selected = { text: "", part: null };

const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) seen.add(target.id);
    else seen.delete(target.id);
  }
}, { rootMargin: "-10% 0px -10% 0px" });

function watch() {
  seen.clear();
  watcher.disconnect();
  for (const part of document.querySelectorAll("[data-part]")) watcher.observe(part);
}

function report() {
  if (!seen.size || document.visibilityState !== "visible") return;
  const body = new URLSearchParams();
  for (const part of document.querySelectorAll("[data-part]")) {
    if (seen.has(part.id)) body.append("anchor", part.id);
  }
  fetch(document.querySelector("[data-place]").dataset.place, {
    method: "POST",
    headers: { "X-CSRFToken": token, "Content-Type": "application/x-www-form-urlencoded" },
    body,
    keepalive: true,
  }).catch(() => {}); // where one stopped is not worth a warning
}

// Selected words go into a note of their part. A bar offers it at once: on a phone the form may be
// far below. It waits before it goes, since a touch on it may end the selection first.
const bar = document.querySelector("[data-selection]");
let going;
document.addEventListener("selectionchange", () => {
  const selection = getSelection();
  const node = selection.anchorNode;
  const words = (node?.nodeType === 1 ? node : node?.parentElement)?.closest(".document-words");
  const text = words && !selection.isCollapsed ? selection.toString().trim() : "";
  clearTimeout(going);
  if (text) selected = { text, part: words.closest("[data-part]") };
  if (text) bar.hidden = false;
  else going = setTimeout(() => { bar.hidden = true; }, 500);
});
bar.querySelector("button").addEventListener("click", () => {
  const form = selected.part?.querySelector(".note-new");
  bar.hidden = true;
  if (!form) return;
  form.open = true;
  take(form);
  form.querySelector("textarea:not([data-quote])").focus({ preventScroll: true });
  form.scrollIntoView({ block: "center" });
});

/** Put the selected words into the form of a note, if they are of its part. */
function take(form) {
  const field = form.querySelector("[data-quote]");
  if (!field || !selected.text || selected.part !== form.closest("[data-part]")) return;
  field.value = selected.text.slice(0, field.maxLength);
  selected = { text: "", part: null };
}
document.addEventListener("toggle", (event) => {
  if (event.target.open && event.target.matches(".note-new")) take(event.target);
}, true);

/** A part can be long: whoever was sent to one with words to find begins at the first of them. */
function goToWord() {
  const part = document.getElementById(location.hash.slice(1));
  const mark = part?.matches("[data-part]") && part.querySelector("mark:not(.own)");
  if (!mark) return;
  const { top, bottom } = mark.getBoundingClientRect();
  if (top < 0 || bottom > innerHeight * 0.7) mark.scrollIntoView({ block: "center", behavior: "instant" });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    say(button.dataset.copied, "good");
  });
}

watch();
// After the browser's own way to the part.
if (document.readyState === "complete") requestAnimationFrame(goToWord);
else addEventListener("load", () => requestAnimationFrame(goToWord));
addEventListener("hashchange", () => requestAnimationFrame(goToWord));
document.body.addEventListener("htmx:afterSettle", watch);
report();
setInterval(report, EVERY);
