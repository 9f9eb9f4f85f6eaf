// The service worker: the shell and read pages without a connection.
//
// Served as /sw.js behind two lines that name the version and the shell. Pages come from the network
// whenever it answers; a copy is kept only of pages that the server marks, in a cache that belongs
// to one sign-in. When another person's page (or a visitor's) arrives, when somebody signs out, or
// when a copy is too old, it is gone. Nothing that changes anything ever passes through here.

const FILES = `files-${VERSION}`;
const STATE = "state";
const PAGES = "pages-";
const MEDIA = "media-"; // what a member chose to keep of recordings; js/keeping.js fills it
const MOST_PAGES = 80;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(FILES);
    // The page that says “no connection” is a visitor's: it must not know who installed it.
    await cache.addAll(SHELL.map((url) => new Request(url, { credentials: "omit" })));
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("files-") && name !== FILES) await caches.delete(name);
    }
  })());
});

// ---- Whose pages ------------------------------------------------------------------------------

async function reader() {
  const known = await (await caches.open(STATE)).match("/reader");
  return known ? known.text() : "";
}

async function forgetOthers(who) {
  for (const name of await caches.keys()) {
    const isTheirs = (name.startsWith(PAGES) && name !== PAGES + who) || (name.startsWith(MEDIA) && name !== MEDIA + who);
    if (isTheirs) await caches.delete(name);
  }
}

async function belongTo(who) {
  if (who === await reader()) return;
  await forgetOthers(who);
  await (await caches.open(STATE)).put("/reader", new Response(who));
}

async function keep(request, response, life, shelf = PAGES) {
  const who = response.headers.get("Weike-Reader");
  const cache = await caches.open(shelf + who);
  const headers = new Headers(response.headers);
  headers.set("Weike-Until", String(Date.now() + life * 1000));
  headers.set("Weike-At", String(Date.now()));
  await cache.put(request.url, new Response(await response.blob(), { status: 200, headers }));
  if (shelf !== PAGES) return; // chosen by the member, who also clears it
  const kept = await cache.keys();
  for (const old of kept.slice(0, Math.max(0, kept.length - MOST_PAGES))) await cache.delete(old);
}

async function kept(url) {
  const who = await reader();
  if (!who) return undefined;
  for (const name of [PAGES + who, MEDIA + who]) {
    if (!(await caches.has(name))) continue;
    const cache = await caches.open(name);
    const found = await cache.match(url);
    if (found && Number(found.headers.get("Weike-Until")) >= Date.now()) return found;
    if (found) await cache.delete(url);
  }
  return undefined;
}

// ---- Recordings -------------------------------------------------------------------------------

/** A file of a recording. Addresses carry a token of one visit, so the kept copy has one without. */
async function recording(request) {
  const name = new URL(request.url).pathname.split("/").slice(3).join("/"); // uuid/v1/file
  const who = await reader();
  const cache = who && await caches.has(MEDIA + who) ? await caches.open(MEDIA + who) : null;
  const found = await cache?.match(`/kept/${name}`);
  // A version never changes; playlists name every quality, and captions are corrected.
  if (found && /\.(m4s|mp4|webp)$/.test(name)) return found;
  try {
    return await fetch(request);
  } catch {
    // Whatever quality was asked for, the kept one plays.
    const instead = found ?? (name.endsWith(".m3u8") ? await cache?.match(`/kept/${name.replace(/[^/]+$/, "master.m3u8")}`) : null);
    return instead ?? Response.error();
  }
}

// ---- Requests ---------------------------------------------------------------------------------

async function page(event) {
  const { request } = event;
  let response;
  try {
    response = await fetch(request);
  } catch {
    return (await kept(request.url)) ?? (await (await caches.open(FILES)).match("/offline")) ?? Response.error();
  }
  const who = response.headers.get("Weike-Reader");
  const life = Number(response.headers.get("Weike-Keep"));
  if (who !== null) {
    const copy = response.clone();
    event.waitUntil((async () => {
      await belongTo(who);
      if (who && life > 0 && response.status === 200) await keep(request, copy, life);
    })());
  }
  return response;
}

async function file(request) {
  const cache = await caches.open(FILES);
  const found = await cache.match(request);
  if (found) return found;
  const response = await fetch(request);
  if (response.status === 200) await cache.put(request, response.clone());
  return response;
}

async function picture(request) {
  const found = await kept(request.url);
  if (found) return found;
  const response = await fetch(request);
  const who = await reader();
  if (response.status === 200 && who) {
    const headers = new Headers(response.headers);
    headers.set("Weike-Until", String(Date.now() + 604800000));
    const copy = response.clone();
    await (await caches.open(PAGES + who)).put(request.url, new Response(await copy.blob(), { headers }));
  }
  return response;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST" && url.pathname === "/sign-out") {
    event.waitUntil(Promise.all([belongTo(""), stopTelling()]));
    return;
  }
  if (request.method !== "GET" || request.headers.has("Range")) return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (/^\/static\/.+\.[0-9a-f]{10}\.\w+$/.test(url.pathname) || url.pathname.startsWith("/brand/")) event.respondWith(file(request));
  else if (/^\/media\/[^/]+\/[0-9a-f]{32}\/v\d+\/[\w.-]+$/.test(url.pathname)) event.respondWith(recording(request));
  else if (url.pathname.startsWith("/images/")) event.respondWith(picture(request));
});

// ---- What pages ask ---------------------------------------------------------------------------

self.addEventListener("message", (event) => {
  const { what, urls, url, files = [] } = event.data ?? {};
  if (what === "take over") self.skipWaiting();
  else if (what === "kept?") {
    event.waitUntil(kept(url).then((found) => event.ports[0]?.postMessage(found ? Number(found.headers.get("Weike-At")) : 0)));
  } else if (what === "keep") {
    event.waitUntil((async () => {
      let done = 0;
      await Promise.all(files.map((each) => file(new Request(each)).catch(() => {})));
      for (const each of urls) {
        try {
          const request = new Request(each, { headers: { Accept: "text/html" } });
          const response = await fetch(request);
          const life = Number(response.headers.get("Weike-Keep"));
          if (response.status === 200 && life > 0 && !response.redirected) {
            await belongTo(response.headers.get("Weike-Reader"));
            await keep(request, response, life, MEDIA);
            done += 1;
          }
        } catch {
          break; // the connection is gone; what is kept is kept
        }
      }
      event.ports[0]?.postMessage(done);
    })());
  }
});

// ---- Notices ----------------------------------------------------------------------------------

/** Whoever signs out is told nothing on this device any more. */
async function stopTelling() {
  const subscription = await self.registration.pushManager?.getSubscription();
  await subscription?.unsubscribe();
}

self.addEventListener("push", (event) => {
  let told;
  try {
    told = event.data.json();
  } catch {
    return; // not from us
  }
  event.waitUntil(self.registration.showNotification(told.title, {
    body: told.body,
    tag: told.tag,
    lang: told.lang,
    data: told.address,
    icon: ICON,
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data ?? "/notices", location.origin);
  if (url.origin !== location.origin) return;
  event.waitUntil((async () => {
    const open = await self.clients.matchAll({ type: "window" });
    const there = open.find((client) => client.url === url.href);
    // A page that somebody is filling in is not taken away from under their hands.
    return there ? there.focus() : self.clients.openWindow(url.href);
  })());
});
