// @ts-check
// Works an expression out over the variables of a step. What is missing, or of another kind
// than its operator takes, cannot be worked out: that is no hit, never an error of the page.

const MOST_WORK = 20000;
const VARIABLES = [
  ...["step", "kind", "name", "tool", "agent", "model", "status", "error", "input", "output", "reasoning", "question"],
  ...["chosen", "options", "basis", "findings", "tokens_in", "tokens_out", "cost", "duration_s", "abandoned", "state"],
];

/** Says that an expression cannot be worked out here. */
class Unknown extends Error {}

/** The variables that an expression reads. @param {Tree} tree @param {string[]} own those of macros around it @returns {string[]} */
function namesIn(tree, own = []) {
  if (tree.kind === "name") return own.includes(tree.name || "") ? [] : [tree.name || ""];
  const inner = tree.kind === "macro" ? [...own, tree.value] : own;
  return (tree.parts || []).flatMap((part, at) => namesIn(part, at ? inner : own));
}

/** What two values have in common with numbers that JSON wrote long. @param {any} value */
const plainValue = (value) => (value instanceof LongNumber ? Number(value.digits) : value);

/** True when two values are the same. @param {any} a @param {any} b @returns {boolean} */
function isSame(a, b) {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  const keys = Object.keys(a);
  if (Array.isArray(a) !== Array.isArray(b) || keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isSame(plainValue(a[key]), plainValue(b[key])));
}

/** The value under a key. @param {any} from @param {any} key */
function valueUnder(from, key) {
  if (from === null || typeof from !== "object") throw new Unknown();
  if (Array.isArray(from) ? !Number.isInteger(key) : typeof key !== "string") throw new Unknown();
  if (!Object.hasOwn(from, key)) throw new Unknown();
  return plainValue(from[key]);
}

/** @param {any} value */
function sizeOf(value) {
  if (typeof value === "string") return [...value].length;
  if (value === null || typeof value !== "object") throw new Unknown();
  return Object.keys(value).length;
}

/** Arithmetic on numbers, whole ones divided as whole numbers. @param {string} name @param {number} a @param {number} b */
function reckon(name, a, b) {
  if (name === "+") return a + b;
  if (name === "-") return a - b;
  if (name === "*") return a * b;
  if (b === 0) throw new Unknown();
  if (name === "%") return a % b;
  return Number.isInteger(a) && Number.isInteger(b) ? Math.trunc(a / b) : a / b;
}

/** @param {string} name @param {any} a @param {any} b */
function operate(name, a, b) {
  if (name === "==") return isSame(a, b);
  if (name === "!=") return !isSame(a, b);
  if (name === "in") {
    if (Array.isArray(b)) return b.some((each) => isSame(plainValue(each), a));
    if (b === null || typeof b !== "object") throw new Unknown();
    return typeof a === "string" && Object.hasOwn(b, a);
  }
  if (name === "+" && Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
  if (typeof a !== typeof b || !["number", "string"].includes(typeof a)) throw new Unknown();
  if (name === "<") return a < b;
  if (name === "<=") return a <= b;
  if (name === ">") return a > b;
  if (name === ">=") return a >= b;
  if (typeof a === "string") {
    if (name !== "+") throw new Unknown();
    return a + b;
  }
  return reckon(name, a, b);
}

/** Makes an expression ready: the variables that it needs, and how it is worked out over them. Throws a SyntaxProblem. @param {string} source */
function readyExpression(source) {
  const tree = parseExpression(source.replace(/^\s*\$(?=[.[])/, "output"));
  const needs = [...new Set(namesIn(tree))];
  const strange = needs.find((name) => !VARIABLES.includes(name));
  if (strange) throw new SyntaxProblem(`${strange} is no variable; there are ${VARIABLES.join(", ")}`, source.indexOf(strange));
  let work = 0;

  /** One of && and ||: one side may settle it, whatever the other is. @param {Tree[]} parts @param {Map<string, any>} known @param {boolean} settles */
  function logic([left, right], known, settles) {
    let isUnknown = false;
    for (const side of [left, right]) {
      try {
        const value = solve(side, known);
        if (typeof value !== "boolean") isUnknown = true;
        else if (value === settles) return settles;
      } catch (problem) {
        if (!(problem instanceof Unknown)) throw problem;
        isUnknown = true;
      }
    }
    if (isUnknown) throw new Unknown();
    return !settles;
  }

  /** A macro over a list, or over the keys of an object. @param {Tree} tree @param {Map<string, any>} known */
  function each(tree, known) {
    const [from, body] = /** @type {Tree[]} */ (tree.parts);
    const over = solve(from, known);
    if (over === null || typeof over !== "object") throw new Unknown();
    const items = Array.isArray(over) ? over.map(plainValue) : Object.keys(over);
    const results = items.map((item) => solve(body, new Map([...known, [tree.value, item]])));
    if (tree.name === "map") return results;
    if (results.some((result) => typeof result !== "boolean")) throw new Unknown();
    if (tree.name === "exists") return results.includes(true);
    if (tree.name === "all") return !results.includes(false);
    return items.filter((_item, at) => results[at]);
  }

  /** @param {Tree} tree @param {Map<string, any>} known @returns {any} */
  function solve(tree, known) {
    if (++work > MOST_WORK) throw new Unknown();
    const parts = tree.parts || [];
    const part = (/** @type {number} */ at) => solve(parts[at], known);
    if (tree.kind === "literal") return tree.value;
    if (tree.kind === "name") return known.get(tree.name || "");
    if (tree.kind === "list") return parts.map((each) => solve(each, known));
    if (tree.kind === "index") return valueUnder(part(0), part(1));
    if (tree.kind === "macro") return each(tree, known);
    if (tree.kind === "choice") {
      const test = part(0);
      if (typeof test !== "boolean") throw new Unknown();
      return test ? part(1) : part(2);
    }
    if (tree.kind === "has") {
      const [from, key] = /** @type {Tree[]} */ (parts[0].parts);
      const inside = solve(from, known);
      if (inside === null || typeof inside !== "object") throw new Unknown();
      return Object.hasOwn(inside, solve(key, known));
    }
    if (tree.kind === "unary") {
      const value = part(0);
      if (typeof value !== (tree.name === "!" ? "boolean" : "number")) throw new Unknown();
      return tree.name === "!" ? !value : -value;
    }
    if (tree.name === "&&" || tree.name === "||") return logic(parts, known, tree.name === "||");
    if (tree.kind === "operation") return operate(tree.name || "", part(0), part(1));
    const from = part(0);
    if (tree.name === "size") return sizeOf(from);
    const other = part(1);
    if (typeof from !== "string" || typeof other !== "string") throw new Unknown();
    if (tree.name === "contains") return from.includes(other);
    return tree.name === "startsWith" ? from.startsWith(other) : from.endsWith(other);
  }

  return {
    needs,
    /** The value over the variables of a step; undefined where it cannot be worked out. @param {Map<string, any>} known */
    over(known) {
      work = 0;
      try {
        return solve(tree, known);
      } catch (problem) {
        if (problem instanceof Unknown || problem instanceof RangeError) return undefined;
        throw problem;
      }
    },
  };
}
