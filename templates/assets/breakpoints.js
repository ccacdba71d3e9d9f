// @ts-check
// Breakpoints over the recording: each is an expression, or a text behind a slash, with the
// steps that it holds at. They are looked for chunk by chunk, so that the page goes on answering.

/** Where an expression is true, or a text stands. Throws a SyntaxProblem. @param {string} text @param {{facts: ReturnType<typeof makeFacts>, search: ReturnType<typeof makeSearch>, count: number}} over */
function findStops(text, { facts, search, count }) {
  let isOver = false;
  const stop = () => {
    isOver = true;
  };
  if (text[0] === "/") {
    const words = text.slice(1);
    if (!words) throw new SyntaxProblem("a text is missing behind the slash", 1);
    return { stop, run: (/** @type {(hits: number[], done: boolean) => void} */ found) => search.over(words, found, () => isOver) };
  }
  const expression = readyExpression(text);
  return {
    stop,
    /** @param {(hits: number[], done: boolean) => void} found */
    async run(found) {
      const hits = [];
      let since = performance.now();
      for (let n = 1; n <= count; n++) {
        if (expression.over(await facts.of(n, expression.needs)) === true) hits.push(n);
        if (performance.now() - since < 12) continue;
        if (n % 500 === 0) found(hits.slice(), false);
        await pause();
        if (isOver) return;
        since = performance.now();
      }
      found(hits, true);
    },
  };
}

/** Lets the page answer: resolves once what waits has been done. */
function pause() {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  });
}

/** Makes the breakpoints. `changed` is told whenever one is set, taken away, or has found more. @param {Parameters<typeof findStops>[1]} over @param {() => void} changed */
function makeBreakpoints(over, changed) {
  const list = /** @type {HTMLElement} */ (document.getElementById("breakpoints"));
  const field = /** @type {HTMLInputElement} */ (document.getElementById("break"));
  const problem = /** @type {HTMLElement} */ (document.getElementById("break-problem"));
  /** @type {{text: string, hits: number[], done: boolean, stop: () => void, row: HTMLElement}[]} */
  let stops = [];
  /** @type {Set<number>} */
  let all = new Set();

  function tell() {
    all = new Set(stops.flatMap((stop) => stop.hits));
    changed();
  }

  /** The line of a breakpoint: what, how often, a button that takes it away. @param {string} text */
  function makeRow(text) {
    const row = element("li", "");
    const remove = element("button", "more", "remove");
    remove.dataset.act = "remove-breakpoint";
    remove.dataset.text = text;
    remove.setAttribute("aria-label", `Remove the breakpoint ${text}`);
    row.append(element("code", "", text), element("span", "count", "…"), remove);
    return row;
  }

  /** Sets a breakpoint, and says what is wrong with it. @param {string} text */
  function add(text) {
    problem.textContent = "";
    if (!text || stops.some((stop) => stop.text === text)) return true;
    if (stops.length >= MOST_STOPS) {
      problem.textContent = `There are ${MOST_STOPS} breakpoints; remove one first.`;
      return false;
    }
    try {
      const looking = findStops(text, over);
      const stop = { text, hits: /** @type {number[]} */ ([]), done: false, stop: looking.stop, row: makeRow(text) };
      stops.push(stop);
      list.append(stop.row);
      looking.run((hits, done) => {
        [stop.hits, stop.done] = [hits, done];
        const count = /** @type {HTMLElement} */ (stop.row.querySelector(".count"));
        count.textContent = `${hits.length.toLocaleString("en")} hit${hits.length === 1 ? "" : "s"}${done ? "" : "…"}`;
        tell();
      });
      tell();
      return true;
    } catch (wrong) {
      if (!(wrong instanceof SyntaxProblem)) throw wrong;
      problem.textContent = wrong.message;
      field.value = text;
      return false;
    }
  }

  /** Takes a breakpoint away. @param {string} text */
  function remove(text) {
    const stop = stops.find((each) => each.text === text);
    stop?.stop();
    stop?.row.remove();
    stops = stops.filter((each) => each !== stop);
    tell();
  }

  return {
    add,
    remove,
    /** Sets what was typed. */
    addTyped() {
      if (add(field.value.trim())) field.value = "";
    },
    /** Sets exactly these. @param {string[]} texts */
    set(texts) {
      for (const stop of [...stops]) if (!texts.includes(stop.text)) remove(stop.text);
      for (const text of texts) add(text);
    },
    texts: () => stops.map((stop) => stop.text),
    positions: () => [...all].sort((a, b) => a - b),
    isStop: (/** @type {number} */ n) => all.has(n),
    /** Which hit of which breakpoint a step is, in words. @param {number} n */
    where: (n) => stops.filter((stop) => stop.hits.includes(n)).map((stop) => `hit ${stop.hits.indexOf(n) + 1} of ${stop.hits.length}: ${stop.text}`).join("; "),
  };
}
