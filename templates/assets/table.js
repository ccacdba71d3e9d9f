// @ts-check
/// The list of runs as a virtual table: only the rows in sight are in the document.

const ROW_HEIGHT = 28;
const ROWS_AROUND = 12;
const CELLS = [
  ["findings", "n"], ["decisions", "n"], ["steps", "n"], ["started", ""], ["took", "n"], ["tokens", "n"],
  ["cost", "n"], ["agent", ""], ["model", ""], ["labels", ""], ["source", ""],
];

class RunTable {
  /** @param {Columns} columns @param {HTMLElement} frame @param {() => void} picked told when a row is marked */
  constructor(columns, frame, picked) {
    this.columns = columns;
    this.frame = frame;
    this.picked = picked;
    /** @type {number[]} */ this.order = [];
    /** @type {Set<number>} */ this.marked = new Set();
    /** @type {Map<number, string>} */ this.diffs = new Map();
    for (const [a, b, folder] of [...columns.diffs].reverse()) this.diffs.set(a, folder).set(b, folder);
    this.current = -1;
    this.body = /** @type {HTMLTableSectionElement} */ (frame.querySelector("tbody"));
    /** @type {Map<number, HTMLTableRowElement>} */ this.rows = new Map();
    this.above = spaceRow();
    this.below = spaceRow();
    this.body.replaceChildren(this.above, this.below);
    frame.classList.add("live");
    frame.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(frame);
  }

  /** Shows these rows, in this order. @param {number[]} order */
  show(order) {
    const row = this.order[this.current];
    this.order = order;
    this.current = row === undefined ? -1 : order.indexOf(row);
    this.rows.forEach((element) => element.remove());
    this.rows.clear();
    this.frame.scrollTop = 0;
    this.frame.querySelector("table")?.setAttribute("aria-rowcount", String(order.length + 1));
    this.draw();
  }

  draw() {
    const first = Math.max(0, Math.floor(this.frame.scrollTop / ROW_HEIGHT) - ROWS_AROUND);
    const seen = Math.ceil(this.frame.clientHeight / ROW_HEIGHT) + 2 * ROWS_AROUND;
    const last = Math.min(this.order.length, first + seen);
    for (const [place, element] of this.rows) {
      if (place < first || place >= last) {
        element.remove();
        this.rows.delete(place);
      }
    }
    let before = this.above;
    for (let place = first; place < last; place++) {
      const element = this.rows.get(place) ?? this.row(place);
      if (before.nextSibling !== element) before.after(element);
      this.rows.set(place, element);
      element.classList.toggle("current", place === this.current);
      before = element;
    }
    setHeight(this.above, first * ROW_HEIGHT);
    setHeight(this.below, (this.order.length - last) * ROW_HEIGHT);
  }

  /** @param {number} place @returns {HTMLTableRowElement} */
  row(place) {
    const row = this.order[place];
    const element = document.createElement("tr");
    element.setAttribute("aria-rowindex", String(place + 2));
    const key = this.columns.key[row];
    const pick = cell("pick", "");
    if (key) pick.append(this.box(row));
    else element.classList.add("unreadable");
    const outcome = shownText(this.columns, "outcome", row);
    const said = document.createElement("span");
    said.className = `outcome outcome-${outcome || "unknown"}`;
    said.textContent = outcome || "not recorded";
    const first = cell("outcome", "");
    first.append(said);
    element.append(pick, first, this.name(row, key));
    for (const [name, kind] of CELLS) {
      const text = shownText(this.columns, name, row);
      const made = cell(name, text);
      if (kind) made.classList.add(kind);
      if (name === "findings" && text) made.classList.add(`worst-${shownText(this.columns, "worst", row)}`);
      if (!kind && text) made.title = text;
      element.append(made);
    }
    return element;
  }

  /** @param {number} row @param {string} key */
  name(row, key) {
    const made = cell("name", "");
    const task = shownText(this.columns, "task", row);
    const text = document.createElement(key ? "a" : "span");
    const inside = document.createElement("bdi");
    inside.textContent = task;
    text.append(inside);
    if (text instanceof HTMLAnchorElement) text.href = `runs/${key}/index.html`;
    const verdict = document.createElement("span");
    verdict.className = `verdict-text tone-text-${shownText(this.columns, "tone", row)}`;
    const words = document.createElement("bdi");
    words.textContent = shownText(this.columns, "verdict", row);
    verdict.append(words);
    made.append(text, " ", verdict);
    const diff = this.diffs.get(row);
    if (diff) {
      const link = document.createElement("a");
      link.className = "diff-link";
      link.href = `diffs/${diff}/index.html`;
      link.title = "Compared with another run";
      link.textContent = "diff";
      made.append(" ", link);
    }
    made.title = [task, words.textContent, this.columns.run[row]].join("\n");
    return made;
  }

  /** @param {number} row */
  box(row) {
    const box = document.createElement("input");
    box.type = "checkbox";
    box.tabIndex = -1;
    box.checked = this.marked.has(row);
    box.title = "Compare (x)";
    box.setAttribute("aria-label", `Compare ${this.columns.run[row] || "this run"}`);
    box.addEventListener("change", () => this.mark(row, box.checked));
    return box;
  }

  /** Marks a row for a comparison; the third takes the place of the first. @param {number} row @param {boolean} on */
  mark(row, on) {
    if (on) this.marked.add(row);
    else this.marked.delete(row);
    while (this.marked.size > 2) this.marked.delete([...this.marked][0]);
    this.markedChanged();
  }

  /** Marks these rows and no others; what is no row is left out. @param {number[]} rows */
  markAll(rows) {
    this.marked = new Set(rows.filter((row) => row >= 0).slice(0, 2));
    this.markedChanged();
  }

  markedChanged() {
    for (const [place, element] of this.rows) {
      const box = element.querySelector("input");
      if (box) box.checked = this.marked.has(this.order[place]);
    }
    this.picked();
  }

  /** Makes a row the current one and brings it into sight. @param {number} place */
  moveTo(place) {
    if (this.order.length === 0) return;
    this.current = Math.max(0, Math.min(this.order.length - 1, place));
    const head = this.frame.querySelector("thead")?.clientHeight ?? 0;
    const top = this.current * ROW_HEIGHT;
    const bottom = top + ROW_HEIGHT + head;
    if (top < this.frame.scrollTop) this.frame.scrollTop = top;
    else if (bottom > this.frame.scrollTop + this.frame.clientHeight) this.frame.scrollTop = bottom - this.frame.clientHeight;
    this.draw();
  }

  /** The link of the current row, if it has pages. */
  link() {
    return this.rows.get(this.current)?.querySelector("a") ?? null;
  }

  /** How many rows are in sight. */
  page() {
    return Math.max(1, Math.floor(this.frame.clientHeight / ROW_HEIGHT) - 2);
  }
}

/** @param {string} name @param {string} text */
function cell(name, text) {
  const made = document.createElement("td");
  made.className = `c-${name}`;
  made.textContent = text;
  return made;
}

/** A row that stands for those out of sight. @returns {HTMLTableRowElement} */
function spaceRow() {
  const row = document.createElement("tr");
  row.className = "space";
  row.setAttribute("aria-hidden", "true");
  row.append(document.createElement("td"));
  return row;
}

/** @param {HTMLTableRowElement} row @param {number} height */
function setHeight(row, height) {
  row.style.height = `${height}px`;
  row.hidden = height === 0;
}
