// @ts-check
// The pane of what the model saw: shares, messages in order as sent, what is new and what is
// gone, a comparison with an earlier call, the offered tools, the settings, the request.

const KEPT_AT_ONCE = 40;
const SHORT_RUN = 3;
const WAYS = /** @type {Record<string, [string, string]>} */ ({ "+": ["new", "new"], "=": ["kept", "kept"], "-": ["gone", "gone"], " ": ["kept", "in both"] });

/** Makes the context pane. @param {any} index @param {ReturnType<typeof openPayload>} payload @param {{versus: () => number, compare: (n: number) => void}} replay */
function makeContextPane(index, payload, replay) {
  const windows = makeWindows(payload);
  const number = (/** @type {number} */ n) => n.toLocaleString("en");
  const counted = (/** @type {number} */ n) => `${number(n)} message${n === 1 ? "" : "s"}`;

  /** One message as a line that opens. @param {MessageRow} row @param {string} mark */
  function line([role, kind, name, , origin, content, tokens], mark) {
    const [way, word] = WAYS[mark];
    const item = element("li", `role-${kind} ${way}`);
    item.append(element("span", "mark", mark.trim()), element("span", "visually-hidden", word), element("b", "", role), ` ${kind}`);
    if (name) item.append(" ", element("code", "", name));
    if (tokens) item.title = `${word}; about ${number(tokens)} tokens, estimated from its length`;
    if (content !== null) item.dataset.message = String(content);
    if (origin) item.append(stepLink(origin));
    return item;
  }

  /** Messages as a list. @param {[string, MessageRow][]} rows */
  function list(rows) {
    const made = element("ol", "window");
    made.append(...rows.map(([mark, row]) => line(row, mark)));
    return made;
  }

  /** A part that is filled when it is opened. @param {string} title @param {string} name @param {() => Promise<Node[]> | Node[]} fill */
  function folded(title, name, fill) {
    const box = element("details", name);
    box.append(element("summary", "", title));
    box.addEventListener("toggle", async () => {
      if (box.childElementCount > 1) return;
      const nodes = await fill();
      if (box.childElementCount > 1) return;
      box.append(...nodes);
      fillContents(box, payload);
    });
    return box;
  }

  /** What the window is made of, as a bar and in words. @param {any} head @param {[number, number, number] | undefined} usage */
  function shares(head, usage) {
    const total = head.shares.reduce((/** @type {number} */ sum, /** @type {[string, number]} */ [, tokens]) => sum + tokens, 0);
    const box = element("div", "shares");
    if (!total) return box;
    const space = "http://www.w3.org/2000/svg";
    const bar = document.createElementNS(space, "svg");
    bar.setAttribute("viewBox", "0 0 1000 10");
    bar.setAttribute("preserveAspectRatio", "none");
    bar.setAttribute("aria-hidden", "true");
    const words = element("p", "muted");
    let x = 0;
    for (const [name, tokens] of head.shares) {
      const width = (1000 * tokens) / total;
      const part = document.createElementNS(space, "rect");
      for (const [key, value] of Object.entries({ class: `share-${name}`, x, width: Math.max(1, width - 2), height: 10 })) part.setAttribute(key, String(value));
      bar.append(part);
      x += width;
      const percent = (100 * tokens) / total;
      const word = element("span", `share share-${name}`, `${name} ${percent < 1 ? "<1" : Math.round(percent)} %`);
      word.title = `about ${number(tokens)} tokens`;
      words.append(word, " ");
    }
    const recorded = usage?.[0] ?? null;
    const told = recorded === null ? "input tokens not recorded" : `${number(recorded)} tokens in, as recorded`;
    words.append(element("span", "", `· ${told}; shares estimated from lengths (about ${number(total)} tokens)`));
    box.append(bar, words);
    return box;
  }

  /** A button that puts the kept messages before the new ones, some at a time. @param {HTMLElement} rows @param {any} head */
  function keptButton(rows, { base, keep }) {
    const kept = windows.backwards(base, keep);
    const button = element("button", "more kept-more", `show the ${keep === 1 ? "kept message" : `${number(keep)} kept messages`}`);
    let shown = 0;
    button.addEventListener("click", async () => {
      for (let i = 0; i < KEPT_AT_ONCE; i++) {
        const { value, done } = await kept.next();
        if (done) break;
        const item = line(value, "=");
        rows.prepend(item);
        fillContents(item, payload);
        shown++;
      }
      if (shown >= keep) button.remove();
      else button.textContent = `show earlier messages (${number(keep - shown)} more)`;
    });
    return button;
  }

  /** The window with what it was before: long stretches that are in both are folded. @param {number} n @param {number} m */
  async function comparison(n, m) {
    const lines = compareWindows(await windows.whole(m), await windows.whole(n));
    const box = element("div", "comparison");
    const count = (/** @type {string} */ mark) => lines.filter(([each]) => each === mark).length;
    const words = element("p", "delta", "");
    words.append("Against ", stepLink(m), `: ${number(count(" "))} in both, `, element("b", "", `${number(count("+"))} only here`), `, ${number(count("-"))} only there`);
    box.append(words);
    for (let from = 0; from < lines.length; ) {
      let to = from;
      const isSame = lines[from][0] === " ";
      while (to < lines.length && (lines[to][0] === " ") === isSame) to++;
      const part = lines.slice(from, to);
      if (isSame && part.length > SHORT_RUN) box.append(folded(`${counted(part.length)} in both`, "same", () => [list(part)]));
      else box.append(list(part));
      from = to;
    }
    return box;
  }

  /** The field that names the call to compare with. @param {number} n */
  function versusField(n) {
    const label = element("label", "versus", "compare with step ");
    const field = /** @type {HTMLInputElement} */ (element("input", ""));
    field.inputMode = "numeric";
    field.size = 5;
    field.value = replay.versus() ? String(replay.versus()) : "";
    field.title = "Any earlier step: the window of its model call; nothing for the call before";
    field.addEventListener("change", () => replay.compare(Math.max(0, Math.min(n, Number(field.value) || 0))));
    field.addEventListener("keydown", (event) => event.key === "Enter" && field.blur());
    label.append(field);
    return label;
  }

  /** The button that copies the request in one shape. @param {string} shape @param {string} name */
  function copyButton(shape, name) {
    const button = element("button", "more", name);
    button.dataset.act = `copy-${shape}`;
    button.title = `Copy the window as the JSON of a request to ${name}`;
    return button;
  }

  /** Model, settings and tools. @param {number} n @param {any} head */
  function configuration(n, head) {
    const model = index.models[index.model[n - 1]];
    const settings = Object.entries(head.request.settings);
    const words = element("p", "settings");
    words.append(element("b", "", model || "model not recorded"), settings.length ? "" : element("span", "muted", " · settings not recorded"));
    for (const [name, value] of settings) words.append(" · ", element("code", "", `${name} ${JSON.stringify(value)}`));
    if (!head.tools) return [words, element("p", "muted", head.tools === 0 ? "No tool was offered." : "Offered tools: not recorded.")];
    const tools = folded(`${number(head.tools)} tool${head.tools === 1 ? "" : "s"} offered`, "tools", () => {
      const content = element("div", "content");
      content.dataset.content = head.toolsets[0];
      return [content];
    });
    return [words, tools];
  }

  /** The system prompt: the messages of the system that the window begins with. @param {number} n */
  async function systemPrompt(n) {
    const rows = await windows.whole(n);
    const system = rows.filter(([role, kind]) => (role === "system" || role === "developer") && kind !== "result");
    return system.length ? [list(system.map((row) => ["=", row]))] : [element("p", "muted", "The window holds no message of the system.")];
  }

  return {
    windows,
    /** The request of the call whose window is in force at a step. @param {number} n @param {string} shape */
    async request(n, shape) {
      const at = index.seenAt[n - 1];
      return at ? requestText(shape, await windows.head(at), await windows.whole(at), payload) : "";
    },
    /** What the pane holds for a step. @param {number} n @returns {Promise<Node[]>} */
    async nodes(n) {
      const at = index.seenAt[n - 1];
      if (!at) return [element("p", "muted", "No model call comes before this step, so there is no context window.")];
      const { window: head, usage } = await payload.facts(at);
      const title = element("h3", "", at === n ? "What the model saw " : `What the model saw at step ${at} `);
      const isRecorded = head.basis === "recorded";
      const basis = element("span", isRecorded ? "tag" : "tag basis-reconstructed", head.basis);
      basis.title = isRecorded ? "The trace holds the window as it was sent" : "Put together from what stood before this call; the trace does not hold the window";
      title.append(basis);
      const again = head.add.filter((/** @type {MessageRow} */ row) => row[7]).length;
      const delta = element("p", "delta", counted(head.keep + head.add.length));
      if (head.base) delta.append(`: ${number(head.keep)} kept from `, stepLink(head.base), ", ", element("b", "", `${number(head.add.length - again)} new`));
      if (again) delta.append(`, ${number(again)} kept at another place`);
      if (head.gone) delta.append(", ", element("b", "warn", `${number(head.gone.length)} ${head.why}`));
      const tools = element("p", "actions");
      tools.append(versusField(at), element("span", "muted", "copy for"), copyButton("openai", "OpenAI"), copyButton("anthropic", "Anthropic"));
      const versus = replay.versus() ? index.seenAt[replay.versus() - 1] : 0;
      const nodes = [title, delta, shares(head, usage), tools];
      if (versus && versus !== at) nodes.push(await comparison(at, versus));
      else {
        const rows = list(head.add.map((/** @type {MessageRow} */ row) => [row[7] ? "=" : "+", row]));
        if (head.keep) nodes.push(keptButton(rows, head));
        nodes.push(rows);
        if (head.gone) nodes.push(folded(`${counted(head.gone.length)} of step ${head.previous} ${head.why}`, "gone", () => [list(head.gone.map((/** @type {MessageRow} */ row) => ["-", row]))]));
      }
      return [...nodes, folded("System prompt", "system", () => systemPrompt(at)), ...configuration(at, head)];
    },
  };
}
