(() => {
"use strict";
// @ts-check
/// Unpacks the rows of a site. See render/site_columns.py for what is in them.

/** @typedef {{values: string[], at: number[]}} Texts each text once, and which one a row has */
/** @typedef {{values: string[], at: number[][]}} Lists the same for several a row */
/** @typedef {{sort: number[], texts: string[], text: number[]}} Numbers what sorts, and what is shown */
/** @typedef {Record<string, any> & {count: number, key: string[], run: string[], words: Record<string, string>}} Columns `words`: runs whose names a shell needs written otherwise than they are shown */

/** The columns of the page, or null where the browser cannot unpack them. @returns {Promise<Columns | null>} */
async function readColumns() {
  const block = document.querySelector("script.columns");
  if (!block || typeof DecompressionStream === "undefined") return null;
  const binary = atob(block.textContent ?? "");
  block.remove();
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(unpacked).text());
}

/** What a column shows of a row. @param {Columns} columns @param {string} name @param {number} row */
function shownText(columns, name, row) {
  const column = columns[name];
  if (Array.isArray(column)) return column[row];
  if ("sort" in column) return column.texts[column.text[row]];
  const at = column.at[row];
  return typeof at === "number" ? column.values[at] : at.map((/** @type {number} */ n) => column.values[n]).join(" ");
}

// @ts-check
/// Turns a search such as `outcome:failed steps:>100 "two words" -draft` into the rows it finds.

/** Fields that hold one text of few: `field:part` finds it inside, `field:"whole"` exactly. */
const TEXT_FIELDS = ["task", "agent", "model", "status", "outcome", "format", "source", "verdict"];
/** Fields that hold several: one must match. */
const LIST_FIELDS = { label: "labels", rule: "rules", choice: "choices" };
/** Fields that hold numbers, and how many of their units one is: what a person writes is multiplied. */
const NUMBER_FIELDS = { findings: 1, decisions: 1, steps: 1, tokens: 1, took: 1000, cost: 1e6 };
const TERM = /(-?)(?:([a-z]+):)?(?:"([^"]*)"|(\S+))/g;

/** @typedef {(row: number) => boolean} Test */

/**
 * The test of a search, or null where it is empty.
 * @param {string} text @param {Columns} columns @param {(row: number) => string} words all words of a row, small letters
 * @returns {Test | null}
 */
function compileQuery(text, columns, words) {
  const tests = [];
  for (const [, minus, field, quoted, plain] of text.matchAll(TERM)) {
    const value = quoted ?? plain;
    const test = field ? fieldTest(field, value, quoted !== undefined, columns) : null;
    const found = test ?? wordTest(field ? `${field}:${value}` : value, words);
    tests.push(minus ? (/** @type {number} */ row) => !found(row) : found);
  }
  if (tests.length === 0) return null;
  return tests.length === 1 ? tests[0] : (row) => tests.every((test) => test(row));
}

/** @param {string} value @param {(row: number) => string} words @returns {Test} */
function wordTest(value, words) {
  const small = value.toLowerCase();
  return (row) => words(row).includes(small);
}

/** @param {string} field @param {string} value @param {boolean} whole @param {Columns} columns @returns {Test | null} */
function fieldTest(field, value, whole, columns) {
  if (field === "from" || field === "to") return timeTest(field, value, columns.started.sort);
  if (field === "run") return (row) => columns.run[row].toLowerCase().includes(value.toLowerCase());
  if (TEXT_FIELDS.includes(field)) {
    const { values, at } = columns[field];
    const wanted = matches(values, value, whole);
    return (row) => wanted[at[row]];
  }
  if (Object.hasOwn(LIST_FIELDS, field)) {
    const { values, at } = columns[LIST_FIELDS[/** @type {keyof LIST_FIELDS} */ (field)]];
    const wanted = matches(values, value, whole);
    return value === "none" ? (row) => at[row].length === 0 : (row) => at[row].some((/** @type {number} */ n) => wanted[n]);
  }
  if (Object.hasOwn(NUMBER_FIELDS, field)) return numberTest(field, value, columns);
  return null;
}

/** Which of the texts match; a search looks at each text once, however many rows have it. @param {string[]} values @param {string} value @param {boolean} whole */
function matches(values, value, whole) {
  const small = value.toLowerCase();
  if (small === "none" && !whole) return values.map((text) => text === "");
  return values.map((text) => (whole ? text === value : text.toLowerCase().includes(small)));
}

