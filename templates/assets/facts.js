// @ts-check
// The variables of a step, for expressions. They are the same as those of a check.

/** The names of what an index may have no more than one of. @param {string[]} names @param {number} at */
const nameAt = (names, at) => (at < 0 ? "" : names[at]);

/** A JSON value, of a text that holds one that one. @param {string} raw */
function documentOf(raw) {
  let value;
  try {
    value = parseJson(raw);
    if (typeof value === "string" && /^\s*[{[]/.test(value)) value = parseJson(value);
  } catch {
    if (value === undefined) value = raw;
  }
  return plainValue(value);
}

/** Makes the variables of steps. @param {any} index @param {ReturnType<typeof openPayload>} payload */
function makeFacts(index, payload) {
  const abandoned = new Set(index.abandoned);
  /** @type {Map<number, string[]>} */
  const rules = new Map();
  for (const [position, rule] of index.findings) rules.set(position, [...(rules.get(position) || []), rule]);
  /** @type {Map<number, any>} */
  const known = new Map();

  /** What a content holds, parsed once while it is near. @param {number | undefined} id */
  async function read(id) {
    if (id === undefined) return null;
    if (!known.has(id)) {
      if (known.size > 64) known.clear();
      known.set(id, documentOf(await payload.content(id)));
    }
    return known.get(id);
  }

  /** The text of a content. @param {number | undefined} id */
  async function text(id) {
    if (id === undefined) return "";
    const raw = await payload.content(id);
    return raw[0] === '"' ? JSON.parse(raw) : raw;
  }

  /** State after a step: path -> number of its value. Steps may be asked for in any order; in order is quick. */
  const after = (() => {
    const log = index.state;
    let done = 0;
    /** @type {Map<string, number>} */
    let state = new Map();
    return (/** @type {number} */ n) => {
      if (done && log[done - 1][0] > n) [done, state] = [0, new Map()];
      for (; done < log.length && log[done][0] <= n; done++) {
        const [, path, value] = log[done];
        if (value < 0) state.delete(index.paths[path]);
        else state.set(index.paths[path], value);
      }
      return state;
    };
  })();

  /** @param {string} name @param {number} n @param {any} facts @returns {any} */
  function variable(name, n, facts) {
    const i = n - 1;
    const kind = index.codes[index.kinds[i]];
    const own = () => facts.name ?? index.names[i];
    if (name === "step") return n;
    if (name === "kind") return kind;
    if (name === "name") return own();
    if (name === "tool") return kind === "tool" || kind === "retrieval" ? own() : "";
    if (name === "agent") return nameAt(index.agents, index.agent[i]);
    if (name === "model") return nameAt(index.models, index.model[i]);
    if (name === "status") return { o: "ok", e: "error" }[/** @type {"o" | "e"} */ (index.status[i])] || "unset";
    if (name === "error") return facts.error || "";
    if (name === "input" || name === "output") return read(facts[name]);
    if (name === "reasoning") return text(facts.reasoning);
    if (name === "question") return facts.decision?.[0] || "";
    if (name === "options") return facts.decision ? read(facts.decision[1]) : [];
    if (name === "chosen") return facts.decision ? read(facts.decision[2]) : [];
    if (name === "basis") return { r: "recorded", i: "inferred" }[/** @type {"r" | "i"} */ (index.decided[i])] || "";
    if (name === "findings") return rules.get(n) || [];
    if (name === "tokens_in") return facts.usage?.[0] ?? null;
    if (name === "tokens_out") return facts.usage?.[1] ?? null;
    if (name === "cost") return facts.usage?.[2] ?? null;
    if (name === "duration_s") return index.took[i] === null ? null : index.took[i] / 1000;
    return abandoned.has(n);
  }

  /** The whole state as values. @param {number} n */
  async function stateOf(n) {
    /** @type {Record<string, any>} */
    const values = Object.create(null);
    for (const [path, id] of [...after(n)]) values[path] = await read(id);
    return values;
  }

  return {
    after,
    read,
    /** The variables that are named. @param {number} n @param {string[]} names */
    async of(n, names) {
      const facts = await payload.facts(n);
      const values = new Map();
      for (const name of names) {
        let value = name === "state" ? stateOf(n) : variable(name, n, facts);
        if (value instanceof Promise) value = await value;
        values.set(name, value);
      }
      return values;
    },
  };
}
