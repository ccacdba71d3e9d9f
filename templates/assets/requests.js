// @ts-check
// A context window as the body of a request, so that a call can be made again. The rules,
// and why, are those of derive/requests.py; models, settings and tools come ready from there.

const NO_RESULT = "[no result is recorded]";
const NO_START = "[what came before is not recorded]";

/** @typedef {{role: string, kind: string, text: string, name: string, id: string, raw: string}} Said */

/** A tool's name in the letters that both providers take. @param {string} name */
const wireName = (name) => [...name.replace(/[^a-zA-Z0-9_-]/gu, "_")].slice(0, 64).join("") || "_";

/** A message as both shapes need it. @param {MessageRow} row @param {string} raw @returns {Said} */
function saidBy([role, kind, name, call], raw) {
  const text = raw[0] === '"' ? JSON.parse(raw) : raw;
  const said = { role: "user", kind, text, name: name || "", id: (call || "").replace(/[^a-zA-Z0-9_-]/gu, "_"), raw };
  if (kind === "call" || kind === "reasoning") return { ...said, role: "assistant" };
  if (kind === "result") return { ...said, role: "tool" };
  if (role === "system" || role === "developer") return { ...said, role: "system", kind: "text" };
  return { ...said, role: ["assistant", "model", "ai"].includes(role) ? "assistant" : "user", kind: "text" };
}

/** The messages, calls and results without an id paired in their order. @param {Said[]} parts @returns {Said[]} */
function withIds(parts) {
  const openCalls = /** @type {string[]} */ ([]);
  const now = new Map();
  return parts.map((part, number) => {
    if (part.kind === "call") {
      const id = part.id && !now.has(part.id) ? part.id : `call_${number}`;
      now.set(part.id || id, id);
      if (!part.id) openCalls.push(id);
      return { ...part, id };
    }
    if (part.kind !== "result") return part;
    return { ...part, id: part.id ? now.get(part.id) || part.id : openCalls.shift() || `result_${number}` };
  });
}

/** The messages with every result straight behind its call. @param {Said[]} unpaired @returns {Said[]} */
function turnsOf(unpaired) {
  const parts = withIds(unpaired);
  const results = new Map(parts.filter((part) => part.kind === "result").map((part) => [part.id, part]));
  const asked = new Set(parts.filter((part) => part.kind === "call").map((part) => part.id));
  /** @type {Said[]} */
  const turns = [];
  /** @type {Said[]} */
  let waiting = [];
  const end = { role: "end", kind: "end", text: "", name: "", id: "", raw: "" };
  for (const part of [...parts, end]) {
    if (part.kind === "reasoning" || (part.kind === "result" && asked.has(part.id))) continue;
    if (part.role !== "assistant") turns.push(...waiting.splice(0));
    if (part.kind === "result") turns.push({ ...part, role: "user", kind: "text", text: `Result of ${part.name || "a call"}: ${part.text}` });
    else if (part.kind === "call") {
      turns.push(part);
      waiting.push(results.get(part.id) || { ...part, role: "tool", kind: "result", text: NO_RESULT });
    } else if (part.kind === "text" && part.text) turns.push(part);
  }
  return turns;
}

/** @param {Said[]} parts */
function openaiBody(parts) {
  /** @type {any[]} */
  const messages = [];
  for (const part of parts) {
    const last = messages[messages.length - 1];
    if (part.kind === "result") messages.push({ role: "tool", tool_call_id: part.id, content: part.text });
    else if (part.kind === "call") {
      const call = { id: part.id, type: "function", function: { name: wireName(part.name), arguments: part.text || "{}" } };
      if (last?.role !== "assistant") messages.push({ role: "assistant", content: null, tool_calls: [call] });
      else (last.tool_calls ||= []).push(call);
    } else if (part.role === "assistant" && last?.role === "assistant") last.content = last.content ? `${last.content}\n\n${part.text}` : part.text;
    else messages.push({ role: part.role, content: part.text });
  }
  return { messages };
}

/** One block of a message. @param {Said} part */
function anthropicBlock(part) {
  if (part.kind === "result") return { type: "tool_result", tool_use_id: part.id, content: part.text };
  if (part.kind !== "call") return { type: "text", text: part.text };
  const given = part.raw ? documentOf(part.raw) : null;
  const isObject = given !== null && typeof given === "object" && !Array.isArray(given);
  return { type: "tool_use", id: part.id, name: wireName(part.name), input: isObject ? given : given === null ? {} : { input: given } };
}

/** @param {Said[]} parts */
function anthropicBody(parts) {
  /** @type {any[]} */
  const messages = [];
  const system = [];
  for (const part of parts) {
    if (part.role === "system") {
      system.push(part.text);
      continue;
    }
    const role = part.role === "assistant" ? "assistant" : "user";
    if (!messages.length && role === "assistant") messages.push({ role: "user", content: [{ type: "text", text: NO_START }] });
    if (messages[messages.length - 1]?.role !== role) messages.push({ role, content: [] });
    messages[messages.length - 1].content.push(anthropicBlock(part));
  }
  return { messages, ...(system.length ? { system: system.join("\n\n") } : {}) };
}

/** The request that asks for a call again, as JSON text. @param {string} shape @param {any} head @param {MessageRow[]} rows @param {ReturnType<typeof openPayload>} payload */
async function requestText(shape, head, rows, payload) {
  const said = [];
  for (const row of rows) said.push(saidBy(row, row[5] === null ? "" : await payload.content(row[5])));
  const parts = turnsOf(said);
  const body = { ...head.request[shape], ...(shape === "openai" ? openaiBody(parts) : anthropicBody(parts)) };
  if (head.toolsets) body.tools = parseJson(await payload.content(head.toolsets[shape === "openai" ? 1 : 2]));
  return JSON.stringify(body, null, 2);
}
