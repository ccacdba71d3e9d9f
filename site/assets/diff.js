(() => {
"use strict";
// @ts-check
// What every page needs: the one way in for markup, preferences, the theme.

const policy = /** @type {any} */ (window).trustedTypes?.createPolicy("whypath", {
  createHTML: (/** @type {string} */ html) => html,
});

/** A fragment that Python rendered, as nodes: the one way in for markup. @param {string} html */
function parseFragment(html) {
  const template = document.createElement("template");
  template.innerHTML = policy ? policy.createHTML(html) : html;
  return template.content;
}

/** A preference that outlives the page, where the browser allows it. @param {string} name @param {string} [value] */
function preference(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(`whypath.${name}`, value);
    return localStorage.getItem(`whypath.${name}`);
  } catch {
    return null;
  }
}

/** Applies the reader's theme. @param {string | null} theme */
function applyTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
}

/** Light or dark, against what is shown now. */
function switchTheme() {
  const isDark = getComputedStyle(document.documentElement).colorScheme.includes("dark");
  const theme = isDark ? "light" : "dark";
  preference("theme", theme);
  applyTheme(theme);
}

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

// @ts-check
// Text as it was meant for the eye: what a terminal would have coloured, what a patch adds
// and takes away. Letters only: nothing in a text becomes markup.

// A control sequence of a terminal: colours and styles (they end in m), and the others that
// terminals know. Any other letter after an escape is a letter.
const SEQUENCE = /\x1b(?:\[([0-9;:]*)[ -/]*([@-~])|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]+[0-~]|[6-9=>D-FHMNOVWZ\\cl-o|}~])/g;
const PATCH = /^(?:diff --git |--- [^\n]*\n\+\+\+ |\*\*\* Begin Patch|@@ -\d)/m;
const MOST_SPANS = 4000;

/** True for a text with colours or other controls of a terminal. @param {string} text */
const hasControls = (text) => text.includes("\x1b");

/** The text without what a terminal would have obeyed. @param {string} text */
const withoutControls = (text) => text.replace(SEQUENCE, "").replaceAll("\x1b", "␛");

// What cannot be seen or turns the text round it; unseen.py has the same rule. A joiner
// stays between the letters and emoji that are written with it, a selector after a symbol.
const UNSEEN =
  /\ud83c\udff4(?:\udb40[\udc30-\udc7a]){1,6}\udb40\udc7f|[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]|\ud80d[\udc30-\udc3f]|\ud82f[\udca0-\udca3]|\ud834[\udd73-\udd7a]|[\udb40-\udb43][\udc00-\udfff]/g;

/** False for what a script or an emoji is written with. @param {string} found @param {string} before the two units before it */
function isUnseen(found, before) {
  if (found.length > 2) return false;
  if (found === "\u200c" || found === "\u200d") return !/[\u0300-\u1fff\u2190-\uffff]$/.test(before) || /[\udb40-\udbff][\udc00-\udfff]$/.test(before);
  if (/[\u180b-\u180d\u180f]/.test(found)) return !/[\u1820-\u18aa]$/.test(before);
  if (/[\ufe00-\ufe0f]/.test(found)) return /[A-Za-z\s\ufe00-\ufe0f]$/.test(before);
  if (/^\udb40[\udd00-\uddef]/.test(found)) return !/(?:[\u3400-\u9fff\uf900-\ufaff]|[\ud840-\ud8bf][\udc00-\udfff])$/.test(before);
  return true;
}

/** Text with what cannot be seen replaced. @param {string} text @param {(hidden: string) => string} how */
const replaceUnseen = (text, how) =>
  text.replace(UNSEEN, (found, at) => (isUnseen(found, text.slice(Math.max(0, at - 2), at)) ? how(found) : found));

/** What a character is called. @param {string} hidden */
const codeOf = (hidden) => `U+${(hidden.codePointAt(0) || 0).toString(16).toUpperCase().padStart(4, "0")}`;

