// Without a connection: says so, says how old a kept page is, and asks before taking a new version.

const bar = document.getElementById("net");
const words = bar.dataset;
let timer;

function show(sentence, tone, seconds = 0) {
  clearTimeout(timer);
  bar.className = `net net-${tone}`;
  bar.querySelector("span").textContent = sentence;
  bar.hidden = false;
  if (seconds) timer = setTimeout(() => { bar.hidden = true; }, seconds * 1000);
}

/** Ask the worker; resolves to its answer, or undefined when there is none to ask. */
export async function ask(message) {
  if (!navigator.serviceWorker) return undefined;
  const worker = navigator.serviceWorker.controller
    ?? (await Promise.race([navigator.serviceWorker.ready, new Promise((no) => { setTimeout(no, 3_000); })]))?.active;
  if (!worker) return undefined;
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = ({ data }) => resolve(data);
    worker.postMessage(message, [channel.port2]);
    setTimeout(resolve, 60_000);
  });
}

async function offline() {
  const at = await ask({ what: "kept?", url: location.href });
  const when = at ? new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "short", timeStyle: "short" }).format(at) : "";
  show(when ? words.kept.replace("{when}", when) : words.offline, "offline");
}

let sending = 0;
addEventListener("offline", offline);
addEventListener("online", () => show(sending ? words.syncing : words.online, sending ? "syncing" : "online", sending ? 0 : 5));
if (!navigator.onLine) offline();

// Parts of a page that send what was done meanwhile say so: detail true when they begin, false after.
addEventListener("weike:syncing", ({ detail }) => {
  sending = Math.max(0, sending + (detail ? 1 : -1));
  if (sending) show(words.syncing, "syncing");
  else if (navigator.onLine) show(words.synced, "online", 5);
});

// ---- Kept courses -----------------------------------------------------------------------------

// What is kept follows what may be seen, and its tickets are renewed; most devices keep nothing.
async function lookAfterWhatIsKept() {
  if (!navigator.onLine || !("caches" in window)) return;
  if (!(await caches.keys()).some((name) => name.startsWith("media-"))) return;
  const { lookAfter } = await import("weike/keeping");
  await lookAfter(document.querySelector("meta[name=csrf-token]").content);
}

lookAfterWhatIsKept().catch(() => {});

// ---- The worker -------------------------------------------------------------------------------

function offer(worker) {
  const box = document.createElement("div");
  box.className = "notice notice-info";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm btn-primary";
  button.textContent = words.reload;
  button.addEventListener("click", () => {
    // Only the page that asked for it: signing out takes the worker away, too.
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    worker.postMessage({ what: "take over" });
  });
  box.append(`${words.update} `, button);
  document.getElementById("notices").append(box);
}

if (navigator.serviceWorker && window.isSecureContext) {
  const registration = await navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" }).catch(() => null);
  if (registration) {
    if (registration.waiting && navigator.serviceWorker.controller) offer(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const fresh = registration.installing;
      fresh?.addEventListener("statechange", () => {
        if (fresh.state === "installed" && navigator.serviceWorker.controller) offer(fresh);
      });
    });
  }
}
