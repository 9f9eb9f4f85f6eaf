// The text of a document: reports what is on the screen, takes selected words over into notes,
// copies citations. Without this everything can still be read and noted.

import { say } from "weike/app";

const EVERY = 5000; // milliseconds between two reports
const token = document.querySelector('meta[name="csrf-token"]').content;
const seen = new Set();
let selected = "";

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

document.addEventListener("selectionchange", () => {
  const selection = getSelection();
  const node = selection.anchorNode;
  const part = (node?.nodeType === 1 ? node : node?.parentElement)?.closest(".document-words");
  if (part && !selection.isCollapsed) selected = selection.toString().trim();
});
document.addEventListener("toggle", (event) => {
  const field = event.target.open && event.target.querySelector("[data-quote]");
  if (field && !field.value && selected) {
    field.value = selected.slice(0, field.maxLength);
    selected = "";
  }
}, true);

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    say(button.dataset.copied, "good");
  });
}

watch();
document.body.addEventListener("htmx:afterSettle", watch);
report();
setInterval(report, EVERY);