/** Text with a mark in place of what cannot be seen. @param {string} text */
const visibleText = (text) => replaceUnseen(text, (hidden) => `‹${codeOf(hidden)}›`);

/** Text with what cannot be seen as JSON escapes. @param {string} text */
const escapeInvisible = (text) =>
  replaceUnseen(text, (hidden) => [...hidden.split("")].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""));

/** Text letter by letter, so that it can be copied; what cannot be seen stands in a mark of its own, where it turns nothing round. @param {string} text @returns {Node | string} */
function markedText(text) {
  const whole = document.createDocumentFragment();
  let at = 0;
  let marks = 0;
  for (const found of text.matchAll(UNSEEN)) {
    if (!isUnseen(found[0], text.slice(Math.max(0, found.index - 2), found.index))) continue;
    if (++marks > MOST_SPANS) return visibleText(text);
    const mark = document.createElement("bdi");
    mark.className = "unseen";
    mark.dataset.code = codeOf(found[0]);
    mark.textContent = found[0];
    whole.append(text.slice(at, found.index), mark);
    at = found.index + found[0].length;
  }
  if (!marks) return text;
  whole.append(text.slice(at));
  return whole;
}

/** A part of a text with its style. @param {string} name @param {string} text */
function styledPart(name, text) {
  const part = element("span", name);
  part.append(markedText(text));
  return part;
}

/** The classes after a sequence of style numbers. @param {string} codes @param {Set<string>} on */
function styled(codes, on) {
  const numbers = codes.split(/[;:]/).map(Number);
  for (let i = 0; i < numbers.length; i++) {
    const code = numbers[i];
    const drop = (/** @type {string} */ start) => [...on].filter((name) => name.startsWith(start)).forEach((name) => on.delete(name));
    if (code === 0) on.clear();
    else if (code === 1) on.add("bold");
    else if (code === 3) on.add("italic");
    else if (code === 4) on.add("underline");
    else if (code === 22) drop("bold");
    else if (code === 38 || code === 48) i += numbers[i + 1] === 2 ? 4 : 2;
    else if (code === 39) drop("ansi");
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) {
      drop("ansi");
      on.add(`ansi${code % 10}`);
    }
  }
}

/** A text with colours as spans. @param {string} text */
function terminalText(text) {
  const whole = document.createDocumentFragment();
  const on = new Set();
  let at = 0;
  let spans = 0;
  const add = (/** @type {string} */ part) => {
    if (part) whole.append(on.size ? styledPart([...on].join(" "), part) : markedText(part));
  };
  for (const found of text.matchAll(SEQUENCE)) {
    add(text.slice(at, found.index));
    at = found.index + found[0].length;
    if (found[2] === "m") styled(found[1] || "0", on);
    if (++spans > MOST_SPANS) break;
  }
  on.clear();
  add(withoutControls(text.slice(at)));
  return whole;
}

/** A patch with its lines marked. @param {string} text */
function patchText(text) {
  const whole = document.createDocumentFragment();
  const lines = text.split("\n");
  lines.slice(0, MOST_SPANS).forEach((line, number) => {
    const name = line.startsWith("@@") ? "hunk" : /^[-+](?!--|\+\+)/.test(line) ? { "+": "added", "-": "removed" }[line[0]] || "" : "";
    const part = number < lines.length - 1 ? `${line}\n` : line;
    whole.append(name ? styledPart(name, part) : markedText(part));
  });
  whole.append(markedText(lines.slice(MOST_SPANS).join("\n")));
  return whole;
}

/** A text as it is shown in a box. @param {string} text @returns {Node | string} */
function lettersOf(text) {
  if (hasControls(text)) return terminalText(text);
  return PATCH.test(text.slice(0, 4000)) ? patchText(text) : markedText(text);
}

const PICTURE = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/=\s]+$/;
const LARGEST_PICTURE = 8e6;

