// @ts-check
// The page of a diff: goes from difference to difference, swaps sides, unpacks later rows.

const PART = 40;

/** The rows packed into the page: what there is, and how to get it. */
async function openRows() {
  if (!document.querySelector("script.index")) return null;
  const index = await loadIndex();
  return { index, numbers: /** @type {number[]} */ (index.rows), payload: openPayload(index) };
}

async function start() {
  applyTheme(preference("theme"));
  const body = document.body;
  const where = /** @type {HTMLElement} */ (document.getElementById("where"));
  const help = /** @type {HTMLDialogElement} */ (document.getElementById("help"));
  const more = document.getElementById("more-rows");
  const packed = await openRows();
  // The part of the packed rows that is in the page: from here to before there.
  let [from, to] = [0, 0];
  /** @type {HTMLElement | null} */
  let current = null;

  const inPage = () => [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".diff-row"))];
  const written = inPage().map((row) => Number(row.dataset.row));
  const later = packed ? packed.numbers.filter((number) => number > 0) : [];
  const every = [...written, ...later];
  const decisions = new Set([...inPage().filter((row) => row.matches(".is-decision")).map((row) => Number(row.dataset.row)), ...(packed ? packed.index.decisions : [])]);

  /** A button for another part of the packed rows. @param {string} label @param {number} start */
  function partButton(label, start) {
    const button = element("button", "", label);
    button.addEventListener("click", async () => {
      await showPart(start);
      more?.scrollIntoView({ block: "start" });
    });
    return button;
  }

  /** Puts a part of the packed rows into the page, in place of the part before. @param {number} start */
  async function showPart(start) {
    if (!packed || !more) return;
    from = Math.max(0, start);
    to = Math.min(from + PART, packed.numbers.length);
    const part = document.createDocumentFragment();
    if (from) part.append(partButton("Earlier turns", from - PART));
    for (let at = from; at < to; at++) part.append(parseFragment(await packed.payload.fragment(Math.abs(packed.numbers[at]))));
    const left = packed.numbers.slice(to).filter((number) => number > 0).length;
    if (to < packed.numbers.length) part.append(partButton(`Later turns (${left.toLocaleString("en")} more differences)`, to));
    more.replaceChildren(part);
  }

  /** The row with a number, unpacked if need be. @param {number} number */
  async function rowAt(number) {
    const here = document.getElementById(`row-${number}`);
    if (here || !packed) return here;
    const at = packed.numbers.indexOf(number);
    if (at < 0) return null;
    await showPart(at - (at % PART));
    return document.getElementById(`row-${number}`);
  }

  /** Goes to a row: opens it, marks it, says which it is. @param {HTMLElement} row @param {boolean} [remember] */
  function show(row, remember = true) {
    current?.classList.remove("is-current");
    current = row;
    row.classList.add("is-current");
    const details = row.querySelector("details");
    if (details) details.open = true;
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
    const number = Number(row.dataset.row);
    where.textContent = `${(every.indexOf(number) + 1).toLocaleString("en")} of ${every.length.toLocaleString("en")} differences`;
    if (remember) history.replaceState(null, "", `#${row.id}`);
  }

  /** The number of the row from which a key goes on: the current one's, else of the first in sight. @param {number} step */
  function startAt(step) {
    if (current?.isConnected) return Number(current.dataset.row);
    const first = inPage().find((row) => row.getBoundingClientRect().top > 0);
    return (first ? Number(first.dataset.row) : Infinity) - Math.sign(step) * 0.5;
  }

  /** Goes to the next or previous row that is `wanted`. @param {number} step @param {(number: number) => boolean} wanted */
  async function seek(step, wanted) {
    const start = startAt(step);
    const ahead = every.filter((number) => wanted(number) && (step > 0 ? number > start : number < start));
    const number = step > 0 ? ahead[0] : ahead[ahead.length - 1];
    const row = number ? await rowAt(number) : null;
    if (row) show(row);
    else where.textContent = `No ${step > 0 ? "later" : "earlier"} one`;
  }

  /** Shows B on the left, or A again. */
  function swap() {
    const isSwapped = body.classList.toggle("swapped");
    preference("swapped", isSwapped ? "yes" : "no");
    document.querySelector('[data-act="swap"]')?.setAttribute("aria-pressed", String(isSwapped));
  }

  /** Opens all rows that are shown, or folds them. */
  function fold() {
    const details = [.../** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll(".diff-row details"))];
    const isOpen = details.every((each) => each.open);
    for (const each of details) each.open = !isOpen;
    const button = document.querySelector('[data-act="fold"]');
    if (button) button.textContent = isOpen ? "Open all" : "Fold all";
  }

  /** The sheet of keys, made from the buttons. */
  function showHelp() {
    const list = /** @type {HTMLElement} */ (help.querySelector("dl"));
    const rows = [...document.querySelectorAll("[data-key]")].flatMap((button) => {
      const label = (button.getAttribute("title") || "").replace(/ \(.*\)$/, "");
      return [element("dt", "", button.getAttribute("data-key") || ""), element("dd", "", label)];
    });
    list.replaceChildren(...rows);
    help.showModal();
  }

  /** Copies a link to the difference that is shown. */
  async function copyLink() {
    try {
      await navigator.clipboard.writeText(location.href);
      where.textContent = "Link copied";
    } catch {
      where.textContent = location.href;
    }
  }

  /** Shows the row that the address names, unpacking it if need be. */
  async function restore() {
    const number = Number((/^#row-(\d+)$/.exec(location.hash) || [])[1]);
    if (!number) return;
    const row = await rowAt(number);
    if (row) return show(row, false);
    if (packed) {
      const at = packed.numbers.findLastIndex((each) => Math.abs(each) <= number);
      if (at >= 0) await showPart(at - (at % PART));
    }
    const folded = [.../** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll(".stretch"))];
    const holds = folded.find((each) => Number(each.dataset.first) <= number && number <= Number(each.dataset.last));
    if (!holds) return;
    holds.open = true;
    holds.scrollIntoView({ block: "center" });
  }

  /** @type {Record<string, () => unknown>} */
  const acts = {
    next: () => seek(1, () => true),
    previous: () => seek(-1, () => true),
    "next-decision": () => seek(1, (number) => decisions.has(number)),
    "previous-decision": () => seek(-1, (number) => decisions.has(number)),
    parting: async () => {
      const row = document.querySelector(".is-parting") || (packed ? await rowAt(packed.index.parting) : null);
      if (row) show(/** @type {HTMLElement} */ (row));
    },
    swap,
    fold,
    theme: switchTheme,
    print: () => window.print(),
    help: showHelp,
    "copy-link": copyLink,
  };

  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.closest("input, textarea, select, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
    const name = event.shiftKey && /^[A-Z]$/.test(event.key) ? `Shift+${event.key}` : event.key;
    const button = /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${CSS.escape(name)}"]`));
    if (!button) return;
    event.preventDefault();
    button.click();
  });
  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    const elsewhere = packed && /\.html#rows?-(\d+)$/.exec(target.closest("a")?.getAttribute("href") ?? "");
    if (elsewhere) {
      event.preventDefault(); // a row that is written out in another page is packed into this one
      location.hash = `#row-${elsewhere[1]}`;
      return;
    }
    const button = target.closest("button");
    if (button?.dataset.act) acts[button.dataset.act]();
  });
  window.addEventListener("hashchange", restore);

  for (const part of document.querySelectorAll("[data-needs-js]")) part.removeAttribute("hidden");
  if (preference("swapped") === "yes") swap();
  where.textContent = `${every.length.toLocaleString("en")} ${every.length === 1 ? "difference" : "differences"}`;
  await showPart(0);
  await restore();
}

start();
