// A moment of a video, taken from where it stands: for a chapter, a question inside, a picture.

const media = document.querySelector("[data-moment-media]");
let loaded = false;

/** 83.46 s → 1:23, or to a tenth 1:23.4 */
function written(at, tenths) {
  const whole = Math.floor(at);
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${hours ? two(Math.floor(whole / 60) % 60) : Math.floor(whole / 60)}:${two(whole % 60)}`;
  return `${hours ? `${hours}:` : ""}${rest}${tenths ? `.${Math.floor((at - whole) * 10)}` : ""}`;
}

function seconds(text) {
  const found = /^\s*(?:(?:(\d+)[:：])?(\d+)[:：])?(\d+)(?:\.\d+)?/.exec(text);
  if (!found) return 0;
  const [, hours, minutes, rest] = found;
  return Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(rest);
}

async function load() {
  if (loaded) return;
  loaded = true;
  const { default: Hls } = await import(media.dataset.hls);
  if (!Hls.isSupported()) {
    media.src = media.dataset.momentMedia;
    return;
  }
  const hls = new Hls({ enableWorker: false, maxBufferLength: 6 });
  hls.loadSource(media.dataset.momentMedia);
  hls.attachMedia(media);
}

/** A line of its own for the moment, where it belongs in time; the cursor waits for the words. */
function begin(area, at) {
  const lines = area.value.split("\n").filter((line) => line.trim());
  const place = lines.findIndex((line) => seconds(line) > at);
  const number = place < 0 ? lines.length : place;
  lines.splice(number, 0, `${written(at)} `);
  area.value = lines.join("\n");
  const end = lines.slice(0, number + 1).join("\n").length;
  area.focus();
  area.setSelectionRange(end, end);
}

function take(field) {
  const at = media.currentTime;
  if (field.tagName === "TEXTAREA") {
    begin(field, at);
    return;
  }
  field.value = written(at, true);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

if (media) {
  media.hidden = false;
  const buttons = [...document.querySelectorAll("[data-moment-for]")];
  const show = () => {
    for (const button of buttons) {
      button.querySelector("[data-moment-words]").textContent =
        button.dataset.words.replace("{time}", written(media.currentTime));
    }
  };
  for (const button of buttons) {
    button.hidden = false;
    button.addEventListener("click", () => take(document.getElementById(button.dataset.momentFor)));
  }
  for (const event of ["timeupdate", "seeked"]) media.addEventListener(event, show);
  show();
  load().catch(() => {});
}

// Who types a moment of the picture, or takes one, means that one.
for (const moment of document.querySelectorAll("[data-chooses]")) {
  moment.addEventListener("input", () => {
    document.getElementById(moment.dataset.chooses).checked = true;
  });
}