/** The picture that a value holds, if it holds one: in its own bytes, never by address. @param {any} value @returns {HTMLElement | null} */
function pictureOf(value) {
  let source = typeof value === "string" ? value : "";
  if (value && typeof value === "object") {
    const kind = value.media_type || value.mime_type || value.mimeType;
    if (typeof value.data === "string" && typeof kind === "string") source = `data:${kind};base64,${value.data}`;
  }
  if (source.length > LARGEST_PICTURE || !source.startsWith("data:image/") || !PICTURE.test(source)) return null;
  const picture = /** @type {HTMLImageElement} */ (element("img", "picture"));
  picture.alt = "A picture that the trace holds";
  picture.loading = "lazy";
  picture.src = source;
  return picture;
}

// @ts-check
// Shows one content: a string as text, anything else as a foldable tree. Text only.

const TEXT_LIMIT = 12000;
const STRING_LIMIT = 2000;
const INLINE_LIMIT = 120;
const CHILD_LIMIT = 60;
const OPEN_NODES = 40;

/** An element with a class and text. @param {string} tag @param {string} name @param {string} [text] */
function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = visibleText(text);
  return made;
}

/** A whole number too long for a double, kept as its digits. */
class LongNumber {
  /** @param {string} digits */
  constructor(digits) {
    this.digits = digits;
  }

  /** Its digits again, where the browser can write them. */
  toJSON() {
    return /** @type {any} */ (JSON).rawJSON?.(this.digits) ?? Number(this.digits);
  }
}

/** Parses JSON; long whole numbers keep their digits where the browser lets us. @param {string} raw */
function parseJson(raw) {
  if (!/\d{16}/.test(raw)) return JSON.parse(raw);
  return JSON.parse(
    raw,
    /** @type {any} */ (
      function (/** @type {string} */ _key, /** @type {any} */ value, /** @type {any} */ context) {
        const long = typeof value === "number" && !Number.isSafeInteger(value) && context;
        return long && /^-?\d+$/.test(context.source) ? new LongNumber(context.source) : value;
      }
    ),
  );
}

/** Bytes as people read them. @param {number} size */
function sizeText(size) {
  if (size < 1000) return `${size} B`;
  return size < 1e6 ? `${Math.round(size / 1000)} kB` : `${(size / 1e6).toFixed(1)} MB`;
}

/** A small button below a text, gone once it is pressed. @param {string} label @param {() => void} act */
function moreButton(label, act) {
  const button = element("button", "more", label);
  button.addEventListener("click", (event) => {
    event.preventDefault();
    button.remove();
    act();
  });
  return button;
}

/** Text in a box, cut with a button that shows the rest, and one for what a terminal would obey. @param {string} text @param {number} limit @param {string} tag @param {string} name */
function textBox(text, limit, tag, name) {
  const whole = document.createDocumentFragment();
  const box = element(tag, name);
  box.dir = "auto";
  if (tag === "pre") box.tabIndex = 0;
  whole.append(box);
  let shown = limit;
  let isRevealed = false;
  const draw = () => {
    const part = text.slice(0, shown);
    box.replaceChildren(isRevealed ? escapeInvisible(part) : lettersOf(part));
  };
  draw();
  if (text.length > limit) {
    whole.append(
      moreButton(`${sizeText(limit)} of ${sizeText(text.length)} · show all`, () => {
        shown = text.length;
        draw();
      }),
    );
  }
  if (hasControls(text)) {
    whole.append(
      moreButton("controls of a terminal · show", () => {
        isRevealed = true;
        draw();
      }),
    );
  }
  return whole;
}

/** A leaf's value. @param {any} value */
function leafValue(value) {
  if (value instanceof LongNumber) return element("span", "number", value.digits);
  if (typeof value === "number") return element("span", "number", String(value));
  if (typeof value !== "string") return element("span", "word", String(value));
  const picture = value.startsWith("data:image/") ? pictureOf(value) : null;
  if (picture) return picture;
  if (value.length > 80 || value.includes("\n")) return textBox(value, STRING_LIMIT, "span", "string long");
  return element("span", "string", escapeInvisible(JSON.stringify(value)));
}

