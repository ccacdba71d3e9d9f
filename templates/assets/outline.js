// @ts-check
// The list of steps. Only the rows in sight are in the document.

const ROW_HEIGHT = 26;
const ROWS_AROUND = 12;

/** An icon by the name of its symbol. @param {string} name */
function iconOf(name) {
  const space = "http://www.w3.org/2000/svg";
  const icon = document.createElementNS(space, "svg");
  icon.setAttribute("class", `icon kind-${name}`);
  icon.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#i-${name}`);
  icon.append(use);
  return icon;
}

/** What a reader put on steps: breakpoints, notes, a column. @typedef {{isStop: (n: number) => boolean, note: (n: number) => string, column: ReturnType<typeof makeColumn>}} Marks */

/** The outline. `select` is called with the number of a step that was chosen. @param {any} index @param {(n: number) => void} select @param {Marks} marks */
function makeOutline(index, select, marks) {
  const rows = /** @type {HTMLElement} */ (document.getElementById("rows"));
  const space = /** @type {HTMLElement} */ (rows.querySelector(".space"));
  const shown = /** @type {HTMLElement} */ (document.getElementById("shown"));
  const wrong = new Set(index.wrong);
  /** @type {Map<number, string>} The gravest finding worth a mark, by step. */
  const found = new Map();
  for (const [n, , severity] of index.findings) {
    if (severity !== "info" && found.get(n) !== "error") found.set(n, severity);
  }
  const abandoned = new Set(index.abandoned);
  /** @type {number[] | null} Positions in the list; null: all of them. */
  let list = null;
  let selected = 0;

  const length = () => (list ? list.length : index.count);
  const positionAt = (/** @type {number} */ row) => (list ? list[row] : row + 1);
  const rowOf = (/** @type {number} */ n) => (list ? list.indexOf(n) : n - 1);

  /** One row. @param {number} n @param {number} row */
  function makeRow(n, row) {
    const i = n - 1;
    const decided = index.decided[i];
    const kind = decided === "r" ? "decision" : index.codes[index.kinds[i]];
    const made = element("div", `row d${Math.min(index.depth[i], 4)}`);
    made.id = `row-${n}`;
    made.setAttribute("role", "option");
    made.setAttribute("aria-selected", String(n === selected));
    made.dataset.position = String(n);
    made.style.top = `${row * ROW_HEIGHT}px`;
    made.append(element("span", "position", String(n)), iconOf(kind));
    const name = index.names[i];
    const title = index.titles[i];
    if (name) made.append(element("span", "name", name));
    made.append(element("span", "title", title.startsWith(name) ? title.slice(name.length) : title));
    if (index.status[i] === "e") {
      made.classList.add("is-error");
      made.append(flag("error", "error"));
    }
    if (wrong.has(n)) {
      made.classList.add("is-wrong");
      made.append(flag("verdict-warn", "evidence not found"));
    } else if (found.has(n)) {
      made.classList.add(found.get(n) === "error" ? "is-wrong" : "has-finding");
      made.append(flag("verdict-warn", "finding"));
    }
    if (decided === "i") made.append(flag("inferred", "inferred decision"));
    if (abandoned.has(n)) made.classList.add("is-abandoned");
    if (marks.isStop(n)) {
      made.classList.add("is-stop");
      made.prepend(flag("stop", "breakpoint"));
    }
    if (marks.note(n)) made.append(flag("note", "note"));
    if (marks.column.isOn()) {
      const cell = element("span", "cell");
      made.append(cell);
      marks.column.fill(n, cell);
    }
    made.title = visibleText([name, title, index.at[i]].filter(Boolean).join(" · "));
    return made;
  }

  /** A mark at the end of a row. @param {string} name @param {string} label */
  function flag(name, label) {
    const mark = element("span", "flag");
    mark.append(iconOf(name), element("span", "visually-hidden", label));
    return mark;
  }

  /** Puts the rows in sight into the document. */
  function draw() {
    const first = Math.max(0, Math.floor(rows.scrollTop / ROW_HEIGHT) - ROWS_AROUND);
    const last = Math.min(length(), Math.ceil((rows.scrollTop + rows.clientHeight) / ROW_HEIGHT) + ROWS_AROUND);
    const made = [];
    for (let row = first; row < last; row++) made.push(makeRow(positionAt(row), row));
    space.replaceChildren(...made);
  }

  /** Marks the selected row in the rows already made. @param {number} n */
  function mark(n) {
    document.getElementById(`row-${selected}`)?.setAttribute("aria-selected", "false");
    selected = n;
    const row = document.getElementById(`row-${n}`);
    row?.setAttribute("aria-selected", "true");
    if (row) rows.setAttribute("aria-activedescendant", row.id);
    else rows.removeAttribute("aria-activedescendant");
  }

  /** Scrolls until the row of a step is in sight, and no further. @param {number} n */
  function reveal(n) {
    const row = rowOf(n);
    if (row < 0) return;
    const top = row * ROW_HEIGHT;
    const height = rows.clientHeight;
    if (top < rows.scrollTop) rows.scrollTop = Math.max(0, top - ROW_HEIGHT * 2);
    else if (top + ROW_HEIGHT > rows.scrollTop + height) rows.scrollTop = top - height + ROW_HEIGHT * 3;
  }

  let waiting = false;
  rows.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
      mark(selected);
    });
  });
  rows.addEventListener("click", (event) => {
    const row = /** @type {HTMLElement} */ (event.target).closest(".row");
    if (row) select(Number(/** @type {HTMLElement} */ (row).dataset.position));
  });
  new ResizeObserver(draw).observe(rows);

  return {
    /** Draws the rows in sight anew. */
    redraw() {
      draw();
      mark(selected);
    },
    /** Shows only these steps; null shows all. @param {number[] | null} positions */
    filter(positions) {
      list = positions;
      space.style.height = `${length() * ROW_HEIGHT}px`;
      shown.textContent = list ? `${list.length.toLocaleString("en")} of ${index.count.toLocaleString("en")}` : "";
      rows.scrollTop = 0;
      draw();
      reveal(selected);
    },
    /** Marks a step as the current one and brings it into sight. @param {number} n */
    select(n) {
      mark(n);
      reveal(n);
      if (!document.getElementById(`row-${n}`)) draw();
      mark(n);
    },
  };
}
