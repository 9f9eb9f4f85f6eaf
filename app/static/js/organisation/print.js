// Buttons that print the page; without a script the browser's own menu does. A page that is
// filtered gets its buttons anew.

function show() {
  for (const button of document.querySelectorAll("[data-print]")) button.hidden = false;
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
});
document.addEventListener("htmx:load", show);
show();
