// @ts-check
// What each button does, by the name in its data-act.

/** What the acts need of the replay. @typedef {{index: any, payload: ReturnType<typeof openPayload>, moves: ReturnType<typeof makeMovement>, stops: ReturnType<typeof makeBreakpoints>, notes: ReturnType<typeof makeNotes>, context: ReturnType<typeof makeContextPane>, player: ReturnType<typeof makePlayer>, sheets: ReturnType<typeof makeSheets>, shown: Shown, hits: () => number[], go: (n: number) => void, goOr: (to: number, otherwise: string) => void, seek: (direction: number, test: (n: number) => boolean, what: string) => void, setView: (view: string) => void, remember: (keep: boolean) => void, address: () => string, copy: (text: string, what: string) => void, article: () => Promise<Element | null>, pin: (path: string) => void, repaint: () => void}} Reader */

/** Makes the acts. @param {Reader} reader @returns {Record<string, (button: HTMLElement) => void>} */
function makeActs(reader) {
  const { index, moves, stops, notes, context, player, sheets, shown, go, seek, remember, copy } = reader;

  /** Two acts, one in each direction. @param {string} name @param {() => (n: number) => boolean} test @param {string} what */
  const both = (name, test, what) => ({
    [`previous-${name}`]: () => seek(-1, test(), what),
    [`next-${name}`]: () => seek(1, test(), what),
  });

  /** True for what a search found. */
  const isHit = () => {
    const all = new Set(reader.hits());
    return (/** @type {number} */ n) => all.has(n);
  };

  const nowhere = "The run goes no further in that direction";
  const tree = ["over", "over-back", "into", "into-back", "out", "out-back"].map((move) => [move, () => reader.goOr(moves.follow(move, shown.step), nowhere)]);

  /** The expression that is true at every step like the current one. */
  function likeThis() {
    const kind = moves.kindOf(shown.step);
    const isCall = kind === "tool" || kind === "retrieval";
    return isCall ? `tool == ${JSON.stringify(index.names[shown.step - 1])}` : `kind == "${kind}"`;
  }

  /** Sets a breakpoint. @param {string} text */
  function stopAt(text) {
    stops.add(text);
    remember(false);
  }

  /** A name for the copy of this page. */
  function fileName() {
    const title = document.title.split(" · ")[0].replace(/[^\w-]+/g, "-");
    return `${title.slice(0, 60) || "report"}-noted.html`;
  }

  return {
    first: () => go(1),
    previous: () => go(shown.step - 1),
    next: () => go(shown.step + 1),
    last: () => go(index.count),
    ...Object.fromEntries(tree),
    ...both("decision", () => moves.isDecision, "decision"),
    ...both("error", () => moves.isError, "error"),
    ...both("finding", () => moves.isFinding, "finding"),
    ...both("stop", () => stops.isStop, "hit of a breakpoint"),
    ...both("hit", isHit, "match"),
    ...both("same-tool", () => moves.sameTool(shown.step), "call of that tool"),
    ...both("same-agent", () => moves.sameAgent(shown.step), "step of that agent"),
    ...both("boundary", () => moves.isBoundary, "change of agent"),
    play: () => player.toggle(),
    faster: () => player.faster(1),
    slower: () => player.faster(-1),
    overview() {
      reader.setView(shown.view === "replay" ? "overview" : "replay");
      remember(true);
    },
    theme() {
      switchTheme();
      reader.repaint();
    },
    print: () => window.print(),
    help: () => showKeys(/** @type {HTMLDialogElement} */ (document.getElementById("help"))),
    "copy-link": () => copy(location.href.split("#")[0] + reader.address(), "link"),
    "copy-openai": async () => copy(await context.request(shown.step, "openai"), "request"),
    "copy-anthropic": async () => copy(await context.request(shown.step, "anthropic"), "request"),
    async "copy-step"() {
      const article = await reader.article();
      if (article) copy(await stepAsMarkdown(article, `Step ${shown.step} of ${index.count}`, reader.payload), "step");
    },
    async "copy-content"(button) {
      const raw = await reader.payload.content(Number(button.dataset.id));
      copy(raw[0] === '"' ? JSON.parse(raw) : raw, "content");
    },
    "copy-text": (button) => copy(button.dataset.text || "", button.dataset.what || "value"),
    note: () => notes.ask(shown.step),
    "save-notes": () => notes.save(fileName()),
    pin: (button) => reader.pin(button.dataset.text || ""),
    "add-breakpoint"() {
      stops.addTyped();
      remember(false);
    },
    "break-here": () => stopAt(likeThis()),
    "break-agent": () => stopAt(`agent == ${JSON.stringify(index.agents[index.agent[shown.step - 1]] || "")}`),
    "break-on": (button) => stopAt(button.dataset.text || ""),
    "remove-breakpoint"(button) {
      stops.remove(button.dataset.text || "");
      remember(false);
    },
    "sheet-outline": () => sheets.open("outline"),
    "sheet-side": () => sheets.open("side"),
  };
}
