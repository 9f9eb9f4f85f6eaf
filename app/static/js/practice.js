/* Practice: clocks that count down, and a duel that follows what happens at its table.

   The server says how much is left as a difference; here it only runs on a monotonic clock. */

const clocks = (root) => {
  for (const clock of root.querySelectorAll("[data-remaining]")) {
    const ends = performance.now() + Number(clock.dataset.remaining);
    const tick = () => {
      if (!clock.isConnected) return;
      const left = ends - performance.now();
      if (clock.dataset.remaining !== "0") clock.textContent = String(Math.max(0, Math.ceil(left / 1000)));
      if (left > 0) setTimeout(tick, 250);
      else if (clock.dataset.then) document.getElementById(clock.dataset.then).requestSubmit();
    };
    tick();
  }
};

const follow = (duel) => {
  let drawn = duel.firstElementChild.dataset.version;
  let wanted = drawn; // the newest version that was heard of, also while another one is drawn
  let busy = false;
  let source = null;
  let timer = 0;

  const draw = async () => {
    if (busy) return;
    busy = true;
    let came = false;
    const heard = wanted;
    try {
      const answer = await fetch(duel.dataset.url, { headers: { "HX-Request": "true" } });
      if (answer.ok) {
        duel.innerHTML = await answer.text();
        drawn = duel.firstElementChild.dataset.version;
        came = true;
        clocks(duel);
        callBot();
        beat();
      }
    } catch {
      // No connection: tried again below.
    } finally {
      busy = false;
    }
    // What was said meanwhile comes only once; what could not be fetched is fetched again.
    if (!came) setTimeout(draw, 1500);
    else if (wanted !== heard && wanted !== drawn) draw();
    else if (wanted !== drawn) look();
  };

  const news = (state) => {
    wanted = state.version;
    if (wanted !== drawn) {
      draw();
      return;
    }
    for (const player of state.players) {
      const row = duel.querySelector(`[data-seat="${player.seat}"]`);
      if (!row) continue;
      row.querySelector("[data-right]").textContent = String(player.right);
      row.querySelector("[data-answered]").hidden = !player.answered;
      row.querySelector("[data-away]").hidden = player.there;
    }
  };

  // Says that somebody is here: a table does not wait for those of whom nothing is heard.
  let heart = 0;
  const beat = () => {
    clearTimeout(heart);
    const headers = { "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content };
    fetch(duel.dataset.beat, { method: "POST", headers }).catch(() => {}); // the next one tells
    if (!isOver()) heart = setTimeout(beat, Number(duel.dataset.beatEvery));
  };

  const isOver = () => duel.firstElementChild.dataset.phase === "over";

  const look = async () => {
    try {
      const answer = await fetch(duel.dataset.state, { headers: { Accept: "application/json" } });
      if (answer.ok) news(await answer.json());
    } catch {
      // No connection: the next look tries again.
    }
  };

  // Streams are few; whoever gets none asks every other second.
  const ask = () => {
    clearTimeout(timer);
    if (isOver()) return;
    timer = setTimeout(async () => {
      await look();
      ask();
    }, 1500);
  };

  const listen = () => {
    source = new EventSource(duel.dataset.events);
    source.onmessage = (event) => news(JSON.parse(event.data));
    source.onerror = () => {
      source.close();
      ask();
    };
  };

  const callBot = () => {
    const waiting = duel.querySelector("[data-bot-in]");
    if (!waiting) return;
    setTimeout(() => {
      if (waiting.isConnected) waiting.querySelector("[data-bot]").requestSubmit();
    }, Number(waiting.dataset.botIn) + 200);
  };

  if (!isOver()) listen();
  callBot();
  beat();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || isOver()) return;
    beat();
    look();
  });
};

clocks(document);
const duel = document.getElementById("duel");
if (duel) follow(duel);
