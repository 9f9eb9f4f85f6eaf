// Keeping a course, as its page offers it, and the page of what this device keeps.

import { chooseRoom, drop, factsOf, keep, keptCourses, room, ROOMS, sizes } from "weike/keeping";

const csrf = document.querySelector("meta[name=csrf-token]").content;
const language = document.documentElement.lang;
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
const megabytes = (bytes) => new Intl.NumberFormat(language, {
  style: "unit", unit: "megabyte", unitDisplay: "short", maximumFractionDigits: bytes < 10_000_000 ? 1 : 0,
}).format(bytes / 1_000_000);

function copy(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

// ---- On the page of a course -------------------------------------------------------------------

const opener = document.getElementById("keep-open");

async function offerToKeep() {
  const dialog = document.getElementById("keep");
  const form = dialog.querySelector("form");
  const note = dialog.querySelector("[data-note]");
  const bar = dialog.querySelector("[data-bar]");
  const words = opener.dataset;
  const label = opener.querySelector("span");
  let facts = null;

  async function showState() {
    const mine = (await keptCourses()).find(({ page }) => page === opener.dataset.page);
    label.textContent = mine ? fill(mine.changed ? words.changed : words.done, { size: megabytes(mine.bytes) }) : words.offer;
    opener.querySelector(".icon use")?.setAttribute("href", mine && !mine.changed ? opener.dataset.iconDone : opener.dataset.icon);
    form.querySelector("[data-drop]").hidden = !mine;
    const chosen = form.querySelector(`[value="${mine?.choice ?? ""}"]`);
    if (chosen) chosen.checked = true;
    return mine;
  }

  async function showSizes() {
    const { used, most } = await room();
    note.textContent = fill(words.room, { used: megabytes(used), most: megabytes(most) });
    const found = sizes(facts);
    for (const option of form.querySelectorAll("[data-choice]")) {
      const bytes = found[option.dataset.choice];
      option.hidden = bytes === undefined;
      option.querySelector("[data-size]").textContent = bytes === undefined ? "" : megabytes(bytes);
    }
    const open = [...form.querySelectorAll("[data-choice]:not([hidden]) input")];
    if (!open.some((each) => each.checked)) open.at(-1).checked = true;
    form.querySelector("[data-uncounted]").hidden = facts.counts;
  }

  opener.addEventListener("click", async () => {
    dialog.showModal();
    try {
      facts = await factsOf(`${opener.dataset.page}/kept.json`);
      if (!facts) throw new Error("not there");
      await showSizes();
      form.querySelector("[type=submit]").disabled = false;
    } catch {
      note.textContent = words.failed;
    }
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const choice = new FormData(form).get("choice");
    const button = form.querySelector("[type=submit]");
    const { used, most } = await room();
    const had = (await keptCourses()).find(({ slug }) => slug === facts.slug)?.bytes ?? 0;
    if (used - had + sizes(facts)[choice] > most) {
      note.textContent = fill(words.full, { size: megabytes(sizes(facts)[choice]), left: megabytes(Math.max(0, most - used + had)) });
      return;
    }
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    bar.hidden = false;
    note.textContent = words.keeping;
    try {
      await keep(facts, choice, csrf, (part) => { bar.querySelector("progress").value = part * 100; });
      note.textContent = words.ready;
      dialog.close();
    } catch {
      note.textContent = words.failed;
    }
    bar.hidden = true;
    button.removeAttribute("aria-busy");
    button.disabled = false;
    await showState();
  });

  form.querySelector("[data-drop]").addEventListener("click", async () => {
    await drop(facts?.slug ?? opener.dataset.page.split("/").at(-1));
    await showState();
    dialog.close();
  });

  await navigator.serviceWorker.ready;
  await showState();
  opener.hidden = false;
}

if (opener && navigator.serviceWorker && "caches" in window) offerToKeep();

// ---- The page of the device --------------------------------------------------------------------

const list = document.getElementById("kept-list");

async function showDevice() {
  const words = list.dataset;
  const kept = await keptCourses();
  const { used, most, wanted } = await room();
  document.getElementById("kept-none").hidden = kept.length > 0;
  document.getElementById("kept-room").hidden = false;
  const meter = document.querySelector("#kept-room progress");
  meter.value = used;
  meter.max = Math.max(most, 1);
  document.querySelector("#kept-room .meter-text").textContent = fill(words.room, { used: megabytes(used), most: megabytes(most) });
  const chooser = document.getElementById("kept-most");
  if (!chooser.options.length) {
    for (const each of ROOMS) chooser.add(new Option(megabytes(each * 1_000_000), each, each === wanted, each === wanted));
    chooser.addEventListener("change", () => {
      chooseRoom(Number(chooser.value));
      showDevice();
    });
  }
  list.replaceChildren(...kept.map((one) => {
    const row = copy("kept-row");
    const link = row.querySelector("a");
    link.href = one.page;
    link.textContent = one.title;
    const parts = [words[one.choice], megabytes(one.bytes)];
    if (one.changed) parts.push(words.changed);
    row.querySelector("[data-facts]").textContent = parts.join(" · ");
    const button = row.querySelector("button");
    button.setAttribute("aria-label", fill(words.drop, { title: one.title }));
    button.addEventListener("click", async () => {
      await drop(one.slug);
      document.getElementById("kept-said").textContent = fill(words.dropped, { title: one.title });
      await showDevice();
      (list.querySelector("button") ?? chooser).focus();
    });
    return row;
  }));
  list.hidden = !kept.length;
}

if (list && "caches" in window) showDevice();
