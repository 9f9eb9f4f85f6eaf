// The strip that shows which parts of a lesson are seen and which are missing. Times in ms.

const SVG = "http://www.w3.org/2000/svg";
const TRIFLE = 1_000; // a smaller gap is not worth naming

/** The parts of 0…length that are not in a list of spans. */
export function gapsOf(seen, length) {
  const found = [];
  let at = 0;
  for (const [from, to] of seen) {
    if (from - at >= TRIFLE) found.push([at, from]);
    at = Math.max(at, to);
  }
  if (length - at >= TRIFLE) found.push([at, length]);
  return found;
}

/** 195000 → 3:15 */
export function clock(ms) {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
}

export class Strip {
  constructor(length) {
    this.length = length;
    this.parts = [document.getElementById("seen-parts")];
    this.here = document.getElementById("seen-here");
  }

  /** Draw the same below the bar on which one seeks, for full screen too. */
  mount(bar) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", "seen-strip seen-seek");
    svg.setAttribute("viewBox", "0 0 1000 8");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    const parts = this.parts[0].cloneNode(true);
    parts.removeAttribute("id");
    svg.append(parts);
    bar.append(svg);
    this.parts.push(parts);
  }

  show(seen, length = this.length) {
    this.length = length;
    for (const group of this.parts) this.#draw(group, seen, length);
  }

  #draw(group, seen, length) {
    group.replaceChildren(
      ...seen.map(([from, to]) => {
        const part = document.createElementNS(SVG, "rect");
        part.setAttribute("x", ((from * 1000) / length).toFixed(1));
        part.setAttribute("width", Math.max(1, ((to - from) * 1000) / length).toFixed(1));
        part.setAttribute("y", "0");
        part.setAttribute("height", "8");
        return part;
      }),
    );
  }

  at(ms) {
    this.here?.setAttribute("x", Math.min(997, (ms * 1000) / this.length).toFixed(1));
  }
}
