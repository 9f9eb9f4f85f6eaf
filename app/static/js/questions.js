// The editor of a question: more rows for answers without asking the server.

function addRow(list, fresh) {
  const rows = list.children;
  const row = rows[rows.length - 1].cloneNode(true);
  const number = rows.length; // rows are named from 0
  for (const input of row.querySelectorAll("input")) {
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

/** Put a text where the cursor stands, as if it were typed: the browser's undo takes it back. */
function put(area, text) {
  area.focus();
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
