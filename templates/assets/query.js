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
