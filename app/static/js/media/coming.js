// The page of a lesson whose recording is still being prepared gets it by itself.

const FIRST_MS = 3000; // between two looks at a lesson; each wait is half as long again as the last
const LONGEST_MS = 30_000;

/** A member waits: asked less and less often, and not while nobody looks. */
function wait(box) {
  let pause = FIRST_MS;
  const ask = async () => {
    if (!document.hidden) {
      pause = Math.min(LONGEST_MS, pause * 1.5);
      try {
        const answer = await fetch(box.dataset.waits, { credentials: "same-origin" });
        if (answer.ok && (await answer.json()).over) {
          show(box);
          return;
        }
      } catch {
        // no connection; asked again
      }
    }
    setTimeout(ask, pause);
  };
  setTimeout(ask, pause);
}

/** The player comes with a new page; where something has been typed, when the reader wants it. */
function show(box) {
  const typed = [...document.querySelectorAll("textarea, input:not([type=hidden])")]
    .some((field) => field.value !== field.defaultValue);
  box.querySelector("[data-waits-words]").textContent = box.dataset.over;
  box.querySelector("[data-waits-go]").hidden = false;
  if (!typed) setTimeout(() => location.reload(), 1500); // long enough to be said
}

const waiting = document.querySelector("[data-waits]");
if (waiting) wait(waiting);
