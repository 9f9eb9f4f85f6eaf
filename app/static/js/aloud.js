// Reads the page aloud with the browser's own voice, block by block, and shows where it is.

const button = document.querySelector("[data-aloud]");
const voice = window.speechSynthesis;
const BLOCKS = "h1, h2, h3, h4, p, li, dt, dd, legend, label, td, th, summary, a.btn, button, .easy-button, .row-link, .notice";

function blocks() {
  const main = document.getElementById("main");
  return [...main.querySelectorAll(BLOCKS)].filter((block) =>
    // The innermost block says it; what a list item holds in paragraphs is said by them.
    !block.querySelector(BLOCKS) && block.checkVisibility() && !block.closest("[aria-hidden=true], .visually-hidden") && block.innerText.trim());
}

let waiting = [];
let now = null;

function mark(block) {
  now?.classList.remove("being-read");
  now = block;
  block?.classList.add("being-read");
  block?.scrollIntoView({ block: "nearest" });
}

function label(text, pressed) {
  button.querySelector("span").textContent = text;
  button.setAttribute("aria-pressed", String(pressed));
}

const begin = button?.querySelector("span").textContent;

function stop() {
  waiting = [];
  voice.cancel();
  mark(null);
  label(begin, false);
}

function next() {
  const block = waiting.shift();
  if (!block) return stop();
  mark(block);
  const said = new SpeechSynthesisUtterance(block.innerText.replace(/\s+/g, " ").trim());
  said.lang = block.closest("[lang]").lang.replace("Hans", "CN").replace("Hant", "TW");
  said.rate = 0.9;
  said.onend = () => { if (now === block) next(); };
  said.onerror = ({ error }) => { if (now === block && error !== "canceled") stop(); };
  voice.speak(said);
}

if (button && voice) {
  // Where a page has a place for it, it stands there and covers nothing.
  document.querySelector("[data-aloud-place]")?.append(button);
  button.hidden = false;
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    if (now) return stop();
    voice.cancel(); // a voice that a page before left behind
    waiting = blocks();
    label(button.dataset.stop, true);
    next();
  });
  addEventListener("pagehide", () => voice.cancel());
}
