// What was watched and is not known to the server yet. It stays in this browser when the page is
// closed without a connection, and the next page of ours that is opened sends it. Times in ms.

const PREFIX = "weike-unsent:";
const LIFE_MS = 3 * 24 * 3600_000; // as long as the server takes it
const ABANDONED_MS = 60_000; // a page that lives touches its own more often
const SPANS_MOST = 40;
const TRIES = 8;

/** Keep the report of one visit: { url, visit, token, seq, spans, position, end, closed }. */
export function keep(report) {
  try {
    localStorage.setItem(PREFIX + report.visit, JSON.stringify({ ...report, at: Date.now() }));
  } catch {
    // A private window, or a full store: what can be kept is kept in the page alone.
  }
}

export function forget(visit) {
  try {
    localStorage.removeItem(PREFIX + visit);
  } catch {
    // Nothing was kept.
  }
}

function kept() {
  const found = [];
  try {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(PREFIX)) continue;
      const report = JSON.parse(localStorage.getItem(key));
      if (Date.now() - report.at > LIFE_MS) localStorage.removeItem(key);
      else if (report.closed || Date.now() - report.at > ABANDONED_MS) found.push(report);
    }
  } catch {
    // No store: nothing was kept.
  }
  return found;
}

const covers = (seen, spans) => spans.every(([from, to]) => seen.some(([a, b]) => a <= from && to <= b));

/** Send what closed pages have left behind. Returns the lessons' states that changed. */
export async function sendUnsent(csrf) {
  const counted = [];
  for (const report of kept()) {
    const state = await sendOne(report, csrf);
    if (state === undefined) break; // no connection, or not signed in: another time
    if (state) counted.push(state);
  }
  return counted;
}

async function sendOne(report, csrf) {
  let last = null;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const spans = report.spans.slice(0, SPANS_MOST);
    let answer;
    try {
      answer = await fetch(report.url, {
        method: "POST",
        headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrf },
        body: JSON.stringify({
          token: report.token, seq: report.seq, spans, position: report.position, kept: true, end: report.end,
        }),
      });
    } catch {
      return undefined;
    }
    if (answer.status === 409 || answer.status === 422) {
      forget(report.visit); // too old, or not ours to read
      return null;
    }
    // 404 is somebody else's on a shared computer: it waits for its owner.
    if (answer.status === 404) return null;
    if (answer.status !== 200) return undefined;
    const state = await answer.json().catch(() => null);
    if (!state) return undefined;
    report.token = state.token;
    report.seq = state.seq;
    if (state.applied) {
      last = state;
      report.spans = report.spans.slice(spans.length);
      report.end = false;
    } else if (!report.end && covers(state.seen, report.spans)) {
      report.spans = []; // it had arrived; only the answer was lost
    }
    if (!report.spans.length && !report.end) {
      forget(report.visit);
      return last;
    }
    keep(report);
  }
  return last;
}