/** @param {string} field @param {string} value @param {Columns} columns @returns {Test | null} */
function numberTest(field, value, columns) {
  const { sort } = columns[field];
  if (value === "none") return (row) => sort[row] < 0;
  const found = /^(>=|<=|>|<|=)?([\d.e+-]+)(ms|s|min|h)?$/.exec(value);
  if (!found) return null;
  const unit = { ms: 0.001, s: 1, min: 60, h: 3600 }[found[3] ?? "s"] ?? 1;
  const scale = NUMBER_FIELDS[/** @type {keyof NUMBER_FIELDS} */ (field)];
  const limit = Number(found[2]) * unit * scale;
  if (Number.isNaN(limit)) return null;
  const zero = field === "findings" || field === "decisions";
  const at = (/** @type {number} */ row) => (zero && sort[row] < 0 ? 0 : sort[row]);
  const known = (/** @type {number} */ row) => zero || sort[row] >= 0;
  switch (found[1]) {
    case ">": return (row) => known(row) && at(row) > limit;
    case ">=": return (row) => known(row) && at(row) >= limit;
    case "<": return (row) => known(row) && at(row) < limit;
    case "<=": return (row) => known(row) && at(row) <= limit;
    default: return (row) => known(row) && at(row) === limit;
  }
}

/** `from` a moment on, or before `to`; a day alone is its beginning. @param {string} field @param {string} value @param {number[]} sort @returns {Test | null} */
function timeTest(field, value, sort) {
  const written = value.trim().replace(" ", "T");
  const moment = Date.parse(written.length > 10 ? `${written}Z` : written) / 1000;
  if (Number.isNaN(moment)) return null;
  if (field === "from") return (row) => sort[row] >= 0 && sort[row] >= moment;
  return (row) => sort[row] >= 0 && sort[row] < moment;
}

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

// @ts-check
/// The pages of a site: search, order and keys of the list of runs; theme and help on all.
/// What is searched, how it is sorted and what is marked stands in the address: `#q=outcome:failed&sort=-cost&pick=a,b`.

const root = document.documentElement;
const TYPED_MS = 80;
const NUMERIC = ["findings", "decisions", "steps", "started", "took", "tokens", "cost"];

function startPage() {
  const theme = preference("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  document.querySelectorAll("[data-needs-js]").forEach((element) => element.removeAttribute("hidden"));
  for (const [act, run] of Object.entries(acts)) {
    document.querySelectorAll(`[data-act="${act}"]`).forEach((button) => button.addEventListener("click", run));
  }
  document.addEventListener("keydown", (event) => {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const run = { t: acts.theme, "?": acts.help }[event.key];
    if (run) run();
  });
  fillHelp();
  startRuns().finally(() => {
    root.dataset.ready = "1";
  });
}

/** @type {Record<string, () => void>} */
const acts = {
  theme() {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try {
      localStorage.setItem("whypath.theme", root.dataset.theme);
    } catch {
      // a page from a file may not keep anything
    }
  },
  help() {
    const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById("help"));
    if (dialog?.open) dialog.close();
    else dialog?.showModal();
  },
};

