// @ts-check
// The context windows of model calls, put together from what each adds to an earlier one.

/** Role, kind, name, id of the call, step it came from, content, estimated tokens, there before. @typedef {[string, string, string | null, string | null, number | null, number | null, number, boolean]} MessageRow */

/** Makes the windows. @param {ReturnType<typeof openPayload>} payload */
function makeWindows(payload) {
  /** What a call's facts say about its window. @param {number} n @returns {Promise<any>} */
  const head = async (n) => (await payload.facts(n)).window;

  /** The first `length` messages of the window at a call, last first. @param {number} base @param {number} length @returns {AsyncGenerator<MessageRow>} */
  async function* backwards(base, length) {
    let left = length;
    let at = base;
    while (at && left > 0) {
      const { add, keep, base: before } = await head(at);
      for (let i = Math.min(add.length, left - keep) - 1; i >= 0; i--) yield add[i];
      left = Math.min(left, keep);
      at = before;
    }
  }

  /** The whole window of a call, first message first. @param {number} n @returns {Promise<MessageRow[]>} */
  async function whole(n) {
    const { add, keep, base } = await head(n);
    const rows = [...add].reverse();
    for await (const row of backwards(base, keep)) rows.push(row);
    return rows.reverse();
  }

  return { head, backwards, whole };
}

/** What makes two messages the same one. @param {MessageRow} row */
const sameMessage = ([role, kind, , call, , content]) => `${role} ${kind} ${call} ${content}`;

const CLOSE_LOOK = 300000;

/** Two windows side by side: each message with " " in both, "-" only in the first, "+" only in the second. @param {MessageRow[]} a @param {MessageRow[]} b @returns {[string, MessageRow][]} */
function compareWindows(a, b) {
  const [keysA, keysB] = [a.map(sameMessage), b.map(sameMessage)];
  let start = 0;
  while (start < a.length && start < b.length && keysA[start] === keysB[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && keysA[a.length - 1 - end] === keysB[b.length - 1 - end]) end++;
  const [rows, columns] = [a.length - start - end, b.length - start - end];
  const isClose = rows * columns <= CLOSE_LOOK;
  // The longest common part of what is between, from each place on; too much of it is not looked at closely.
  const longest = isClose ? Array.from({ length: rows + 1 }, () => new Int32Array(columns + 1)) : [];
  for (let i = rows - 1; isClose && i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      const same = keysA[start + i] === keysB[start + j];
      longest[i][j] = same ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
    }
  }
  /** @type {[string, MessageRow][]} */
  const lines = b.slice(0, start).map((row) => [" ", row]);
  let [i, j] = [0, 0];
  while (i < rows || j < columns) {
    const [x, y] = [start + i, start + j];
    if (i < rows && j < columns && keysA[x] === keysB[y]) lines.push([" ", b[(i++, j++, y)]]);
    else if (i < rows && (j >= columns || !isClose || longest[i + 1][j] >= longest[i][j + 1])) lines.push(["-", a[(i++, x)]]);
    else lines.push(["+", b[(j++, y)]]);
  }
  for (const row of b.slice(b.length - end)) lines.push([" ", row]);
  return lines;
}
