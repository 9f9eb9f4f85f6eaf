// The player, and the only module that knows which one it is (Plyr, with hls.js where the browser
// has no HLS of its own). Others see a media element and five verbs.

import { beginsSmall, doubleTap, linkSpeed, MEMORY, onTheLockScreen, Quality, rememberSpeed } from "weike/media/quality";
import { begun } from "weike/player/begin";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];
const AHEAD_SECONDS = 60; // so that a tunnel does not stop the lesson

/** Whether the browser plays HLS by itself, and well: Safari does; what others say is too new. */
function playsHls(media) {
  if (!media.canPlayType("application/vnd.apple.mpegurl")) return false;
  return !("MediaSource" in window) || navigator.vendor.startsWith("Apple");
}

/** Ask for what the player begins with while its own files are still on their way. */
function warm(addresses) {
  // They lie in the browser's cache when hls.js asks for them; what goes wrong, it will say.
  const since = new Map();
  for (const address of addresses.filter(Boolean)) {
    since.set(new URL(address, location.href).href, performance.now());
    fetch(address).then((answer) => answer.arrayBuffer()).catch(() => {});
  }
  return since;
}

async function attach(media, source, { start, hlsJs, onBroken, quality, since, opened }) {
  if (!hlsJs) {
    quality.native(source);
    media.src = source;
    return;
  }
  const { default: Hls } = await hlsJs;
  if (!Hls.isSupported()) {
    media.src = source;
    return;
  }
  // Phones pay for data: before somebody plays, only the first piece is loaded.
  const hls = new Hls({
    enableWorker: false,
    maxBufferLength: 2,
    maxBufferSize: 0, // else it is filled up to 60 MB, however few seconds are asked for
    backBufferLength: 60,
    startPosition: start > 0 ? start : -1,
    // No piece is loaded only to measure the link: the first one is shown, and measured besides.
    testBandwidth: false,
    abrEwmaDefaultEstimate: linkSpeed(),
  });
  hls.on(Hls.Events.FRAG_LOADED, (event, { frag }) => {
    // What was asked for beforehand comes from the cache, which is no measure of the link.
    const { loading } = frag.stats;
    const took = opened?.taken.get(frag.url);
    if (took !== undefined) loading.start = loading.end - took;
    else if (since.has(frag.url)) loading.start = since.get(frag.url);
    opened?.taken.delete(frag.url);
    since.delete(frag.url);
    rememberSpeed(hls.bandwidthEstimate);
  });
  const ahead = () => {
    hls.config.maxBufferLength = AHEAD_SECONDS;
  };
  if (media.paused) media.addEventListener("play", ahead, { once: true });
  else ahead();
  let mended = false;
  hls.on(Hls.Events.ERROR, (event, problem) => {
    if (!problem.fatal) {
      // Not given any more: hls.js would ask again and again, and the picture stand still without a word.
      if (problem.response?.code >= 400 && problem.response.code < 500) onBroken({ perhaps: true });
      return;
    }
    if (problem.type === Hls.ErrorTypes.MEDIA_ERROR && !mended) {
      mended = true;
      hls.recoverMediaError();
    } else if (problem.type === Hls.ErrorTypes.NETWORK_ERROR && !(problem.response?.code >= 400)) {
      setTimeout(() => hls.startLoad(), 3000); // the network was away; it is tried for ever
    } else {
      onBroken();
    }
  });
  quality.through(hls, source);
  hls.loadSource(source);
  if (!opened) {
    hls.attachMedia(media);
    return;
  }
  // What plays already goes on: hls.js is handed the source and its buffer.
  const { buffer, codecs, source: mediaSource } = opened;
  const track = { id: "main", buffer, container: "video/mp4", codec: codecs, levelCodec: codecs };
  hls.attachMedia({ media, mediaSource, tracks: { [codecs.includes(",") ? "audiovideo" : "video"]: track } });
}

/** Plyr puts the names of markers into the page as they are. */
function escaped(text) {
  const box = document.createElement("b");
  box.textContent = text;
  return box.innerHTML;
}

/** The language of the captions that suit a reader; Plyr wants all of them in small letters. */
function bestTrack(media, language) {
  const tags = [...media.querySelectorAll("track")].map((track) => track.srclang);
  const wanted = language.toLowerCase();
  return tags.find((tag) => tag === wanted) ?? tags.find((tag) => tag.split("-")[0] === wanted.split("-")[0]);
}

/** Plyr remembers that captions were switched on, and forgets that they were switched off. */
function captionsOff() {
  try {
    return JSON.parse(localStorage.getItem(MEMORY))?.captions === false;
  } catch {
    return false;
  }
}

/**
 * Make a player of a <video> or <audio>. Times are in seconds.
 * `onBroken` is called when the recording cannot be played any more; with { perhaps: true } when a
 * part of it is not given any more.
 */
