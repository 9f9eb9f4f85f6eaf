// Showing a video on another screen, where the browser can: Chromium and Edge, by the Remote Playback
// API. In Safari the player has a button for AirPlay instead.
//
// Links to recordings are good in this browser only, so a Chromecast cannot fetch them by itself: the
// browser sends what it plays. Whether it can, and whether there is a screen, it alone knows; until
// it says so there is no button.

/** Put the button before the last of the player's controls. `icon` is the address of a picture. */
export async function casting(media, controls, { label, icon }) {
  const { remote } = media;
  if (!remote?.watchAvailability || !controls || "WebKitPlaybackTargetAvailabilityEvent" in window) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plyr__controls__item plyr__control";
  button.dataset.cast = "";
  button.hidden = true;
  button.setAttribute("aria-label", label);
  button.title = label;
  button.setAttribute("aria-pressed", "false");
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", icon);
  picture.append(use);
  button.append(picture);
  controls.insertBefore(button, controls.querySelector("[data-plyr=fullscreen]"));
  for (const event of ["connecting", "connect", "disconnect"]) {
    remote.addEventListener?.(event, () => {
      button.setAttribute("aria-pressed", String(remote.state !== "disconnected"));
    });
  }
  // Whoever closes the browser's list without choosing has chosen.
  button.addEventListener("click", () => remote.prompt().catch(() => {}));
  try {
    await remote.watchAvailability((available) => {
      button.hidden = !available && remote.state === "disconnected";
    });
  } catch {
    button.remove(); // this browser cannot look for screens, or not for this kind of video
  }
}
