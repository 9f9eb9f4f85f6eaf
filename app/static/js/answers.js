// The fields of all kinds of questions: what was answered, and moving things up and down.
// `question` is the element around the fields of one question.

const FIELDS = "input:not([type=hidden], [type=file]), select, textarea";

const isGiven = (field) => (["checkbox", "radio"].includes(field.type) ? field.checked : field.value.trim() !== "");

/** Whether anything was answered; all parts of it when `whole`. */
export function isAnswered(question, whole = false) {
  const fields = [...question.querySelectorAll(FIELDS)];
  const ticks = fields.some((field) => ["checkbox", "radio"].includes(field.type));
  return whole && !ticks ? fields.length > 0 && fields.every(isGiven) : fields.some(isGiven);
}

/** [[name, value], …] of what a form would send for the question, without hidden fields. */
export function entries(question) {
  return [...question.querySelectorAll(FIELDS)]
    .filter((field) => !["checkbox", "radio"].includes(field.type) || field.checked)
    .map((field) => [field.name, field.value]);
}

// ---- Things to be put in order: buttons beside the fields ------------------------------------

function renumber(list) {
  [...list.children].forEach((item, index) => {
    item.querySelector("select").value = String(index + 1);
  });
  list.nextElementSibling?.classList.contains("places-keep") && list.nextElementSibling.remove();
  list.dispatchEvent(new Event("change", { bubbles: true }));
}

function move(list, item, by) {
  const other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  if (by < 0) other.before(item);
  else other.after(item);
  renumber(list);
  const text = item.querySelector(".place-text").textContent.trim();
  const place = [...list.children].indexOf(item) + 1;
  say(list, list.dataset.wordAt.replace("{text}", text).replace("{place}", place));
}

function say(list, sentence) {
  let live = list.parentElement.querySelector(".places-live");
  if (!live) {
    live = document.createElement("p");
    live.className = "places-live visually-hidden";
    live.setAttribute("role", "status");
    list.after(live);
  }
  live.textContent = sentence;
}

function button(word, path, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "icon-button";
  made.setAttribute("aria-label", word);
  made.innerHTML = `<svg class="icon" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true"><path d="${path}"/></svg>`;
  made.addEventListener("click", () => {
    act();
    made.focus();
  });
  return made;
}

function enhance(list) {
  const given = (item) => Number(item.querySelector("select").value) || Infinity;
  const items = [...list.children];
  const answered = items.some((item) => given(item) < Infinity);
  if (answered) list.append(...items.sort((a, b) => given(a) - given(b)));
  for (const item of items) {
    const text = item.querySelector(".place-text").textContent.trim();
    const moves = document.createElement("span");
    moves.className = "place-moves";
    moves.append(
      button(`${list.dataset.wordUp}: ${text}`, "M3 10l5-5 5 5", () => move(list, item, -1)),
      button(`${list.dataset.wordDown}: ${text}`, "M3 6l5 5 5-5", () => move(list, item, 1)),
    );
    item.append(moves);
  }
  if (answered) return;
  const keep = document.createElement("button");
  keep.type = "button";
  keep.className = "btn btn-outline-secondary places-keep";
  keep.textContent = list.dataset.wordKeep;
  keep.addEventListener("click", () => renumber(list));
  list.after(keep);
}

for (const list of document.querySelectorAll("[data-places]")) enhance(list);

// ---- Places on a picture ---------------------------------------------------------------------

const SVG = "http://www.w3.org/2000/svg";
const inRange = (n) => Math.min(100, Math.max(0, Math.round(n * 10) / 10));

function place(text) {
  const numbers = text.split(/[\s,，;；、]+/).filter(Boolean).map(Number);
  return numbers.length === 2 && numbers.every((n) => n >= 0 && n <= 100) ? numbers : null;
}

