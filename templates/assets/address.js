// @ts-check
// What is shown, as the part of the address behind the #, and back.

/** @typedef {{step: number, pane: string, view: string, query: string, stops: string[], column: string, versus: number, pins: string[], notes: [number, string][]}} Shown */

const DEFAULT_PANE = "why";
const LONGEST_NOTES = 4000;
const MOST_STOPS = 12;
const LONGEST_EXPRESSION = 500;

/** @returns {Shown} */
const nothingShown = () => ({ step: 0, pane: DEFAULT_PANE, view: "replay", query: "", stops: [], column: "", versus: 0, pins: [], notes: [] });

/** The address of what is shown; what is as usual is left out. @param {Shown} shown */
function writeAddress(shown) {
  const parts = [`step=${shown.step}`];
  const add = (/** @type {string} */ name, /** @type {string} */ value) => value && parts.push(`${name}=${encodeURIComponent(value)}`);
  if (shown.pane !== DEFAULT_PANE) add("pane", shown.pane);
  add("q", shown.query);
  for (const stop of shown.stops) add("bp", stop);
  add("col", shown.column);
  if (shown.versus) add("vs", String(shown.versus));
  for (const path of shown.pins) add("pin", path);
  for (const [n, text] of shown.notes) add("note", `${n}=${text}`);
  if (shown.view !== "replay") add("view", shown.view);
  return `#${parts.join("&")}`;
}

/** What an address says; what it does not say is as usual. Anybody may have written it: it is kept short. @param {string} hash @returns {Shown} */
function readAddress(hash) {
  const params = new URLSearchParams(hash.slice(1));
  const shown = nothingShown();
  const text = (/** @type {string} */ name) => params.get(name) || "";
  const few = (/** @type {string} */ name) => [...new Set(params.getAll(name))].slice(0, MOST_STOPS).map((each) => each.slice(0, LONGEST_EXPRESSION)).filter(Boolean);
  shown.step = Number(text("step")) || 0;
  shown.pane = text("pane").replace("source", "raw") || shown.pane;
  shown.view = text("view") === "overview" ? "overview" : "replay";
  shown.query = text("q");
  shown.stops = few("bp");
  shown.column = text("col").slice(0, LONGEST_EXPRESSION);
  shown.versus = Number(text("vs")) || 0;
  shown.pins = few("pin");
  let room = LONGEST_NOTES;
  for (const note of params.getAll("note")) {
    const [, n, words] = /^(\d+)=([^]*)$/.exec(note) || [];
    room -= (words || "").length;
    if (n && room >= 0) shown.notes.push([Number(n), words]);
  }
  return shown;
}
