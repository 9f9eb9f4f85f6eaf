// Reading a PDF in the page: opens where the reader was sent or had stopped, with the words marked.
// PDF.js draws; it runs as a worker from our own origin and asks for the file in pieces.

const box = document.getElementById("reader");
const token = document.querySelector('meta[name="csrf-token"]').content;
const number = document.getElementById("reader-page");
const count = document.getElementById("reader-count");
const status = document.getElementById("reader-status");
const EVERY = 5000; // milliseconds between two reports of what is on the screen
const LATER = 2000; // milliseconds on a page before it counts as where the reader is

globalThis.pdfjsLib = await import(box.dataset.pdf);
const { EventBus, PDFFindController, PDFLinkService, PDFViewer } = await import(box.dataset.viewer);
pdfjsLib.GlobalWorkerOptions.workerSrc = box.dataset.worker;

const eventBus = new EventBus();
const linkService = new PDFLinkService({ eventBus });
const findController = new PDFFindController({ eventBus, linkService });
// Going to a word moves the pages of the document, not the page around them with its buttons.
const toMatch = findController.scrollMatchIntoView.bind(findController);
findController.scrollMatchIntoView = (match) => {
  const { scrollX, scrollY } = window;
  toMatch(match);
  window.scrollTo({ left: scrollX, top: scrollY, behavior: "instant" });
};
const viewer = new PDFViewer({
  container: box,
  eventBus,
  linkService,
  findController,
  annotationMode: pdfjsLib.AnnotationMode.DISABLE,
  annotationEditorMode: pdfjsLib.AnnotationEditorType.DISABLE,
  removePageBorders: true,
  maxCanvasPixels: 2 ** 23, // phones have little memory
});
linkService.setViewer(viewer);

const words = JSON.parse(box.dataset.words);
const asked = /^#p(\d+)/.exec(location.hash);
const first = Number(asked?.[1] ?? box.dataset.start) || 1;
let timer;

/** Keep the page for next time, once the reader stays on it. */
function keep(page) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    report(page);
  }, LATER);
}

/** Tell the server which page is on the screen; it keeps the place and the clock. */
function report(page) {
  if (document.visibilityState !== "visible") return;
  fetch(box.dataset.place, {
      method: "POST",
      headers: { "X-CSRFToken": token, "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ anchor: `p${page}` }),
      keepalive: true,
  }).catch(() => {}); // where one stopped is not worth a warning
}
setInterval(() => report(viewer.currentPageNumber), EVERY);

eventBus.on("pagesinit", () => {
  // Of no language until the document says its own: PDF.js measures letters so, and where the page
  // is Chinese its marks would lie beside the words.
  viewer.viewer.lang ||= "";
  viewer.currentScaleValue = "page-width";
  viewer.currentPageNumber = Math.min(first, viewer.pagesCount);
  if (words.length) {
    eventBus.dispatch("find", {
      type: "",
      query: words,
      highlightAll: true,
      caseSensitive: false,
      entireWord: false,
      matchDiacritics: true,
    });
  }
});
eventBus.on("pagechanging", ({ pageNumber }) => {
  number.value = pageNumber;
  history.replaceState(null, "", `#p${pageNumber}`);
  keep(pageNumber);
});
addEventListener("hashchange", () => {
  const page = /^#p(\d+)/.exec(location.hash);
  if (page) viewer.currentPageNumber = Math.min(Number(page[1]), viewer.pagesCount);
});
addEventListener("resize", () => {
  if (viewer.currentScaleValue === "page-width") viewer.currentScaleValue = "page-width";
});

number.addEventListener("change", () => {
  const page = Math.min(Math.max(1, Math.trunc(Number(number.value)) || 1), viewer.pagesCount);
  viewer.currentPageNumber = page;
  number.value = page;
});
// Notes: what was selected when the dialog opens, and one's own quotes on the pages.
let selected = { text: "", page: 0 };
document.addEventListener("selectionchange", () => {
  const selection = getSelection();
  const node = selection.anchorNode;
  const page = (node?.nodeType === 1 ? node : node?.parentElement)?.closest(".page[data-page-number]");
  if (page && !selection.isCollapsed) {
    selected = { text: selection.toString().trim(), page: Number(page.dataset.pageNumber) };
  }
});
document.querySelector("[data-dialog=note-dialog]").addEventListener("click", () => {
  const anchor = `p${selected.page || viewer.currentPageNumber}`;
  const source = document.getElementById("note-source"); // where a question about it leads back to
  document.getElementById("note-anchor").value = anchor;
  source.value = source.value.replace(/[^/]*$/, anchor);
  document.getElementById("note-quote").value = selected.text;
  selected = { text: "", page: 0 };
});

const own = JSON.parse(box.dataset.notes);
const marks = globalThis.Highlight && own.length ? new Highlight() : null;
if (marks) CSS.highlights.set("own", marks);

/** The range of a quote in a text layer, whatever spaces and lines stand between. */
function rangeOf(quote, layer) {
  const walker = document.createTreeWalker(layer, NodeFilter.SHOW_TEXT);
  const places = [];
  let text = "";
  while (walker.nextNode()) {
    [...walker.currentNode.data].forEach((sign, at) => {
      if (!sign.trim()) return;
      places.push([walker.currentNode, at]);
      text += sign;
    });
  }
  const plain = quote.replace(/\s/g, "");
  const start = [...text].join("") === text ? text.indexOf(plain) : -1;
  if (start < 0 || !plain || !places[start + plain.length - 1]) return null;
  const range = new Range();
  range.setStart(...places[start]);
  const [node, at] = places[start + plain.length - 1];
  range.setEnd(node, at + 1);
  return range;
}
eventBus.on("textlayerrendered", ({ pageNumber, source }) => {
  if (!marks) return;
  for (const [anchor, quote] of own) {
    const range = anchor === `p${pageNumber}` && rangeOf(quote, source.textLayer?.div ?? source.div);
    if (range) marks.add(range);
  }
});

for (const button of document.querySelectorAll("[data-reader]")) {
  button.addEventListener("click", () => {
    const what = button.dataset.reader;
    if (what === "before") viewer.previousPage();
    else if (what === "after") viewer.nextPage();
    else if (what === "larger") viewer.increaseScale();
    else if (what === "smaller") viewer.decreaseScale();
    else if (what === "fit") viewer.currentScaleValue = "page-width";
    else if (what === "hit") eventBus.dispatch("find", { type: "again", query: words, highlightAll: true });
  });
}

try {
  const file = await pdfjsLib.getDocument({
    url: box.dataset.file,
    cMapUrl: `${box.dataset.parts}cmaps/`,
    cMapPacked: true,
    standardFontDataUrl: `${box.dataset.parts}standard_fonts/`,
    wasmUrl: `${box.dataset.parts}wasm/`,
    isEvalSupported: false,
    enableXfa: false,
  }).promise;
  count.textContent = file.numPages;
  number.max = file.numPages;
  number.value = Math.min(first, file.numPages);
  status.hidden = true;
  linkService.setDocument(file, null);
  viewer.setDocument(file);
} catch (error) {
  console.error(error);
  status.textContent = box.dataset.failed;
  status.classList.add("reader-failed");
}
