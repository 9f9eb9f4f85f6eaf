// A file that somebody waits for on this page is taken as soon as the worker has made it.

const waiting = new Set();
const said = document.querySelector("[data-printed-said]");

function look() {
  for (const row of document.querySelectorAll("[data-printout]")) {
    const id = row.dataset.printout;
    const link = row.querySelector("a[download]");
    if ("waits" in row.dataset) {
      waiting.add(id);
    } else if (waiting.delete(id) && link) {
      said.textContent = link.dataset.said;
      link.click();
    }
  }
}

document.body.addEventListener("htmx:afterSettle", look);
look();