/** The plain words of a search, in every step: for a site with such a page. @param {string} query */
function offerFullText(query) {
  const link = document.getElementById("full-text-link");
  if (!link) return;
  const words = query.replace(/-?[\w.]+:("[^"]*"|\S*)|(^|\s)-\S+/g, " ").replace(/\s+/g, " ").trim();
  const short = words.length > 24 ? `${words.slice(0, 23)}…` : words;
  link.setAttribute("href", words ? `search.html#q=${encodeURIComponent(words)}` : "search.html");
  link.textContent = words ? `Search every step for ${short}` : "Search";
}

/** @param {string} name */
function preference(name) {
  try {
    return localStorage.getItem(`whypath.${name}`);
  } catch {
    return null;
  }
}

/** @param {Event} event */
function isTyping(event) {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return target.matches("input[type=search], textarea, select") || document.querySelector("dialog[open]") !== null;
}

/** The sheet of keys, made from the buttons and from what the table does. */
function fillHelp() {
  const list = document.querySelector("#help dl");
  if (!list) return;
  const keys = [...document.querySelectorAll("[data-key]")].map((button) => [
    button.getAttribute("data-key") ?? "",
    button.getAttribute("aria-label") ?? button.textContent ?? "",
  ]);
  if (document.getElementById("table")) {
    keys.unshift(
      ["/", "Search"], ["↓ or j", "Next run"], ["↑ or k", "Previous run"], ["Enter", "Open the run"],
      ["x", "Mark the run, to compare two"], ["d", "Open the diff of the two, or copy the command"], ["Shift+X", "Mark none"], ["Escape", "Clear the search"],
    );
  }
  for (const [key, what] of keys) {
    const term = document.createElement("dt");
    const said = document.createElement("dd");
    term.textContent = key;
    said.textContent = what;
    list.append(term, said);
  }
}

async function startRuns() {
  const frame = document.getElementById("table");
  const search = /** @type {HTMLInputElement | null} */ (document.getElementById("search"));
  if (!frame || !search) return;
  const columns = await readColumns();
  if (!columns) return;
  document.querySelectorAll(".pages").forEach((element) => element.setAttribute("hidden", ""));
  const table = new RunTable(columns, frame, () => {
    const pick = [...table.marked].map((row) => columns.key[row]).join(",");
    if (pick !== view.pick) go({ pick });
    else showPicked(columns, table);
  });
  const view = { query: "", sort: "", pick: "" };
  const words = wordsOf(columns);
  const shown = /** @type {HTMLElement} */ (document.getElementById("shown"));
  const headers = addSorting((name) => go({ sort: nextSort(view.sort, name) }));

  /** Writes what is wanted into the address, which shows it. @param {{query?: string, sort?: string, pick?: string}} wanted */
  function go(wanted) {
    const next = { ...view, ...wanted };
    const parts = [];
    if (next.query) parts.push(`q=${encodeURIComponent(next.query)}`);
    if (next.sort) parts.push(`sort=${next.sort}`);
    if (next.pick) parts.push(`pick=${next.pick}`);
    history.replaceState(null, "", parts.length ? `#${parts.join("&")}` : location.pathname + location.search);
    show();
  }

  function show() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const query = asked.get("q") ?? "";
    const pick = asked.get("pick") ?? "";
    const isSame = view.query === query && view.sort === (asked.get("sort") ?? "") && table.order.length > 0;
    view.query = query;
    offerFullText(query);
    view.sort = asked.get("sort") ?? "";
    if (view.pick !== pick) {
      view.pick = pick;
      table.markAll(pick.split(",").map((key) => (key ? columns?.key.indexOf(key) ?? -1 : -1)));
    }
    if (isSame) return;
    if (document.activeElement !== search && search) search.value = query;
    const test = compileQuery(query, /** @type {Columns} */ (columns), words);
    const order = [];
    for (let row = 0; row < /** @type {Columns} */ (columns).count; row++) {
      if (!test || test(row)) order.push(row);
    }
    sortRows(order, view.sort, /** @type {Columns} */ (columns));
    table.show(order);
    markSort(headers, view.sort);
    const all = /** @type {Columns} */ (columns).count.toLocaleString("en");
    shown.textContent = test ? `${order.length.toLocaleString("en")} of ${all} runs` : `${all} runs`;
    document.querySelectorAll("[data-query]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-query") === query));
    });
  }

  let timer = 0;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => go({ query: search.value }), TYPED_MS);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "ArrowDown") {
      clearTimeout(timer);
      go({ query: search.value });
      frame.focus();
      table.moveTo(0);
      event.preventDefault();
    } else if (event.key === "Escape") {
      search.value = "";
      go({ query: "" });
      frame.focus();
    }
  });
  document.querySelectorAll("[data-query]").forEach((button) => {
    button.addEventListener("click", () => go({ query: button.getAttribute("data-query") ?? "" }));
  });
  const copy = document.querySelector('[data-act="copy-diff"]');
  copy?.addEventListener("click", async () => {
    const command = document.getElementById("diff-command");
    try {
      await navigator.clipboard.writeText(command?.textContent ?? "");
      copy.textContent = "Copied";
    } catch {
      if (command) getSelection()?.selectAllChildren(command); // where a page may not copy, a person can
    }
  });
  document.querySelector('[data-act="unpick"]')?.addEventListener("click", () => table.markAll([]));
  addEventListener("hashchange", () => {
    if (/^#(q|sort)=/.test(location.hash)) document.getElementById("runs")?.scrollIntoView();
    show();
  });
  addEventListener("keydown", (event) => {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!pressed(event.key, event.target)) return;
    event.preventDefault();
  });

  /** @param {string} key @param {EventTarget | null} target @returns {boolean} true where the key did something */
  function pressed(key, target) {
    const inTable = target === frame || target === document.body;
    if (key === "/") search?.focus();
    else if (key === "j" || (key === "ArrowDown" && inTable)) table.moveTo(table.current + 1);
    else if (key === "k" || (key === "ArrowUp" && inTable)) table.moveTo(table.current - 1);
    else if (key === "PageDown" && inTable) table.moveTo(table.current + table.page());
    else if (key === "PageUp" && inTable) table.moveTo(table.current - table.page());
    else if (key === "Home" && inTable) table.moveTo(0);
    else if (key === "End" && inTable) table.moveTo(table.order.length - 1);
    else if (key === "Enter" && inTable && table.link()) table.link()?.click();
    else if (key === "x" && table.current >= 0) {
      const row = table.order[table.current];
      if (/** @type {Columns} */ (columns).key[row]) table.mark(row, !table.marked.has(row));
    } else if (key === "X") table.markAll([]);
    else if (key === "d" && table.marked.size === 2) {
      const link = document.getElementById("diff-link");
      if (link && !link.hidden) link.click();
      else /** @type {HTMLElement | null} */ (copy)?.click();
    } else if (key === "Escape" && view.query) {
      if (search) search.value = "";
      go({ query: "" });
    } else return false;
    return true;
  }

  show();
}

