// @ts-check
// Text as it was meant for the eye: what a terminal would have coloured, what a patch adds
// and takes away. Letters only: nothing in a text becomes markup.

// A control sequence of a terminal: colours and styles (they end in m), and all the others.
const SEQUENCE = /\x1b(?:\[([0-9;:]*)[ -/]*([@-~])|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g;
const PATCH = /^(?:diff --git |--- [^\n]*\n\+\+\+ |\*\*\* Begin Patch|@@ -\d)/m;
const MOST_SPANS = 4000;

/** True for a text with colours or other controls of a terminal. @param {string} text */
const hasControls = (text) => text.includes("\x1b");

/** The text without what a terminal would have obeyed. @param {string} text */
const withoutControls = (text) => text.replace(SEQUENCE, "").replaceAll("\x1b", "␛");

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
    if (part) whole.append(on.size ? element("span", [...on].join(" "), part) : part);
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
    whole.append(name ? element("span", name, part) : part);
  });
  whole.append(lines.slice(MOST_SPANS).join("\n"));
  return whole;
}

/** A text as it is shown in a box. @param {string} text @returns {Node | string} */
function lettersOf(text) {
  if (hasControls(text)) return terminalText(text);
  return PATCH.test(text.slice(0, 4000)) ? patchText(text) : text;
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
