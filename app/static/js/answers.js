// The fields of all kinds of questions: what was answered, and moving things up and down.
// `question` is the element around the fields of one question.

const FIELDS = "input:not([type=hidden]), select, textarea";

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