/** All words of a row in small letters, put together when first asked for. @param {Columns} columns */
function wordsOf(columns) {
  /** @type {string[]} */
  const known = new Array(columns.count);
  const names = ["task", "agent", "model", "source", "verdict", "labels", "rules"];
  return (/** @type {number} */ row) =>
    (known[row] ??= [columns.run[row], ...names.map((name) => shownText(columns, name, row))].join("\n").toLowerCase());
}

/** Header cells become buttons that sort. @param {(name: string) => void} wanted */
function addSorting(wanted) {
  const headers = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("th[data-sort]")]);
  for (const header of headers) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.addEventListener("click", () => wanted(header.dataset.sort ?? ""));
    header.replaceChildren(button);
  }
  return headers;
}

/** Numbers go down first, texts up; a third press goes back to the newest first. @param {string} sort @param {string} name */
function nextSort(sort, name) {
  const [first, second] = NUMERIC.includes(name) ? [`-${name}`, name] : [name, `-${name}`];
  if (sort === first) return second;
  return sort === second ? "" : first;
}

/** @param {HTMLElement[]} headers @param {string} sort */
function markSort(headers, sort) {
  for (const header of headers) {
    const name = header.dataset.sort;
    if (sort === name) header.setAttribute("aria-sort", "ascending");
    else if (sort === `-${name}`) header.setAttribute("aria-sort", "descending");
    else header.removeAttribute("aria-sort");
  }
}

/** What is not recorded comes last, either way. @param {number[]} order @param {string} sort @param {Columns} columns */
function sortRows(order, sort, columns) {
  const down = sort.startsWith("-");
  const name = down ? sort.slice(1) : sort;
  const column = columns[name];
  if (!column || Array.isArray(column)) return;
  const by = column.sort ?? column.at;
  if (typeof by[0] !== "number") return;
  const missing = column.sort ? -1 : column.values[0] === "" ? 0 : -1;
  order.sort((one, other) => {
    const [a, b] = [by[one], by[other]];
    if (a === b) return one - other;
    if (a === missing) return 1;
    if (b === missing) return -1;
    return down ? b - a : a - b;
  });
}

/** The two marked runs: the way to their diff, or the command that makes it. @param {Columns} columns @param {RunTable} table */
function showPicked(columns, table) {
  const picked = document.getElementById("picked");
  const link = /** @type {HTMLAnchorElement | null} */ (document.getElementById("diff-link"));
  const command = document.getElementById("diff-command");
  const copy = document.querySelector('[data-act="copy-diff"]');
  const said = picked?.querySelector("span");
  if (!picked || !link || !command || !copy || !said) return;
  const rows = [...table.marked];
  const both = rows.length === 2;
  const folder = both ? diffOf(columns, rows) : "";
  const words = both && !folder ? diffCommand(columns, rows) : "";
  picked.hidden = rows.length === 0;
  said.textContent = both ? "2 runs marked:" : "1 run marked; mark another to compare";
  if (both && !folder) said.textContent = words ? "no diff of these two is made; in the folder that holds the traces:" : "no diff of these two is made, and a name holds what no shell can be given";
  link.hidden = !folder;
  if (folder) link.href = `diffs/${folder}/index.html`;
  command.hidden = !words;
  command.textContent = words;
  copy.toggleAttribute("hidden", !words);
  copy.textContent = "Copy";
}

/** The folder of the diff of two rows, either way round. @param {Columns} columns @param {number[]} rows */
function diffOf(columns, rows) {
  const found = columns.diffs.find((/** @type {[number, number, string]} */ [a, b]) => rows.includes(a) && rows.includes(b));
  return found ? found[2] : "";
}

/** As render/site_pairs.py writes it; "" where no shell can be given a name. @param {Columns} columns @param {number[]} rows */
function diffCommand(columns, rows) {
  const { values, at } = columns.source;
  const words = rows.map((row) => {
    const isAlone = at.indexOf(at[row]) === at.lastIndexOf(at[row]);
    const name = isAlone ? values[at[row]] : `${values[at[row]]}#${columns.run[row]}`;
    return columns.words[row] ?? quoted(name.startsWith("-") ? `./${name}` : name);
  });
  return words.every(Boolean) ? `whypath diff ${words.join(" ")} -o diff.html` : "";
}

/** A word as a shell takes it. @param {string} text */
function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\"'\"'")}'`;
}

startPage();

})();
