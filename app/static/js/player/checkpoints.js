// Questions inside a recording: the player stops at them and goes on when they are answered.

import { enhanceAnswers } from "weike/answers";

const BEFORE = 30; // seconds that “the part before” goes back
const NEAR = 0.3;

/**
 * `list`: [{id, at, done}], times in ms. `onSettled` is called after each one that is answered.
 * `url` ends with the number 0, which stands for the id.
 */
export function askInside(player, box, { list, url, onSettled, onTrouble }) {
  const { media } = player;
  const open = list.filter((one) => !one.done).sort((a, b) => a.at - b.at);
  const address = (one) => url.replace(/0$/, String(one.id));
  let now = null; // what is being asked
  let before = media.currentTime;

  function leaveFullScreen() {
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
    else media.webkitExitFullscreen?.();
  }

  function show(html) {
    box.innerHTML = html; // ours, and the security policy runs no script in it
    box.hidden = false;
    for (const places of box.querySelectorAll("[data-places]")) enhanceAnswers(places);
    const first = box.querySelector("[data-checkpoint-on], .notice")
      ? box.querySelector("[data-checkpoint-said]") : box.querySelector("input:not([type=hidden]), select, textarea");
    first?.focus({ preventScroll: true });
    box.scrollIntoView({ block: "nearest" });
  }

  function close() {
    now = null;
    box.hidden = true;
    box.replaceChildren();
  }

  async function talk(one, options = {}) {
    try {
      const response = await fetch(address(one), { credentials: "same-origin", ...options });
      if (!response.ok && response.status !== 422) throw new Error(String(response.status));
      if (now === one) show(await response.text());
    } catch {
      if (now !== one) return;
      onTrouble();
      if (!options.method) now = null; // pressing play asks again
    }
  }

  function ask(one) {
    if (now) return;
    now = one;
    player.pause();
    if (media.currentTime * 1000 > one.at) media.currentTime = one.at / 1000;
    leaveFullScreen();
    talk(one);
  }

  /** The first open question at or before a moment. */
  const due = (seconds) => open.find((one) => one.at <= seconds * 1000);

  media.addEventListener("timeupdate", () => {
    if (media.seeking) return;
    const at = media.currentTime;
    const one = due(at);
    if (one && (!media.paused || at - before > NEAR)) ask(one);
    before = at;
  });
  media.addEventListener("ended", () => {
    const one = due(media.duration);
    if (one) ask(one);
  });
  media.addEventListener("seeking", () => {
    const one = due(media.currentTime - NEAR);
    if (!one) {
      if (now && media.currentTime * 1000 < now.at - 1000 * NEAR) close();
      return;
    }
    media.currentTime = one.at / 1000;
    ask(one);
  });
  media.addEventListener("play", () => {
    const one = due(media.currentTime + NEAR);
    if (!one) return;
    player.pause();
    if (now) box.querySelector("input:not([type=hidden]), select, button")?.focus();
    else ask(one);
  });

  box.addEventListener("submit", (event) => {
    event.preventDefault();
    const one = now;
    const body = new URLSearchParams(new FormData(event.target));
    talk(one, { method: "POST", body }).then(() => {
      if (now !== one || !box.querySelector("[data-settled]")) return;
      open.splice(open.indexOf(one), 1);
      onSettled(open.length);
    });
  });
  box.addEventListener("click", ({ target }) => {
    if (target.closest("[data-checkpoint-on]")) {
      close();
      player.play();
    } else if (target.closest("[data-checkpoint-back]")) {
      const back = Math.max(0, now.at / 1000 - BEFORE);
      close();
      player.seek(back);
      player.play();
    }
  });
}
