// @ts-check
// Finds text in every step: in its title, and in the contents that belong to it.

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

  return {
    /** Stops a search under way. */
    stop() {
      turn++;
    },
    /** Searches all steps. @param {string} text @param {(positions: number[], done: boolean) => void} found */
    async run(text, found) {
      const mine = ++turn;
      const needle = inJson(text);
      const plain = text.toLowerCase();
      const hits = new Set();
      for (let i = 0; i < index.count; i++) {
        const title = `${index.names[i]} ${index.titles[i]}`.toLowerCase();
        if (title.includes(plain)) hits.add(i + 1);
      }
      const sorted = () => [...hits].sort((a, b) => a - b);
      found(sorted(), false);
      const matched = new Set();
      for (let number = 0; number < payload.count; number++) {
        const chunk = await payload.chunk(number);
        if (mine !== turn) return;
        for (const [id, bytes] of chunk.contents) {
          if (searchable(decoder.decode(bytes)).includes(needle)) matched.add(id);
        }
        for (const [position, step] of chunk.steps) {
          if (step.own.some((id) => matched.has(id))) hits.add(position);
        }
        if (number % 8 === 7) found(sorted(), false);
      }
      found(sorted(), true);
    },
  };
}