function enhanceHotspot(box) {
  const picture = box.querySelector(".hotspot-picture");
  const fields = [...box.querySelectorAll(".hotspot-points input")];
  if (fields.some((field) => field.matches(":disabled"))) return;
  const words = box.dataset;
  const marks = document.createElementNS(SVG, "svg");
  marks.setAttribute("class", "hotspot-marks");
  marks.setAttribute("aria-hidden", "true");
  const pad = document.createElement("div");
  pad.className = "hotspot-pad";
  pad.tabIndex = 0;
  pad.setAttribute("role", "application");
  pad.setAttribute("aria-label", words.wordPad);
  const live = document.createElement("p");
  live.className = "visually-hidden";
  live.setAttribute("role", "status");
  picture.append(marks, pad);
  box.append(live);
  let cross = null; // where the arrow keys are, in per cent
  let next = 0; // the field that the next press fills

  const draw = (x, y, kind, label = "") => {
    const ring = document.createElementNS(SVG, "circle");
    ring.setAttribute("cx", `${x}%`);
    ring.setAttribute("cy", `${y}%`);
    ring.setAttribute("r", kind === "mark-cross" ? "14" : "11");
    ring.setAttribute("class", kind);
    marks.append(ring);
    if (!label) return;
    const text = document.createElementNS(SVG, "text");
    text.setAttribute("x", `${x}%`);
    text.setAttribute("y", `${y}%`);
    text.setAttribute("class", "mark-number");
    text.textContent = label;
    marks.append(text);
  };
  const paint = () => {
    marks.replaceChildren();
    fields.forEach((field, at) => {
      const found = place(field.value);
      if (found) draw(...found, "mark-set", fields.length > 1 ? String(at + 1) : "");
    });
    if (cross) draw(...cross, "mark-cross");
  };
  const put = (x, y) => {
    const empty = fields.findIndex((field) => !field.value.trim());
    if (empty >= 0) next = empty;
    fields[next].value = `${inRange(x)}, ${inRange(y)}`;
    live.textContent = words.wordSet.replace("{n}", next + 1);
    fields[next].dispatchEvent(new Event("change", { bubbles: true }));
    next = (next + 1) % fields.length;
    paint();
  };
  pad.addEventListener("click", (event) => {
    const { left, top, width, height } = pad.getBoundingClientRect();
    if (!width || !height) return;
    cross = null;
    put(((event.clientX - left) / width) * 100, ((event.clientY - top) / height) * 100);
  });
  pad.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 0.5 : 2.5;
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (by) {
      event.preventDefault();
      const [x, y] = cross ?? [50, 50];
      cross = [inRange(x + by[0]), inRange(y + by[1])];
      live.textContent = words.wordAt.replace("{x}", cross[0]).replace("{y}", cross[1]);
      paint();
    } else if ((event.key === "Enter" || event.key === " ") && cross) {
      event.preventDefault();
      put(...cross);
    }
  });
  for (const field of fields) field.addEventListener("input", paint);
  box.closest(".question")?.addEventListener("weike:filled", paint);
  paint();
}

for (const box of document.querySelectorAll("[data-hotspot]")) enhanceHotspot(box);

// ---- Back to no answer -----------------------------------------------------------------------
// A radio button that was chosen cannot be left without another one.

for (const clear of document.querySelectorAll("[data-clear]")) {
  const question = clear.closest(".question");
  const ticks = [...question.querySelectorAll("input[type=radio], input[type=checkbox]:not(.flag input)")];
  const tell = () => {
    clear.hidden = !ticks.some((tick) => tick.checked);
  };
  clear.addEventListener("click", () => {
    for (const tick of ticks) tick.checked = false;
    ticks[0].focus();
    ticks[0].dispatchEvent(new Event("change", { bubbles: true }));
  });
  question.addEventListener("change", tell);
  question.addEventListener("weike:filled", tell);
  tell();
}

// ---- Files -----------------------------------------------------------------------------------
// A file goes to the server as soon as it is chosen; the answer is the token that comes back.

function enhanceFile(box) {
  const kept = box.querySelector(".answer-file-kept");
  const input = box.querySelector("input[type=file]");
  if (input.matches(":disabled")) return;
  const status = box.querySelector(".answer-file-status");
  const words = box.dataset;
  input.removeAttribute("name"); // only the token is part of the answer
  const take = document.createElement("button");
  take.type = "button";
  take.className = "btn btn-sm btn-outline-secondary";
  take.textContent = words.wordTake;
  const tell = () => {
    take.hidden = !kept.value;
  };
  const set = (answer) => {
    kept.value = answer;
    box.querySelector(".answer-file-name")?.remove();
    tell();
    kept.dispatchEvent(new Event("change", { bubbles: true }));
  };
  take.addEventListener("click", () => {
    input.value = "";
    status.textContent = "";
    set("");
    input.focus();
  });
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (!file) return;
    status.textContent = words.wordSending;
    const body = new FormData();
    body.append("file", file);
    const answer = await fetch(words.to, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content },
      body,
    }).catch(() => null);
    const told = await answer?.json().catch(() => ({}));
    if (answer?.ok) {
      status.textContent = words.wordSent.replace("{name}", told.name);
      set(told.answer);
    } else {
      input.value = "";
      status.textContent = told?.error ?? words.wordFailed;
    }
  });
  box.closest(".question")?.addEventListener("weike:filled", tell);
  box.append(take);
  tell();
}

for (const box of document.querySelectorAll("[data-answer-file]")) enhanceFile(box);
export { enhance as enhanceAnswers };
