// @ts-check
// A column of the reader's choice: an expression, such as `output.tier`, shown at every step.

const COLUMN_LETTERS = 60;
const COLUMN_KEPT = 2000;

/** A value on one line. @param {any} value */
function lineOf(value) {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value, (_key, each) => plainValue(each)) ?? "";
  return text.slice(0, 400).replace(/\s+/g, " ").slice(0, COLUMN_LETTERS);
}

/** Makes the column. @param {ReturnType<typeof makeFacts>} facts @param {() => void} changed */
function makeColumn(facts, changed) {
  const field = /** @type {HTMLInputElement} */ (document.getElementById("column"));
  const problem = /** @type {HTMLElement} */ (document.getElementById("column-problem"));
  /** @type {Map<number, string>} */
  const known = new Map();
  /** @type {ReturnType<typeof readyExpression> | null} */
  let expression = null;
  let source = "";

  return {
    text: () => source,
    /** Shows another expression; an empty one shows none. @param {string} text */
    set(text) {
      if (text === source) return;
      known.clear();
      problem.textContent = "";
      try {
        expression = text ? readyExpression(text) : null;
        source = text;
      } catch (wrong) {
        if (!(wrong instanceof SyntaxProblem)) throw wrong;
        problem.textContent = wrong.message;
        [expression, source] = [null, ""];
      }
      if (document.activeElement !== field) field.value = text;
      changed();
    },
    /** Puts a step's value into a cell, now or once it is read. @param {number} n @param {HTMLElement} cell */
    async fill(n, cell) {
      const ready = expression;
      if (!ready) return;
      let line = known.get(n);
      if (line === undefined) {
        line = lineOf(ready.over(await facts.of(n, ready.needs)));
        if (ready !== expression) return;
        if (known.size > COLUMN_KEPT) known.clear();
        known.set(n, line);
      }
      cell.textContent = line;
      cell.title = line;
    },
    isOn: () => expression !== null,
  };
}
