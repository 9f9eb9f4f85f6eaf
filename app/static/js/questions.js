// The editor of a question: more rows for answers without asking the server.

function addRow(list, fresh) {
  const rows = list.children;
  const row = rows[rows.length - 1].cloneNode(true);
  const number = rows.length; // rows are named from 0
  for (const input of row.querySelectorAll("input, select")) {
    input.name = input.name.replace(/-\d+-/, `-${number}-`);
    if (input.type === "radio") input.value = String(number);
    if (input.type === "text") input.value = "";
    input.checked = false;
  }
  for (const element of row.querySelectorAll("[aria-label], span")) {
    const last = /\d+(?!.*\d)/;
    const label = element.getAttribute("aria-label");
    if (label) element.setAttribute("aria-label", label.replace(last, String(number + 1)));
    if (element.tagName === "SPAN") element.textContent = element.textContent.replace(last, String(number + 1));
  }
  list.append(row);
  if (fresh) row.querySelector("input[type=text]").focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-more]");
  if (!button) return;
  event.preventDefault();
  const form = button.form;
  const list = form.querySelector("[data-option-rows]");
  addRow(list, true);
  for (const beside of form.querySelectorAll("[data-worth-rows]")) addRow(beside, false);
  button.hidden = list.children.length >= Number(list.dataset.most);
});

// ---- Pictures, sounds, formulas and tables in texts ------------------------------------------

const rich = document.getElementById("rich-words")?.dataset;

// A picture, a sound or a formula: what is put in never stands inside one.
const WHOLE = /!\[[^\]\n]*\]\([^)\s]*\)|\$[^$\n]+\$/g;

/** Put a text where the cursor stands, as if it were typed: the browser's undo takes it back. */
function put(area, text) {
  area.focus();
  for (const found of area.value.matchAll(WHOLE)) {
    const end = found.index + found[0].length;
    if (found.index < area.selectionStart && area.selectionStart < end) area.setSelectionRange(end, end);
  }
  if (!document.execCommand("insertText", false, text)) area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

function dialogOf(title) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog dialog-wide";
  const head = document.createElement("div");
  head.className = "dialog-header";
  const heading = document.createElement("h2");
  heading.id = "rich-title";
  heading.textContent = title;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "icon-button";
  close.setAttribute("aria-label", document.getElementById("words").dataset.close);
  close.textContent = "×";
  close.addEventListener("click", () => dialog.close());
  head.append(heading, close);
  const inside = document.createElement("div");
  dialog.setAttribute("aria-labelledby", "rich-title");
  dialog.append(head, inside);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, inside };
}

async function clipInto(kind, use) {
  const { dialog, inside } = dialogOf(rich[kind]);
  const address = `${rich.clips}?only=${kind}`;
  const asked = async (options) => {
    const answer = await fetch(options ? inside.querySelector("form").action : address, {
      headers: { "HX-Request": "true", "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content },
      ...options,
    }).catch(() => null);
    if (!answer || (!answer.ok && answer.status !== 422)) {
      inside.textContent = document.getElementById("words").dataset.failed;
      return;
    }
    inside.innerHTML = await answer.text(); // a page of ours, escaped by the server
    for (const clip of inside.querySelectorAll("[data-clip]")) dress(clip);
    const fresh = inside.querySelector(".clip-new button");
    (fresh ?? inside.querySelector("input, button"))?.focus();
    inside.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      asked({ method: "POST", body: new FormData(event.target) });
    });
  };
  function dress(clip) {
    clip.querySelector(".clip-line")?.remove();
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-outline-secondary";
    button.textContent = rich.insert;
    const name = clip.querySelector("img")?.alt ?? clip.querySelector("span").textContent;
    button.setAttribute("aria-label", `${rich.insert}: ${name}`);
    button.addEventListener("click", () => {
      dialog.close();
      use(clip.dataset.clip, clip.dataset.clipKind === "sound" ? name : "", clip.querySelector("img"));
    });
    clip.append(button);
  }
  await asked();
}

async function formulaInto(area) {
  const { formula } = await import("weike/formulas");
  const { dialog, inside } = dialogOf(rich.formula);
  const label = document.createElement("label");
  label.className = "form-label";
  label.textContent = rich.tex;
  const input = document.createElement("textarea");
  input.className = "form-control";
  input.rows = 3;
  input.spellcheck = false;
  label.append(input);
  const seen = document.createElement("p");
  seen.className = "formula-seen";
  seen.setAttribute("aria-live", "polite");
  const done = document.createElement("button");
  done.type = "button";
  done.className = "btn btn-primary";
  done.textContent = rich.insert;
  inside.append(label, seen, done);
  input.addEventListener("input", () => formula(seen, input.value, true));
  done.addEventListener("click", () => {
    const tex = input.value.replace(/[$\n]+/g, " ").trim();
    dialog.close();
    if (tex) put(area, `$${tex}$`);
  });
  input.focus();
}