/** How many values an object or list holds, as a hint. @param {any} value @param {string[]} keys */
function hintOf(value, keys) {
  if (Array.isArray(value)) return `[${keys.length}]`;
  return keys.length > 4 ? `{${keys.slice(0, 4).join(", ")}, …}` : `{${keys.join(", ")}}`;
}

/** A key of an object, or a place in a list; in JSON's quotes where it would be taken for another. @param {string} key */
function keySpan(key) {
  const isPlain = key !== "" && !/^"|[\\\n\r\t]/.test(key) && visibleText(key) === key;
  return element("span", "key", isPlain ? key : escapeInvisible(JSON.stringify(key)));
}

/** The path of a part of a JSON value, written as derive/values.py writes it. @param {string} path @param {string} key @param {boolean} isIndex */
function pathTo(path, key, isIndex) {
  if (isIndex) return `${path}[${key}]`;
  if (/^[A-Za-z_][\p{L}\p{N}_]*$/u.test(key)) return `${path}.${key}`;
  const quoted = JSON.stringify(key.slice(0, 80));
  return `${path}[${quoted.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}]`;
}

/** One node of the tree, the outermost without a key; children are made when it is opened. @param {string | null} key @param {any} value @param {{left: number}} budget @param {string} path */
function treeNode(key, value, budget, path) {
  const isLeaf = value === null || typeof value !== "object" || value instanceof LongNumber;
  if (isLeaf) {
    const leaf = element("div", "leaf");
    if (key !== null) leaf.append(keySpan(key), ": ");
    leaf.append(leafValue(value));
    leaf.dataset.path = path;
    return leaf;
  }
  const keys = Object.keys(value);
  const node = /** @type {HTMLDetailsElement} */ (element("details", ""));
  const summary = element("summary", "");
  if (key !== null) summary.append(keySpan(key), " ");
  summary.append(element("span", "hint", hintOf(value, keys)));
  node.append(summary);
  const picture = pictureOf(value);
  if (picture) node.append(picture);
  const open = budget.left > 0;
  budget.left -= keys.length;
  const fill = () => {
    if (!node.querySelector(":scope > .children")) node.append(treeChildren(value, keys, 0, budget, path));
  };
  if (open) {
    node.open = true;
    fill();
  }
  node.addEventListener("toggle", fill);
  return node;
}

/** Some children, and a button for the next ones. @param {any} value @param {string[]} keys @param {number} from @param {{left: number}} budget @param {string} path */
function treeChildren(value, keys, from, budget, path) {
  const box = element("div", "children");
  const to = Math.min(keys.length, from + CHILD_LIMIT);
  for (let i = from; i < to; i++) box.append(treeNode(keys[i], value[keys[i]], budget, pathTo(path, keys[i], Array.isArray(value))));
  if (to < keys.length) {
    const button = element("button", "more", `${to} of ${keys.length} · show more`);
    button.addEventListener("click", () => button.replaceWith(treeChildren(value, keys, to, budget, path)));
    box.append(button);
  }
  return box;
}

/** Puts a content's JSON text into an element. @param {Element} into @param {string} raw */
function showContent(into, raw) {
  let value;
  try {
    value = parseJson(raw);
  } catch {
    value = raw;
  }
  if (into.classList.contains("inline") && raw.length <= INLINE_LIMIT) {
    into.replaceChildren(value !== null && typeof value === "object" ? raw : leafValue(value));
  } else if (into.classList.contains("inline") && typeof value !== "string") {
    const folded = element("div", "tree");
    folded.append(treeNode(null, value, { left: 0 }, "$"));
    into.replaceChildren(folded);
  } else if (into.classList.contains("inline")) {
    into.replaceChildren(textBox(value, INLINE_LIMIT, "span", "string long"));
  } else if (typeof value === "string") {
    into.replaceChildren(textBox(value, TEXT_LIMIT, "pre", ""));
  } else {
    const tree = element("div", "tree");
    tree.tabIndex = 0;
    tree.append(treeNode(null, value, { left: OPEN_NODES }, "$"));
    into.replaceChildren(tree);
  }
}

