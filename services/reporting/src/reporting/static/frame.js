// Tells the page around the frame how tall the content is, so that it can fit the frame to it.
"use strict";
(() => {
  if (window.parent === window) return;
  const tell = () =>
    window.parent.postMessage(
      { type: "kokemus:height", height: document.documentElement.scrollHeight },
      "*",
    );
  new ResizeObserver(tell).observe(document.body);
  tell();
})();
