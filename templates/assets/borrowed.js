// @ts-check
// The panes of a step's own fragment, and of the graph.

/** The pane with where a step was read, as Python wrote it. @param {(n: number) => Promise<DocumentFragment>} fragmentOf @returns {Pane} */
function makeSourcePane(fragmentOf) {
  return {
    async nodes(n) {
      const section = (await fragmentOf(n)).querySelector('[data-pane="raw"]');
      return section ? [section] : [];
    },
  };
}

/** The pane that borrows the graph from the overview. @param {ReturnType<typeof makeGraph>} drawn */
function makeGraphPane(drawn) {
  const pane = /** @type {HTMLElement} */ (document.getElementById("pane"));
  const graph = /** @type {HTMLElement} */ (document.getElementById("graph"));
  const home = /** @type {HTMLElement} */ (document.getElementById("graph-home"));
  const focus = (/** @type {number} */ n) => drawn.focus(n, pane.contains(graph) ? pane : null);
  return {
    nodes: () => [graph],
    placed: focus,
    left() {
      if (graph.parentElement !== home) home.append(graph);
    },
    focus,
  };
}
