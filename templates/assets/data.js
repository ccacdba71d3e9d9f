// @ts-check
// Unpacks the payload: the index at once, a chunk when a step in it is shown.

const KEEP_CHUNKS = 48;

/** @typedef {{steps: Map<number, {html: Uint8Array, own: number[], facts: any}>, contents: Map<number, Uint8Array>, all: Uint8Array}} Chunk */

const decoder = new TextDecoder();
const blocks = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("script.chunk")]);

/** Base64 text to bytes, by the browser where it can. @param {string} text */
function bytesOf(text) {
  // @ts-ignore newer than the type library
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** The bytes of an inert block, unpacked. @param {HTMLElement} block */
async function unpack(block) {
  const stream = new Blob([bytesOf(block.textContent || "")]).stream();
  const plain = stream.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

/** The columns that render/index.py made, of a large run in several blocks. @returns {Promise<any>} */
async function loadIndex() {
  const all = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("script.index")]);
  const parts = await Promise.all(all.map(unpack));
  return Object.assign({}, ...parts.map((part) => JSON.parse(decoder.decode(part))));
}

/** Fragments and contents by number, from the chunks. @param {any} index */
function openPayload(index) {
  /** @type {Map<number, Promise<Chunk>>} */
  const loading = new Map();
  /** @type {Map<number, Chunk>} */
  const loaded = new Map();

  /** The chunk in whose range `value` lies. @param {number[]} firsts @param {number} value */
  function find(firsts, value) {
    let low = 0;
    let high = firsts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (firsts[middle] <= value) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Cuts an unpacked chunk up: header line, fragments, contents. @param {number} number */
  async function parse(number) {
    const bytes = await unpack(blocks[number]);
    const end = bytes.indexOf(10);
    const header = JSON.parse(decoder.decode(bytes.subarray(0, end)));
    /** @type {Chunk} */
    const chunk = { steps: new Map(), contents: new Map(), all: bytes };
    let at = end + 1;
    for (const [position, length, own, facts] of header.steps) {
      chunk.steps.set(position, { html: bytes.subarray(at, at + length), own, facts });
      at += length;
    }
    chunk.all = bytes.subarray(at);
    let id = index.chunkContents[number];
    for (const length of header.contents) {
      chunk.contents.set(id++, bytes.subarray(at, at + length));
      at += length;
    }
    loaded.set(number, chunk);
    return chunk;
  }

  /** A chunk; the least recently used one is forgotten. @param {number} number */
  function chunk(number) {
    const known = loading.get(number) || parse(number);
    loading.delete(number);
    loading.set(number, known);
    if (loading.size > KEEP_CHUNKS) {
      const oldest = /** @type {number} */ (loading.keys().next().value);
      loading.delete(oldest);
      loaded.delete(oldest);
    }
    return known;
  }

  /** The markup of a step in a chunk that is there. @param {Chunk} chunk @param {number} n */
  const htmlIn = (chunk, n) => decoder.decode(chunk.steps.get(n)?.html);

  const chunkOfStep = (/** @type {number} */ n) => find(index.chunkSteps, n);
  const chunkOfContent = (/** @type {number} */ id) => find(index.chunkContents, id);
  return {
    count: blocks.length,
    chunk,
    /** The fragment of a step, at once when its chunk is there. @param {number} n */
    fragment(n) {
      const number = chunkOfStep(n);
      const here = loaded.get(number);
      if (here) return htmlIn(here, n);
      return chunk(number).then((one) => htmlIn(one, n));
    },
    /** What render/facts.py says about a step, at once when its chunk is there. @param {number} n */
    facts(n) {
      const number = chunkOfStep(n);
      const here = loaded.get(number);
      if (here) return here.steps.get(n)?.facts || {};
      return chunk(number).then((one) => one.steps.get(n)?.facts || {});
    },
    /** The JSON text of a content, at once when its chunk is there. @param {number} id */
    content(id) {
      const number = chunkOfContent(id);
      const here = loaded.get(number);
      if (here) return decoder.decode(here.contents.get(id));
      return chunk(number).then((one) => decoder.decode(one.contents.get(id)));
    },
    /** Unpacks the chunks beside a step's, so that the next key press finds them. @param {number} n */
    warm(n) {
      const number = chunkOfStep(n);
      for (const near of [number + 1, number - 1]) {
        if (near >= 0 && near < blocks.length && !loading.has(near)) chunk(near);
      }
    },
  };
}
