// Reading: seconds during which the page is visible, and whether the end of the text was reached.

const TICK_MS = 1_000;
const REPORT_MS = 10_000;

export function readAlong({ reports, state, seenMs, onTick }) {
  const text = document.getElementById("reading");
  const counted = { head: seenMs, sent: seenMs, last: performance.now(), reported: performance.now() };

  let stopped = false;
  const place = () => {
    const box = text.getBoundingClientRect();
    const through = (innerHeight - box.top) / Math.max(1, box.height);
    return Math.min(1, Math.max(0, through));
  };

  reports.collect = () => {
    const spans = counted.head > counted.sent ? [[counted.sent, Math.min(counted.head, state.length), 1]] : [];
    const age = counted.head - counted.sent;
    counted.sent = counted.head;
    return { spans, age, position: place() * state.length };
  };

  function report(extra) {
    counted.reported = performance.now();
    reports.send(extra);
  }

  function tick() {
    const now = performance.now();
    const passed = Math.min(now - counted.last, 2 * TICK_MS); // a page that slept has not been read
    counted.last = now;
    if (document.visibilityState !== "visible" || state.complete || stopped) return;
    counted.head = Math.min(state.length, counted.head + passed);
    onTick(Math.max(0, state.length - counted.head), [counted.sent, counted.head]);
    const enough = counted.head >= state.length && counted.sent < state.length;
    if (enough || now - counted.reported >= REPORT_MS) report();
  }

  setInterval(tick, TICK_MS);
  new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting) || reports.end) return;
    reports.end = true;
    report({ always: true });
    onTick(Math.max(0, state.length - counted.head), [counted.sent, counted.head]);
  }).observe(document.getElementById("reading-end"));
  document.addEventListener("visibilitychange", () => {
    tick();
    if (document.visibilityState === "hidden" && !state.complete) report({ leaving: true, always: true });
  });

  return {
    stop() {
      stopped = true;
    },
    goOn() {
      stopped = false;
    },
    /** Scroll to where the reader stopped, given as ms of the lesson. */
    showPlace(ms) {
      const box = text.getBoundingClientRect();
      scrollTo({ top: scrollY + box.top + (ms / state.length) * box.height - innerHeight });
    },
  };
}
