// @ts-check
// What is shown, and what every button does. Starts everything.

/** Puts the panes and buttons of the replay into the page, and the icons that they need. @param {number} count */
function furnish(count) {
  const frame = parseFragment(FRAME);
  document.querySelector(".sprite")?.replaceWith(/** @type {Element} */ (frame.querySelector(".sprite")));
  frame.querySelector("#scrubber")?.setAttribute("aria-valuemax", String(count));
  /** @type {Element} */ (frame.querySelector(".of")).textContent = ` of ${count.toLocaleString("en")}`;
  document.querySelector(".bar")?.append(/** @type {Element} */ (frame.querySelector(".tools")));
  document.getElementById("overview")?.after(frame);
}

async function start() {
  applyTheme(preference("theme"));
  const index = await loadIndex();
  furnish(index.count);
  const payload = openPayload(index);
  const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
  const [stepBox, stepPanel, announce] = ["step", "step-panel", "announce"].map(byId);
  const number = /** @type {HTMLInputElement} */ (byId("number"));
  const menu = /** @type {HTMLDetailsElement} */ (document.querySelector(".menu"));
  const body = document.body;
  const shown = nothingShown();
  let filter = "all";
  /** @type {number[]} */
  let hits = [];

  const say = (/** @type {string} */ words) => (announce.textContent = visibleText(words));
  const asHtml = (/** @type {number} */ n) => payload.fragment(n);
  const fragmentOf = async (/** @type {number} */ n) => parseFragment(await asHtml(n));
  const buttonsFor = (/** @type {string[]} */ ...acts) => acts.flatMap((act) => /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll(`.player [data-act="${act}"]`)]));

  const moves = makeMovement(index);
  const search = makeSearch(index, payload);
  const facts = makeFacts(index, payload);
  const stops = makeBreakpoints({ facts, search, count: index.count }, stopsChanged);
  const column = makeColumn(facts, () => outline.redraw());
  const notes = makeNotes(index, noteChanged);
  const marks = { isStop: stops.isStop, note: notes.of, column };
  const outline = makeOutline(index, go, marks);
  const scrubber = makeScrubber(index, go, marks);
  const drawn = makeGraph(index, parseFragment);
  const graphPane = makeGraphPane(drawn);
  const context = makeContextPane(index, payload, { versus: () => shown.versus, compare });
  const state = makeStatePane(index, payload, facts);
  const panes = makePanes(
    {
      why: makeWhy(index, fragmentOf),
      context,
      state: { nodes: (n) => state.nodes(n, shown.pins) },
      graph: graphPane,
      raw: makeSourcePane(fragmentOf),
    },
    payload,
  );
  const sheets = makeSheets((name) => name === "side" && graphPane.focus(shown.step));
  const finder = makeFinder(search, [stepBox, byId("pane")], found);
  const traced = makeTraced(stepBox, byId("pane"), () => openPane("why"));
  const player = makePlayer(index, { step: () => shown.step, advance, said: say });

  /** Puts a step's fragment into the middle. @param {number} n @param {string} html */
  function place(n, html) {
    if (n !== shown.step) return;
    const article = parseFragment(html).querySelector("article");
    stepBox.replaceChildren(...(article ? [article] : []));
    showNote();
    fillContents(stepBox, payload);
    stepPanel.scrollTop = 0;
    traced.onStep();
    stepBox.dataset.position = String(n);
    document.documentElement.dataset.ready = "1";
    payload.warm(n);
  }

  /** Shows a step everywhere. @param {number} n */
  function show(n) {
    shown.step = n;
    number.value = String(n);
    outline.select(n);
    scrubber.select(n);
    for (const button of buttonsFor("first", "previous")) button.disabled = n === 1;
    for (const button of buttonsFor("next", "last")) button.disabled = n === index.count;
    const html = asHtml(n);
    if (typeof html === "string") place(n, html);
    else html.then((text) => place(n, text));
    state.showPins(n, shown.pins);
    graphPane.focus(n);
    panes.show(shown.pane, n);
    const what = index.decided[n - 1] === "r" ? "decision" : moves.kindOf(n);
    const stop = stops.isStop(n) ? `, ${stops.where(n)}` : "";
    say(`Step ${n} of ${index.count}, ${what}, ${index.names[n - 1] || index.titles[n - 1]}${stop}`);
  }

  /** Opens a side pane. @param {string} name */
  async function openPane(name) {
    shown.pane = name;
    await panes.show(name, shown.step);
    remember(false);
  }

  let pending = 0;
  /** Writes the address, a moment after the last change: browsers limit how often. @param {boolean} keep */
  function remember(keep) {
    clearTimeout(pending);
    if (keep) history.pushState(null, "", address());
    else pending = window.setTimeout(() => history.replaceState(null, "", address()), 120);
  }

  /** The address of what is shown. */
  function address() {
    const now = { query: finder.text(), stops: stops.texts(), column: column.text(), notes: notes.added() };
    const size = now.notes.reduce((sum, [, text]) => sum + text.length, 0);
    return writeAddress({ ...shown, ...now, notes: size > LONGEST_NOTES ? [] : now.notes });
  }

  /** Goes to a step. @param {number} n */
  function go(n) {
    const to = Math.max(1, Math.min(index.count, Math.round(n)));
    if (!Number.isFinite(to)) return;
    if (shown.view !== "replay") setView("replay");
    if (to === shown.step) return;
    const far = Math.abs(to - shown.step) > 1;
    show(to);
    player.moved();
    remember(far);
  }

  /** Goes where a move leads, or says that it leads nowhere. @param {number} to @param {string} otherwise */
  function goOr(to, otherwise) {
    if (to) go(to);
    else say(otherwise);
  }

  /** Goes to the nearest step that passes a test. @param {number} direction @param {(n: number) => boolean} test @param {string} what */
  const seek = (direction, test, what) => goOr(moves.seek(shown.step, direction, test), `No ${direction > 0 ? "later" : "earlier"} ${what}`);

  /** The next step of a run that plays; false where it stops. */
  function advance() {
    show(shown.step + 1);
    remember(false);
    return !stops.isStop(shown.step);
  }

  /** Goes to the step that was typed; what is no number gives way to the current one. */
  function goTyped() {
    const typed = number.value.replace(/[\s,]/g, "");
    if (/^\d+$/.test(typed)) go(Number(typed));
    number.value = String(shown.step);
  }

  /** Overview or replay. @param {string} view */
  function setView(view) {
    shown.view = view;
    body.dataset.view = view;
    if (view === "overview") {
      player.stop();
      graphPane.left();
    } else if (shown.step) panes.show(shown.pane, shown.step);
    scrubber.repaint();
  }

  /** Shows a part of the steps in the outline. @param {string} name */
  function setFilter(name) {
    filter = name;
    const tests = { decisions: moves.isDecision, errors: moves.isError };
    const lists = /** @type {Record<string, () => number[]>} */ ({ hits: () => hits, stops: stops.positions });
    let list = lists[name]?.() || null;
    if (name in tests) {
      const test = tests[/** @type {"decisions" | "errors"} */ (name)];
      list = Array.from({ length: index.count }, (_, i) => i + 1).filter(test);
    }
    for (const button of document.querySelectorAll("[data-filter]")) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-filter") === name));
    }
    outline.filter(list);
  }

  /** Shows or hides what belongs to a list that may be empty. @param {string} name @param {boolean} isThere */
  function offer(name, isThere) {
    for (const part of document.querySelectorAll(`[data-offer="${name}"]`)) /** @type {HTMLElement} */ (part).hidden = !isThere;
    if (!isThere && filter === name) setFilter("all");
  }

  /** Takes what a search found. @param {number[] | null} positions */
  function found(positions) {
    hits = positions || [];
    drawn.found(hits);
    offer("hits", positions !== null);
    if (positions) setFilter("hits");
  }

  function stopsChanged() {
    offer("stops", stops.texts().length > 0);
    if (filter === "stops") setFilter("stops");
    outline.redraw();
    scrubber.repaint();
  }

  /** Shows the current step's note above it. */
  function showNote() {
    const text = notes.of(shown.step);
    stepBox.querySelector(".person-note")?.remove();
    if (!text) return;
    const box = element("p", "person-note");
    box.append(element("b", "", "Note:"), ` ${text}`);
    stepBox.querySelector(".facts")?.after(box);
  }

  /** Shows a note that was written. @param {number} n */
  async function noteChanged(n) {
    if (n === shown.step) showNote();
    outline.redraw();
    scrubber.repaint();
    offer("notes", notes.sorted().length > 0);
    if (shown.step) remember(false);
    await printNoted(notes.sorted(), fragmentOf, payload);
  }

  /** Compares the window with that of an earlier step; 0: with the call before. @param {number} n */
  function compare(n) {
    shown.versus = n;
    openPane("context");
  }

  /** Copies text, and says so. @param {string} text @param {string} what */
  async function copy(text, what) {
    if (!text) return say(`There is no ${what} to copy here`);
    try {
      await navigator.clipboard.writeText(text);
      say(`${what} copied`);
    } catch {
      window.prompt(`Copy the ${what}:`, text);
    }
  }

  /** The current step as Python wrote it, with the note that it has now. */
  async function articleNow() {
    const article = (await fragmentOf(shown.step)).querySelector("article");
    article?.querySelector(".person-note")?.remove();
    if (article && notes.of(shown.step)) article.querySelector(".facts")?.after(element("p", "person-note", `Note: ${notes.of(shown.step)}`));
    return article;
  }

  /** @param {string} path */
  function pin(path) {
    shown.pins = shown.pins.includes(path) ? shown.pins.filter((each) => each !== path) : [...shown.pins, path].slice(-MOST_STOPS);
    show(shown.step);
    remember(false);
  }

  makeValues();
  const acts = makeActs({ index, payload, moves, stops, notes, context, player, sheets, shown, hits: () => hits, go, goOr, seek, setView, remember, address, copy, article: articleNow, pin, repaint: () => scrubber.repaint() });

  /** Reads the address and shows what it says. */
  function restore() {
    const wanted = readAddress(location.hash);
    shown.pane = panes.names.includes(wanted.pane) ? wanted.pane : shown.pane;
    [shown.pins, shown.versus] = [wanted.pins, wanted.versus];
    finder.find(wanted.query);
    stops.set(wanted.stops);
    column.set(wanted.column);
    notes.add(wanted.notes);
    setView(wanted.view);
    const step = wanted.step || shown.step || index.verdictStep || 1;
    show(Math.max(1, Math.min(index.count, Math.round(step))));
  }

  /** What a click means. @param {MouseEvent} event */
  function clicked(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const button = target.closest("button");
    if (button?.dataset.act) acts[button.dataset.act](button);
    if (button?.dataset.filter) setFilter(button.dataset.filter);
    if (button?.dataset.paneTab) {
      openPane(button.dataset.paneTab);
      // After a click, the arrow keys go on stepping; the keyboard's own way to a tab walks the tabs.
      if (event.detail) button.blur();
    }
    const link = target.closest('a[data-step], a[href^="#step="]');
    if (link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      sheets.open("");
      traced.follow(link);
      go(Number(link.getAttribute("data-step") || (link.getAttribute("href") || "").slice(6)));
    }
    if (target.closest(".row")) sheets.open("");
    if (menu.open && !target.closest(".menu")) menu.open = false;
    if (target.closest(".skip")) {
      event.preventDefault();
      (shown.view === "replay" ? stepPanel : byId("overview")).focus();
    }
  }

  listenToKeys((target) => {
    if (target === finder.box) {
      finder.clear();
      remember(false);
    } else if (target.closest(".probes input")) target.blur();
    if (menu.open) menu.open = false;
    sheets.close();
  }, panes.tabBeside);
  document.addEventListener("click", clicked);
  number.addEventListener("change", goTyped);
  number.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    goTyped();
    number.blur();
  });
  finder.listen(() => remember(false), (back) => acts[back ? "previous-hit" : "next-hit"](number));
  for (const [id, act] of Object.entries({ break: () => stops.addTyped(), column: () => column.set(/** @type {HTMLInputElement} */ (byId("column")).value.trim()) })) {
    byId(id).addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      act();
      remember(false);
    });
  }
  byId("column").addEventListener("change", () => {
    column.set(/** @type {HTMLInputElement} */ (byId("column")).value.trim());
    remember(false);
  });
  window.addEventListener("hashchange", restore);
  window.addEventListener("popstate", restore);
  window.addEventListener("beforeprint", () => graphPane.left());
  window.addEventListener("afterprint", () => setView(shown.view));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => scrubber.repaint());

  for (const part of document.querySelectorAll("[data-needs-js]")) part.removeAttribute("hidden");
  byId("replay").hidden = false;
  offer("findings", index.findings.length > 0);
  offer("notes", notes.sorted().length > 0);
  outline.filter(null);
  restore();
  await printNoted(notes.sorted(), fragmentOf, payload);
}

start();