export async function createPlayer(media, {
  source, language, urls, words, start = 0, highest = 2, onBroken, extras = {},
}) {
  // Without a connection only hls.js asks where kept recordings are found.
  const opened = await begun;
  const hlsJs = !opened && playsHls(media) && navigator.onLine ? null : import(urls.hls);
  const small = !opened && start <= 0 && beginsSmall(extras.nextRate, linkSpeed());
  const since = warm(hlsJs ? [source, extras.lightest, ...(small ? extras.first ?? [] : [])] : []);
  const { default: Plyr } = await import(urls.plyr);
  const track = bestTrack(media, language);
  const controls = ["play-large", "play", "rewind", "fast-forward", "progress", "current-time", "duration",
    "mute", "volume", "captions", "settings", "pip", "airplay", "fullscreen"];
  const quality = new Quality(media, extras);
  const speeds = SPEEDS.filter((speed) => speed <= highest); // more than that is not counted
  const plyr = new Plyr(media, {
    controls: media.tagName === "AUDIO"
      ? controls.filter((one) => !["play-large", "captions", "pip", "fullscreen"].includes(one))
      : controls,
    settings: ["captions", "quality", "speed"],
    quality: quality.options,
    markers: {
      enabled: Boolean(extras.chapters?.length),
      points: (extras.chapters ?? []).map(([ms, title]) => ({ time: ms / 1000, label: escaped(title) })),
    },
    speed: { selected: 1, options: speeds },
    iconUrl: urls.icons,
    blankVideo: "",
    i18n: words,
    seekTime: 10,
    // Letters work only while the player has the focus: elsewhere they belong to the reader.
    keyboard: { focused: true, global: false },
    captions: { active: track !== undefined && !captionsOff(), language: track ?? "auto", update: false },
    storage: { enabled: true, key: MEMORY },
    tooltips: { controls: true, seek: true },
    fullscreen: { enabled: true, fallback: true, iosNative: true },
    disableContextMenu: false,
    invertTime: false,
  });
  const box = () => plyr.elements.container;
  // Its name is a tooltip, which is not there while the menu is open.
  const settings = () => box().querySelector("[data-plyr=settings]")?.setAttribute("aria-label", words.settings);
  if (plyr.ready) settings();
  else plyr.once("ready", settings);
  if (extras.storyboard) {
    // The pictures for the seek bar weigh as much as the first piece: they come after it.
    const preview = () => plyr.setPreviewThumbnails({ enabled: true, src: extras.storyboard });
    if (media.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) media.addEventListener("loadeddata", preview, { once: true });
    else if (plyr.ready) preview();
    else plyr.once("ready", preview);
  }

  media.addEventListener("ratechange", () => {
    if (media.playbackRate > highest) media.playbackRate = highest;
  });
  const faster = (step) => {
    // Not by plyr.speed: it sets the rate a moment later, and a second key would read the old one.
    const now = speeds.indexOf(media.playbackRate);
    media.playbackRate = speeds[Math.min(speeds.length - 1, Math.max(0, (now < 0 ? 2 : now) + step))];
  };
  const toggle = () => (media.paused ? media.play()?.catch(() => {}) : media.pause());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const inside = box()?.contains(event.target);
    if (inside && (event.key === "<" || event.key === ">")) {
      event.preventDefault();
      faster(event.key === ">" ? 1 : -1);
    } else if (!inside && event.target === document.body && event.key === " ") {
      event.preventDefault(); // nothing else has the focus: space plays, as people expect
      toggle();
    }
  });

  if (start > 0) {
    const go = () => {
      media.currentTime = Math.min(start, Math.max(0, (media.duration || start) - 0.5));
    };
    if (media.readyState > 0) go();
    else media.addEventListener("loadedmetadata", go, { once: true });
  }
  media.addEventListener("error", () => {
    if (media.error) onBroken();
  });
  await attach(media, source, { start, hlsJs, onBroken, quality, since, opened });
  onTheLockScreen(media, extras);
  // A phone is content with the small one, and has it sooner.
  if (extras.poster && extras.poster !== extras.smallPoster && media.clientWidth > 600) plyr.poster = extras.poster;
  import("weike/player/menu").then(({ liftMenu }) => liftMenu(box(), { title: words.settings, sprite: urls.sprite }));
  if (extras.watermark && media.tagName === "VIDEO") {
    // Inside the player, so that it is there in full screen, too.
    const mark = document.createElement("span");
    mark.className = "watermark";
    mark.setAttribute("aria-hidden", "true");
    mark.textContent = extras.watermark;
    box()?.append(mark);
  }
  if (media.remote && media.tagName === "VIDEO") {
    import("weike/media/casting").then(({ casting }) => casting(media, box()?.querySelector(".plyr__controls"), {
      label: words.cast, icon: `${urls.icons}#plyr-airplay`,
    }));
  }
  doubleTap(box(), media);
  box()?.setAttribute("tabindex", "0");
  return {
    media,
    /** The bar on which one seeks. */
    get bar() {
      return box()?.querySelector(".plyr__progress");
    },
    get time() {
      return media.currentTime;
    },
    get isPlaying() {
      return !media.paused && !media.ended;
    },
    seek(seconds) {
      media.currentTime = seconds;
    },
    play() {
      return media.play()?.catch(() => {});
    },
    pause() {
      media.pause();
    },
    /** The same recording at other addresses. */
    renew(addresses) {
      quality.renew(addresses);
    },
  };
}
