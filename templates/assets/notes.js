// @ts-check
// A reader's notes on steps: in the address while they are short, in a copy of the page for good.

/** The page as it was written, before anything here changed it. */
const asWritten = /** @type {HTMLElement} */ (document.documentElement.cloneNode(true));

/** Text as base64, which no parser acts on. @param {string} text */
function toBase64(text) {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The notes that a saved copy brought along. @returns {[number, string][]} */
function savedNotes() {
  const block = document.querySelector("script.notes");
  return block ? JSON.parse(decoder.decode(bytesOf(block.textContent || ""))) : [];
}

/** Makes the notes. @param {any} index @param {(n: number) => void} changed */
function makeNotes(index, changed) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("note"));
  const heading = /** @type {HTMLElement} */ (document.getElementById("note-title"));
  const field = /** @type {HTMLTextAreaElement} */ (dialog.querySelector("textarea"));
  const section = /** @type {HTMLElement} */ (document.getElementById("notes"));
  const saved = savedNotes();
  /** @type {Map<number, string>} */
  const given = new Map(saved.length || document.querySelector("script.notes") ? saved : index.notes);
  /** @type {Map<number, string>} */
  let notes = new Map(given);
  let at = 0;

  /** The notes in the order of their steps. @returns {[number, string][]} */
  const sorted = () => [...notes].sort(([a], [b]) => a - b);

  /** The list of the overview, which is printed. @param {Document | HTMLElement} page */
  function list(page) {
    const box = /** @type {HTMLElement} */ (page.querySelector("#notes"));
    const items = sorted().map(([n, text]) => {
      const item = element("li", "");
      const link = element("a", "", `step ${n}`);
      link.setAttribute("href", `#step=${n}`);
      link.dataset.step = String(n);
      item.append(link, " ", element("span", "", text));
      return item;
    });
    box.hidden = !items.length;
    box.querySelector("ul")?.replaceChildren(...items);
  }

  /** Writes a note; an empty one takes it away. @param {number} n @param {string} text */
  function write(n, text) {
    if (text) notes.set(n, text);
    else notes.delete(n);
    list(document);
    changed(n);
  }

  /** What a button of the dialog does. @param {string} answer */
  function take(answer) {
    if (answer === "keep") write(at, field.value.trim());
    if (answer === "remove") write(at, "");
    dialog.close();
  }

  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    take(/** @type {HTMLButtonElement | null} */ (event.submitter)?.value || "");
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) take("keep");
  });
  if (notes.size) list(document);

  return {
    section,
    sorted,
    of: (/** @type {number} */ n) => notes.get(n) || "",
    /** How the notes differ from the page's own, for the address. @returns {[number, string][]} */
    added: () => [
      ...sorted().filter(([n, text]) => given.get(n) !== text),
      ...[...given.keys()].filter((n) => !notes.has(n)).map((n) => /** @type {[number, string]} */ ([n, ""])),
    ],
    /** Takes the notes of an address in. @param {[number, string][]} more */
    add(more) {
      const fresh = more.filter(([n, text]) => n >= 1 && n <= index.count && (notes.get(n) || "") !== text);
      for (const [n, text] of fresh) write(n, text);
    },
    /** Asks for the note on a step. @param {number} n */
    ask(n) {
      at = n;
      heading.textContent = `Note on step ${n}`;
      field.value = notes.get(n) || "";
      dialog.showModal();
      field.focus();
    },
    /** The page with its notes, as a file to download. @param {string} name */
    save(name) {
      const page = /** @type {HTMLElement} */ (asWritten.cloneNode(true));
      page.querySelector("script.notes")?.remove();
      const block = document.createElement("script");
      block.setAttribute("type", "application/octet-stream");
      block.className = "notes";
      block.append(toBase64(JSON.stringify(sorted())));
      page.querySelector("script.index")?.before(block);
      list(page);
      const link = /** @type {HTMLAnchorElement} */ (element("a", ""));
      link.href = URL.createObjectURL(new Blob(["<!DOCTYPE html>\n", page.outerHTML], { type: "text/html" }));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    },
  };
}

const MOST_PRINTED = 40;

/** Puts the noted steps into the part of the page that is printed. @param {[number, string][]} notes @param {(n: number) => Promise<DocumentFragment>} fragmentOf @param {ReturnType<typeof openPayload>} payload */
async function printNoted(notes, fragmentOf, payload) {
  const place = /** @type {HTMLElement} */ (document.getElementById("noted"));
  const steps = [];
  for (const [n, text] of notes.slice(0, MOST_PRINTED)) {
    const article = (await fragmentOf(n)).querySelector("article");
    if (!article) continue;
    article.querySelector(".person-note")?.remove();
    article.prepend(element("p", "noted-at", `Step ${n}`));
    article.querySelector(".facts")?.after(element("p", "person-note", text));
    steps.push(article);
  }
  place.replaceChildren(...steps);
  fillContents(place, payload);
}
