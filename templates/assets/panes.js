// @ts-check
// The side panes of a step: why, what the model saw, what changed, the graph, the source.

const KEPT_AT_ONCE = 40;

/** Makes the panes. `fragmentOf` gives the parsed fragment of a step. @param {any} index @param {ReturnType<typeof openPayload>} payload @param {(n: number) => Promise<DocumentFragment>} fragmentOf */
function makePanes(index, payload, fragmentOf) {
  const pane = /** @type {HTMLElement} */ (document.getElementById("pane"));
  const graph = /** @type {HTMLElement} */ (document.getElementById("graph"));
  const graphHome = /** @type {HTMLElement} */ (document.getElementById("graph-home"));
  const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-pane-tab]")]);
  let wanted = 0;

  /** A sentence in an empty pane. @param {string} text */
  const empty = (text) => element("p", "muted", text);

  /** One section of a step's fragment. @param {number} n @param {string} name */
  async function sectionOf(n, name) {
    return (await fragmentOf(n)).querySelector(`[data-pane="${name}"]`);
  }

  /** The messages that were kept from earlier windows, last first. @param {number} base @param {number} keep */
  async function* keptMessages(base, keep) {
    let left = keep;
    let at = base;
    while (at && left > 0) {
      const list = (await sectionOf(at, "context"))?.querySelector(".window");
      if (!(list instanceof HTMLElement)) return;
      const before = Number(list.dataset.keep);
      const items = [...list.children];
      for (let i = Math.min(items.length, left - before) - 1; i >= 0; i--) yield items[i];
      left = Math.min(left, before);
      at = Number(list.dataset.base);
    }
  }

  /** Adds a button that puts the kept messages before the new ones, some at a time. @param {Element} section */
  function offerKept(section) {
    const list = /** @type {HTMLElement | null} */ (section.querySelector(".window"));
    if (!list || !Number(list.dataset.keep)) return;
    const total = Number(list.dataset.keep);
    const kept = keptMessages(Number(list.dataset.base), total);
    const button = element("button", "more kept-more", `show the ${total === 1 ? "kept message" : `${total} kept messages`}`);
    let shown = 0;
    button.addEventListener("click", async () => {
      for (let i = 0; i < KEPT_AT_ONCE; i++) {
        const { value, done } = await kept.next();
        if (done) break;
        const item = /** @type {Element} */ (value.cloneNode(true));
        item.classList.add("kept");
        list.prepend(item);
        fillContents(item, payload);
        shown++;
      }
      if (shown >= total) button.remove();
      else button.textContent = `show earlier messages (${total - shown} more)`;
    });
    list.before(button);
  }

  /** What the pane holds for a step. @param {string} name @param {number} n @returns {Promise<Node[]>} */
  async function contentsOf(name, n) {
    if (name === "why") return why.contents(n);
    if (name === "context") {
      const at = index.seenAt[n - 1];
      if (!at) return [empty("No model call comes before this step, so there is no context window.")];
      const section = await sectionOf(at, "context");
      if (!section) return [empty("Context window: not recorded.")];
      const heading = element("h3", "", at === n ? "What the model saw" : `What the model saw at step ${at}`);
      offerKept(section);
      return [heading, section];
    }
    if (name === "state") {
      const at = index.stateAt[n - 1];
      if (!at) return [empty(index.stateAt.some(Boolean) ? "State: not recorded before this step." : "This trace records no state.")];
      const section = await sectionOf(at, "state");
      const heading = element("h3", "", at === n ? "Changed at this step" : `As of step ${at}, the last change`);
      return section ? [heading, section] : [];
    }
    const section = await sectionOf(n, "raw");
    return section ? [section] : [];
  }

  const why = makeWhy(index, fragmentOf);
  const drawn = makeGraph(index, parseFragment);

  /** Marks the graph's node that holds a step and brings it into sight. @param {number} n */
  const focusGraph = (n) => drawn.focus(n, pane.contains(graph) ? pane : null);

  return {
    names: tabs.map((tab) => tab.dataset.paneTab || ""),
    /** The tab after the open one, or before it, round about. @param {number} off */
    tabBeside(off) {
      const open = tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
      return tabs[(open + off + tabs.length) % tabs.length];
    },
    /** Gives the graph back to the overview. */
    release() {
      if (graph.parentElement !== graphHome) graphHome.append(graph);
    },
    focusGraph,
    /** Marks the graph's nodes that hold these steps. @param {number[]} positions */
    found: (positions) => drawn.found(positions),
    /** Shows a pane for a step. @param {string} name @param {number} n */
    async show(name, n) {
      const turn = ++wanted;
      for (const tab of tabs) {
        const isOn = tab.dataset.paneTab === name;
        tab.setAttribute("aria-selected", String(isOn));
        tab.tabIndex = isOn ? 0 : -1;
        if (isOn) pane.setAttribute("aria-labelledby", tab.id);
      }
      if (name === "graph") {
        if (graph.parentElement !== pane) pane.replaceChildren(graph);
        focusGraph(n);
        return;
      }
      const nodes = await contentsOf(name, n);
      if (turn !== wanted) return;
      this.release();
      pane.replaceChildren(...nodes);
      fillContents(pane, payload);
      pane.scrollTop = 0;
    },
  };
}