/** Fills every place for a content below `root`; those in closed details when they open. @param {Element} root @param {ReturnType<typeof openPayload>} payload */
function fillContents(root, payload) {
  for (const place of root.querySelectorAll("[data-content]")) {
    const closed = place.closest("details:not([open])");
    if (closed && root.contains(closed)) {
      closed.addEventListener("toggle", () => fillOne(place, payload), { once: true });
    } else {
      fillOne(place, payload);
    }
  }
  for (const place of root.querySelectorAll(".io > h3 + [data-content], .io > h3 + [data-raw]")) offerCopy(place);
  for (const place of root.querySelectorAll("[data-preview]")) {
    fillPreview(place, Number(place.getAttribute("data-preview")), payload);
  }
  for (const place of root.querySelectorAll("[data-raw]")) offerRaw(place, payload);
  const messages = [...root.querySelectorAll("[data-message]")];
  if (root.hasAttribute("data-message")) messages.push(root);
  for (const item of messages) openable(item, payload);
}

/** A button that copies a whole content. @param {Element} place */
function offerCopy(place) {
  const heading = place.previousElementSibling;
  if (!heading || heading.querySelector('[data-act="copy-content"]')) return;
  const button = element("button", "more", "copy");
  button.dataset.act = "copy-content";
  button.dataset.id = place.getAttribute("data-content") || place.getAttribute("data-raw") || "";
  button.setAttribute("aria-label", `Copy: ${heading.firstChild?.textContent?.trim() || "the content"}`);
  heading.append(button);
}

/** A button beside rendered Markdown that shows the text as it was written. @param {Element} place @param {ReturnType<typeof openPayload>} payload */
function offerRaw(place, payload) {
  const id = Number(place.getAttribute("data-raw"));
  const rendered = [...place.childNodes];
  const button = element("button", "more", "as written");
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const isRaw = !place.classList.toggle("prose");
    button.setAttribute("aria-pressed", String(isRaw));
    if (isRaw) fillInto(place, id, payload);
    else place.replaceChildren(...rendered);
  });
  place.removeAttribute("data-raw");
  place.previousElementSibling?.append(button);
}

/** The first words of a content, on one line. @param {string} raw */
function previewOf(raw) {
  const start = raw.slice(0, 700);
  if (start[0] !== '"') return start.replace(/\s+/g, " ").slice(0, 160);
  const whole = raw.length <= 700 ? start : `${start.replace(/\\(u[0-9a-f]{0,3})?$/i, "")}"`;
  try {
    return JSON.parse(whole).replace(/\s+/g, " ").slice(0, 160);
  } catch {
    return start.slice(1, 160);
  }
}

/** Puts a content's first words into a place. @param {Element} place @param {number} id @param {ReturnType<typeof openPayload>} payload */
function fillPreview(place, id, payload) {
  const raw = payload.content(id);
  if (typeof raw === "string") place.textContent = visibleText(previewOf(raw));
  else raw.then((text) => (place.textContent = visibleText(previewOf(text))));
}

/** A message of a context window, as a line that opens. @param {Element} item @param {ReturnType<typeof openPayload>} payload */
function openable(item, payload) {
  const id = Number(item.getAttribute("data-message"));
  item.removeAttribute("data-message");
  const details = element("details", "");
  const summary = element("summary", "");
  const preview = element("span", "preview");
  const origin = item.querySelector("a.at");
  origin?.remove();
  summary.append(...item.childNodes, " ", preview);
  const content = element("div", "content");
  details.append(summary, content);
  item.append(details, ...(origin ? [origin] : []));
  fillPreview(preview, id, payload);
  details.addEventListener("toggle", () => {
    if (!content.childElementCount) fillInto(content, id, payload);
  });
}

/** Fills one place. @param {Element} place @param {ReturnType<typeof openPayload>} payload */
function fillOne(place, payload) {
  fillInto(place, Number(place.getAttribute("data-content")), payload);
}

