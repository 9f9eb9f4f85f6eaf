// Uploading documents: several at a time, one after another, each with its own progress and answer.

import { say } from "weike/app";
import { Resumable } from "weike/media/transfer";

const LARGE = 8 * 1024 * 1024; // bytes from which a file goes in pieces

const form = document.querySelector("[data-uploads]");
const list = document.querySelector("[data-list]");
const template = document.querySelector("template[data-row]");
const token = document.querySelector('meta[name="csrf-token"]').content;
const inputs = form.querySelectorAll("input[type=file]");
const drop = form.querySelector("[data-drop]");
const waiting = [];
const places = new Map(); // of files in dropped folders: their paths
const ASIDE = /(^|\/)(\.[^/]*|__MACOSX|Thumbs\.db|desktop\.ini)(\/|$)/; // what systems put beside files
let busy = false;

/** Where the files go, and for whom: the answers of the form as part of the address. */
function address(file) {
  const url = new URL(form.dataset.uploads, location.href);
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") url.searchParams.append(name, value);
  }
  url.searchParams.set("filename", file.name);
  const folder = (places.get(file) ?? file.webkitRelativePath ?? "").split("/").slice(0, -1).join("/");
  if (folder) url.searchParams.set("folder", folder);
  return url;
}

function nobodyChosen() {
  const answers = new FormData(form);
  return answers.get("audience") === "branches" && !answers.getAll("branches").length;
}

function add(files) {
  if (!files.length) return;
  if (nobodyChosen()) {
    say(form.dataset.nobody, "warn");
    return;
  }
  for (const file of inputs[0].multiple ? files : [files[0]]) {
    const path = places.get(file) ?? (file.webkitRelativePath || file.name);
    if (ASIDE.test(path)) continue;
    const row = template.content.firstElementChild.cloneNode(true);
    row.querySelector(".upload-name").textContent = path;
    list.append(row);
    enqueue(row, file);
  }
}

function enqueue(row, file) {
  row.classList.remove("upload-failed");
  row.querySelector("button")?.remove();
  tell(row, form.dataset.waiting);
  if (file.size > Number(form.dataset.most)) {
    fail(row, form.dataset.tooLarge);
    return;
  }
  // The address is fixed now: the form may be set differently for the next files.
  waiting.push({ row, file, url: address(file) });
  next();
}

function next() {
  if (busy || !waiting.length) return;
  busy = true;
  const first = waiting.shift();
  if (form.dataset.tus && first.file.size > LARGE) sendInPieces(first);
  else send(first);
}

/** Large files go in pieces, so that a lost connection costs nothing that has arrived. */
function sendInPieces({ row, file, url }) {
  const bar = row.querySelector("progress");
  bar.hidden = false;
  bar.value = 0;
  const over = (then) => (...answer) => {
    busy = false;
    then(...answer);
    next();
  };
  const keep = (name) => {
    const address = new URL(url);
    address.pathname += `/${name}`;
    return address;
  };
  const on = {
    progress: (sent, total) => {
      const percent = Math.floor((100 * sent) / Math.max(1, total));
      bar.value = percent;
      tell(row, percent < 100 ? `${percent} %` : form.dataset.checking);
    },
    waiting: () => tell(row, form.dataset.waiting),
    done: over((answer) => finish(row, answer)),
    failed: over((sentence, again) => fail(row, sentence || form.dataset.broken, again ? file : null)),
  };
  new Resumable(file, form.dataset.tus, on, keep);
}

function send({ row, file, url }) {
  const bar = row.querySelector("progress");
  bar.hidden = false;
  bar.value = 0;
  const request = new XMLHttpRequest();
  request.open("POST", url);
  request.setRequestHeader("X-CSRFToken", token);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.responseType = "json";
  request.upload.addEventListener("progress", (event) => {
    const percent = Math.floor((100 * event.loaded) / Math.max(1, event.total));
    bar.value = percent;
    tell(row, percent < 100 ? `${percent} %` : form.dataset.checking);
  });
  request.addEventListener("loadend", () => {
    busy = false;
    if (request.status >= 200 && request.status < 300 && request.response) finish(row, request.response);
    else fail(row, request.response?.error ?? form.dataset.broken, request.status === 0 ? file : null);
    next();
  });
  request.send(file);
}

function tell(row, sentence) {
  row.querySelector(".upload-status").textContent = sentence;
}

/** The files of a zip file, each in a row of its own; the row of the zip file goes. */
function unpack(row, files) {
  for (const file of files) {
    const each = template.content.firstElementChild.cloneNode(true);
    each.querySelector(".upload-name").textContent = file.name;
    row.before(each);
    if (file.error) fail(each, file.error);
    else finish(each, file);
  }
  if (files.length) row.remove();
  else fail(row, form.dataset.emptyZip);
}

function finish(row, { title, url, state_url: state, files }) {
  if (files) {
    unpack(row, files);
    return;
  }
  if (form.dataset.go) {
    location.href = url;
    return;
  }
  row.classList.add("upload-done");
  row.querySelector("progress").remove();
  const link = document.createElement("a");
  link.href = url;
  link.textContent = title;
  row.querySelector(".upload-name").replaceChildren(link);
  // The fragment that comes asks again by itself until the text has been read.
  const box = document.createElement("div");
  box.setAttribute("hx-get", state);
  box.setAttribute("hx-trigger", "load");
  box.setAttribute("hx-swap", "outerHTML");
  row.querySelector(".upload-status").replaceChildren(box);
  window.htmx?.process(box);
}

function fail(row, sentence, file = null) {
  row.classList.add("upload-failed");
  row.querySelector("progress").hidden = true;
  tell(row, sentence);
  if (!file) return;
  const again = document.createElement("button");
  again.type = "button";
  again.className = "btn btn-outline-secondary";
  again.textContent = form.dataset.again;
  again.addEventListener("click", () => enqueue(row, file));
  row.append(again);
}

/** Files of a dropped folder, with all below it. */
async function below(entry) {
  if (entry.isFile) {
    const file = await new Promise((found, failed) => entry.file(found, failed));
    places.set(file, entry.fullPath.slice(1));
    return [file];
  }
  const reader = entry.createReader();
  const files = [];
  for (;;) {
    const some = await new Promise((found, failed) => reader.readEntries(found, failed));
    if (!some.length) return files;
    for (const inner of some) files.push(...(await below(inner)));
  }
}

for (const input of inputs) {
  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });
}
const folders = form.querySelector("[data-folders]");
if (folders && "webkitdirectory" in inputs[0]) folders.hidden = false;
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("dragging");
  });
}
for (const name of ["dragleave", "drop"]) {
  drop.addEventListener(name, () => drop.classList.remove("dragging"));
}
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
  if (inputs[0].multiple && entries.some((entry) => entry?.isDirectory)) {
    Promise.all(entries.filter(Boolean).map(below)).then((files) => add(files.flat()));
  } else add([...event.dataTransfer.files]);
});
form.addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("beforeunload", (event) => {
  if (busy || waiting.length) event.preventDefault();
});
