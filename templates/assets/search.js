// @ts-check
// Finds text in every step: in its title, and in the contents that belong to it.

const MARKS = 2000;

/** Where a text stands below an element, as ranges. @param {Element} root @param {string} needle in lower case @returns {Range[]} */
function rangesOf(root, needle) {
  const ranges = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node && ranges.length < MARKS; node = walker.nextNode()) {
    const text = (node.nodeValue || "").toLowerCase();
    if (text.length !== node.nodeValue?.length) continue;
    for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + needle.length)) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, at + needle.length);
      ranges.push(range);
    }
  }
  return ranges;
}

/** Marks a text wherever it stands below some elements, and adds nothing to them. @param {string} text @param {Element[]} roots */
function markFound(text, roots) {
  const marks = /** @type {any} */ (CSS).highlights;
  if (!marks) return;
  marks.delete("found");
  const needle = text.toLowerCase();
  // @ts-ignore newer than the type library
  if (needle) marks.set("found", new Highlight(...roots.flatMap((root) => rangesOf(root, needle))));
}

/** Makes the search. `found` is called with the positions so far. @param {any} index @param {ReturnType<typeof openPayload>} payload */
function makeSearch(index, payload) {
  let turn = 0;

  /** The form a text has inside JSON, in lower case. @param {string} text */
  const inJson = (text) => JSON.stringify(text).slice(1, -1).toLowerCase();

  /** JSON text with \u escapes of letters written out, in lower case. @param {string} raw */
  function searchable(raw) {
    const plain = raw.includes("\\u")
      ? raw.replace(/\\u(?!00[01])([0-9a-f]{4})/gi, (_all, hex) => String.fromCharCode(parseInt(hex, 16)))
      : raw;
    return plain.toLowerCase();
  }

  /** Finds a text in every step, until it is over. @param {string} text @param {(positions: number[], done: boolean) => void} found @param {() => boolean} isOver */
  async function over(text, found, isOver) {
    const needle = inJson(text);
    const plain = text.toLowerCase();
    const hits = new Set();
    for (let i = 0; i < index.count; i++) {
      const who = `${index.models[index.model[i]] || ""} ${index.agents[index.agent[i]] || ""}`;
      const title = `${index.names[i]} ${index.titles[i]} ${who}`.toLowerCase();
      if (title.includes(plain)) hits.add(i + 1);
    }
    const sorted = () => [...hits].sort((a, b) => a - b);
    found(sorted(), false);
    const matched = new Set();
    for (let number = 0; number < payload.count; number++) {
      const chunk = await payload.chunk(number);
      if (isOver()) return;
      // All contents of a chunk are one text; only one that holds the words is looked through.
      const isHere = searchable(decoder.decode(chunk.all)).includes(needle);
      for (const [id, bytes] of isHere ? chunk.contents : []) {
        if (searchable(decoder.decode(bytes)).includes(needle)) matched.add(id);
      }
      for (const [position, step] of chunk.steps) {
        if (step.own.some((id) => matched.has(id))) hits.add(position);
      }
      if (number % 8 === 7) found(sorted(), false);
    }
    found(sorted(), true);
  }

  return {
    over,
    /** Stops a search under way. */
    stop() {
      turn++;
    },
    /** Searches all steps in place of what was searched for before. @param {string} text @param {(positions: number[], done: boolean) => void} found */
    run(text, found) {
      const mine = ++turn;
      return over(text, found, () => mine !== turn);
    },
  };
}