/** Shows a content in a place. @param {Element} place @param {number} id @param {ReturnType<typeof openPayload>} payload */
function fillInto(place, id, payload) {
  const raw = payload.content(id);
  if (typeof raw === "string") showContent(place, raw);
  else raw.then((text) => showContent(place, text));
}

// @ts-check
// The page of a diff: goes from difference to difference, swaps sides, unpacks later rows.

const PART = 40;

/** The rows packed into the page: what there is, and how to get it. */
async function openRows() {
  if (!document.querySelector("script.index")) return null;
  const index = await loadIndex();
  return { index, numbers: /** @type {number[]} */ (index.rows), payload: openPayload(index) };
}

async function start() {
  applyTheme(preference("theme"));
  const body = document.body;
  const where = /** @type {HTMLElement} */ (document.getElementById("where"));
  const help = /** @type {HTMLDialogElement} */ (document.getElementById("help"));
  const more = document.getElementById("more-rows");
  const packed = await openRows();
  // The part of the packed rows that is in the page: from here to before there.
  let [from, to] = [0, 0];
  /** @type {HTMLElement | null} */
  let current = null;

  const inPage = () => [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".diff-row"))];
  const written = inPage().map((row) => Number(row.dataset.row));
  const later = packed ? packed.numbers.filter((number) => number > 0) : [];
  const every = [...written, ...later];
  const decisions = new Set([...inPage().filter((row) => row.matches(".is-decision")).map((row) => Number(row.dataset.row)), ...(packed ? packed.index.decisions : [])]);

  /** A button for another part of the packed rows. @param {string} label @param {number} start */
  function partButton(label, start) {
    const button = element("button", "", label);
    button.addEventListener("click", async () => {
      await showPart(start);
      more?.scrollIntoView({ block: "start" });
    });
    return button;
  }

  /** Puts a part of the packed rows into the page, in place of the part before. @param {number} start */
  async function showPart(start) {
    if (!packed || !more) return;
    from = Math.max(0, start);
    to = Math.min(from + PART, packed.numbers.length);
    const part = document.createDocumentFragment();
    if (from) part.append(partButton("Earlier turns", from - PART));
    for (let at = from; at < to; at++) part.append(parseFragment(await packed.payload.fragment(Math.abs(packed.numbers[at]))));
    const left = packed.numbers.slice(to).filter((number) => number > 0).length;
    if (to < packed.numbers.length) part.append(partButton(`Later turns (${left.toLocaleString("en")} more differences)`, to));
    more.replaceChildren(part);
  }

  /** The row with a number, unpacked if need be. @param {number} number */
  async function rowAt(number) {
    const here = document.getElementById(`row-${number}`);
    if (here || !packed) return here;
    const at = packed.numbers.indexOf(number);
    if (at < 0) return null;
    await showPart(at - (at % PART));
    return document.getElementById(`row-${number}`);
  }

  /** Goes to a row: opens it, marks it, says which it is. @param {HTMLElement} row @param {boolean} [remember] */
  function show(row, remember = true) {
    current?.classList.remove("is-current");
    current = row;
    row.classList.add("is-current");
    const details = row.querySelector("details");
    if (details) details.open = true;
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
    const number = Number(row.dataset.row);
    where.textContent = `${(every.indexOf(number) + 1).toLocaleString("en")} of ${every.length.toLocaleString("en")} differences`;
    if (remember) history.replaceState(null, "", `#${row.id}`);
  }

  /** The number of the row from which a key goes on: the current one's, else of the first in sight. @param {number} step */
  function startAt(step) {
    if (current?.isConnected) return Number(current.dataset.row);
    const first = inPage().find((row) => row.getBoundingClientRect().top > 0);
    return (first ? Number(first.dataset.row) : Infinity) - Math.sign(step) * 0.5;
  }

  /** Goes to the next or previous row that is `wanted`. @param {number} step @param {(number: number) => boolean} wanted */
  async function seek(step, wanted) {
    const start = startAt(step);
    const ahead = every.filter((number) => wanted(number) && (step > 0 ? number > start : number < start));
    const number = step > 0 ? ahead[0] : ahead[ahead.length - 1];
    const row = number ? await rowAt(number) : null;
    if (row) show(row);
    else where.textContent = `No ${step > 0 ? "later" : "earlier"} one`;
  }

  /** Shows B on the left, or A again. */
  function swap() {
    const isSwapped = body.classList.toggle("swapped");
    preference("swapped", isSwapped ? "yes" : "no");
    document.querySelector('[data-act="swap"]')?.setAttribute("aria-pressed", String(isSwapped));
  }

  /** Opens all rows that are shown, or folds them. */
  function fold() {
    const details = [.../** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll(".diff-row details"))];
    const isOpen = details.every((each) => each.open);
    for (const each of details) each.open = !isOpen;
    const button = document.querySelector('[data-act="fold"]');
    if (button) button.textContent = isOpen ? "Open all" : "Fold all";
  }

  /** The sheet of keys, made from the buttons. */
  function showHelp() {
    const list = /** @type {HTMLElement} */ (help.querySelector("dl"));
    const rows = [...document.querySelectorAll("[data-key]")].flatMap((button) => {
      const label = (button.getAttribute("title") || "").replace(/ \(.*\)$/, "");
      return [element("dt", "", button.getAttribute("data-key") || ""), element("dd", "", label)];
    });
    list.replaceChildren(...rows);
    help.showModal();
  }

  /** Copies a link to the difference that is shown. */
  async function copyLink() {
    try {
      await navigator.clipboard.writeText(location.href);
      where.textContent = "Link copied";
    } catch {
      where.textContent = location.href;
    }
  }

  /** Shows the row that the address names, unpacking it if need be. */
  async function restore() {
    const number = Number((/^#row-(\d+)$/.exec(location.hash) || [])[1]);
    if (!number) return;
    const row = await rowAt(number);
    if (row) return show(row, false);
    if (packed) {
      const at = packed.numbers.findLastIndex((each) => Math.abs(each) <= number);
      if (at >= 0) await showPart(at - (at % PART));
    }
    const folded = [.../** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll(".stretch"))];
    const holds = folded.find((each) => Number(each.dataset.first) <= number && number <= Number(each.dataset.last));
    if (!holds) return;
    holds.open = true;
    holds.scrollIntoView({ block: "center" });
  }

  /** @type {Record<string, () => unknown>} */
  const acts = {
    next: () => seek(1, () => true),
    previous: () => seek(-1, () => true),
    "next-decision": () => seek(1, (number) => decisions.has(number)),
    "previous-decision": () => seek(-1, (number) => decisions.has(number)),
    parting: async () => {
      const row = document.querySelector(".is-parting") || (packed ? await rowAt(packed.index.parting) : null);
      if (row) show(/** @type {HTMLElement} */ (row));
    },
    swap,
    fold,
    theme: switchTheme,
    print: () => window.print(),
    help: showHelp,
    "copy-link": copyLink,
  };

  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.closest("input, textarea, select, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
    const name = event.shiftKey && /^[A-Z]$/.test(event.key) ? `Shift+${event.key}` : event.key;
    const button = /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${CSS.escape(name)}"]`));
    if (!button) return;
    event.preventDefault();
    button.click();
  });
  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    const elsewhere = packed && /\.html#rows?-(\d+)$/.exec(target.closest("a")?.getAttribute("href") ?? "");
    if (elsewhere) {
      event.preventDefault(); // a row that is written out in another page is packed into this one
      location.hash = `#row-${elsewhere[1]}`;
      return;
    }
    const button = target.closest("button");
    if (button?.dataset.act) acts[button.dataset.act]();
  });
  window.addEventListener("hashchange", restore);

  for (const part of document.querySelectorAll("[data-needs-js]")) part.removeAttribute("hidden");
  if (preference("swapped") === "yes") swap();
  where.textContent = `${every.length.toLocaleString("en")} ${every.length === 1 ? "difference" : "differences"}`;
  await showPart(0);
  await restore();
}

start();

})();
