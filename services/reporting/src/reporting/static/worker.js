// Keeps the framed pages that a browser has shown, and their files, for 24 hours: shown only while
// the service cannot be reached, with the word that they are old. What is withdrawn is dropped.
"use strict";
const NAME = "kokemus-embeds";
const KEPT_MS = 24 * 60 * 60 * 1000;
const AT = "Kokemus-Kept-At";

const keep = async (request, answer) => {
  const headers = new Headers(answer.headers);
  headers.set(AT, Date.now());
  const copy = new Response(await answer.blob(), { headers });
  await (await caches.open(NAME)).put(request, copy);
};

const kept = async (request) => {
  const cache = await caches.open(NAME);
  const found = await cache.match(request);
  const age = Date.now() - Number(found?.headers.get(AT));
  if (found && age >= 0 && age < KEPT_MS) return found;
  await cache.delete(request);
  return null;
};

const marked = async (answer) => {
  const at = answer.headers.get(AT);
  const text = (await answer.text()).replace('class="note old" hidden', `class="note old" data-at="${at}"`);
  return new Response(text, { headers: answer.headers });
};

const fetched = async (request) => {
  let answer;
  try {
    answer = await fetch(request, { cache: "no-cache" });
    if (answer.status < 500) {
      if (answer.ok) await keep(request, answer.clone());
      else await (await caches.open(NAME)).delete(request);
      return answer;
    }
  } catch {
    // Away.
  }
  const found = await kept(request);
  if (!found) return answer ?? Response.error();
  return request.mode === "navigate" ? marked(found) : found;
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => {
  const own = (event.data?.keep ?? []).filter((one) => new URL(one).origin === self.location.origin);
  event.waitUntil(Promise.allSettled(own.map((one) => fetched(new Request(one)))));
});
self.addEventListener("fetch", (event) => {
  const { mode, url, method } = event.request;
  const file = new URL(url).pathname.startsWith("/static/");
  if (method === "GET" && (mode === "navigate" || file)) event.respondWith(fetched(event.request));
});
