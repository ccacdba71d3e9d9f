// @ts-check
// Reads an expression: a part of CEL (the Common Expression Language), as a tree of plain
// objects. Literals, lists, `a.b`, `a["b"]`, `a[0]`, `! - * / % + < <= > >= == != in && || ?:`,
// size, has, contains, startsWith, endsWith, and exists, all, filter, map over lists.

const DEEPEST = 40;
const LEVELS = [["||"], ["&&"], ["<", "<=", ">", ">=", "==", "!=", "in"], ["+", "-"], ["*", "/", "%"]];
const METHODS = ["contains", "startsWith", "endsWith", "size"];
const MACROS = ["exists", "all", "filter", "map"];
const TOKEN = /\s+|(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<text>r?"(?:[^"\\\n]|\\.)*"|r?'(?:[^'\\\n]|\\.)*')|(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<sign>&&|\|\||[<>=!]=|[-+*/%<>!?:.,()[\]])/y;
const ESCAPES = /** @type {Record<string, string>} */ ({ n: "\n", t: "\t", r: "\r" });

/** @typedef {{kind: string, name?: string, value?: any, parts?: Tree[]}} Tree */
/** @typedef {{kind: string, text: string, at: number}} Token */

/** What is wrong with an expression, and where. */
class SyntaxProblem extends Error {
  /** @param {string} what @param {number} at */
  constructor(what, at) {
    super(`${what}, at character ${at + 1}`);
  }
}

/** The text that a literal stands for. @param {string} source */
function unquote(source) {
  if (source[0] === "r") return source.slice(2, -1);
  return source.slice(1, -1).replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_all, hex, one) => (hex ? String.fromCharCode(parseInt(hex, 16)) : ESCAPES[one] || one));
}

/** The words and signs of an expression. @param {string} source @returns {Token[]} */
function tokensOf(source) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(source)?.groups;
    if (!groups) throw new SyntaxProblem(`“${source[at]}” has no meaning here`, at);
    const [kind, text] = Object.entries(groups).find(([, found]) => found !== undefined) || ["", ""];
    if (kind) tokens.push({ kind, text, at });
  }
  tokens.push({ kind: "end", text: "the end", at: source.length });
  return tokens;
}

/** An expression as a tree. Throws a SyntaxProblem. @param {string} source @returns {Tree} */
function parseExpression(source) {
  const tokens = tokensOf(source);
  let next = 0;
  let depth = 0;

  const is = (/** @type {string} */ text) => tokens[next].text === text && (tokens[next].kind === "sign" || tokens[next].text === "in");
  const take = (/** @type {string} */ text) => is(text) && Boolean(++next);
  const wrong = (/** @type {string} */ what) => new SyntaxProblem(what, tokens[next].at);

  /** Goes past a sign that has to be there. @param {string} text */
  function expect(text) {
    if (!take(text)) throw wrong(`“${text}” is missing before ${tokens[next].text}`);
  }

  /** A word that has to be there. */
  function word() {
    if (tokens[next].kind !== "word") throw wrong("a name is missing");
    return tokens[next++].text;
  }

  /** Expressions up to a closing sign. @param {string} close */
  function list(close) {
    /** @type {Tree[]} */
    const parts = [];
    while (!take(close)) {
      parts.push(whole());
      if (!is(close)) expect(",");
    }
    return parts;
  }

  /** @returns {Tree} */
  function whole() {
    if (++depth > DEEPEST) throw wrong("this is nested too deep");
    const test = binary(0);
    if (!take("?")) {
      depth--;
      return test;
    }
    const yes = whole();
    expect(":");
    const no = whole();
    depth--;
    return { kind: "choice", parts: [test, yes, no] };
  }

  /** @param {number} level @returns {Tree} */
  function binary(level) {
    if (level === LEVELS.length) return unary();
    let left = binary(level + 1);
    for (;;) {
      const name = LEVELS[level].find(is);
      if (!name) return left;
      next++;
      left = { kind: "operation", name, parts: [left, binary(level + 1)] };
    }
  }

  /** @returns {Tree} */
  function unary() {
    if (++depth > DEEPEST) throw wrong("this is nested too deep");
    const name = ["!", "-"].find(take);
    const made = name ? { kind: "unary", name, parts: [unary()] } : member(primary());
    depth--;
    return made;
  }

  /** @param {Tree} from @returns {Tree} */
  function member(from) {
    if (take("[")) {
      const key = whole();
      expect("]");
      return member({ kind: "index", parts: [from, key] });
    }
    if (!take(".")) return from;
    const name = word();
    if (!take("(")) return member({ kind: "index", parts: [from, { kind: "literal", value: name }] });
    if (MACROS.includes(name)) {
      const variable = word();
      expect(",");
      const body = whole();
      expect(")");
      return member({ kind: "macro", name, value: variable, parts: [from, body] });
    }
    if (!METHODS.includes(name)) throw wrong(`${name}() is not known; there are ${METHODS.join(", ")}`);
    const given = list(")");
    if (given.length !== (name === "size" ? 0 : 1)) throw wrong(`${name}() takes ${name === "size" ? "nothing" : "one text"}`);
    return member({ kind: "call", name, parts: [from, ...given] });
  }

  /** @returns {Tree} */
  function primary() {
    const token = tokens[next];
    if (take("(")) {
      const inner = whole();
      expect(")");
      return inner;
    }
    if (take("[")) return { kind: "list", parts: list("]") };
    if (token.kind === "number" || token.kind === "text") {
      next++;
      return { kind: "literal", value: token.kind === "number" ? Number(token.text) : unquote(token.text) };
    }
    const name = word();
    if (name === "true" || name === "false") return { kind: "literal", value: name === "true" };
    if (name === "null") return { kind: "literal", value: null };
    if (!take("(")) return { kind: "name", name };
    const given = list(")");
    const isOne = given.length === 1;
    if (name === "size" && isOne) return { kind: "call", name, parts: given };
    if (name === "has" && isOne && given[0].kind === "index") return { kind: "has", parts: given };
    throw new SyntaxProblem(name === "has" || name === "size" ? `${name}() takes one ${name === "has" ? "path" : "value"}` : `${name}() is not known`, token.at);
  }

  const tree = whole();
  if (tokens[next].kind !== "end") throw wrong(`“${tokens[next].text}” is too much`);
  return tree;
}
