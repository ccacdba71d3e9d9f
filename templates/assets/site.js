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
