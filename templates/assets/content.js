// @ts-check
// Shows one content: a string as text, anything else as a foldable tree. Text only.

const TEXT_LIMIT = 12000;
const STRING_LIMIT = 2000;
const CHILD_LIMIT = 60;
const OPEN_NODES = 40;

/** An element with a class and text. @param {string} tag @param {string} name @param {string} [text] */
function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** A whole number too long for a double, kept as its digits. */
class LongNumber {
  /** @param {string} digits */
  constructor(digits) {
    this.digits = digits;
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

/** Text in a box, cut with a button that shows the rest. @param {string} text @param {number} limit @param {string} tag @param {string} name */
function textBox(text, limit, tag, name) {
  const whole = document.createDocumentFragment();
  const box = element(tag, name, text.length > limit ? text.slice(0, limit) : text);
  box.dir = "auto";
  whole.append(box);
  if (tag === "pre") box.tabIndex = 0;
  if (text.length > limit) {
    const button = element("button", "more", `${sizeText(limit)} of ${sizeText(text.length)} · show all`);
    button.addEventListener("click", (event) => {
      event.preventDefault();
      box.textContent = text;
      button.remove();
    });
    whole.append(button);
  }
  return whole;
}

/** A leaf's value. @param {any} value */
function leafValue(value) {
  if (value instanceof LongNumber) return element("span", "number", value.digits);
  if (typeof value === "number") return element("span", "number", String(value));
  if (typeof value !== "string") return element("span", "word", String(value));
  if (value.length > 80 || value.includes("\n")) return textBox(value, STRING_LIMIT, "span", "string long");
  return element("span", "string", JSON.stringify(value));
}

/** How many values an object or list holds, as a hint. @param {any} value @param {string[]} keys */
function hintOf(value, keys) {
  if (Array.isArray(value)) return `[${keys.length}]`;
  return keys.length > 4 ? `{${keys.slice(0, 4).join(", ")}, …}` : `{${keys.join(", ")}}`;
}

/** One node of the tree; children are made when it is opened. @param {string} key @param {any} value @param {{left: number}} budget */
function treeNode(key, value, budget) {
  const isLeaf = value === null || typeof value !== "object" || value instanceof LongNumber;
  if (isLeaf) {
    const leaf = element("div", "leaf");
    if (key) leaf.append(element("span", "key", key), ": ");
    leaf.append(leafValue(value));
    return leaf;
  }
  const keys = Object.keys(value);
  const node = /** @type {HTMLDetailsElement} */ (element("details", ""));
  const summary = element("summary", "");
  if (key) summary.append(element("span", "key", key), " ");
  summary.append(element("span", "hint", hintOf(value, keys)));
  node.append(summary);
  const open = budget.left > 0;
  budget.left -= keys.length;
  const fill = () => {
    if (node.childElementCount === 1) node.append(treeChildren(value, keys, 0, budget));
  };
  if (open) {
    node.open = true;
    fill();
  }
  node.addEventListener("toggle", fill);
  return node;
}

/** Some children, and a button for the next ones. @param {any} value @param {string[]} keys @param {number} from @param {{left: number}} budget */
function treeChildren(value, keys, from, budget) {
  const box = element("div", "children");
  const to = Math.min(keys.length, from + CHILD_LIMIT);
  for (let i = from; i < to; i++) box.append(treeNode(keys[i], value[keys[i]], budget));
  if (to < keys.length) {
    const button = element("button", "more", `${to} of ${keys.length} · show more`);
    button.addEventListener("click", () => button.replaceWith(treeChildren(value, keys, to, budget)));
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
  if (into.classList.contains("inline")) {
    into.replaceChildren(value !== null && typeof value === "object" ? raw.slice(0, 300) : leafValue(value));
  } else if (typeof value === "string") {
    into.replaceChildren(textBox(value, TEXT_LIMIT, "pre", ""));
  } else {
    const tree = element("div", "tree");
    tree.tabIndex = 0;
    tree.append(treeNode("", value, { left: OPEN_NODES }));
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
  for (const place of root.querySelectorAll("[data-preview]")) {
    fillPreview(place, Number(place.getAttribute("data-preview")), payload);
  }
  const messages = [...root.querySelectorAll("[data-message]")];
  if (root.hasAttribute("data-message")) messages.push(root);
  for (const item of messages) openable(item, payload);
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
  if (typeof raw === "string") place.textContent = previewOf(raw);
  else raw.then((text) => (place.textContent = previewOf(text)));
}

/** A message of a context window, as a line that opens. @param {Element} item @param {ReturnType<typeof openPayload>} payload */
function openable(item, payload) {
  const id = Number(item.getAttribute("data-message"));
  item.removeAttribute("data-message");
  const details = element("details", "");
  const summary = element("summary", "");
  const preview = element("span", "preview");
  summary.append(...item.childNodes, " ", preview);
  const content = element("div", "content");
  details.append(summary, content);
  item.append(details);
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
