// @ts-check
// The search field: what is found as it is found, and where it stands in what is shown.

/** Makes the search field work. `found` is told of the steps so far; null: nothing is searched for. @param {ReturnType<typeof makeSearch>} search @param {HTMLElement[]} marked @param {(hits: number[] | null) => void} found */
function makeFinder(search, marked, found) {
  const box = /** @type {HTMLInputElement} */ (document.getElementById("search"));
  const count = /** @type {HTMLElement} */ (document.getElementById("search-count"));
  const refilled = new MutationObserver(() => markFound(text, marked));
  let text = "";
  let typing = 0;

  /** Searches. @param {string} wanted */
  function find(wanted) {
    if (wanted === text) return;
    text = wanted;
    if (document.activeElement !== box) box.value = text;
    markFound(text, marked);
    if (text) for (const place of marked) refilled.observe(place, { childList: true, subtree: true });
    else refilled.disconnect();
    if (!text) {
      search.stop();
      count.textContent = "";
      return found(null);
    }
    search.run(text, (positions, done) => {
      count.textContent = `${positions.length.toLocaleString("en")} step${positions.length === 1 ? "" : "s"}${done ? "" : "…"}`;
      found(positions);
    });
  }

  return {
    box,
    find,
    text: () => text,
    /** Listens to the field; `typed` is told after each search. @param {() => void} typed @param {(back: boolean) => void} walk */
    listen(typed, walk) {
      box.addEventListener("input", () => {
        clearTimeout(typing);
        typing = window.setTimeout(() => {
          find(box.value.trim());
          typed();
        }, 150);
      });
      box.addEventListener("keydown", (event) => {
        if (event.key === "Enter") walk(event.shiftKey);
      });
    },
    /** Empties the field. */
    clear() {
      box.value = "";
      find("");
      box.blur();
    },
  };
}
