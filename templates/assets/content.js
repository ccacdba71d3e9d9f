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
