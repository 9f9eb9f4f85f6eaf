// Which rendition is played: automatic, a fixed one, the smallest, or the sound alone. And what the
// player does on phones: the lock screen's buttons, a double tap to seek.

export const AUTOMATIC = 0;
export const SOUND_ONLY = 1;
export const SAVE_DATA = 2;
export const MEMORY = "weike-player"; // where the player keeps what was chosen
const SEEK = 10; // seconds

const SPEED = "weike-link-speed";
const UNKNOWN = 1_000_000; // bits a second
const FIRST_PIECE = 0.2; // of a second's bits, for each second of the first piece: there in 0.8 s

/** Bits a second: as the last recording found out, else as the browser thinks. */
export function linkSpeed() {
  try {
    const known = Number(sessionStorage.getItem(SPEED));
    if (known > 0) return known;
  } catch {
    // no store
  }
  return (navigator.connection?.downlink ?? 0) * 1e6 || UNKNOWN;
}

export function rememberSpeed(bits) {
  if (!(bits > 0)) return;
  try {
    sessionStorage.setItem(SPEED, String(Math.round(bits)));
  } catch {
    // no store
  }
}

/** The best of the levels (bits a second, ascending) whose first piece is there in a moment. */
export function firstLevel(rates, speed) {
  return Math.max(0, rates.findLastIndex((rate) => rate <= speed * FIRST_PIECE));
}

/** Whether a recording begins with its smallest picture; `next` is the rate of the one above it. */
export function beginsSmall(next, speed) {
  try {
    const chosen = JSON.parse(localStorage.getItem(MEMORY))?.quality ?? AUTOMATIC;
    if (chosen === SAVE_DATA) return true;
    if (chosen !== AUTOMATIC) return false;
  } catch {
    // nothing was chosen
  }
  return navigator.connection?.saveData || !next || firstLevel([0, next], speed) === 0;
}

export class Quality {
  /** `extras.renditions`: short sides in pixels, best first; `extras.audio`: address of the sound. */
  constructor(media, extras) {
    this.media = media;
    this.heights = media.tagName === "VIDEO" ? extras.renditions ?? [] : [];
    this.audio = extras.audio ?? "";
    this.wanted = navigator.connection?.saveData ? SAVE_DATA : AUTOMATIC;
    this.playing = "";
  }

  /** What Plyr is told; it remembers the choice. */
  get options() {
    const several = this.heights.length > 1;
    return {
      default: this.wanted,
      options: [
        AUTOMATIC,
        ...(several ? this.heights : []),
        ...(several ? [SAVE_DATA] : []),
        ...(this.audio ? [SOUND_ONLY] : []),
      ],
      forced: true,
      onChange: (chosen) => {
        this.wanted = chosen;
        this.apply();
      },
    };
  }

  /** hls.js plays. */
  through(hls, source) {
    this.hls = hls;
    this.source = this.playing = source;
    hls.on("hlsManifestParsed", () => {
      const rates = hls.levels.map(({ bitrate }) => bitrate);
      if (this.wanted === AUTOMATIC) hls.startLevel = firstLevel(rates, linkSpeed());
      else this.level();
    });
    this.apply();
  }

  /** The browser plays by itself, and chooses renditions by itself. */
  native(source) {
    this.source = this.playing = source;
  }

  apply() {
    if (!this.source) return;
    const address = this.wanted === SOUND_ONLY && this.audio ? this.audio : this.source;
    if (address === this.playing) this.level();
    else this.change(address);
  }

  /** Go on with other addresses of the same recording. */
  renew({ source, audio }) {
    this.source = source;
    this.audio = audio ?? "";
    this.apply();
  }

  /** Play another playlist from the same moment on. */
  change(address) {
    const { media } = this;
    const at = media.currentTime;
    const going = !media.paused;
    this.playing = address;
    media.closest(".plyr")?.classList.toggle("sound-only", address === this.audio);
    if (this.hls) {
      this.hls.config.startPosition = at;
      this.hls.loadSource(address);
    } else {
      media.src = address;
      media.addEventListener("loadedmetadata", () => {
        media.currentTime = at;
      }, { once: true });
    }
    if (going) media.play()?.catch(() => {});
  }

