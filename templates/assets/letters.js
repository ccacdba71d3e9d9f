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
