// @ts-check
/// Full-text search over all runs, by Pagefind, on a page of its own: `search.html#q=words`.
/// What is found is trace text: it is put on the page as text, with marks of our own.

// @ts-ignore: made when the site is built
import * as pagefind from "../pagefind/pagefind.js";

const TYPED_MS = 120;
const PAGES = 20;
const AROUND = 12;
const STEPS_A_PAGE = 5;

/** @typedef {{ id: string, location: number }} Anchor */
/** @typedef {{ raw_url?: string, url: string, raw_content?: string, content: string, meta: { title?: string }, anchors: Anchor[], locations: number[] }} Found */

const input = /** @type {HTMLInputElement} */ (document.getElementById("words"));
const list = /** @type {HTMLElement} */ (document.getElementById("found"));
const count = /** @type {HTMLElement} */ (document.getElementById("found-count"));
const index = pagefind.createInstance({ noWorker: true, baseUrl: "/" });
let asked = 0;

async function search() {
  const mine = ++asked;
  const words = input.value.trim();
  history.replaceState(null, "", words ? `#q=${encodeURIComponent(words)}` : "#");
  if (!words) {
    list.replaceChildren();
    count.textContent = "";
    return;
  }
  const { results } = await index.search(words);
  const pages = await Promise.all(results.slice(0, PAGES).map((/** @type {any} */ one) => one.data()));
  if (mine !== asked) return;
  list.replaceChildren(...pages.map(shown));
  const more = results.length > PAGES ? `, of which the first ${PAGES}` : "";
  count.textContent = results.length === 1 ? "1 page of steps" : `${results.length} pages of steps${more}`;
}

/** A page of steps: its run, and the steps in which the words are. @param {Found} found */
function shown(found) {
  const page = (found.raw_url ?? found.url).replace(/^\/+/, "");
  const item = element("li", "");
  const title = element("h3", "");
  const run = element("a", found.meta.title ?? page);
  run.setAttribute("href", page.replace(/[^/]+$/, "index.html"));
  title.append(run);
  item.append(title);
  const words = (found.raw_content ?? found.content).split(/\s+/);
  const steps = byStep(found);
  for (const [step, places] of [...steps].slice(0, STEPS_A_PAGE)) {
    const line = element("p", "");
    const link = element("a", step ? `step ${step}` : "steps");
    link.setAttribute("href", step ? page.replace(/[^/]+$/, `index.html#step=${step}`) : page);
    line.append(link, " ", ...excerpt(words, places));
    item.append(line);
  }
  if (steps.size > STEPS_A_PAGE) item.append(element("p", `and ${steps.size - STEPS_A_PAGE} more steps`));
  return item;
}

/** Where the words are, by the number of the step. @param {Found} found */
function byStep(found) {
  const anchors = found.anchors.filter((one) => /^step-\d+$/.test(one.id));
  /** @type {Map<string, number[]>} */
  const steps = new Map();
  for (const place of found.locations) {
    const at = anchors.findLast((one) => one.location <= place);
    const step = at ? at.id.slice("step-".length) : "";
    steps.set(step, [...(steps.get(step) ?? []), place]);
  }
  return steps;
}

/** The words around the first place, those sought in marks. @param {string[]} words @param {number[]} places */
function excerpt(words, places) {
  const from = Math.max(0, places[0] - AROUND);
  const marked = new Set(places);
  const parts = words.slice(from, places[0] + 2 * AROUND).flatMap((word, at) => {
    return [marked.has(from + at) ? element("mark", word) : word, " "];
  });
  return [from ? "… " : "", ...parts, "…"];
}

/** @param {string} name @param {string} text */
function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

let typed = 0;
input.addEventListener("input", () => {
  clearTimeout(typed);
  typed = setTimeout(search, TYPED_MS);
});

function fromAddress() {
  const words = new URLSearchParams(location.hash.slice(1)).get("q") ?? "";
  if (words !== input.value) input.value = words;
  return search();
}

addEventListener("hashchange", fromAddress);
document.getElementById("full-text")?.removeAttribute("hidden");
document.getElementById("no-full-text")?.setAttribute("hidden", "");
input.focus();
await fromAddress();
document.documentElement.dataset.searched = "1";
