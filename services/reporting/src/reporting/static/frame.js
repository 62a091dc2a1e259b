// In a frame on a foreign page: tells that page how tall the content is, so that it can fit the
// frame to it; keeps the page for 24 hours while the service cannot be reached (worker.js), and
// says so. What is withdrawn goes. An open page looks again every ten minutes.
"use strict";
(() => {
  const KEPT_MS = 24 * 60 * 60 * 1000;
  const AGAIN_MS = 10 * 60 * 1000;
  const old = document.querySelector(".old");
  const opened = Date.now();
  let reached = old && !old.hidden ? Number(old.dataset.at) || opened : opened;
  let etag = null;

  if (window.parent !== window) {
    const tell = () =>
      window.parent.postMessage(
        { type: "kokemus:height", height: document.body.scrollHeight },
        "*",
      );
    new ResizeObserver(tell).observe(document.body);
    addEventListener("message", (event) => {
      if (event.source === window.parent && event.data?.type === "kokemus:measure") tell();
    });
    tell();
  }

  const look = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-cache" });
      if (answer.status === 404 || answer.status === 410) {
        location.reload();
      } else if (!answer.ok) {
        throw new Error(answer.status);
      } else {
        reached = Date.now();
        const now = answer.headers.get("ETag");
        if (old && !old.hidden) location.reload();
        if (etag !== null && now !== etag) location.reload();
        etag = now;
      }
    } catch {
      if (old) old.hidden = false;
      if (Date.now() - reached >= KEPT_MS) {
        document.querySelector("main").replaceChildren(...document.querySelectorAll("h1, .old"));
      }
    }
  };
  if (old) setInterval(look, AGAIN_MS);

  // Where the browser lets a frame keep something, the next visit has it too.
  navigator.serviceWorker
    ?.register("/embed/worker.js", { scope: "/embed/" })
    .then(() => navigator.serviceWorker.ready)
    .then((ready) => {
      const files = [...document.querySelectorAll("link[rel=stylesheet], script[src]")];
      const keep = [location.href, ...files.map((one) => one.href || one.src)];
      if (old?.hidden) ready.active.postMessage({ keep });
    })
    .catch(() => {});
})();
