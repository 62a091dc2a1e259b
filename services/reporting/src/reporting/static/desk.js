// Shows the "new figures" link once the figures have moved on; nothing on the page moves by itself.
"use strict";
(() => {
  const EVERY = 15000;
  const shown = document.getElementById("live");
  const link = document.getElementById("fresh");
  if (!shown || !link) return;
  const look = async () => {
    if (document.hidden || !link.hidden) return;
    try {
      const answer = await fetch("/desk/version", { credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return;
      const { as_of: asOf } = await answer.json();
      if (asOf && asOf !== shown.dataset.asOf) link.hidden = false;
    } catch {
      // The service is away for a moment: the next look will tell.
    }
  };
  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
})();
