// @ts-check
// The pane of what the trace says about the state: values at the step, what changed, pinned
// paths with who changed them, the list of things to do, the files that were touched.

const MOST_LINKS_OF_A_PATH = 24;
const MOST_PATHS = 400;

/** Makes the state pane and the strip of pinned paths. @param {any} index @param {ReturnType<typeof openPayload>} payload @param {ReturnType<typeof makeFacts>} facts */
function makeStatePane(index, payload, facts) {
  const strip = /** @type {HTMLElement} */ (document.getElementById("pins"));
  /** Path -> positions at which it changed. @type {Map<string, number[]>} */
  const changes = new Map();
  for (const [position, path] of index.state) {
    const name = index.paths[path];
    const steps = changes.get(name) || [];
    if (steps[steps.length - 1] !== position) steps.push(position);
    changes.set(name, steps);
  }

  /** A link to a step that is only its number. @param {number} n */
  function shortLink(n) {
    const link = stepLink(n, String(n));
    link.title = visibleText(`step ${n}: ${index.names[n - 1] || index.titles[n - 1]}`);
    return link;
  }

  /** A place for a value. @param {number | undefined} id */
  function value(id) {
    if (id === undefined) return element("i", "muted", "not set");
    const place = element("span", "inline");
    place.dataset.content = String(id);
    return place;
  }

  /** The steps at which a path changed, the last one before a step marked. @param {string} path @param {number} n */
  function changers(path, n) {
    const steps = changes.get(path) || [];
    const last = steps.filter((at) => at <= n).pop();
    const box = element("span", "changers");
    if (!last) box.append(element("span", "muted", "not changed yet"));
    else box.append(element("span", "muted", last === n ? "changed here" : "last changed at "), ...(last === n ? [] : [shortLink(last)]));
    const others = steps.filter((at) => at !== last);
    if (others.length) box.append(element("span", "muted", "; also at "), ...others.slice(0, MOST_LINKS_OF_A_PATH).flatMap((at) => [shortLink(at), " "]));
    if (others.length > MOST_LINKS_OF_A_PATH) box.append(element("span", "muted", `and ${others.length - MOST_LINKS_OF_A_PATH} more`));
    return box;
  }

  /** The button that pins a path. @param {string} path @param {boolean} isOn */
  function pinButton(path, isOn) {
    const button = element("button", "more pin", isOn ? "pinned" : "pin");
    button.dataset.act = "pin";
    button.dataset.text = path;
    button.setAttribute("aria-pressed", String(isOn));
    button.setAttribute("aria-label", `Pin ${path}`);
    button.title = "Show its value at every step";
    return button;
  }

  /** A row of the table. @param {string} path @param {boolean} isChanged @param {number | undefined} before @param {number | undefined} after @param {boolean} isPinned */
  function row(path, isChanged, before, after, isPinned) {
    const made = element("tr", isChanged ? "changed" : "");
    const head = element("th", "");
    head.setAttribute("scope", "row");
    head.append(element("code", "", path), " ", pinButton(path, isPinned));
    const [was, is] = [element("td", ""), element("td", "")];
    if (isChanged) was.append(value(before));
    is.append(value(after));
    made.append(head, was, is);
    return made;
  }

  /** State at a step as a table. @param {number} n @param {string[]} pins */
  function table(n, pins) {
    const at = index.stateAt[n - 1];
    const before = new Map(facts.after(at - 1));
    const after = facts.after(at);
    const changed = [...changes.keys()].filter((path) => changes.get(path)?.includes(at)).sort();
    const same = [...after.keys()].filter((path) => !changed.includes(path)).sort();
    const made = element("table", "state");
    const head = element("tr", "");
    head.append(...["path", "before", "after"].map((name) => element("th", "", name)));
    const rows = [...changed.map((path) => row(path, true, before.get(path), after.get(path), pins.includes(path)))];
    rows.push(...same.slice(0, MOST_PATHS).map((path) => row(path, false, undefined, after.get(path), pins.includes(path))));
    const [top, body] = [element("thead", ""), element("tbody", "")];
    top.append(head);
    body.append(...rows);
    made.append(top, body);
    const more = same.length - MOST_PATHS;
    return more > 0 ? [made, element("p", "muted", `${more.toLocaleString("en")} more paths are not shown; pin one by its name in the address: pin=path.`)] : [made];
  }

  /** A heading with a word on where it comes from. @param {string} text */
  function inferred(text) {
    const heading = element("h3", "", `${text} `);
    const tag = element("span", "tag basis-inferred", "inferred");
    tag.title = "Worked out from the arguments of tool calls";
    heading.append(tag);
    return heading;
  }

  /** A list of things to do as lines: how far each is, and what. Null where it has another form. @param {any} given */
  function planLines(given) {
    const items = Object.values(given || {}).find((value) => Array.isArray(value) && value.length) || [];
    const texts = items.map((/** @type {any} */ item) => item?.content ?? item?.step ?? item?.title ?? item?.text ?? item?.description);
    if (!texts.length || texts.some((/** @type {any} */ text) => typeof text !== "string")) return null;
    const list = element("ul", "plan");
    list.append(...items.map((/** @type {any} */ item, /** @type {number} */ i) => {
      const status = typeof item.status === "string" ? item.status.replaceAll("_", " ") : "";
      const line = element("li", /done|complete/.test(status) ? "is-done" : "");
      if (status) line.append(element("span", /progress/.test(status) ? "tag accent" : "tag", status), " ");
      line.append(escapeInvisible(texts[i]));
      return line;
    }));
    return list;
  }

  /** The list of things to do that was in force. @param {number} n @returns {Promise<Node[]>} */
  async function todos(n) {
    const last = index.todos.filter((/** @type {number[]} */ [at]) => at <= n).pop();
    if (!last) return [];
    const place = planLines(await facts.read(last[1])) || element("div", "content");
    if (place.matches(".content")) place.dataset.content = last[1];
    const where = element("p", "muted", last[0] === n ? "Written at this step." : "Written at step ");
    if (last[0] !== n) where.append(shortLink(last[0]));
    return [inferred("Plan"), where, place];
  }

  /** The files that were touched so far, the last one first. @param {number} n @returns {Node[]} */
  function files(n) {
    /** @type {Map<number, number[]>} */
    const touched = new Map();
    for (const [at, file] of index.touched) {
      if (at > n) break;
      const steps = touched.get(file) || [];
      touched.delete(file);
      touched.set(file, [...steps, at]);
    }
    if (!touched.size) return [];
    const list = element("ul", "files");
    for (const [file, steps] of [...touched].reverse().slice(0, 60)) {
      const item = element("li", steps[steps.length - 1] === n ? "changed" : "");
      item.append(element("code", "", index.files[file]), " ", ...steps.slice(-MOST_LINKS_OF_A_PATH).flatMap((at) => [shortLink(at), " "]));
      list.append(item);
    }
    return [inferred(`Files named in calls up to here: ${touched.size.toLocaleString("en")}`), list];
  }

  return {
    /** What the pane holds. @param {number} n @param {string[]} pins @returns {Promise<Node[]>} */
    async nodes(n, pins) {
      const at = index.stateAt[n - 1];
      const rest = [...(await todos(n)), ...files(n)];
      if (!at) {
        const none = index.state.length ? "State: not recorded before this step." : "This trace records no state.";
        return [element("p", "muted", none), ...rest];
      }
      return [element("h3", "", at === n ? "Changed at this step" : `As of step ${at}, the last change`), ...table(n, pins), ...rest];
    },
    /** Shows the pinned paths above a step. @param {number} n @param {string[]} pins */
    showPins(n, pins) {
      strip.hidden = !pins.length;
      strip.replaceChildren(...pins.map((path) => {
        const line = element("p", changes.get(path)?.includes(n) ? "pinned changed" : "pinned");
        line.append(element("code", "", path), " ", value(facts.after(n).get(path)), " ", changers(path, n), " ", pinButton(path, true));
        return line;
      }));
      fillContents(strip, payload);
    },
  };
}
