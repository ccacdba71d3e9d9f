// @ts-check
// What can be done with one value of a tree: its path and its text are copied. The value under
// the pointer has the buttons, or the one that the arrow keys went to.

/** Makes the values of every tree copyable. */
function makeValues() {
  const bar = element("span", "value-bar");
  const path = element("code", "");
  const buttons = ["path", "value"].map((what) => {
    const button = element("button", "more", `copy ${what}`);
    button.dataset.act = "copy-text";
    button.dataset.what = what;
    return button;
  });
  bar.append(path, ...buttons);

  /** Gives the buttons to a value. @param {HTMLElement} leaf */
  function offer(leaf) {
    if (bar.parentElement === leaf) return;
    const value = leaf.lastElementChild?.textContent || "";
    path.textContent = leaf.dataset.path || "";
    buttons[0].dataset.text = leaf.dataset.path;
    buttons[1].dataset.text = leaf.lastElementChild?.matches(".string:not(.long)") ? JSON.parse(value) : value;
    leaf.append(bar);
  }

  /** The values and branches of a tree that are in sight, in order. @param {Element} tree */
  const places = (tree) => /** @type {HTMLElement[]} */ ([...tree.querySelectorAll(".leaf, summary")]).filter((each) => each.offsetParent);

  document.addEventListener("pointerover", (event) => {
    const leaf = /** @type {Element} */ (event.target).closest(".tree .leaf");
    if (leaf instanceof HTMLElement && leaf.dataset.path) offer(leaf);
  });
  document.addEventListener("keydown", (event) => {
    const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const target = /** @type {HTMLElement} */ (event.target);
    const tree = target.closest(".tree");
    if (!way || !tree || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = places(tree);
    const here = all.indexOf(/** @type {HTMLElement} */ (target.closest(".leaf, summary")));
    const next = all[here < 0 ? 0 : here + way];
    if (!next) return;
    event.preventDefault();
    if (next.matches(".leaf")) next.tabIndex = -1;
    if (next.dataset.path) offer(next);
    next.focus();
  });
}
