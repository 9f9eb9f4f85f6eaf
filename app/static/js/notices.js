// Under Me: whether this device shows notices while the site is closed.

const box = document.querySelector("[data-push]");
const said = box.querySelector("[data-push-said]");
const on = box.querySelector("[data-push-on]");
const off = box.querySelector("[data-push-off]");
const able = window.isSecureContext && navigator.serviceWorker && window.PushManager && window.Notification;

function bytes(text) {
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
}

function text(buffer) {
  return btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function post(url, values) {
  const headers = { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content };
  return fetch(url, { method: "POST", headers, body: new URLSearchParams(values) });
}

function show(state) {
  said.textContent = said.dataset[state];
  said.dataset.state = state;
  on.hidden = !["off", "failed"].includes(state);
  off.hidden = state !== "on";
}

/** Tell the server where this browser listens; without its answer nothing has been achieved. */
async function register(subscription) {
  const answer = await post(box.dataset.url, {
    endpoint: subscription.endpoint,
    key: text(subscription.getKey("p256dh")),
    secret: text(subscription.getKey("auth")),
  });
  if (!answer.ok) throw new Error(String(answer.status));
}

function isOurs(subscription) {
  const key = subscription.options?.applicationServerKey;
  return !key || text(key) === box.dataset.push;
}

async function start() {
  const { pushManager } = await navigator.serviceWorker.ready;
  let subscription = await pushManager.getSubscription();
  if (subscription && !isOurs(subscription)) {
    await subscription.unsubscribe(); // the site has another key than it had
    subscription = null;
  }
  if (Notification.permission === "denied") show("denied");
  else if (!subscription) show("off");
  else await register(subscription).then(() => show("on"), () => show("off"));

  on.addEventListener("click", async () => {
    on.setAttribute("aria-busy", "true");
    try {
      if (await Notification.requestPermission() !== "granted") show("denied");
      else {
        await register(await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(box.dataset.push) }));
        show("on");
      }
    } catch {
      show("failed");
    }
    on.removeAttribute("aria-busy");
  });

  off.addEventListener("click", async () => {
    const present = await pushManager.getSubscription();
    if (present) {
      await post(box.dataset.end, { endpoint: present.endpoint }).catch(() => null);
      await present.unsubscribe(); // even when the server did not hear: it finds a dead end
    }
    show("off");
  });
}

if (able) start().catch(() => show("failed"));
else show("unable");
