// Suggestions below every search box that names where to ask: <input data-suggest="/search/suggest">.
// Without this, a box is a plain field. A combobox as WAI-ARIA describes it: the list never takes
// the focus, arrow keys choose, Enter goes there or searches, Escape closes.

const PAUSE = 120; // milliseconds without a key before we ask
const MOST_REMEMBERED = 8; // searches of one member, on this device only; signing out clears them

const place = (box) => `weike-searches:${box.dataset.suggestWho}`;

function remembered(box) {
  try {
    const found = JSON.parse(localStorage.getItem(place(box)) ?? "[]");
    return Array.isArray(found) ? found.filter((each) => typeof each === "string") : [];
  } catch {
    return [];
  }
}

function remember(box, text) {
  const others = remembered(box).filter((each) => each !== text);
  try {
    localStorage.setItem(place(box), JSON.stringify([text, ...others].slice(0, MOST_REMEMBERED)));
  } catch {
    // A device without room for this searches all the same.
  }
}

function suggestFor(box) {
  const list = document.createElement("ul");
  list.className = "suggestions";
  list.id = `${box.id}-suggestions`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.dataset.suggestLabel ?? "");
  list.hidden = true;
  box.parentElement.append(list);
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-expanded", "false");
  box.setAttribute("aria-controls", list.id);

  let typed = box.value; // what the reader typed, while a suggestion stands in the box
  let asked = null;
  let timer;
  let request;
  let composing = false;

  const options = () => [...list.querySelectorAll("[role=option]")];
  const chosen = () => list.querySelector("[aria-selected=true]");

  function close() {
    clearTimeout(timer);
    request?.abort();
    list.hidden = true;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  }

  function open() {
    list.hidden = options().length === 0;
    box.setAttribute("aria-expanded", String(!list.hidden));
  }

  function choose(option) {
    chosen()?.setAttribute("aria-selected", "false");
    if (!option) {
      box.removeAttribute("aria-activedescendant");
      box.value = typed;
      return;
    }
    option.setAttribute("aria-selected", "true");
    box.setAttribute("aria-activedescendant", option.id);
    if (!option.dataset.url && !("forget" in option.dataset)) box.value = option.dataset.text;
    else box.value = typed;
    option.scrollIntoView({ block: "nearest" });
  }

  function take(option) {
    close();
    if ("forget" in option.dataset) {
      localStorage.removeItem(place(box));
      asked = null;
    } else if (option.dataset.url) {
      location.assign(option.dataset.url);
    } else {
      box.value = option.dataset.text;
      box.form.requestSubmit();
    }
  }

  async function ask() {
    const text = box.value.trim();
    typed = box.value;
    const recent = remembered(box);
    if (!text && !recent.length) {
      close();
      asked = null;
      return;
    }
    if (text === asked) {
      open();
      return;
    }
    request?.abort();
    request = new AbortController();
    try {
      const address = `${box.dataset.suggest}?${new URLSearchParams([["q", text], ...recent.map((each) => ["recent", each])])}`;
      const answer = await fetch(address, { signal: request.signal, headers: { "HX-Request": "true" } });
      if (!answer.ok || answer.redirected) return;
      const html = await answer.text();
      if (document.activeElement !== box) return;
      asked = text;
      list.innerHTML = html;
      options().forEach((option, at) => {
        option.id = `${list.id}-${at}`;
      });
      open();
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  }

  box.addEventListener("compositionstart", () => {
    composing = true;
  });
  box.addEventListener("compositionend", () => {
    composing = false;
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  box.addEventListener("input", () => {
    clearTimeout(timer);
    if (!composing) timer = setTimeout(ask, PAUSE);
  });
  box.addEventListener("focus", () => {
    // The server loads its dictionaries while the first letters are typed.
    if (!remembered(box).length) fetch(`${box.dataset.suggest}?q=`, { headers: { "HX-Request": "true" } }).catch(() => {});
    if (!box.value && box !== document.querySelector("[autofocus]")) ask();
  });
  box.addEventListener("blur", () => setTimeout(close, 150));
  box.addEventListener("keydown", (event) => {
    if (composing || event.isComposing) return;
    const all = options();
    const at = all.indexOf(chosen());
    if (event.key === "ArrowDown" && list.hidden) {
      event.preventDefault();
      ask();
    } else if (event.key === "ArrowDown" && all.length) {
      event.preventDefault();
      choose(all[at + 1]);
    } else if (event.key === "ArrowUp" && !list.hidden && all.length) {
      event.preventDefault();
      choose(at < 0 ? all.at(-1) : all[at - 1]);
    } else if (event.key === "Enter" && !list.hidden && at >= 0) {
      event.preventDefault();
      take(all[at]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      choose(null);
      close();
    }
  });
  // The box keeps the focus, so that the list does not close before the click arrives.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });
}

for (const box of document.querySelectorAll("input[data-suggest]")) {
  if (box.dataset.found) remember(box, box.dataset.found);
  suggestFor(box);
}
