// The list of lessons: dragging (the buttons do the same for the keyboard), and the focus.

async function bind() {
  const list = document.querySelector("[data-sortable]:not([data-bound])");
  if (!list) return;
  list.dataset.bound = "";
  const { default: Sortable } = await import(list.dataset.sortable);
  for (const handle of list.querySelectorAll("[data-drag]")) handle.hidden = false;
  const before = [...list.children].map((item) => item.dataset.id).join();
  Sortable.create(list, {
    handle: "[data-drag]",
    animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
    ghostClass: "dragged",
    onEnd() {
      const order = [...list.children].map((item) => item.dataset.id).join();
      if (order === before) return;
      const form = document.querySelector("[data-order-form]");
      form.elements.order.value = order;
      form.requestSubmit();
    },
  });
}

bind();

// htmx gives a new item the style="…" of the old one with its id; dragging leaves an empty one,
// and the security policy would complain.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  for (const item of detail.target.querySelectorAll("[data-sortable] [style]")) item.removeAttribute("style");
});

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target.id !== "lessons" && detail.elt.id !== "lessons") return;
  bind();
  // A lesson that reached the end has lost the button that was pressed: the other one goes on.
  const pressed = detail.requestConfig?.triggeringEvent?.submitter?.id;
  const button = pressed && document.getElementById(pressed);
  if (!button) return;
  const other = document.getElementById(pressed.replace(/^(up|down)/, (way) => (way === "up" ? "down" : "up")));
  (button.disabled ? other : button)?.focus();
});
