// @ts-check
// The current step, its address in the hash, the keys. Starts everything.

const DEFAULT_PANE = "why";

async function start() {
  applyTheme(preference("theme"));
  const index = await loadIndex();
  const payload = openPayload(index);
  const stepBox = /** @type {HTMLElement} */ (document.getElementById("step"));
  const stepPanel = /** @type {HTMLElement} */ (document.getElementById("step-panel"));
  const announce = /** @type {HTMLElement} */ (document.getElementById("announce"));
  const number = /** @type {HTMLInputElement} */ (document.getElementById("number"));
  const searchBox = /** @type {HTMLInputElement} */ (document.getElementById("search"));
  const searchCount = /** @type {HTMLElement} */ (document.getElementById("search-count"));
  const help = /** @type {HTMLDialogElement} */ (document.getElementById("help"));
  const overview = /** @type {HTMLElement} */ (document.getElementById("overview"));
  const body = document.body;

  /** The player's buttons for these acts. @param {...string} names @returns {HTMLButtonElement[]} */
  const buttonsFor = (...names) => names.flatMap((act) => [.../** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll(`.player [data-act="${act}"]`))]);
  const backward = buttonsFor("first", "previous");
  const forward = buttonsFor("next", "last");
  const state = { step: 0, pane: DEFAULT_PANE, view: "replay", query: "", filter: "all" };
  /** @type {number[]} */
  let hits = [];

  const asHtml = (/** @type {number} */ n) => payload.fragment(n);
  const fragmentOf = async (/** @type {number} */ n) => parseFragment(await asHtml(n));
  const panes = makePanes(index, payload, fragmentOf);
  const outline = makeOutline(index, go);
  const scrubber = makeScrubber(index, go);
  const search = makeSearch(index, payload);
  const traced = makeTraced(stepBox, /** @type {HTMLElement} */ (document.getElementById("pane")), () => openPane("why"));

  /** Puts a step's fragment into the middle. @param {number} n @param {string} html */
  function place(n, html) {
    if (n !== state.step) return;
    const article = parseFragment(html).querySelector("article");
    stepBox.replaceChildren(...(article ? [article] : []));
    fillContents(stepBox, payload);
    stepPanel.scrollTop = 0;
    traced.onStep();
    stepBox.dataset.position = String(n);
    document.documentElement.dataset.ready = "1";
    payload.warm(n);
  }

  /** Shows a step everywhere. @param {number} n */
  function show(n) {
    state.step = n;
    number.value = String(n);
    outline.select(n);
    scrubber.select(n);
    for (const button of backward) button.disabled = n === 1;
    for (const button of forward) button.disabled = n === index.count;
    const html = asHtml(n);
    if (typeof html === "string") place(n, html);
    else html.then((text) => place(n, text));
    panes.focusGraph(n);
    panes.show(state.pane, n);
    const what = index.decided[n - 1] === "r" ? "decision" : index.codes[index.kinds[n - 1]];
    announce.textContent = `Step ${n} of ${index.count}, ${what}, ${index.names[n - 1] || index.titles[n - 1]}`;
  }

  /** Opens a side pane. @param {string} name */
  async function openPane(name) {
    state.pane = name;
    await panes.show(name, state.step);
    remember(false);
  }

  /** The address of what is shown. */
  function address() {
    const parts = [`step=${state.step}`];
    if (state.pane !== DEFAULT_PANE) parts.push(`pane=${state.pane}`);
    if (state.query) parts.push(`q=${encodeURIComponent(state.query)}`);
    if (state.view !== "replay") parts.push(`view=${state.view}`);
    return `#${parts.join("&")}`;
  }

  let pending = 0;
  /** Writes the address, a moment after the last change: browsers limit how often. @param {boolean} keep */
  function remember(keep) {
    clearTimeout(pending);
    if (keep) history.pushState(null, "", address());
    else pending = window.setTimeout(() => history.replaceState(null, "", address()), 120);
  }

  /** Goes to a step. @param {number} n */
  function go(n) {
    const to = Math.max(1, Math.min(index.count, Math.round(n)));
    if (!Number.isFinite(to)) return;
    if (state.view !== "replay") setView("replay");
    if (to === state.step) return;
    const far = Math.abs(to - state.step) > 1;
    show(to);
    remember(far);
  }

  /** Goes to the step that was typed; what is no number gives way to the current one. */
  function goTyped() {
    const typed = number.value.replace(/[\s,]/g, "");
    if (/^\d+$/.test(typed)) go(Number(typed));
    number.value = String(state.step);
  }

  /** Goes to the next step that passes a test. @param {number} direction @param {(n: number) => boolean} test @param {string} what */
  function seek(direction, test, what) {
    for (let n = state.step + direction; n >= 1 && n <= index.count; n += direction) {
      if (test(n)) return go(n);
    }
    announce.textContent = `No ${direction > 0 ? "later" : "earlier"} ${what}`;
  }

  const isDecision = (/** @type {number} */ n) => "ri".includes(index.decided[n - 1]);
  const isError = (/** @type {number} */ n) => index.status[n - 1] === "e" || index.wrong.includes(n);
  const isHit = (/** @type {number} */ n) => hits.includes(n);

  /** Overview or replay. @param {string} view */
  function setView(view) {
    state.view = view;
    body.dataset.view = view;
    if (view === "overview") panes.release();
    else if (state.step) panes.show(state.pane, state.step);
    scrubber.repaint();
  }

  /** Shows a part of the steps in the outline. @param {string} name */
  function setFilter(name) {
    state.filter = name;
    const tests = { decisions: isDecision, errors: isError };
    /** @type {number[] | null} */
    let list = null;
    if (name === "hits") list = hits;
    else if (name in tests) {
      const test = tests[/** @type {"decisions" | "errors"} */ (name)];
      list = [];
      for (let n = 1; n <= index.count; n++) if (test(n)) list.push(n);
    }
    for (const button of document.querySelectorAll("[data-filter]")) {
      const isOn = button.getAttribute("data-filter") === name;
      button.setAttribute("aria-pressed", String(isOn));
    }
    outline.filter(list);
  }

  const marked = [stepBox, /** @type {HTMLElement} */ (document.getElementById("pane"))];
  const refilled = new MutationObserver(() => markFound(state.query, marked));

  /** Searches, and shows what is found as it is found. @param {string} text */
  function find(text) {
    state.query = text;
    markFound(text, marked);
    if (text) for (const place of marked) refilled.observe(place, { childList: true, subtree: true });
    else refilled.disconnect();
    const button = /** @type {HTMLElement} */ (document.querySelector('[data-filter="hits"]'));
    const group = /** @type {HTMLElement} */ (document.querySelector(".player .found"));
    button.hidden = group.hidden = !text;
    if (!text) {
      search.stop();
      hits = [];
      panes.found(hits);
      searchCount.textContent = "";
      setFilter("all");
      return;
    }
    search.run(text, (positions, done) => {
      hits = positions;
      panes.found(hits);
      searchCount.textContent = `${positions.length.toLocaleString("en")} step${positions.length === 1 ? "" : "s"}${done ? "" : "…"}`;
      setFilter("hits");
    });
  }

  /** Copies text, and says so. @param {string} text @param {string} what */
  async function copy(text, what) {
    try {
      await navigator.clipboard.writeText(text);
      announce.textContent = `${what} copied`;
    } catch {
      window.prompt(`Copy the ${what}:`, text);
    }
  }

  /** Opens a sheet of the narrow layout, or closes it; "" closes both. Where both parts are in sight, only the focus goes there. @param {string} name */
  function sheet(name) {
    const place = /** @type {HTMLElement} */ (document.getElementById(name === "side" ? "pane" : "rows"));
    if (!buttonsFor("sheet-side")[0].offsetParent) {
      delete body.dataset.sheet;
      if (name) place.focus();
      return;
    }
    const wanted = name === body.dataset.sheet ? "" : name;
    if (wanted) body.dataset.sheet = wanted;
    else delete body.dataset.sheet;
    for (const each of ["outline", "side"]) {
      for (const button of buttonsFor(`sheet-${each}`)) button.setAttribute("aria-expanded", String(each === wanted));
    }
    if (wanted) place.focus();
    if (wanted === "side") panes.focusGraph(state.step);
  }

  /** Closes the sheet that is open, and puts the focus back on its button. */
  function closeSheet() {
    const name = body.dataset.sheet;
    if (!name) return;
    sheet("");
    buttonsFor(`sheet-${name}`)[0].focus();
  }

  /** Light or dark, against what is shown now. */
  function switchTheme() {
    const isDark = getComputedStyle(document.documentElement).colorScheme.includes("dark");
    applyTheme(preference("theme", isDark ? "light" : "dark") || (isDark ? "light" : "dark"));
    scrubber.repaint();
  }

  /** The sheet of keys, made from the buttons. */
  function showHelp() {
    const list = /** @type {HTMLElement} */ (help.querySelector("dl"));
    const rows = [...document.querySelectorAll("[data-key]")].flatMap((button) => {
      const label = (button.getAttribute("title") || "").replace(/ \(.*\)$/, "");
      return [element("dt", "", button.getAttribute("data-key") || ""), element("dd", "", label)];
    });
    rows.push(element("dt", "", "/"), element("dd", "", "Search"), element("dt", "", "Esc"), element("dd", "", "Close, or clear the search"));
    list.replaceChildren(...rows);
    help.showModal();
  }

  /** @type {Record<string, () => void>} */
  const acts = {
    first: () => go(1),
    previous: () => go(state.step - 1),
    next: () => go(state.step + 1),
    last: () => go(index.count),
    "previous-decision": () => seek(-1, isDecision, "decision"),
    "next-decision": () => seek(1, isDecision, "decision"),
    "previous-error": () => seek(-1, isError, "error"),
    "next-error": () => seek(1, isError, "error"),
    "previous-hit": () => seek(-1, isHit, "match"),
    "next-hit": () => seek(1, isHit, "match"),
    overview: () => {
      setView(state.view === "replay" ? "overview" : "replay");
      remember(true);
    },
    theme: switchTheme,
    print: () => window.print(),
    help: showHelp,
    "copy-link": () => copy(location.href.split("#")[0] + address(), "link"),
    "sheet-outline": () => sheet("outline"),
    "sheet-side": () => sheet("side"),
  };

  /** Reads the address and shows what it says. */
  function restore() {
    const params = new URLSearchParams(location.hash.slice(1));
    const pane = (params.get("pane") || "").replace("source", "raw");
    if (panes.names.includes(pane)) state.pane = pane;
    const query = params.get("q") || "";
    if (query !== state.query) {
      searchBox.value = query;
      find(query);
    }
    setView(params.get("view") === "overview" ? "overview" : "replay");
    const wanted = Number(params.get("step")) || state.step || index.verdictStep || 1;
    show(Math.max(1, Math.min(index.count, Math.round(wanted))));
  }

  /** The name of a pressed key as the buttons write it. @param {KeyboardEvent} event */
  function keyName(event) {
    const arrows = /** @type {Record<string, string>} */ ({ ArrowLeft: "←", ArrowRight: "→", j: "→", k: "←", ArrowDown: "→", ArrowUp: "←" });
    if (event.shiftKey && /^[A-Z]$/.test(event.key)) return `Shift+${event.key}`;
    return arrows[event.key] || event.key;
  }

  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.key === "Escape") {
      if (target === searchBox) {
        searchBox.value = "";
        find("");
        remember(false);
        searchBox.blur();
      }
      closeSheet();
      return;
    }
    if (target.closest("input, textarea, select, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.closest('[role="tablist"]') && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      event.preventDefault();
      const tab = panes.tabBeside(event.key === "ArrowRight" ? 1 : -1);
      tab.click();
      tab.focus();
      return;
    }
    const scrolls = event.key === "ArrowDown" || event.key === "ArrowUp";
    if (scrolls && target.closest("#step-panel, #pane, .tree, pre")) return;
    if (event.key === "/") {
      event.preventDefault();
      searchBox.focus();
      searchBox.select();
      return;
    }
    const name = CSS.escape(keyName(event));
    const button = /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${name}"]`));
    if (!button) return;
    event.preventDefault();
    if (button instanceof HTMLInputElement) {
      button.focus();
      button.select();
    } else button.click();
  });
  document.addEventListener("click", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const button = target.closest("button");
    if (button?.dataset.act) acts[button.dataset.act]();
    if (button?.dataset.filter) setFilter(button.dataset.filter);
    if (button?.dataset.paneTab) {
      openPane(button.dataset.paneTab);
      // After a click, the arrow keys go on stepping; the keyboard's own way to a tab walks the tabs.
      if (event.detail) button.blur();
    }
    const link = target.closest('a[data-step], a[href^="#step="]');
    if (link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      sheet("");
      traced.follow(link);
      go(Number(link.getAttribute("data-step") || (link.getAttribute("href") || "").slice(6)));
    }
    if (target.closest(".row")) sheet("");
    if (target.closest(".skip")) {
      event.preventDefault();
      (state.view === "replay" ? stepPanel : overview).focus();
    }
  });
  number.addEventListener("change", goTyped);
  number.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      goTyped();
      number.blur();
    }
  });
  let typing = 0;
  searchBox.addEventListener("input", () => {
    clearTimeout(typing);
    typing = window.setTimeout(() => {
      find(searchBox.value.trim());
      remember(false);
    }, 150);
  });
  searchBox.addEventListener("keydown", (event) => {
    if (event.key === "Enter") acts[event.shiftKey ? "previous-hit" : "next-hit"]();
  });
  window.addEventListener("hashchange", restore);
  window.addEventListener("popstate", restore);
  window.addEventListener("beforeprint", () => panes.release());
  window.addEventListener("afterprint", () => setView(state.view));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => scrubber.repaint());

  for (const part of document.querySelectorAll("[data-needs-js]")) part.removeAttribute("hidden");
  /** @type {HTMLElement} */ (document.getElementById("replay")).hidden = false;
  outline.filter(null);
  restore();
}

start();
