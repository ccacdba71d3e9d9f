// @ts-check
// Where each move leads. Pure questions to the index: nothing is shown here.
//
// Steps form a tree. A tool call lies inside the model call that asked for it; any other
// step lies inside the step that encloses it (an agent, a tool that ran a sub-agent).
// Steps inside the same one are siblings, in the order of the run, so calls made at the
// same time are siblings, however their insides are mixed.
//
//   over        the next sibling; after the last one, the next sibling of what encloses it
//   over, back  the sibling before; before the first one, what encloses it
//   into        the first step inside; where there is none, as over
//   into, back  the last step inside the sibling before; where there is none, as over, back
//   out         where the run goes on after what encloses this step: over, from there
//   out, back   what encloses this step: where it was called
//
// A result that came late stands behind steps outside: forward means later, always.
// So over never enters anything, into enters one level, and each ends where a debugger's
// step, next and finish do, forward or in reverse.

/** The moves over an index. Each gives a position, or 0 where it leads nowhere. @param {any} index */
function makeMovement(index) {
  const count = index.count;
  const around = new Int32Array(count + 1);
  const after = new Int32Array(count + 1);
  const before = new Int32Array(count + 1);
  const firstInside = new Int32Array(count + 1);
  const lastInside = new Int32Array(count + 1);
  for (let n = 1; n <= count; n++) {
    const one = index.caller[n - 1] || index.parent[n - 1];
    around[n] = one < n ? one : 0;
    const last = lastInside[around[n]];
    if (last) [after[last], before[n]] = [n, last];
    else firstInside[around[n]] = n;
    lastInside[around[n]] = n;
  }

  /** The nearest sibling of `at`, or of what encloses it, that comes later than `n`. @param {number} at @param {number} n */
  function beyond(at, n) {
    for (let here = at; here; here = around[here]) {
      let next = after[here];
      while (next && next <= n) next = after[next];
      if (next) return next;
    }
    return 0;
  }

  /** The last step inside `at` that comes before `n`. @param {number} at @param {number} n */
  function lastBefore(at, n) {
    let inside = lastInside[at];
    while (inside >= n) inside = before[inside];
    return inside;
  }

  const over = (/** @type {number} */ n) => beyond(n, n);
  const overBack = (/** @type {number} */ n) => before[n] || around[n];
  const wrong = new Set(index.wrong);
  const found = new Set(index.findings.map((/** @type {any[]} */ each) => each[0]));
  const kindOf = (/** @type {number} */ n) => index.codes[index.kinds[n - 1]];
  const isCall = (/** @type {number} */ n) => kindOf(n) === "tool" || kindOf(n) === "retrieval";

  /** The agent, or the call that ran one, whose inside a step is. @param {number} n */
  function agentAround(n) {
    let at = index.parent[n - 1];
    for (let up = 0; at && up < 64; up++) {
      if (["agent", "tool", "handoff"].includes(kindOf(at))) return at;
      at = index.parent[at - 1];
    }
    return 0;
  }

  return {
    kindOf,
    /** Where a move along the tree leads. @param {string} move @param {number} n */
    follow(move, n) {
      if (move === "over") return over(n);
      if (move === "over-back") return overBack(n);
      if (move === "into") return firstInside[n] || over(n);
      if (move === "into-back") return (before[n] && lastBefore(before[n], n)) || overBack(n);
      if (move === "out") return around[n] && beyond(around[n], n);
      return around[n];
    },
    /** The nearest step in a direction that passes a test. @param {number} n @param {number} direction @param {(n: number) => boolean} test */
    seek(n, direction, test) {
      for (let at = n + direction; at >= 1 && at <= count; at += direction) if (test(at)) return at;
      return 0;
    },
    isDecision: (/** @type {number} */ n) => "ri".includes(index.decided[n - 1]),
    isError: (/** @type {number} */ n) => index.status[n - 1] === "e" || wrong.has(n),
    isFinding: (/** @type {number} */ n) => found.has(n),
    /** True for a call of the same tool as step `n`; without one there, for any call. @param {number} n */
    sameTool(n) {
      const name = isCall(n) ? index.names[n - 1] : null;
      return (/** @type {number} */ at) => isCall(at) && (name === null || index.names[at - 1] === name);
    },
    /** True for a step of the same agent as step `n`. @param {number} n */
    sameAgent: (n) => (/** @type {number} */ at) => index.agent[at - 1] === index.agent[n - 1] && agentAround(at) === agentAround(n),
    /** True where another agent takes over from the step before. @param {number} n */
    isBoundary: (n) => n > 1 && (index.agent[n - 1] !== index.agent[n - 2] || agentAround(n) !== agentAround(n - 1)),
  };
}
