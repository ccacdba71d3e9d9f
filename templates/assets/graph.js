// @ts-check
// The decision graph: the current node, what it rests on, what is inside it.

const MOST_LINKS = 12;

/** Makes the graph walkable. `parse` makes nodes of markup from the payload. @param {any} index @param {(html: string) => DocumentFragment} parse */
function makeGraph(index, parse) {
  const home = /** @type {HTMLElement} */ (document.getElementById("graph"));
  const whole = /** @type {HTMLElement | null} */ (home.querySelector(".graph"));
  const where = home.querySelector(".graph-where");
  const packed = /** @type {HTMLElement | null} */ (document.querySelector("script.graphs"));
  const links = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  links.setAttribute("class", "rests-on");
  links.setAttribute("aria-hidden", "true");
  let view = whole;
  let step = 0;
  let inSight = false;
  /** @type {number[]} */
  let found = [];
  /** @type {DocumentFragment | null} */
  let insides = null;

  /** The nodes of a picture, or the rows of the table, in the order of the run. */
  const nodes = () => /** @type {HTMLElement[]} */ ([...(view || home).querySelectorAll("[data-step]")]);
  /** True when a step is between the first and the last one of a node. @param {HTMLElement} node @param {number} n */
  const holds = (node, n) => Number(node.dataset.first) <= n && n <= Number(node.dataset.last);

  /** The node that holds a step, if the picture has it. @param {number} n */
  function nodeOf(n) {
    if (view === whole) return nodes()[index.node[n - 1]];
    return nodes().filter((node) => holds(node, n)).pop();
  }

  /** Brings a node into sight. @param {Element} node @param {Element} box */
  function reveal(node, box) {
    const at = node.getBoundingClientRect();
    const frame = box.getBoundingClientRect();
    if (at.top < frame.top || at.bottom > frame.bottom) box.scrollTop += at.top - frame.top - frame.height / 3;
    if (at.left < frame.left || at.right > frame.right) box.scrollLeft += at.left - frame.left - frame.width / 3;
  }

  /** Draws what the current node rests on, and what rests on it, over the picture. */
  function drawLinks() {
    links.remove();
    const all = nodes();
    const current = /** @type {HTMLElement | null} */ ((view || home).querySelector(".is-current"));
    const causes = (/** @type {HTMLElement | undefined | null} */ node) => (node?.dataset.causes || "").split(" ").filter(Boolean).map(Number);
    const own = current ? all.indexOf(current) : -1;
    const pairs = causes(current).map((from) => [from, own]);
    const uses = all.flatMap((node, to) => (own >= 0 && causes(node).includes(own) ? [[own, to]] : []));
    if (where) where.textContent = [pairs.length && `rests on ${pairs.length}`, uses.length && `used by ${uses.length}`].filter(Boolean).join(", ");
    if (!view || !(pairs.length || uses.length)) return;
    const frame = view.getBoundingClientRect();
    const left = frame.left + view.clientLeft - view.scrollLeft;
    const top = frame.top + view.clientTop - view.scrollTop;
    links.setAttribute("width", String(view.scrollWidth));
    links.setAttribute("height", String(view.scrollHeight));
    const paths = [...pairs, ...uses].slice(0, MOST_LINKS).map(([from, to]) => {
      const [a, b] = [from, to].map((at) => /** @type {Element} */ (all[at]?.querySelector(".box")).getBoundingClientRect());
      const side = b.left >= a.right ? 1 : -1;
      const [x, y] = [(side > 0 ? a.right : a.left) - left, a.top + a.height / 2 - top];
      const [toX, toY] = [b.left - left, b.top + b.height / 2 - top];
      const bend = Math.max(24, Math.abs(toX - x) / 3);
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", `M${x} ${y}C${x + side * bend} ${y} ${toX - bend} ${toY} ${toX} ${toY}m-7 -4l7 4l-7 4`);
      return path;
    });
    links.replaceChildren(...paths);
    view.append(links);
  }

  /** Shows another picture in place of the one that is shown. @param {HTMLElement} next */
  function turnTo(next) {
    if (!view || next === view) return;
    view.replaceWith(next);
    view = next;
    view.tabIndex = 0;
    show(step, view);
    markNodes();
  }

  /** Opens what is inside the current node, or goes back to the whole. */
  async function turn() {
    const node = whole?.querySelector(".is-current[data-opens]");
    if (view !== whole && whole) return turnTo(whole);
    if (!node || !packed) return;
    insides = insides || parse(decoder.decode(await unpack(packed)));
    const inside = insides.querySelector(`[data-inside="${node.getAttribute("data-node")}"]`);
    if (inside && view === whole) turnTo(/** @type {HTMLElement} */ (inside.cloneNode(true)));
  }

  /** Marks the nodes that hold what a search found. */
  function markNodes() {
    const hits = new Set(found.map((n) => index.node[n - 1]));
    nodes().forEach((node, at) => {
      node.classList.toggle("is-found", view === whole ? hits.has(at) : found.some((n) => holds(node, n)));
    });
  }

  /** Marks the node that holds a step and brings it into sight of a box. @param {number} n @param {Element | null} box */
  function show(n, box) {
    step = n;
    if (view && view !== whole && whole && !nodeOf(n)) return turnTo(whole);
    const node = nodeOf(n);
    for (const each of nodes()) {
      const is = each === node;
      if (each.hasAttribute("tabindex") && each.classList.contains("is-current") === is) continue;
      each.classList.toggle("is-current", is);
      if (is) each.setAttribute("aria-current", "step");
      else each.removeAttribute("aria-current");
      if (view) each.setAttribute("tabindex", is ? "0" : "-1");
    }
    const opener = home.querySelector('[data-turn]');
    if (opener) /** @type {HTMLButtonElement} */ (opener).disabled = view === whole && !node?.matches("[data-opens]");
    opener?.setAttribute("aria-pressed", String(view !== whole));
    if (node && box) reveal(node, box);
    if (inSight) drawLinks();
  }

  /** Arrow keys: on the picture they pan, on a node they go to its neighbours. @param {KeyboardEvent} event */
  function walk(event) {
    const way = /** @type {Record<string, number[]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] })[event.key];
    const node = /** @type {HTMLElement} */ (event.target).closest("[data-step]");
    if (!way || !view || event.ctrlKey || event.metaKey || event.altKey || !(node || event.target === view)) return;
    event.preventDefault();
    event.stopPropagation();
    if (!node) return view.scrollBy(way[0] * 60, way[1] * 60);
    const all = nodes();
    all[all.indexOf(/** @type {HTMLElement} */ (node)) + way[0] + way[1]]?.focus();
  }

  if (view) {
    view.tabIndex = 0;
    makeZoom(home, () => /** @type {HTMLElement} */ (view), drawLinks);
    home.addEventListener("keydown", walk);
    home.addEventListener("click", (event) => {
      const target = /** @type {Element} */ (event.target);
      const opens = !event.ctrlKey && !event.metaKey && target.closest(".is-current[data-opens]");
      if (!opens && !(target.closest("[data-turn]") && home.offsetParent)) return;
      event.preventDefault();
      event.stopPropagation();
      turn();
    });
    new ResizeObserver(([{ contentRect }]) => {
      inSight = contentRect.width > 0;
      if (inSight) drawLinks();
    }).observe(home);
    addEventListener("beforeprint", () => whole && turnTo(whole));
  }

  return {
    /** Marks the node that holds a step; `pane` is where the graph is, if it is in sight. @param {number} n @param {Element | null} pane */
    focus: (n, pane) => show(n, pane && (view || pane)),
    /** Marks the nodes that hold these steps. @param {number[]} positions */
    found(positions) {
      found = positions;
      markNodes();
    },
  };
}
