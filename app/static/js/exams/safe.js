// What the Safe Exam Browser says of itself to the scripts of a page goes into the fields of its form.
// Versions with a modern web view send no headers (3.0 on macOS and iOS, 3.3.2 and later on Windows):
// https://safeexambrowser.org/developer/seb-config-key.html

const FIELDS = ["safe_page", "safe_config", "safe_exam"];
const WAIT_MS = 5_000;
const form = document.querySelector("form[data-safe]");

/** SHA-256 of this page's address and a key, twice; null outside of that browser. */
async function told() {
  const { security } = window.SafeExamBrowser ?? {};
  if (!security) return null;
  // The browser calls it by its name, so it must have one that the whole page knows.
  window.weikeSafe = function weikeSafe() {};
  try {
    security.updateKeys?.(window.weikeSafe);
  } catch {
    // Later versions have set the keys when the page is loaded.
  }
  const end = performance.now() + WAIT_MS;
  while (!security.configKey && !security.browserExamKey && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { configKey, browserExamKey } = window.SafeExamBrowser.security;
  return { safe_page: location.href.split("#")[0], safe_config: configKey ?? "", safe_exam: browserExamKey ?? "" };
}

let isFilled = !form;

async function fill() {
  const said = await told();
  for (const [name, value] of Object.entries(said ?? {})) form.elements.namedItem(name).value = value;
  isFilled = true;
  if (said && form.dataset.safe === "at once") form.requestSubmit();
}

/** The fields of the form that have something to say, as [name, value]. */
export const proof = () =>
  FIELDS.map((name) => [name, form?.elements.namedItem(name)?.value]).filter(([, value]) => value);

/** After signing in anew: what this page was told is said again on the form of the page that asks. */
export async function prove(page) {
  const asks = page.querySelector("form[data-safe]");
  if (!asks || !proof().length) return;
  const body = new URLSearchParams(new FormData(asks));
  for (const [name, value] of proof()) body.set(name, value);
  await fetch(asks.getAttribute("action"), { method: "POST", body }).catch(() => null);
}

if (form) {
  const filling = fill();
  if (form.id !== "paper") {
    form.addEventListener("submit", async (event) => {
      if (isFilled) return;
      event.preventDefault();
      await filling;
      if (form.dataset.safe !== "at once") form.requestSubmit(event.submitter);
    });
  }
}