function tools(area) {
  const bar = document.createElement("div");
  bar.className = "rich-tools";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", rich.tools);
  const make = (word, act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm btn-outline-secondary";
    button.textContent = word;
    button.addEventListener("click", act);
    bar.append(button);
  };
  make(rich.picture, () => clipInto("picture", (url) => {
    put(area, `![${rich.shows}](${url})`);
    const at = area.selectionStart - url.length - 3;
    area.setSelectionRange(at - rich.shows.length, at); // to be written over
  }));
  make(rich.sound, () => clipInto("sound", (url, name) => put(area, `![${name.replace(/[[\]]/g, "")}](${url})`)));
  make(rich.formula, () => formulaInto(area));
  make(rich.table, () => put(area, `\n\n| ${rich.column} 1 | ${rich.column} 2 |\n| --- | --- |\n|  |  |\n|  |  |\n\n`));
  area.before(bar);
}

if (rich) {
  for (const name of ["stem", "explanation", "material", "answer"]) {
    const area = document.querySelector(`textarea[name="${name}"]`);
    if (area) tools(area);
  }
}

// ---- Areas of a picture ----------------------------------------------------------------------
// Drawing with the pointer fills the fields; whoever cannot draw writes the numbers.

const SVG = "http://www.w3.org/2000/svg";

function areasOf(box) {
  const address = box.querySelector("input[name=picture]");
  const picture = box.querySelector("[data-areas-picture]");
  const list = box.querySelector("[data-option-rows]");
  const choose = document.createElement("button");
  choose.type = "button";
  choose.className = "btn btn-outline-secondary";
  choose.textContent = box.dataset.wordChoose;
  address.after(choose);
  const hint = document.createElement("p");
  hint.className = "field-hint";
  hint.textContent = box.dataset.wordDraw;
  picture.after(hint);
  const drawn = document.createElementNS(SVG, "svg");
  drawn.setAttribute("class", "hotspot-areas");
  drawn.setAttribute("viewBox", "0 0 100 100");
  drawn.setAttribute("preserveAspectRatio", "none");
  let row = list.firstElementChild;
  let from = null;

  const shapeOf = (each) => each.querySelector("select").value;
  const coordsOf = (each) => each.querySelector("input[name$=-coords]");
  const paint = () => {
    picture.hidden = hint.hidden = !address.value;
    drawn.replaceChildren();
    for (const each of list.children) {
      const n = coordsOf(each).value.split(/[\s,，;；、]+/).filter(Boolean).map(Number);
      if (n.length < 2 || n.some(Number.isNaN)) continue;
      const shape = document.createElementNS(SVG, shapeOf(each) === "ellipse" ? "ellipse" : "polygon");
      shape.setAttribute("class", each === row ? "area-right" : "area-other");
      if (shapeOf(each) === "ellipse") {
        ["cx", "cy", "rx", "ry"].forEach((name, at) => shape.setAttribute(name, n[at] ?? 0));
      } else {
        const corners = shapeOf(each) === "rect" ? [n[0], n[1], n[2], n[1], n[2], n[3], n[0], n[3]] : n;
        shape.setAttribute("points", corners.join(" "));
      }
      drawn.append(shape);
    }
  };
  const show = (url) => {
    address.value = url;
    const image = document.createElement("img");
    image.src = url;
    image.alt = "";
    image.draggable = false;
    picture.replaceChildren(image, drawn);
    paint();
  };
  choose.addEventListener("click", () => clipInto("picture", show));
  address.addEventListener("change", () => address.value && show(address.value));
  const at = (event) => {
    const { left, top, width, height } = picture.getBoundingClientRect();
    const share = (n) => Math.min(100, Math.max(0, Math.round(n * 1000) / 10));
    return [share((event.clientX - left) / width), share((event.clientY - top) / height)];
  };
  picture.addEventListener("pointerdown", (event) => {
    const [x, y] = at(event);
    const field = coordsOf(row);
    if (shapeOf(row) === "poly") field.value = [field.value.trim(), `${x},${y}`].filter(Boolean).join(", ");
    else {
      from = [x, y];
      picture.setPointerCapture(event.pointerId);
    }
    paint();
    event.preventDefault();
  });
  picture.addEventListener("pointermove", (event) => {
    if (!from) return;
    const [x, y] = at(event);
    const round = (n) => Math.round(n * 10) / 10;
    const [left, top, right, bottom] = [Math.min(x, from[0]), Math.min(y, from[1]), Math.max(x, from[0]), Math.max(y, from[1])];
    coordsOf(row).value =
      shapeOf(row) === "rect"
        ? [left, top, right, bottom].join(", ")
        : [round((left + right) / 2), round((top + bottom) / 2), round((right - left) / 2), round((bottom - top) / 2)].join(", ");
    paint();
  });
  for (const name of ["pointerup", "pointercancel"]) picture.addEventListener(name, () => (from = null));
  list.addEventListener("focusin", (event) => {
    row = event.target.closest(".option-row") ?? row;
    paint();
  });
  list.addEventListener("change", (event) => {
    if (event.target.matches("select")) coordsOf(event.target.closest(".option-row")).value = "";
    paint();
  });
  list.addEventListener("input", paint);
  if (address.value) show(address.value);
  else paint();
}

for (const box of document.querySelectorAll("[data-areas]")) areasOf(box);
