// @ts-check
// The side panes: a tab each. What a pane shows is made by a file of its own.

/** What a pane shows for a step; `placed` is told once it is in sight, `left` when another pane is. @typedef {{nodes: (n: number) => Node[] | Promise<Node[]>, placed?: (n: number) => void, left?: () => void}} Pane */

/** Makes the tabs work. A pane stands under the name of its tab. @param {Record<string, Pane>} panes @param {ReturnType<typeof openPayload>} payload */
function makePanes(panes, payload) {
  const box = /** @type {HTMLElement} */ (document.getElementById("pane"));
  const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-pane-tab]")]);
  let wanted = 0;
  let shown = "";

  return {
    names: tabs.map((tab) => tab.dataset.paneTab || ""),
    /** The tab after the open one, or before it, round about. @param {number} off */
    tabBeside(off) {
      const open = tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
      return tabs[(open + off + tabs.length) % tabs.length];
    },
    /** Shows a pane for a step. @param {string} name @param {number} n */
    async show(name, n) {
      const turn = ++wanted;
      for (const tab of tabs) {
        const isOn = tab.dataset.paneTab === name;
        tab.setAttribute("aria-selected", String(isOn));
        tab.tabIndex = isOn ? 0 : -1;
        if (isOn) box.setAttribute("aria-labelledby", tab.id);
      }
      const pane = panes[name];
      const made = pane.nodes(n);
      const nodes = made instanceof Promise ? await made : made;
      if (turn !== wanted) return;
      if (nodes.some((node) => node.parentNode !== box)) {
        for (const other of Object.values(panes)) if (other !== pane) other.left?.();
        box.replaceChildren(...nodes);
        fillContents(box, payload);
        if (shown !== name) box.scrollTop = 0;
      }
      shown = name;
      pane.placed?.(n);
    },
  };
}
