// @ts-check
// The pane that says why: the decision, where its values came from, what led here.

const MAX_CHAIN = 100;
// As derive/causes.py has them: what a step did to the one it led to.
const HOWS = ["decided on", "asked for", "gave a value to", "is cited by", "was decided right before", "gave a value to the calls of", "was read last by"];
const ONLY_FIRST = 5;

/** A link to a step. @param {number} n @param {string} [text] */
function stepLink(n, text) {
  const link = /** @type {HTMLAnchorElement} */ (element("a", "at", text || `step ${n}`));
  link.href = `#step=${n}`;
  return link;
}

/** What led to a step, back to the roots, the nearest first: step, the one it led to, and how. @param {number[][]} causes @param {number} start */
function chainOf(causes, start) {
  /** @type {Map<number, {to: number, how: number}>} */
  const links = new Map([[start, { to: 0, how: -1 }]]);
  const todo = [start];
  const walked = [];
  while (todo.length && walked.length < MAX_CHAIN) {
    const at = /** @type {number} */ (todo.sort((a, b) => a - b).pop());
    walked.push({ step: at, .../** @type {{to: number, how: number}} */ (links.get(at)) });
    const list = causes[at - 1];
    for (let i = 0; i < list.length; i += 2) {
      const [cause, how] = [list[i], list[i + 1]];
      if (links.has(cause) || (how >= ONLY_FIRST && at !== start)) continue;
      links.set(cause, { to: at, how });
      todo.push(cause);
    }
  }
  return { walked: walked.slice(1), isCut: todo.length > 0 };
}

/** Makes the pane. `fragmentOf` gives the parsed fragment of a step. @param {any} index @param {(n: number) => Promise<DocumentFragment>} fragmentOf @returns {Pane} */
function makeWhy(index, fragmentOf) {
  /** The chain as a list. @param {number} n @returns {Node[]} */
  function chainList(n) {
    const { walked, isCut } = chainOf(index.causes, n);
    if (!walked.length) return [];
    const list = element("ol", "chain");
    for (const { step, to, how } of walked) {
      const item = element("li", index.status[step - 1] === "e" ? "is-error" : "");
      const kind = index.decided[step - 1] === "r" ? "decision" : index.codes[index.kinds[step - 1]];
      const name = index.names[step - 1];
      const title = index.titles[step - 1];
      const what = element("span", "title", title.startsWith(name) ? title.slice(name.length) : title);
      const because = element("span", "from", `${HOWS[how]} `);
      because.append(to === n ? "this step" : stepLink(to));
      item.append(stepLink(step), iconOf(kind), ...(name ? [element("b", "", name)] : []), what, because);
      list.append(item);
    }
    return [element("h3", "", "What led here"), list, ...(isCut ? [element("p", "muted", "and more before")] : [])];
  }

  /** The decision that a step carries out, taken from the step it was made at. @param {number} n @param {number} at @returns {Promise<Node[]>} */
  async function decisionAt(n, at) {
    const heading = element("h3", "", "Decided at ");
    heading.append(stepLink(at));
    const made = (await fragmentOf(at)).querySelector(".decision, .inferred");
    if (!(made instanceof HTMLElement)) return [];
    const number = made.dataset.rationale;
    if (!number) return [heading, made];
    const rationale = element("div", "content");
    rationale.dataset.content = number;
    const title = element("h3", "", "Rationale ");
    title.append(element("small", "", made.dataset.rationaleFrom || ""));
    return [heading, made, title, rationale];
  }

  /** The values of the calls that a model call made. @param {DocumentFragment} whole @returns {Promise<Node[]>} */
  async function valuesOfCalls(whole) {
    const nodes = [];
    for (const link of whole.querySelectorAll("article .call h3 a.at")) {
      const at = Number((link.getAttribute("href") || "").slice(6));
      const values = (await fragmentOf(at)).querySelector('[data-pane="why"] .values');
      if (!values) continue;
      const heading = element("h3", "", "Where the values came from of ");
      heading.append(stepLink(at), element("b", "", index.names[at - 1]));
      nodes.push(heading, values);
    }
    return nodes;
  }

  return {
    /** What the pane holds for a step. @param {number} n @returns {Promise<Node[]>} */
    async nodes(n) {
      const whole = await fragmentOf(n);
      const at = index.ledBy[n - 1];
      const section = whole.querySelector('[data-pane="why"]');
      const decision = at && at !== n ? await decisionAt(n, at) : [];
      const values = section ? [section] : [];
      const nodes = [...decision, ...values, ...(await valuesOfCalls(whole)), ...chainList(n)];
      if (nodes.length) return nodes;
      return [element("p", "muted", "No decision led here, no value of this step was used later, and it used none that could be traced.")];
    },
  };
}

/** Joins the values in a step with what the pane knows about them, both ways. @param {HTMLElement} stepBox @param {HTMLElement} pane @param {() => Promise<void>} open shows the pane */
function makeTraced(stepBox, pane, open) {
  const marks = /** @type {any} */ (CSS).highlights;
  /** @type {{value: string, path: string} | null} What to light at the step that is gone to. */
  let wanted = null;

  /** The rows of the pane about the value at a path. @param {string} path */
  const rowsOf = (path) =>
    /** @type {HTMLElement[]} */ ([...pane.querySelectorAll("[data-path], [data-from]")]).filter((row) => {
      const there = row.dataset.path ?? row.dataset.from ?? "";
      return there === path || (there.startsWith(path) && /^[.[]/.test(there.slice(path.length)));
    });

  /** Shows the origin and the uses of a value. @param {HTMLElement} leaf */
  async function trace(leaf) {
    await open();
    for (const lit of pane.querySelectorAll(".is-lit")) lit.classList.remove("is-lit");
    const rows = rowsOf(leaf.dataset.path || "");
    for (const row of rows) row.classList.add("is-lit");
    rows[0]?.scrollIntoView({ block: "nearest" });
  }

  /** Lights the value that a link led to, if it is in the step by now. */
  function light() {
    if (!wanted) return;
    const { value, path } = wanted;
    const leaves = /** @type {HTMLElement[]} */ ([...stepBox.querySelectorAll(".leaf")]);
    const leaf = leaves.find((each) => path && each.dataset.path === path);
    const ranges = rangesOf(leaf || stepBox, value.toLowerCase());
    const place = leaf || ranges[0]?.startContainer.parentElement;
    if (!place) return;
    // @ts-ignore newer than the type library
    if (ranges.length) marks?.set("lit", new Highlight(...ranges));
    leaf?.classList.add("is-lit");
    place.scrollIntoView({ block: "nearest" });
    wanted = null;
  }

  stepBox.addEventListener("click", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const leaf = target.closest("button") ? null : target.closest(".leaf");
    if (leaf instanceof HTMLElement && !getSelection()?.toString()) trace(leaf);
  });
  new MutationObserver(light).observe(stepBox, { childList: true, subtree: true });

  return {
    /** Remembers the value that a link in the pane is about. @param {Element} link */
    follow(link) {
      const row = link.closest(".values li");
      const path = link.nextElementSibling?.matches("code") ? link.nextElementSibling.textContent : "";
      wanted = row ? { value: row.querySelector("b")?.textContent || "", path: path || "" } : null;
    },
    /** Another step is shown: what was lit is not any more. */
    onStep() {
      marks?.delete("lit");
      light();
    },
  };
}