  level() {
    if (!this.hls?.levels?.length || this.playing !== this.source) return;
    const sides = this.hls.levels.map(({ width, height }) => Math.min(width, height));
    if (this.wanted === SAVE_DATA) this.hls.nextLevel = sides.indexOf(Math.min(...sides));
    else if (sides.includes(this.wanted)) this.hls.nextLevel = sides.indexOf(this.wanted);
    else this.hls.nextLevel = -1;
  }
}

const GOES_ON = "weike-goes-on"; // the address of a lesson that plays by itself, once

/** Whether this page was opened from the lock screen, where nobody can press play. */
export function goesOn() {
  try {
    const wanted = sessionStorage.getItem(GOES_ON);
    sessionStorage.removeItem(GOES_ON);
    return wanted === location.pathname;
  } catch {
    return false; // no store
  }
}

function goOnAt(address) {
  try {
    sessionStorage.setItem(GOES_ON, new URL(address, location.href).pathname);
  } catch {
    // no store: the next lesson waits for a press
  }
  location.assign(address);
}

/** Title and buttons where the phone shows what is playing; `around`: the lessons before and after. */
export function onTheLockScreen(media, { title, course, smallPoster: poster, around = [] }) {
  if (!("mediaSession" in navigator) || !title) return;
  const artwork = poster ? [{ src: new URL(poster, location.href).href, type: "image/webp" }] : [];
  navigator.mediaSession.metadata = new MediaMetadata({ title, artist: course, artwork });
  const by = (seconds) => {
    media.currentTime = Math.max(0, Math.min(media.duration || Infinity, media.currentTime + seconds));
  };
  const [before, after] = around;
  const actions = {
    play: () => media.play()?.catch(() => {}),
    pause: () => media.pause(),
    seekbackward: ({ seekOffset }) => by(-(seekOffset ?? SEEK)),
    seekforward: ({ seekOffset }) => by(seekOffset ?? SEEK),
    seekto: ({ seekTime }) => {
      media.currentTime = seekTime;
    },
    previoustrack: before ? () => goOnAt(before) : null,
    nexttrack: after ? () => goOnAt(after) : null,
  };
  for (const [name, action] of Object.entries(actions)) {
    try {
      navigator.mediaSession.setActionHandler(name, action);
    } catch {
      // an older browser that does not know this button
    }
  }
}

/** Two taps on the left or right third go back or forward, each further tap once more. */
export function doubleTap(box, media) {
  if (!box || media.tagName !== "VIDEO") return;
  let last = 0;
  let side = 0; // of the last tap: -1 left, 1 right
  let gone = 0; // seconds, by the taps so far
  let hiding = null;
  const shown = document.createElement("span");
  shown.className = "seek-shown";
  const seconds = new Intl.NumberFormat(document.documentElement.lang || "en", {
    style: "unit", unit: "second", unitDisplay: "short", signDisplay: "always",
  });
  shown.setAttribute("aria-hidden", "true");
  shown.hidden = true;
  box.append(shown);
  const go = (step) => {
    gone = Math.sign(gone) === Math.sign(step) && !shown.hidden ? gone + step : step;
    media.currentTime = Math.max(0, Math.min(media.duration || Infinity, media.currentTime + step));
    shown.textContent = seconds.format(gone);
    shown.classList.toggle("back", gone < 0);
    shown.classList.toggle("on", gone > 0);
    shown.hidden = false;
    clearTimeout(hiding);
    hiding = setTimeout(() => {
      shown.hidden = true;
    }, 800);
  };
  box.addEventListener("pointerup", (event) => {
    if (event.pointerType !== "touch" || event.target.closest(".plyr__controls, .plyr__menu")) return;
    const third = (event.clientX - box.getBoundingClientRect().left) / box.clientWidth;
    const now = performance.now();
    const here = third < 1 / 3 ? -1 : Number(third > 2 / 3);
    if (here && here === side && now - last < 300) {
      event.preventDefault();
      go(here * SEEK);
    }
    [last, side] = [now, here];
  });
  // The player takes two taps for full screen; on the sides they are ours.
  box.addEventListener("dblclick", (event) => {
    if (side && performance.now() - last < 1000) event.stopPropagation();
  }, { capture: true });
}
