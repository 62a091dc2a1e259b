// <kokemus-figure entity="terveysasemat" metric="happy_index" lang="fi"></kokemus-figure>
//
// Shows one published figure on any page. Needs nothing else, sets no cookie, loads nothing from
// elsewhere. The page's own policy must let it connect to the address that this file comes from.
// While that cannot be reached, the last figure stays for 24 hours and says that it is old; one that
// is withdrawn goes. An open page looks again every ten minutes.
(() => {
  "use strict";
  const BASE = new URL(document.currentScript.src).origin;
  const KEPT_MS = 24 * 60 * 60 * 1000;
  const AGAIN_MS = 10 * 60 * 1000;
  const METRICS = ["happy_index", "press_count", "very_positive_share", "satisfied_share", "nps"];
  const WORDS = {
    fi: {
      gone: "Luku ei ole saatavilla.",
      old: "Palveluun ei saada yhteyttä. Luku on haettu viimeksi",
    },
    sv: {
      gone: "Siffran är inte tillgänglig.",
      old: "Tjänsten nås inte. Siffran hämtades senast",
    },
    en: {
      gone: "The figure is not available.",
      old: "The service cannot be reached. The figure was last fetched",
    },
  };
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { display: block; max-width: 24rem; font: inherit; color: inherit; }
    :host([hidden]) { display: none; }
    section { border: 1px solid currentColor; border-left-width: .35rem; padding: .9rem 1.1rem; }
    p { margin: 0 0 .35rem; }
    .name { font-weight: 700; }
    .label::first-letter { text-transform: uppercase; }
    .value { font-size: 2.4em; font-weight: 700; line-height: 1.1; }
    .value.missing { font-size: 1.1em; font-weight: 400; }
    .small { font-size: .9em; }
    a { color: inherit; }
  `);

  // The browser's storage may be closed to a page: then the page itself remembers while it is open.
  const memory = new Map();
  const store = {
    get(key) {
      let kept = memory.get(key);
      try {
        kept ??= JSON.parse(localStorage.getItem(key));
      } catch {
        // Closed, or not ours.
      }
      const age = Date.now() - kept?.at;
      return age >= 0 && age < KEPT_MS ? kept : null;
    },
    set(key, figure) {
      const kept = { at: Date.now(), figure };
      memory.set(key, kept);
      try {
        localStorage.setItem(key, JSON.stringify(kept));
      } catch {
        // Full or closed.
      }
    },
    drop(key) {
      memory.delete(key);
      try {
        localStorage.removeItem(key);
      } catch {
        // Closed.
      }
    },
  };

  class KokemusFigure extends HTMLElement {
    static observedAttributes = ["entity", "metric", "lang"];

    connectedCallback() {
      if (!this.shadowRoot) {
        this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
      }
      this.load();
      this.again = setInterval(() => this.load(), AGAIN_MS);
    }

    disconnectedCallback() {
      clearInterval(this.again);
    }

    attributeChangedCallback() {
      if (this.isConnected && this.shadowRoot) this.load();
    }

    async load() {
      const entity = this.getAttribute("entity");
      const metric = METRICS.includes(this.getAttribute("metric"))
        ? this.getAttribute("metric")
        : METRICS[0];
      const given = this.getAttribute("lang") || document.documentElement.lang;
      const lang = Object.hasOwn(WORDS, given) ? given : "fi";
      if (!entity) return;
      const path = entity.split("/").map(encodeURIComponent).join("/");
      const address = `${BASE}/embed/data/${lang}/${path}?metric=${metric}`;
      const key = `kokemus:${address}`;
      const load = (this.latest = Symbol(address));
      let figure = null;
      let since = null;
      try {
        const answer = await fetch(address, { credentials: "omit", cache: "no-cache" });
        if (answer.ok) {
          figure = await answer.json();
          store.set(key, figure);
        } else if (answer.status === 404 || answer.status === 410) {
          store.drop(key);
        } else {
          throw new Error(answer.status);
        }
      } catch {
        const kept = store.get(key);
        figure = kept?.figure ?? null;
        since = kept?.at ?? null;
      }
      if (load === this.latest) this.show(figure, lang, since);
    }

    // What stands already is left alone, so that nobody loses their place in it.
    show(figure, lang, since) {
      const shown = JSON.stringify([figure, lang, since]);
      if (shown === this.shown) return;
      this.shown = shown;
      const words = WORDS[lang];
      const section = document.createElement("section");
      section.lang = lang;
      const add = (tag, name, text) => {
        const element = document.createElement(tag);
        element.className = name;
        element.textContent = text;
        section.append(element);
        return element;
      };
      if (figure === null) {
        add("p", "small", words.gone);
      } else {
        section.setAttribute("aria-label", figure.name);
        add("p", "name", figure.name);
        add("p", "label", figure.label);
        add("p", figure.missing ? "value missing" : "value", figure.value);
        add("p", "small", [figure.period, figure.note].filter(Boolean).join(", "));
        if (figure.sentence) add("p", "small", figure.sentence);
        if (since !== null) {
          const day = new Date(since).toLocaleDateString(lang === "en" ? "en-GB" : `${lang}-FI`);
          add("p", "small old", `${words.old} (${day}).`);
        }
        const link = document.createElement("a");
        // Only ever an address of the service itself.
        link.href = new URL(new URL(figure.url).pathname, BASE).href;
        link.textContent = figure.more;
        const line = document.createElement("p");
        line.className = "small";
        line.append(link);
        section.append(line);
      }
      this.shadowRoot.replaceChildren(section);
      this.dispatchEvent(new CustomEvent("kokemus-shown", { detail: { stale: since !== null } }));
    }
  }
  if (!customElements.get("kokemus-figure")) {
    customElements.define("kokemus-figure", KokemusFigure);
    // Frames of the service are made as tall as they say that their content is.
    const frames = () =>
      [...document.querySelectorAll("iframe")].filter((one) => one.src.startsWith(`${BASE}/`));
    addEventListener("message", (event) => {
      const height = Math.ceil(Number(event.data?.height));
      if (event.origin !== BASE || event.data?.type !== "kokemus:height" || !(height > 0)) return;
      const frame = frames().find((one) => one.contentWindow === event.source);
      if (frame) frame.height = height;
    });
    const ask = (frame) => frame.contentWindow.postMessage({ type: "kokemus:measure" }, BASE);
    frames().forEach((one) => ask(one));
  }
})();
