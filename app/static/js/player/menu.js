// The player's menu, lifted above the page: no frame cuts it off. On a phone it is a sheet at the
// bottom, with a head and a button that closes it.

const PHONE = matchMedia("(max-width: 47.98rem), (max-height: 30rem)"); // as in css/player.css
const GAP = 8; // pixels between the menu and its button, and the edges of the window
const LEAST = 280; // pixels of height; with less above its button it goes below, if there is more

/** `sprite` is the address of our icons. Older browsers keep the player's own box. */
export function liftMenu(box, { title, sprite }) {
  const button = box?.querySelector(".plyr__menu > button");
  const menu = box?.querySelector(".plyr__menu__container");
  if (!button || !menu?.showPopover) return;
  const head = document.createElement("div");
  head.className = "menu-head";
  const name = document.createElement("b");
  name.id = `${menu.id}-title`;
  name.textContent = title;
  const cross = document.createElement("button");
  cross.type = "button";
  cross.className = "plyr__control";
  cross.setAttribute("aria-label", document.getElementById("words").dataset.close);
  // #icon:x-lg
  cross.innerHTML = `<svg aria-hidden="true"><use href="${sprite}#x-lg"></use></svg>`;
  cross.addEventListener("click", () => close());
  head.append(name, cross);
  menu.prepend(head);

  const isSheet = () => menu.classList.contains("menu-sheet");
  const close = () => {
    if (!menu.hidden) button.click(); // the player closes it, and its button has the focus again
  };
  const within = () => [...menu.querySelectorAll("button")].filter((one) => one.getClientRects().length);

  function place() {
    const sheet = PHONE.matches;
    menu.classList.toggle("menu-sheet", sheet);
    for (const [attribute, value] of [["role", "dialog"], ["aria-modal", "true"], ["aria-labelledby", name.id]]) {
      if (sheet) menu.setAttribute(attribute, value);
      else menu.removeAttribute(attribute);
    }
    const { top, bottom, right } = button.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    const below = clientHeight - bottom > top && top < LEAST;
    const sides = {
      top: below ? `${bottom + GAP}px` : "auto",
      bottom: below ? "auto" : `${clientHeight - top + GAP}px`,
      right: `${Math.max(GAP, clientWidth - right)}px`,
      room: `${(below ? clientHeight - bottom : top) - 2 * GAP}px`,
    };
    for (const [side, value] of Object.entries(sides)) menu.style.setProperty(`--menu-${side}`, value);
  }

  function shown() {
    menu.popover = "manual"; // the player says when it closes
    place();
    menu.showPopover();
    // The player does so only for keys; what is in front is also what a screen reader is to read.
    if (isSheet() && !menu.contains(document.activeElement)) {
      within().find((one) => one.matches("[role^=menuitem]"))?.focus();
    }
    addEventListener("scroll", place, { capture: true, passive: true });
    addEventListener("resize", place);
  }

  function gone() {
    removeEventListener("scroll", place, { capture: true });
    removeEventListener("resize", place);
    if (menu.matches(":popover-open")) menu.hidePopover();
    menu.removeAttribute("popover");
  }

  new MutationObserver(() => (menu.hidden ? gone() : shown())).observe(menu, { attributeFilter: ["hidden"] });
  document.addEventListener("fullscreenchange", close);
  // Beside a sheet one presses to get rid of it, and means nothing else.
  document.addEventListener("click", (event) => {
    if (menu.hidden || !isSheet() || menu.contains(event.target) || button.contains(event.target)) return;
    event.preventDefault();
    event.stopPropagation();
    close();
  }, { capture: true });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Tab" || !isSheet()) return;
    const all = within();
    const edge = event.shiftKey ? 0 : all.length - 1;
    if (document.activeElement !== all[edge]) return;
    event.preventDefault();
    all[all.length - 1 - edge].focus();
  });
}
