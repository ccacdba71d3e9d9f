(() => {
"use strict";
const FRAME = "<svg class=\"sprite\" aria-hidden=\"true\" width=\"0\" height=\"0\">\n<symbol id=\"i-user\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"5\"/><\/symbol>\n<symbol id=\"i-system\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"5\"/><path d=\"M8 8h.01\"/><\/symbol>\n<symbol id=\"i-model\" viewBox=\"0 0 16 16\"><path d=\"M8 2l6 6-6 6-6-6z\"/><\/symbol>\n<symbol id=\"i-decision\" viewBox=\"0 0 16 16\"><path fill=\"currentColor\" d=\"M8 2l6 6-6 6-6-6z\"/><\/symbol>\n<symbol id=\"i-inferred\" viewBox=\"0 0 16 16\"><path stroke-dasharray=\"2.5 2.500\" d=\"M8 3l5 5-5 5-5-5z\"/><\/symbol>\n<symbol id=\"i-tool\" viewBox=\"0 0 16 16\"><path d=\"M3 3h10v10H3z\"/><\/symbol>\n<symbol id=\"i-agent\" viewBox=\"0 0 16 16\"><rect x=\"2.5\" y=\"2.5\" width=\"11\" height=\"11\" rx=\"4\"/><path d=\"M6 8h4\"/><\/symbol>\n<symbol id=\"i-retrieval\" viewBox=\"0 0 16 16\"><path d=\"M8 3l6 10H2z\"/><\/symbol>\n<symbol id=\"i-state\" viewBox=\"0 0 16 16\"><path d=\"M5 3h6l3 5-3 5H5L2 8z\"/><\/symbol>\n<symbol id=\"i-handoff\" viewBox=\"0 0 16 16\"><path d=\"M2 8h11M9 4l4 4-4 4\"/><\/symbol>\n<symbol id=\"i-guardrail\" viewBox=\"0 0 16 16\"><path d=\"M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4z\"/><\/symbol>\n<symbol id=\"i-error\" viewBox=\"0 0 16 16\"><path d=\"M4 4l8 8M12 4l-8 8\"/><\/symbol>\n<symbol id=\"i-event\" viewBox=\"0 0 16 16\"><path d=\"M5 8h6\"/><\/symbol>\n<symbol id=\"i-verdict-error\" viewBox=\"0 0 16 16\"><path d=\"M4 4l8 8M12 4l-8 8\"/><\/symbol>\n<symbol id=\"i-verdict-warn\" viewBox=\"0 0 16 16\"><path d=\"M8 2l6.5 11.5h-13zM8 6.5v3.5M8 12h.01\"/><\/symbol>\n<symbol id=\"i-verdict-ok\" viewBox=\"0 0 16 16\"><path d=\"M3 8.5l3.5 3.5L13 5\"/><\/symbol>\n<symbol id=\"i-verdict-info\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"6\"/><path d=\"M8 7.5V11M8 5h.01\"/><\/symbol>\n<symbol id=\"i-search\" viewBox=\"0 0 16 16\"><circle cx=\"7\" cy=\"7\" r=\"4.5\"/><path d=\"M10.5 10.5L14 14\"/><\/symbol>\n<symbol id=\"i-overview\" viewBox=\"0 0 16 16\"><path d=\"M2.5 3h11M2.5 8h11M2.5 13h7\"/><\/symbol>\n<symbol id=\"i-theme\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"5.5\"/><path fill=\"currentColor\" d=\"M8 2.5a5.5 5.5 0 0 1 0 11z\"/><\/symbol>\n<symbol id=\"i-print\" viewBox=\"0 0 16 16\"><path d=\"M4.5 6V2.5h7V6M4.5 11.5h-2V6h11v5.5h-2M4.5 9.5h7v4h-7z\"/><\/symbol>\n<symbol id=\"i-help\" viewBox=\"0 0 16 16\"><path d=\"M5.5 6a2.5 2.5 0 1 1 3.800 2.100c-.9.6-1.300 1-1.300 2M8 13h.01\"/><\/symbol>\n<symbol id=\"i-first\" viewBox=\"0 0 16 16\"><path d=\"M4 3v10M12 3L6 8l6 5\"/><\/symbol>\n<symbol id=\"i-previous\" viewBox=\"0 0 16 16\"><path d=\"M10.5 3l-5 5 5 5\"/><\/symbol>\n<symbol id=\"i-next\" viewBox=\"0 0 16 16\"><path d=\"M5.5 3l5 5-5 5\"/><\/symbol>\n<symbol id=\"i-last\" viewBox=\"0 0 16 16\"><path d=\"M12 3v10M4 3l6 5-6 5\"/><\/symbol>\n<symbol id=\"i-play\" viewBox=\"0 0 16 16\"><path d=\"M5 3l8 5-8 5z\"/><\/symbol>\n<symbol id=\"i-pause\" viewBox=\"0 0 16 16\"><path d=\"M5.5 3.5v9M10.5 3.5v9\"/><\/symbol>\n<symbol id=\"i-over\" viewBox=\"0 0 16 16\"><path d=\"M2.500 8a5.500 4.500 0 0 1 11 0M13.500 8l-2.500-2M13.500 8l1.500-2.700M8 11.500v.01\"/><\/symbol>\n<symbol id=\"i-into\" viewBox=\"0 0 16 16\"><path d=\"M8 2v7M5 6.500L8 9.500l3-3M8 13v.01\"/><\/symbol>\n<symbol id=\"i-out\" viewBox=\"0 0 16 16\"><path d=\"M8 9.500v-7M5 5.500l3-3 3 3M8 13v.01\"/><\/symbol>\n<symbol id=\"i-stop\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"4\" fill=\"currentColor\"/><\/symbol>\n<symbol id=\"i-note\" viewBox=\"0 0 16 16\"><path d=\"M3.500 2.500h9v8l-3 3h-6zM9.500 13.500v-3h3\"/><\/symbol>\n<symbol id=\"i-finding\" viewBox=\"0 0 16 16\"><path fill=\"currentColor\" d=\"M8 2.500l6 10.500H2z\"/><\/symbol>\n<symbol id=\"i-up\" viewBox=\"0 0 16 16\"><path d=\"M3 10.5l5-5 5 5\"/><\/symbol>\n<symbol id=\"i-swap\" viewBox=\"0 0 16 16\"><path d=\"M3 5.500h10M10 2.500l3 3-3 3M13 10.500H3M6 7.500l-3 3 3 3\"/><\/symbol>\n<symbol id=\"i-down\" viewBox=\"0 0 16 16\"><path d=\"M3 5.5l5 5 5-5\"/><\/symbol>\n<\/svg>\n<div class=\"tools\">\n  <label class=\"search\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-search\"/><\/svg><input id=\"search\" type=\"search\" placeholder=\"Search all steps\" aria-label=\"Search all steps\" title=\"Search (/)\" data-key=\"/\" autocomplete=\"off\" spellcheck=\"false\"><span id=\"search-count\" role=\"status\"><\/span><\/label>\n  <button type=\"button\" data-key=\"o\" data-act=\"overview\" title=\"Overview or replay (o)\" aria-label=\"Overview or replay\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-overview\"/><\/svg><\/button>\n  <button type=\"button\" data-key=\"t\" data-act=\"theme\" title=\"Light or dark (t)\" aria-label=\"Light or dark\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-theme\"/><\/svg><\/button>\n  <button type=\"button\" data-key=\"p\" data-act=\"print\" title=\"Print (p)\" aria-label=\"Print\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-print\"/><\/svg><\/button>\n  <button type=\"button\" data-key=\"?\" data-act=\"help\" title=\"Keys (?)\" aria-label=\"Keys\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-help\"/><\/svg><\/button>\n<\/div>\n<main id=\"replay\" hidden>\n  <div id=\"scrubber\" role=\"slider\" tabindex=\"0\" aria-label=\"Step\" aria-valuemin=\"1\" aria-valuenow=\"1\"><canvas><\/canvas><div class=\"playhead\"><\/div><\/div>\n  <div class=\"panes\">\n    <section id=\"outline\" aria-label=\"Steps\">\n      <div class=\"filters\" role=\"group\" aria-label=\"Show\">\n        <button type=\"button\" data-filter=\"all\" aria-pressed=\"true\">All<\/button>\n        <button type=\"button\" data-filter=\"decisions\" aria-pressed=\"false\">Decisions<\/button>\n        <button type=\"button\" data-filter=\"errors\" aria-pressed=\"false\">Errors<\/button>\n        <button type=\"button\" data-filter=\"hits\" data-offer=\"hits\" aria-pressed=\"false\" hidden>Found<\/button>\n        <button type=\"button\" data-filter=\"stops\" data-offer=\"stops\" aria-pressed=\"false\" hidden>Hits<\/button>\n        <span id=\"shown\" class=\"muted\"><\/span>\n      <\/div>\n      <details class=\"probes\"><summary>Breakpoints and column<\/summary>\n        <label>break where <input id=\"break\" data-key=\"q\" title=\"Break where an expression is true (q)\" placeholder='tool == \"crm.lookup\" && output.tier != \"vip\"' autocomplete=\"off\" spellcheck=\"false\" aria-describedby=\"break-problem\"><\/label>\n        <p class=\"presets\"><button type=\"button\" class=\"more\" data-act=\"add-breakpoint\">set<\/button> <button type=\"button\" class=\"more\" data-act=\"break-here\" title=\"Break on every step of this tool, or of this kind\">like this step<\/button> <button type=\"button\" class=\"more\" data-act=\"break-agent\" title=\"Break on every step of this step's agent\">this agent<\/button> <button type=\"button\" class=\"more\" data-act=\"break-on\" data-text='status == \"error\"'>errors<\/button> <button type=\"button\" class=\"more\" data-act=\"break-on\" data-text=\"size(findings) &gt; 0\">findings<\/button> <span class=\"muted\">or a text: /refund<\/span><\/p>\n        <p id=\"break-problem\" class=\"error\" role=\"status\"><\/p>\n        <ul id=\"breakpoints\"><\/ul>\n        <label>column <input id=\"column\" data-key=\"l\" title=\"Show a value of every step in the list (l)\" placeholder=\"output.tier\" autocomplete=\"off\" spellcheck=\"false\" aria-describedby=\"column-problem\"><\/label>\n        <p id=\"column-problem\" class=\"error\" role=\"status\"><\/p>\n        <details class=\"names\"><summary>what can be asked<\/summary><p>A part of CEL. Variables: <code>step kind name tool agent model status error input output reasoning question chosen options basis findings tokens_in tokens_out cost duration_s abandoned state<\/code>. Paths <code>output.items[0].id<\/code>, <code>state[\"a.b\"]<\/code>; <code>== != &lt; &gt; &amp;&amp; || ! in + - * / % ?:<\/code>; <code>size() has() contains() startsWith() endsWith()<\/code>; over lists <code>exists() all() filter() map()<\/code>. A missing key is no hit.<\/p><\/details>\n      <\/details>\n      <div id=\"rows\" class=\"rows\" role=\"listbox\" tabindex=\"0\" aria-label=\"Steps\"><div class=\"space\"><\/div><\/div>\n    <\/section>\n    <section id=\"step-panel\" aria-label=\"Step\" tabindex=\"-1\"><div id=\"pins\" hidden><\/div><div id=\"step\"><\/div><\/section>\n    <aside id=\"side\" aria-label=\"Details\">\n      <div role=\"tablist\" class=\"tabs\">\n        <button type=\"button\" role=\"tab\" id=\"tab-why\" aria-controls=\"pane\" data-pane-tab=\"why\" data-key=\"1\" title=\"Why: the decision, its values, what led here (1)\">Why<\/button>\n        <button type=\"button\" role=\"tab\" id=\"tab-context\" aria-controls=\"pane\" data-pane-tab=\"context\" data-key=\"2\" title=\"What the model saw (2)\">Context<\/button>\n        <button type=\"button\" role=\"tab\" id=\"tab-state\" aria-controls=\"pane\" data-pane-tab=\"state\" data-key=\"3\" title=\"What changed (3)\">State<\/button>\n        <button type=\"button\" role=\"tab\" id=\"tab-graph\" aria-controls=\"pane\" data-pane-tab=\"graph\" data-key=\"4\" title=\"Decision graph (4)\">Graph<\/button>\n        <button type=\"button\" role=\"tab\" id=\"tab-raw\" aria-controls=\"pane\" data-pane-tab=\"raw\" data-key=\"5\" title=\"Where it was read (5)\">Source<\/button>\n      <\/div>\n      <div id=\"pane\" role=\"tabpanel\" tabindex=\"0\"><\/div>\n    <\/aside>\n  <\/div>\n  <nav class=\"player\" aria-label=\"Step through\">\n    <button type=\"button\" class=\"sheet\" data-act=\"sheet-outline\" aria-expanded=\"false\" aria-controls=\"outline\" data-key=\"s\" title=\"List of steps (s)\">Steps<\/button>\n    <button type=\"button\" data-key=\"Home\" data-act=\"first\" title=\"First step (Home)\" aria-label=\"First step\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-first\"/><\/svg><\/button>\n    <button type=\"button\" data-key=\"←\" data-act=\"previous\" title=\"Previous step (←)\" aria-label=\"Previous step\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-previous\"/><\/svg><\/button>\n    <label class=\"number\"><input id=\"number\" inputmode=\"numeric\" size=\"5\" aria-label=\"Go to step\" title=\"Go to step (g)\" data-key=\"g\"><span class=\"of\"><\/span><\/label>\n    <button type=\"button\" data-key=\"→\" data-act=\"next\" title=\"Next step (→)\" aria-label=\"Next step\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-next\"/><\/svg><\/button>\n    <button type=\"button\" data-key=\"End\" data-act=\"last\" title=\"Last step (End)\" aria-label=\"Last step\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-last\"/><\/svg><\/button>\n    <span class=\"jumps\">\n    <span class=\"group moves\"><button type=\"button\" data-key=\"v\" data-act=\"over\" title=\"Step over: the next step beside this one (v)\" aria-label=\"Step over: the next step beside this one\">over<\/button><button type=\"button\" data-key=\"i\" data-act=\"into\" title=\"Step into: the first step inside (i)\" aria-label=\"Step into: the first step inside\">into<\/button><button type=\"button\" data-key=\"u\" data-act=\"out\" title=\"Step out: where it goes on outside (u)\" aria-label=\"Step out: where it goes on outside\">out<\/button><\/span>\n    <span class=\"group\">decision <button type=\"button\" data-key=\"Shift+D\" data-act=\"previous-decision\" title=\"Previous decision (Shift+D)\" aria-label=\"Previous decision\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-up\"/><\/svg><\/button><button type=\"button\" data-key=\"d\" data-act=\"next-decision\" title=\"Next decision (d)\" aria-label=\"Next decision\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-down\"/><\/svg><\/button><\/span>\n    <span class=\"group\">error <button type=\"button\" data-key=\"Shift+E\" data-act=\"previous-error\" title=\"Previous error (Shift+E)\" aria-label=\"Previous error\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-up\"/><\/svg><\/button><button type=\"button\" data-key=\"e\" data-act=\"next-error\" title=\"Next error (e)\" aria-label=\"Next error\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-down\"/><\/svg><\/button><\/span>\n    <span class=\"group\" data-offer=\"findings\">finding <button type=\"button\" data-key=\"Shift+F\" data-act=\"previous-finding\" title=\"Previous finding (Shift+F)\" aria-label=\"Previous finding\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-up\"/><\/svg><\/button><button type=\"button\" data-key=\"f\" data-act=\"next-finding\" title=\"Next finding (f)\" aria-label=\"Next finding\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-down\"/><\/svg><\/button><\/span>\n    <span class=\"group\" data-offer=\"stops\" hidden>breakpoint <button type=\"button\" data-key=\"Shift+B\" data-act=\"previous-stop\" title=\"Previous hit of a breakpoint (Shift+B)\" aria-label=\"Previous hit of a breakpoint\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-up\"/><\/svg><\/button><button type=\"button\" data-key=\"b\" data-act=\"next-stop\" title=\"Next hit of a breakpoint (b)\" aria-label=\"Next hit of a breakpoint\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-down\"/><\/svg><\/button><\/span>\n    <span class=\"group\" data-offer=\"hits\" hidden>found <button type=\"button\" data-key=\"Shift+N\" data-act=\"previous-hit\" title=\"Previous match (Shift+N)\" aria-label=\"Previous match\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-up\"/><\/svg><\/button><button type=\"button\" data-key=\"n\" data-act=\"next-hit\" title=\"Next match (n)\" aria-label=\"Next match\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-down\"/><\/svg><\/button><\/span>\n    <\/span>\n    <details class=\"menu\"><summary title=\"More moves, timing, notes\">More<\/summary><div class=\"menu-box\">\n      <p class=\"group back\"><span>back over, into, out<\/span> <button type=\"button\" data-key=\"Shift+V\" data-act=\"over-back\" title=\"Step over, backward: the step before beside this one (Shift+V)\" aria-label=\"Step over, backward: the step before beside this one\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-over\"/><\/svg><\/button><button type=\"button\" data-key=\"Shift+I\" data-act=\"into-back\" title=\"Step into, backward: the last step inside the one before (Shift+I)\" aria-label=\"Step into, backward: the last step inside the one before\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-into\"/><\/svg><\/button><button type=\"button\" data-key=\"Shift+U\" data-act=\"out-back\" title=\"Step out, backward: what encloses this step (Shift+U)\" aria-label=\"Step out, backward: what encloses this step\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-out\"/><\/svg><\/button><\/p>\n      <p class=\"group\"><span>same tool<\/span> <button type=\"button\" data-key=\"Shift+R\" data-act=\"previous-same-tool\" title=\"Previous call of the same tool (Shift+R)\" aria-label=\"Previous call of the same tool\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-up\"/><\/svg><\/button><button type=\"button\" data-key=\"r\" data-act=\"next-same-tool\" title=\"Next call of the same tool (r)\" aria-label=\"Next call of the same tool\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-down\"/><\/svg><\/button><\/p>\n      <p class=\"group\"><span>same agent<\/span> <button type=\"button\" data-key=\"Shift+W\" data-act=\"previous-same-agent\" title=\"Previous step of the same agent (Shift+W)\" aria-label=\"Previous step of the same agent\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-up\"/><\/svg><\/button><button type=\"button\" data-key=\"w\" data-act=\"next-same-agent\" title=\"Next step of the same agent (w)\" aria-label=\"Next step of the same agent\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-down\"/><\/svg><\/button><\/p>\n      <p class=\"group\"><span>change of agent<\/span> <button type=\"button\" data-key=\"Shift+H\" data-act=\"previous-boundary\" title=\"Previous change of agent (Shift+H)\" aria-label=\"Previous change of agent\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-up\"/><\/svg><\/button><button type=\"button\" data-key=\"h\" data-act=\"next-boundary\" title=\"Next change of agent (h)\" aria-label=\"Next change of agent\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-down\"/><\/svg><\/button><\/p>\n      <p class=\"group\"><label for=\"timing\">play<\/label> <select id=\"timing\" aria-label=\"Timing\"><option value=\"paced\">by reading time<\/option><option value=\"even\">a step a second<\/option><option value=\"real\">as recorded<\/option><\/select><\/p>\n      <p class=\"group\"><span>speed<\/span> <button type=\"button\" data-key=\"[\" data-act=\"slower\" title=\"Slower ([)\" aria-label=\"Slower\">−<\/button><button type=\"button\" data-key=\"]\" data-act=\"faster\" title=\"Faster (])\" aria-label=\"Faster\">+<\/button><\/p>\n      <p class=\"group\"><span>note<\/span> <button type=\"button\" data-key=\"m\" data-act=\"note\" title=\"Note on this step (m)\" aria-label=\"Note on this step\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-note\"/><\/svg>write<\/button><button type=\"button\" data-act=\"save-notes\" data-offer=\"notes\" title=\"Save a copy of this page with the notes in it\" hidden>save a copy<\/button><\/p>\n      <p class=\"group\"><span>this step<\/span> <button type=\"button\" data-key=\"y\" data-act=\"copy-step\" title=\"Copy this step as Markdown (y)\" aria-label=\"Copy this step as Markdown\">copy as Markdown<\/button><\/p>\n    <\/div><\/details>\n    <span class=\"end\"><\/span>\n    <span id=\"play-state\" class=\"muted\" role=\"status\"><\/span>\n    <button type=\"button\" data-key=\"Space\" data-act=\"play\" title=\"Play (Space)\" aria-label=\"Play\"><svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-play\"/><\/svg><\/button>\n    <select id=\"speed\" aria-label=\"Speed\" title=\"Speed\"><option value=\"0.5\">0.5×<\/option><option value=\"1\" selected>1×<\/option><option value=\"2\">2×<\/option><option value=\"3\">3×<\/option><option value=\"5\">5×<\/option><\/select>\n    <button type=\"button\" data-key=\"c\" data-act=\"copy-link\" title=\"Copy a link to this step (c)\" aria-label=\"Copy a link to this step\">Copy link<\/button>\n    <button type=\"button\" class=\"sheet\" data-act=\"sheet-side\" aria-expanded=\"false\" aria-controls=\"side\" data-key=\"a\" title=\"Details (a)\">Details<\/button>\n  <\/nav>\n<\/main>\n<p id=\"announce\" class=\"visually-hidden\" role=\"status\" aria-live=\"polite\"><\/p>\n<dialog id=\"note\" aria-labelledby=\"note-title\"><form method=\"dialog\"><h2 id=\"note-title\">Note<\/h2><textarea rows=\"5\" cols=\"60\" aria-labelledby=\"note-title\"><\/textarea><p class=\"muted\">Notes travel in the link while they are short. “Save a copy” keeps them in the file.<\/p><p><button value=\"keep\" title=\"Keep (Ctrl+Enter)\">Keep<\/button> <button value=\"remove\">Remove<\/button> <button value=\"\">Cancel<\/button><\/p><\/form><\/dialog>\n<dialog id=\"help\" aria-labelledby=\"help-title\"><h2 id=\"help-title\">Keys<\/h2><dl><\/dl><p class=\"muted\">“Recorded” is in the trace. “Inferred” is worked out from it. “Reconstructed” is put together from what stood before. “Not recorded” means that the trace does not say.<\/p><form method=\"dialog\"><button>Close<\/button><\/form><\/dialog>";
// @ts-check
// What every page needs: the one way in for markup, preferences, the theme.

const policy = /** @type {any} */ (window).trustedTypes?.createPolicy("whypath", {
  createHTML: (/** @type {string} */ html) => html,
});

/** A fragment that Python rendered, as nodes: the one way in for markup. @param {string} html */
function parseFragment(html) {
  const template = document.createElement("template");
  template.innerHTML = policy ? policy.createHTML(html) : html;
  return template.content;
}

/** A preference that outlives the page, where the browser allows it. @param {string} name @param {string} [value] */
function preference(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(`whypath.${name}`, value);
    return localStorage.getItem(`whypath.${name}`);
  } catch {
    return null;
  }
}

/** Applies the reader's theme. @param {string | null} theme */
function applyTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
}

/** Light or dark, against what is shown now. */
function switchTheme() {
  const isDark = getComputedStyle(document.documentElement).colorScheme.includes("dark");
  const theme = isDark ? "light" : "dark";
  preference("theme", theme);
  applyTheme(theme);
}

// @ts-check
// Unpacks the payload: the index at once, a chunk when a step in it is shown.

const KEEP_CHUNKS = 48;

/** @typedef {{steps: Map<number, {html: Uint8Array, own: number[], facts: any}>, contents: Map<number, Uint8Array>, all: Uint8Array}} Chunk */

const decoder = new TextDecoder();
const blocks = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("script.chunk")]);

/** Base64 text to bytes, by the browser where it can. @param {string} text */
function bytesOf(text) {
  // @ts-ignore newer than the type library
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** The bytes of an inert block, unpacked. @param {HTMLElement} block */
async function unpack(block) {
  const stream = new Blob([bytesOf(block.textContent || "")]).stream();
  const plain = stream.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

/** The columns that render/index.py made, of a large run in several blocks. @returns {Promise<any>} */
async function loadIndex() {
  const all = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("script.index")]);
  const parts = await Promise.all(all.map(unpack));
  return Object.assign({}, ...parts.map((part) => JSON.parse(decoder.decode(part))));
}

/** Fragments and contents by number, from the chunks. @param {any} index */
function openPayload(index) {
  /** @type {Map<number, Promise<Chunk>>} */
  const loading = new Map();
  /** @type {Map<number, Chunk>} */
  const loaded = new Map();

  /** The chunk in whose range `value` lies. @param {number[]} firsts @param {number} value */
  function find(firsts, value) {
    let low = 0;
    let high = firsts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (firsts[middle] <= value) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Cuts an unpacked chunk up: header line, fragments, contents. @param {number} number */
  async function parse(number) {
    const bytes = await unpack(blocks[number]);
    const end = bytes.indexOf(10);
    const header = JSON.parse(decoder.decode(bytes.subarray(0, end)));
    /** @type {Chunk} */
    const chunk = { steps: new Map(), contents: new Map(), all: bytes };
    let at = end + 1;
    for (const [position, length, own, facts] of header.steps) {
      chunk.steps.set(position, { html: bytes.subarray(at, at + length), own, facts });
      at += length;
    }
    chunk.all = bytes.subarray(at);
    let id = index.chunkContents[number];
    for (const length of header.contents) {
      chunk.contents.set(id++, bytes.subarray(at, at + length));
      at += length;
    }
    loaded.set(number, chunk);
    return chunk;
  }

  /** A chunk; the least recently used one is forgotten. @param {number} number */
  function chunk(number) {
    const known = loading.get(number) || parse(number);
    loading.delete(number);
    loading.set(number, known);
    if (loading.size > KEEP_CHUNKS) {
      const oldest = /** @type {number} */ (loading.keys().next().value);
      loading.delete(oldest);
      loaded.delete(oldest);
    }
    return known;
  }

  /** The markup of a step in a chunk that is there. @param {Chunk} chunk @param {number} n */
  const htmlIn = (chunk, n) => decoder.decode(chunk.steps.get(n)?.html);

  const chunkOfStep = (/** @type {number} */ n) => find(index.chunkSteps, n);
  const chunkOfContent = (/** @type {number} */ id) => find(index.chunkContents, id);
  return {
    count: blocks.length,
    chunk,
    /** The fragment of a step, at once when its chunk is there. @param {number} n */
    fragment(n) {
      const number = chunkOfStep(n);
      const here = loaded.get(number);
      if (here) return htmlIn(here, n);
      return chunk(number).then((one) => htmlIn(one, n));
    },
    /** What render/facts.py says about a step, at once when its chunk is there. @param {number} n */
    facts(n) {
      const number = chunkOfStep(n);
      const here = loaded.get(number);
      if (here) return here.steps.get(n)?.facts || {};
      return chunk(number).then((one) => one.steps.get(n)?.facts || {});
    },
    /** The JSON text of a content, at once when its chunk is there. @param {number} id */
    content(id) {
      const number = chunkOfContent(id);
      const here = loaded.get(number);
      if (here) return decoder.decode(here.contents.get(id));
      return chunk(number).then((one) => decoder.decode(one.contents.get(id)));
    },
    /** Unpacks the chunks beside a step's, so that the next key press finds them. @param {number} n */
    warm(n) {
      const number = chunkOfStep(n);
      for (const near of [number + 1, number - 1]) {
        if (near >= 0 && near < blocks.length && !loading.has(near)) chunk(near);
      }
    },
  };
}

// @ts-check
// Text as it was meant for the eye: what a terminal would have coloured, what a patch adds
// and takes away. Letters only: nothing in a text becomes markup.

// A control sequence of a terminal: colours and styles (they end in m), and the others that
// terminals know. Any other letter after an escape is a letter.
const SEQUENCE = /\x1b(?:\[([0-9;:]*)[ -/]*([@-~])|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]+[0-~]|[6-9=>D-FHMNOVWZ\\cl-o|}~])/g;
const PATCH = /^(?:diff --git |--- [^\n]*\n\+\+\+ |\*\*\* Begin Patch|@@ -\d)/m;
const MOST_SPANS = 4000;

/** True for a text with colours or other controls of a terminal. @param {string} text */
const hasControls = (text) => text.includes("\x1b");

/** The text without what a terminal would have obeyed. @param {string} text */
const withoutControls = (text) => text.replace(SEQUENCE, "").replaceAll("\x1b", "␛");

// What cannot be seen or turns the text round it; unseen.py has the same rule. A joiner
// stays between the letters and emoji that are written with it, a selector after a symbol.
const UNSEEN =
  /\ud83c\udff4(?:\udb40[\udc30-\udc7a]){1,6}\udb40\udc7f|[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]|\ud80d[\udc30-\udc3f]|\ud82f[\udca0-\udca3]|\ud834[\udd73-\udd7a]|[\udb40-\udb43][\udc00-\udfff]/g;

/** False for what a script or an emoji is written with. @param {string} found @param {string} before the two units before it */
function isUnseen(found, before) {
  if (found.length > 2) return false;
  if (found === "\u200c" || found === "\u200d") return !/[\u0300-\u1fff\u2190-\uffff]$/.test(before) || /[\udb40-\udbff][\udc00-\udfff]$/.test(before);
  if (/[\u180b-\u180d\u180f]/.test(found)) return !/[\u1820-\u18aa]$/.test(before);
  if (/[\ufe00-\ufe0f]/.test(found)) return /[A-Za-z\s\ufe00-\ufe0f]$/.test(before);
  if (/^\udb40[\udd00-\uddef]/.test(found)) return !/(?:[\u3400-\u9fff\uf900-\ufaff]|[\ud840-\ud8bf][\udc00-\udfff])$/.test(before);
  return true;
}

/** Text with what cannot be seen replaced. @param {string} text @param {(hidden: string) => string} how */
const replaceUnseen = (text, how) =>
  text.replace(UNSEEN, (found, at) => (isUnseen(found, text.slice(Math.max(0, at - 2), at)) ? how(found) : found));

/** What a character is called. @param {string} hidden */
const codeOf = (hidden) => `U+${(hidden.codePointAt(0) || 0).toString(16).toUpperCase().padStart(4, "0")}`;

/** Text with a mark in place of what cannot be seen. @param {string} text */
const visibleText = (text) => replaceUnseen(text, (hidden) => `‹${codeOf(hidden)}›`);

/** Text with what cannot be seen as JSON escapes. @param {string} text */
const escapeInvisible = (text) =>
  replaceUnseen(text, (hidden) => [...hidden.split("")].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""));

/** Text letter by letter, so that it can be copied; what cannot be seen stands in a mark of its own, where it turns nothing round. @param {string} text @returns {Node | string} */
function markedText(text) {
  const whole = document.createDocumentFragment();
  let at = 0;
  let marks = 0;
  for (const found of text.matchAll(UNSEEN)) {
    if (!isUnseen(found[0], text.slice(Math.max(0, found.index - 2), found.index))) continue;
    if (++marks > MOST_SPANS) return visibleText(text);
    const mark = document.createElement("bdi");
    mark.className = "unseen";
    mark.dataset.code = codeOf(found[0]);
    mark.textContent = found[0];
    whole.append(text.slice(at, found.index), mark);
    at = found.index + found[0].length;
  }
  if (!marks) return text;
  whole.append(text.slice(at));
  return whole;
}

/** A part of a text with its style. @param {string} name @param {string} text */
function styledPart(name, text) {
  const part = element("span", name);
  part.append(markedText(text));
  return part;
}

/** The classes after a sequence of style numbers. @param {string} codes @param {Set<string>} on */
function styled(codes, on) {
  const numbers = codes.split(/[;:]/).map(Number);
  for (let i = 0; i < numbers.length; i++) {
    const code = numbers[i];
    const drop = (/** @type {string} */ start) => [...on].filter((name) => name.startsWith(start)).forEach((name) => on.delete(name));
    if (code === 0) on.clear();
    else if (code === 1) on.add("bold");
    else if (code === 3) on.add("italic");
    else if (code === 4) on.add("underline");
    else if (code === 22) drop("bold");
    else if (code === 38 || code === 48) i += numbers[i + 1] === 2 ? 4 : 2;
    else if (code === 39) drop("ansi");
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) {
      drop("ansi");
      on.add(`ansi${code % 10}`);
    }
  }
}

/** A text with colours as spans. @param {string} text */
function terminalText(text) {
  const whole = document.createDocumentFragment();
  const on = new Set();
  let at = 0;
  let spans = 0;
  const add = (/** @type {string} */ part) => {
    if (part) whole.append(on.size ? styledPart([...on].join(" "), part) : markedText(part));
  };
  for (const found of text.matchAll(SEQUENCE)) {
    add(text.slice(at, found.index));
    at = found.index + found[0].length;
    if (found[2] === "m") styled(found[1] || "0", on);
    if (++spans > MOST_SPANS) break;
  }
  on.clear();
  add(withoutControls(text.slice(at)));
  return whole;
}

/** A patch with its lines marked. @param {string} text */
function patchText(text) {
  const whole = document.createDocumentFragment();
  const lines = text.split("\n");
  lines.slice(0, MOST_SPANS).forEach((line, number) => {
    const name = line.startsWith("@@") ? "hunk" : /^[-+](?!--|\+\+)/.test(line) ? { "+": "added", "-": "removed" }[line[0]] || "" : "";
    const part = number < lines.length - 1 ? `${line}\n` : line;
    whole.append(name ? styledPart(name, part) : markedText(part));
  });
  whole.append(markedText(lines.slice(MOST_SPANS).join("\n")));
  return whole;
}

/** A text as it is shown in a box. @param {string} text @returns {Node | string} */
function lettersOf(text) {
  if (hasControls(text)) return terminalText(text);
  return PATCH.test(text.slice(0, 4000)) ? patchText(text) : markedText(text);
}

const PICTURE = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/=\s]+$/;
const LARGEST_PICTURE = 8e6;

/** The picture that a value holds, if it holds one: in its own bytes, never by address. @param {any} value @returns {HTMLElement | null} */
function pictureOf(value) {
  let source = typeof value === "string" ? value : "";
  if (value && typeof value === "object") {
    const kind = value.media_type || value.mime_type || value.mimeType;
    if (typeof value.data === "string" && typeof kind === "string") source = `data:${kind};base64,${value.data}`;
  }
  if (source.length > LARGEST_PICTURE || !source.startsWith("data:image/") || !PICTURE.test(source)) return null;
  const picture = /** @type {HTMLImageElement} */ (element("img", "picture"));
  picture.alt = "A picture that the trace holds";
  picture.loading = "lazy";
  picture.src = source;
  return picture;
}

// @ts-check
// Shows one content: a string as text, anything else as a foldable tree. Text only.

const TEXT_LIMIT = 12000;
const STRING_LIMIT = 2000;
const INLINE_LIMIT = 120;
const CHILD_LIMIT = 60;
const OPEN_NODES = 40;

/** An element with a class and text. @param {string} tag @param {string} name @param {string} [text] */
function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = visibleText(text);
  return made;
}

/** A whole number too long for a double, kept as its digits. */
class LongNumber {
  /** @param {string} digits */
  constructor(digits) {
    this.digits = digits;
  }

  /** Its digits again, where the browser can write them. */
  toJSON() {
    return /** @type {any} */ (JSON).rawJSON?.(this.digits) ?? Number(this.digits);
  }
}

/** Parses JSON; long whole numbers keep their digits where the browser lets us. @param {string} raw */
function parseJson(raw) {
  if (!/\d{16}/.test(raw)) return JSON.parse(raw);
  return JSON.parse(
    raw,
    /** @type {any} */ (
      function (/** @type {string} */ _key, /** @type {any} */ value, /** @type {any} */ context) {
        const long = typeof value === "number" && !Number.isSafeInteger(value) && context;
        return long && /^-?\d+$/.test(context.source) ? new LongNumber(context.source) : value;
      }
    ),
  );
}

/** Bytes as people read them. @param {number} size */
function sizeText(size) {
  if (size < 1000) return `${size} B`;
  return size < 1e6 ? `${Math.round(size / 1000)} kB` : `${(size / 1e6).toFixed(1)} MB`;
}

/** A small button below a text, gone once it is pressed. @param {string} label @param {() => void} act */
function moreButton(label, act) {
  const button = element("button", "more", label);
  button.addEventListener("click", (event) => {
    event.preventDefault();
    button.remove();
    act();
  });
  return button;
}

/** Text in a box, cut with a button that shows the rest, and one for what a terminal would obey. @param {string} text @param {number} limit @param {string} tag @param {string} name */
function textBox(text, limit, tag, name) {
  const whole = document.createDocumentFragment();
  const box = element(tag, name);
  box.dir = "auto";
  if (tag === "pre") box.tabIndex = 0;
  whole.append(box);
  let shown = limit;
  let isRevealed = false;
  const draw = () => {
    const part = text.slice(0, shown);
    box.replaceChildren(isRevealed ? escapeInvisible(part) : lettersOf(part));
  };
  draw();
  if (text.length > limit) {
    whole.append(
      moreButton(`${sizeText(limit)} of ${sizeText(text.length)} · show all`, () => {
        shown = text.length;
        draw();
      }),
    );
  }
  if (hasControls(text)) {
    whole.append(
      moreButton("controls of a terminal · show", () => {
        isRevealed = true;
        draw();
      }),
    );
  }
  return whole;
}

/** A leaf's value. @param {any} value */
function leafValue(value) {
  if (value instanceof LongNumber) return element("span", "number", value.digits);
  if (typeof value === "number") return element("span", "number", String(value));
  if (typeof value !== "string") return element("span", "word", String(value));
  const picture = value.startsWith("data:image/") ? pictureOf(value) : null;
  if (picture) return picture;
  if (value.length > 80 || value.includes("\n")) return textBox(value, STRING_LIMIT, "span", "string long");
  return element("span", "string", escapeInvisible(JSON.stringify(value)));
}

/** How many values an object or list holds, as a hint. @param {any} value @param {string[]} keys */
function hintOf(value, keys) {
  if (Array.isArray(value)) return `[${keys.length}]`;
  return keys.length > 4 ? `{${keys.slice(0, 4).join(", ")}, …}` : `{${keys.join(", ")}}`;
}

/** A key of an object, or a place in a list; in JSON's quotes where it would be taken for another. @param {string} key */
function keySpan(key) {
  const isPlain = key !== "" && !/^"|[\\\n\r\t]/.test(key) && visibleText(key) === key;
  return element("span", "key", isPlain ? key : escapeInvisible(JSON.stringify(key)));
}

/** The path of a part of a JSON value, written as derive/values.py writes it. @param {string} path @param {string} key @param {boolean} isIndex */
function pathTo(path, key, isIndex) {
  if (isIndex) return `${path}[${key}]`;
  if (/^[A-Za-z_][\p{L}\p{N}_]*$/u.test(key)) return `${path}.${key}`;
  const quoted = JSON.stringify(key.slice(0, 80));
  return `${path}[${quoted.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}]`;
}

/** One node of the tree, the outermost without a key; children are made when it is opened. @param {string | null} key @param {any} value @param {{left: number}} budget @param {string} path */
function treeNode(key, value, budget, path) {
  const isLeaf = value === null || typeof value !== "object" || value instanceof LongNumber;
  if (isLeaf) {
    const leaf = element("div", "leaf");
    if (key !== null) leaf.append(keySpan(key), ": ");
    leaf.append(leafValue(value));
    leaf.dataset.path = path;
    return leaf;
  }
  const keys = Object.keys(value);
  const node = /** @type {HTMLDetailsElement} */ (element("details", ""));
  const summary = element("summary", "");
  if (key !== null) summary.append(keySpan(key), " ");
  summary.append(element("span", "hint", hintOf(value, keys)));
  node.append(summary);
  const picture = pictureOf(value);
  if (picture) node.append(picture);
  const open = budget.left > 0;
  budget.left -= keys.length;
  const fill = () => {
    if (!node.querySelector(":scope > .children")) node.append(treeChildren(value, keys, 0, budget, path));
  };
  if (open) {
    node.open = true;
    fill();
  }
  node.addEventListener("toggle", fill);
  return node;
}

/** Some children, and a button for the next ones. @param {any} value @param {string[]} keys @param {number} from @param {{left: number}} budget @param {string} path */
function treeChildren(value, keys, from, budget, path) {
  const box = element("div", "children");
  const to = Math.min(keys.length, from + CHILD_LIMIT);
  for (let i = from; i < to; i++) box.append(treeNode(keys[i], value[keys[i]], budget, pathTo(path, keys[i], Array.isArray(value))));
  if (to < keys.length) {
    const button = element("button", "more", `${to} of ${keys.length} · show more`);
    button.addEventListener("click", () => button.replaceWith(treeChildren(value, keys, to, budget, path)));
    box.append(button);
  }
  return box;
}

/** Puts a content's JSON text into an element. @param {Element} into @param {string} raw */
function showContent(into, raw) {
  let value;
  try {
    value = parseJson(raw);
  } catch {
    value = raw;
  }
  if (into.classList.contains("inline") && raw.length <= INLINE_LIMIT) {
    into.replaceChildren(value !== null && typeof value === "object" ? raw : leafValue(value));
  } else if (into.classList.contains("inline") && typeof value !== "string") {
    const folded = element("div", "tree");
    folded.append(treeNode(null, value, { left: 0 }, "$"));
    into.replaceChildren(folded);
  } else if (into.classList.contains("inline")) {
    into.replaceChildren(textBox(value, INLINE_LIMIT, "span", "string long"));
  } else if (typeof value === "string") {
    into.replaceChildren(textBox(value, TEXT_LIMIT, "pre", ""));
  } else {
    const tree = element("div", "tree");
    tree.tabIndex = 0;
    tree.append(treeNode(null, value, { left: OPEN_NODES }, "$"));
    into.replaceChildren(tree);
  }
}

/** Fills every place for a content below `root`; those in closed details when they open. @param {Element} root @param {ReturnType<typeof openPayload>} payload */
function fillContents(root, payload) {
  for (const place of root.querySelectorAll("[data-content]")) {
    const closed = place.closest("details:not([open])");
    if (closed && root.contains(closed)) {
      closed.addEventListener("toggle", () => fillOne(place, payload), { once: true });
    } else {
      fillOne(place, payload);
    }
  }
  for (const place of root.querySelectorAll(".io > h3 + [data-content], .io > h3 + [data-raw]")) offerCopy(place);
  for (const place of root.querySelectorAll("[data-preview]")) {
    fillPreview(place, Number(place.getAttribute("data-preview")), payload);
  }
  for (const place of root.querySelectorAll("[data-raw]")) offerRaw(place, payload);
  const messages = [...root.querySelectorAll("[data-message]")];
  if (root.hasAttribute("data-message")) messages.push(root);
  for (const item of messages) openable(item, payload);
}

/** A button that copies a whole content. @param {Element} place */
function offerCopy(place) {
  const heading = place.previousElementSibling;
  if (!heading || heading.querySelector('[data-act="copy-content"]')) return;
  const button = element("button", "more", "copy");
  button.dataset.act = "copy-content";
  button.dataset.id = place.getAttribute("data-content") || place.getAttribute("data-raw") || "";
  button.setAttribute("aria-label", `Copy: ${heading.firstChild?.textContent?.trim() || "the content"}`);
  heading.append(button);
}

/** A button beside rendered Markdown that shows the text as it was written. @param {Element} place @param {ReturnType<typeof openPayload>} payload */
function offerRaw(place, payload) {
  const id = Number(place.getAttribute("data-raw"));
  const rendered = [...place.childNodes];
  const button = element("button", "more", "as written");
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const isRaw = !place.classList.toggle("prose");
    button.setAttribute("aria-pressed", String(isRaw));
    if (isRaw) fillInto(place, id, payload);
    else place.replaceChildren(...rendered);
  });
  place.removeAttribute("data-raw");
  place.previousElementSibling?.append(button);
}

/** The first words of a content, on one line. @param {string} raw */
function previewOf(raw) {
  const start = raw.slice(0, 700);
  if (start[0] !== '"') return start.replace(/\s+/g, " ").slice(0, 160);
  const whole = raw.length <= 700 ? start : `${start.replace(/\\(u[0-9a-f]{0,3})?$/i, "")}"`;
  try {
    return JSON.parse(whole).replace(/\s+/g, " ").slice(0, 160);
  } catch {
    return start.slice(1, 160);
  }
}

/** Puts a content's first words into a place. @param {Element} place @param {number} id @param {ReturnType<typeof openPayload>} payload */
function fillPreview(place, id, payload) {
  const raw = payload.content(id);
  if (typeof raw === "string") place.textContent = visibleText(previewOf(raw));
  else raw.then((text) => (place.textContent = visibleText(previewOf(text))));
}

/** A message of a context window, as a line that opens. @param {Element} item @param {ReturnType<typeof openPayload>} payload */
function openable(item, payload) {
  const id = Number(item.getAttribute("data-message"));
  item.removeAttribute("data-message");
  const details = element("details", "");
  const summary = element("summary", "");
  const preview = element("span", "preview");
  const origin = item.querySelector("a.at");
  origin?.remove();
  summary.append(...item.childNodes, " ", preview);
  const content = element("div", "content");
  details.append(summary, content);
  item.append(details, ...(origin ? [origin] : []));
  fillPreview(preview, id, payload);
  details.addEventListener("toggle", () => {
    if (!content.childElementCount) fillInto(content, id, payload);
  });
}

/** Fills one place. @param {Element} place @param {ReturnType<typeof openPayload>} payload */
function fillOne(place, payload) {
  fillInto(place, Number(place.getAttribute("data-content")), payload);
}

/** Shows a content in a place. @param {Element} place @param {number} id @param {ReturnType<typeof openPayload>} payload */
function fillInto(place, id, payload) {
  const raw = payload.content(id);
  if (typeof raw === "string") showContent(place, raw);
  else raw.then((text) => showContent(place, text));
}

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

// @ts-check
// Works an expression out over the variables of a step. What is missing, or of another kind
// than its operator takes, cannot be worked out: that is no hit, never an error of the page.

const MOST_WORK = 20000;
const VARIABLES = [
  ...["step", "kind", "name", "tool", "agent", "model", "status", "error", "input", "output", "reasoning", "question"],
  ...["chosen", "options", "basis", "findings", "tokens_in", "tokens_out", "cost", "duration_s", "abandoned", "state"],
];

/** Says that an expression cannot be worked out here. */
class Unknown extends Error {}

/** The variables that an expression reads. @param {Tree} tree @param {string[]} own those of macros around it @returns {string[]} */
function namesIn(tree, own = []) {
  if (tree.kind === "name") return own.includes(tree.name || "") ? [] : [tree.name || ""];
  const inner = tree.kind === "macro" ? [...own, tree.value] : own;
  return (tree.parts || []).flatMap((part, at) => namesIn(part, at ? inner : own));
}

/** What two values have in common with numbers that JSON wrote long. @param {any} value */
const plainValue = (value) => (value instanceof LongNumber ? Number(value.digits) : value);

/** True when two values are the same. @param {any} a @param {any} b @returns {boolean} */
function isSame(a, b) {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  const keys = Object.keys(a);
  if (Array.isArray(a) !== Array.isArray(b) || keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isSame(plainValue(a[key]), plainValue(b[key])));
}

/** The value under a key. @param {any} from @param {any} key */
function valueUnder(from, key) {
  if (from === null || typeof from !== "object") throw new Unknown();
  if (Array.isArray(from) ? !Number.isInteger(key) : typeof key !== "string") throw new Unknown();
  if (!Object.hasOwn(from, key)) throw new Unknown();
  return plainValue(from[key]);
}

/** @param {any} value */
function sizeOf(value) {
  if (typeof value === "string") return [...value].length;
  if (value === null || typeof value !== "object") throw new Unknown();
  return Object.keys(value).length;
}

/** Arithmetic on numbers, whole ones divided as whole numbers. @param {string} name @param {number} a @param {number} b */
function reckon(name, a, b) {
  if (name === "+") return a + b;
  if (name === "-") return a - b;
  if (name === "*") return a * b;
  if (b === 0) throw new Unknown();
  if (name === "%") return a % b;
  return Number.isInteger(a) && Number.isInteger(b) ? Math.trunc(a / b) : a / b;
}

/** @param {string} name @param {any} a @param {any} b */
function operate(name, a, b) {
  if (name === "==") return isSame(a, b);
  if (name === "!=") return !isSame(a, b);
  if (name === "in") {
    if (Array.isArray(b)) return b.some((each) => isSame(plainValue(each), a));
    if (b === null || typeof b !== "object") throw new Unknown();
    return typeof a === "string" && Object.hasOwn(b, a);
  }
  if (name === "+" && Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
  if (typeof a !== typeof b || !["number", "string"].includes(typeof a)) throw new Unknown();
  if (name === "<") return a < b;
  if (name === "<=") return a <= b;
  if (name === ">") return a > b;
  if (name === ">=") return a >= b;
  if (typeof a === "string") {
    if (name !== "+") throw new Unknown();
    return a + b;
  }
  return reckon(name, a, b);
}

/** Makes an expression ready: the variables that it needs, and how it is worked out over them. Throws a SyntaxProblem. @param {string} source */
function readyExpression(source) {
  const tree = parseExpression(source.replace(/^\s*\$(?=[.[])/, "output"));
  const needs = [...new Set(namesIn(tree))];
  const strange = needs.find((name) => !VARIABLES.includes(name));
  if (strange) throw new SyntaxProblem(`${strange} is no variable; there are ${VARIABLES.join(", ")}`, source.indexOf(strange));
  let work = 0;

  /** One of && and ||: one side may settle it, whatever the other is. @param {Tree[]} parts @param {Map<string, any>} known @param {boolean} settles */
  function logic([left, right], known, settles) {
    let isUnknown = false;
    for (const side of [left, right]) {
      try {
        const value = solve(side, known);
        if (typeof value !== "boolean") isUnknown = true;
        else if (value === settles) return settles;
      } catch (problem) {
        if (!(problem instanceof Unknown)) throw problem;
        isUnknown = true;
      }
    }
    if (isUnknown) throw new Unknown();
    return !settles;
  }

  /** A macro over a list, or over the keys of an object. @param {Tree} tree @param {Map<string, any>} known */
  function each(tree, known) {
    const [from, body] = /** @type {Tree[]} */ (tree.parts);
    const over = solve(from, known);
    if (over === null || typeof over !== "object") throw new Unknown();
    const items = Array.isArray(over) ? over.map(plainValue) : Object.keys(over);
    const results = items.map((item) => solve(body, new Map([...known, [tree.value, item]])));
    if (tree.name === "map") return results;
    if (results.some((result) => typeof result !== "boolean")) throw new Unknown();
    if (tree.name === "exists") return results.includes(true);
    if (tree.name === "all") return !results.includes(false);
    return items.filter((_item, at) => results[at]);
  }

  /** @param {Tree} tree @param {Map<string, any>} known @returns {any} */
  function solve(tree, known) {
    if (++work > MOST_WORK) throw new Unknown();
    const parts = tree.parts || [];
    const part = (/** @type {number} */ at) => solve(parts[at], known);
    if (tree.kind === "literal") return tree.value;
    if (tree.kind === "name") return known.get(tree.name || "");
    if (tree.kind === "list") return parts.map((each) => solve(each, known));
    if (tree.kind === "index") return valueUnder(part(0), part(1));
    if (tree.kind === "macro") return each(tree, known);
    if (tree.kind === "choice") {
      const test = part(0);
      if (typeof test !== "boolean") throw new Unknown();
      return test ? part(1) : part(2);
    }
    if (tree.kind === "has") {
      const [from, key] = /** @type {Tree[]} */ (parts[0].parts);
      const inside = solve(from, known);
      if (inside === null || typeof inside !== "object") throw new Unknown();
      return Object.hasOwn(inside, solve(key, known));
    }
    if (tree.kind === "unary") {
      const value = part(0);
      if (typeof value !== (tree.name === "!" ? "boolean" : "number")) throw new Unknown();
      return tree.name === "!" ? !value : -value;
    }
    if (tree.name === "&&" || tree.name === "||") return logic(parts, known, tree.name === "||");
    if (tree.kind === "operation") return operate(tree.name || "", part(0), part(1));
    const from = part(0);
    if (tree.name === "size") return sizeOf(from);
    const other = part(1);
    if (typeof from !== "string" || typeof other !== "string") throw new Unknown();
    if (tree.name === "contains") return from.includes(other);
    return tree.name === "startsWith" ? from.startsWith(other) : from.endsWith(other);
  }

  return {
    needs,
    /** The value over the variables of a step; undefined where it cannot be worked out. @param {Map<string, any>} known */
    over(known) {
      work = 0;
      try {
        return solve(tree, known);
      } catch (problem) {
        if (problem instanceof Unknown || problem instanceof RangeError) return undefined;
        throw problem;
      }
    },
  };
}

// @ts-check
// Finds text in every step: in its title, and in the contents that belong to it.

const MARKS = 2000;

/** Where a text stands below an element, as ranges. @param {Element} root @param {string} needle in lower case @returns {Range[]} */
function rangesOf(root, needle) {
  const ranges = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node && ranges.length < MARKS; node = walker.nextNode()) {
    const text = (node.nodeValue || "").toLowerCase();
    if (text.length !== node.nodeValue?.length) continue;
    for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + needle.length)) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, at + needle.length);
      ranges.push(range);
    }
  }
  return ranges;
}

/** Marks a text wherever it stands below some elements, and adds nothing to them. @param {string} text @param {Element[]} roots */
function markFound(text, roots) {
  const marks = /** @type {any} */ (CSS).highlights;
  if (!marks) return;
  marks.delete("found");
  const needle = text.toLowerCase();
  // @ts-ignore newer than the type library
  if (needle) marks.set("found", new Highlight(...roots.flatMap((root) => rangesOf(root, needle))));
}

/** Makes the search. `found` is called with the positions so far. @param {any} index @param {ReturnType<typeof openPayload>} payload */
function makeSearch(index, payload) {
  let turn = 0;

  /** The form a text has inside JSON, in lower case. @param {string} text */
  const inJson = (text) => JSON.stringify(text).slice(1, -1).toLowerCase();

  /** JSON text with \u escapes of letters written out, in lower case. @param {string} raw */
  function searchable(raw) {
    const plain = raw.includes("\\u")
      ? raw.replace(/\\u(?!00[01])([0-9a-f]{4})/gi, (_all, hex) => String.fromCharCode(parseInt(hex, 16)))
      : raw;
    return plain.toLowerCase();
  }

  /** Finds a text in every step, until it is over. @param {string} text @param {(positions: number[], done: boolean) => void} found @param {() => boolean} isOver */
  async function over(text, found, isOver) {
    const needle = inJson(text);
    const plain = text.toLowerCase();
    const hits = new Set();
    for (let i = 0; i < index.count; i++) {
      const who = `${index.models[index.model[i]] || ""} ${index.agents[index.agent[i]] || ""}`;
      const title = `${index.names[i]} ${index.titles[i]} ${who}`.toLowerCase();
      if (title.includes(plain)) hits.add(i + 1);
    }
    const sorted = () => [...hits].sort((a, b) => a - b);
    found(sorted(), false);
    const matched = new Set();
    for (let number = 0; number < payload.count; number++) {
      const chunk = await payload.chunk(number);
      if (isOver()) return;
      // All contents of a chunk are one text; only one that holds the words is looked through.
      const isHere = searchable(decoder.decode(chunk.all)).includes(needle);
      for (const [id, bytes] of isHere ? chunk.contents : []) {
        if (searchable(decoder.decode(bytes)).includes(needle)) matched.add(id);
      }
      for (const [position, step] of chunk.steps) {
        if (step.own.some((id) => matched.has(id))) hits.add(position);
      }
      if (number % 8 === 7) found(sorted(), false);
    }
    found(sorted(), true);
  }

  return {
    over,
    /** Stops a search under way. */
    stop() {
      turn++;
    },
    /** Searches all steps in place of what was searched for before. @param {string} text @param {(positions: number[], done: boolean) => void} found */
    run(text, found) {
      const mine = ++turn;
      return over(text, found, () => mine !== turn);
    },
  };
}

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

// @ts-check
// Keys press buttons: each button names its own in data-key, and the sheet of keys is made of them.

const SAME_KEYS = /** @type {Record<string, string>} */ ({ ArrowLeft: "←", ArrowRight: "→", j: "→", k: "←", ArrowDown: "→", ArrowUp: "←", " ": "Space" });

/** The name of a pressed key as the buttons write it. @param {KeyboardEvent} event */
function keyName(event) {
  if (event.shiftKey && /^[A-Z]$/.test(event.key)) return `Shift+${event.key}`;
  return SAME_KEYS[event.key] || event.key;
}

/** Presses the button of a key, or puts the cursor into its field. True when there is one. @param {string} name */
function pressKey(name) {
  const button = /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${CSS.escape(name)}"]`));
  if (!button) return false;
  const folded = /** @type {HTMLDetailsElement | null} */ (button.closest("details:not([open])"));
  if (button instanceof HTMLInputElement) {
    if (folded) folded.open = true;
    button.focus();
    button.select();
  } else button.click();
  return true;
}

/** True where a key belongs to what has the focus: a field, a dialog, a list or a text that scrolls. @param {KeyboardEvent} event */
function isTaken(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  if (target.closest("input, textarea, select, dialog")) return true;
  if ((event.key === "Enter" || event.key === " ") && target.closest("button, a, summary, label")) return true;
  const scrolls = event.key === "ArrowDown" || event.key === "ArrowUp";
  return scrolls && Boolean(target.closest("#step-panel, #pane, .tree, pre"));
}

/** Makes the keys work. `escape` is told of the Escape key, `besideTab` gives the tab to the left or right. @param {(target: HTMLElement) => void} escape @param {(off: number) => HTMLElement} besideTab */
function listenToKeys(escape, besideTab) {
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.key === "Escape") return escape(target);
    if (isTaken(event)) return;
    if (target.closest('[role="tablist"]') && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      event.preventDefault();
      const tab = besideTab(event.key === "ArrowRight" ? 1 : -1);
      tab.click();
      tab.focus();
    } else if (pressKey(keyName(event))) event.preventDefault();
  });
}

/** Shows the sheet of keys, made from the buttons. @param {HTMLDialogElement} sheet */
function showKeys(sheet) {
  const list = /** @type {HTMLElement} */ (sheet.querySelector("dl"));
  const rows = [...document.querySelectorAll("[data-key]")].map((button) => {
    const label = (button.getAttribute("title") || "").replace(/ \([^(]*\)$/, "");
    return [element("dt", "", button.getAttribute("data-key") || ""), element("dd", "", label)];
  });
  rows.push([element("dt", "", "Esc"), element("dd", "", "Close, or clear the search")]);
  list.replaceChildren(...rows.map((row) => {
    const box = element("div", "");
    box.append(...row);
    return box;
  }));
  sheet.showModal();
}

// @ts-check
// The parts of a narrow page that cover each other.

/** Makes the sheets. `shown` is told which one is in sight. @param {(name: string) => void} shown */
function makeSheets(shown) {
  const body = document.body;
  const buttonOf = (/** @type {string} */ name) => /** @type {HTMLButtonElement} */ (document.querySelector(`[data-act="sheet-${name}"]`));
  const places = /** @type {Record<string, string>} */ ({ outline: "rows", side: "pane" });

  /** Opens a sheet, or closes it; "" closes both. Where both parts are in sight, only the focus goes there. @param {string} name */
  function open(name) {
    const place = document.getElementById(places[name] || "");
    if (!buttonOf("side").offsetParent) {
      delete body.dataset.sheet;
      place?.focus();
      return;
    }
    const wanted = name === body.dataset.sheet ? "" : name;
    if (wanted) body.dataset.sheet = wanted;
    else delete body.dataset.sheet;
    for (const each of Object.keys(places)) buttonOf(each).setAttribute("aria-expanded", String(each === wanted));
    if (wanted) place?.focus();
    shown(wanted);
  }

  return {
    open,
    /** Closes the sheet that is open, and puts the focus back on its button. */
    close() {
      const name = body.dataset.sheet;
      if (!name) return;
      open("");
      buttonOf(name).focus();
    },
  };
}

// @ts-check
// The list of steps. Only the rows in sight are in the document.

const ROW_HEIGHT = 26;
const ROWS_AROUND = 12;

/** An icon by the name of its symbol. @param {string} name */
function iconOf(name) {
  const space = "http://www.w3.org/2000/svg";
  const icon = document.createElementNS(space, "svg");
  icon.setAttribute("class", `icon kind-${name}`);
  icon.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#i-${name}`);
  icon.append(use);
  return icon;
}

/** What a reader put on steps: breakpoints, notes, a column. @typedef {{isStop: (n: number) => boolean, note: (n: number) => string, column: ReturnType<typeof makeColumn>}} Marks */

/** The outline. `select` is called with the number of a step that was chosen. @param {any} index @param {(n: number) => void} select @param {Marks} marks */
function makeOutline(index, select, marks) {
  const rows = /** @type {HTMLElement} */ (document.getElementById("rows"));
  const space = /** @type {HTMLElement} */ (rows.querySelector(".space"));
  const shown = /** @type {HTMLElement} */ (document.getElementById("shown"));
  const wrong = new Set(index.wrong);
  /** @type {Map<number, string>} The gravest finding worth a mark, by step. */
  const found = new Map();
  for (const [n, , severity] of index.findings) {
    if (severity !== "info" && found.get(n) !== "error") found.set(n, severity);
  }
  const abandoned = new Set(index.abandoned);
  /** @type {number[] | null} Positions in the list; null: all of them. */
  let list = null;
  let selected = 0;

  const length = () => (list ? list.length : index.count);
  const positionAt = (/** @type {number} */ row) => (list ? list[row] : row + 1);
  const rowOf = (/** @type {number} */ n) => (list ? list.indexOf(n) : n - 1);

  /** One row. @param {number} n @param {number} row */
  function makeRow(n, row) {
    const i = n - 1;
    const decided = index.decided[i];
    const kind = decided === "r" ? "decision" : index.codes[index.kinds[i]];
    const made = element("div", `row d${Math.min(index.depth[i], 4)}`);
    made.id = `row-${n}`;
    made.setAttribute("role", "option");
    made.setAttribute("aria-selected", String(n === selected));
    made.dataset.position = String(n);
    made.style.top = `${row * ROW_HEIGHT}px`;
    made.append(element("span", "position", String(n)), iconOf(kind));
    const name = index.names[i];
    const title = index.titles[i];
    if (name) made.append(element("span", "name", name));
    made.append(element("span", "title", title.startsWith(name) ? title.slice(name.length) : title));
    if (index.status[i] === "e") {
      made.classList.add("is-error");
      made.append(flag("error", "error"));
    }
    if (wrong.has(n)) {
      made.classList.add("is-wrong");
      made.append(flag("verdict-warn", "evidence not found"));
    } else if (found.has(n)) {
      made.classList.add(found.get(n) === "error" ? "is-wrong" : "has-finding");
      made.append(flag("verdict-warn", "finding"));
    }
    if (decided === "i") made.append(flag("inferred", "inferred decision"));
    if (abandoned.has(n)) made.classList.add("is-abandoned");
    if (marks.isStop(n)) {
      made.classList.add("is-stop");
      made.prepend(flag("stop", "breakpoint"));
    }
    if (marks.note(n)) made.append(flag("note", "note"));
    if (marks.column.isOn()) {
      const cell = element("span", "cell");
      made.append(cell);
      marks.column.fill(n, cell);
    }
    made.title = visibleText([name, title, index.at[i]].filter(Boolean).join(" · "));
    return made;
  }

  /** A mark at the end of a row. @param {string} name @param {string} label */
  function flag(name, label) {
    const mark = element("span", "flag");
    mark.append(iconOf(name), element("span", "visually-hidden", label));
    return mark;
  }

  /** Puts the rows in sight into the document. */
  function draw() {
    const first = Math.max(0, Math.floor(rows.scrollTop / ROW_HEIGHT) - ROWS_AROUND);
    const last = Math.min(length(), Math.ceil((rows.scrollTop + rows.clientHeight) / ROW_HEIGHT) + ROWS_AROUND);
    const made = [];
    for (let row = first; row < last; row++) made.push(makeRow(positionAt(row), row));
    space.replaceChildren(...made);
  }

  /** Marks the selected row in the rows already made. @param {number} n */
  function mark(n) {
    document.getElementById(`row-${selected}`)?.setAttribute("aria-selected", "false");
    selected = n;
    const row = document.getElementById(`row-${n}`);
    row?.setAttribute("aria-selected", "true");
    if (row) rows.setAttribute("aria-activedescendant", row.id);
    else rows.removeAttribute("aria-activedescendant");
  }

  /** Scrolls until the row of a step is in sight, and no further. @param {number} n */
  function reveal(n) {
    const row = rowOf(n);
    if (row < 0) return;
    const top = row * ROW_HEIGHT;
    const height = rows.clientHeight;
    if (top < rows.scrollTop) rows.scrollTop = Math.max(0, top - ROW_HEIGHT * 2);
    else if (top + ROW_HEIGHT > rows.scrollTop + height) rows.scrollTop = top - height + ROW_HEIGHT * 3;
  }

  let waiting = false;
  rows.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
      mark(selected);
    });
  });
  rows.addEventListener("click", (event) => {
    const row = /** @type {HTMLElement} */ (event.target).closest(".row");
    if (row) select(Number(/** @type {HTMLElement} */ (row).dataset.position));
  });
  new ResizeObserver(draw).observe(rows);

  return {
    /** Draws the rows in sight anew. */
    redraw() {
      draw();
      mark(selected);
    },
    /** Shows only these steps; null shows all. @param {number[] | null} positions */
    filter(positions) {
      list = positions;
      space.style.height = `${length() * ROW_HEIGHT}px`;
      shown.textContent = list ? `${list.length.toLocaleString("en")} of ${index.count.toLocaleString("en")}` : "";
      rows.scrollTop = 0;
      draw();
      reveal(selected);
    },
    /** Marks a step as the current one and brings it into sight. @param {number} n */
    select(n) {
      mark(n);
      reveal(n);
      if (!document.getElementById(`row-${n}`)) draw();
      mark(n);
    },
  };
}

// @ts-check
// The strip of all steps: a tick each, or a density where there are too many.

const TICK_LIMIT = 200;

/** The strip. `select` is called with the step under the pointer. @param {any} index @param {(n: number) => void} select @param {Marks} marks */
function makeScrubber(index, select, marks) {
  const strip = /** @type {HTMLElement} */ (document.getElementById("scrubber"));
  const canvas = /** @type {HTMLCanvasElement} */ (strip.querySelector("canvas"));
  const head = /** @type {HTMLElement} */ (strip.querySelector(".playhead"));
  /** @type {Map<number, string>} Position -> severity of its first finding. */
  const found = new Map([...index.findings].reverse().map(([n, , severity]) => [n, severity]));
  const severities = /** @type {Record<string, string>} */ ({ error: "--error", warning: "--warn" });
  let current = 1;

  /** A colour of the theme. @param {string} name */
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

  /** Where a step lies. @param {number} n @param {number} width */
  const xOf = (n, width) => ((n - 0.5) / index.count) * width;

  /** A decision's mark: a filled diamond. @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} size */
  function diamond(pen, x, y, size) {
    pen.beginPath();
    pen.moveTo(x, y - size);
    pen.lineTo(x + size, y);
    pen.lineTo(x, y + size);
    pen.lineTo(x - size, y);
    pen.fill();
  }

  /** A finding's mark: a triangle. @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} size */
  function triangle(pen, x, y, size) {
    pen.beginPath();
    pen.moveTo(x, y - size);
    pen.lineTo(x + size, y + size * 0.8);
    pen.lineTo(x - size, y + size * 0.8);
    pen.fill();
  }

  /** A mark of the reader's own: a dot for a breakpoint, a bar for a note. @param {CanvasRenderingContext2D} pen @param {number} x @param {boolean} isStop */
  function ownMark(pen, x, isStop) {
    pen.beginPath();
    if (isStop) pen.arc(x, 31, 2.5, 0, 2 * Math.PI);
    else pen.rect(x - 1, 1, 2, 10);
    pen.fill();
  }

  /** An error's mark: a cross. @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} size */
  function cross(pen, x, y, size) {
    pen.beginPath();
    pen.moveTo(x - size, y - size);
    pen.lineTo(x + size, y + size);
    pen.moveTo(x + size, y - size);
    pen.lineTo(x - size, y + size);
    pen.stroke();
  }

  /** Every step as a tick of its kind's colour. @param {CanvasRenderingContext2D} pen @param {number} width */
  function drawTicks(pen, width) {
    const thick = Math.max(1, Math.min(10, width / index.count - 1));
    for (let n = 1; n <= index.count; n++) {
      pen.fillStyle = colour(`--kind-${index.codes[index.kinds[n - 1]]}`);
      pen.fillRect(xOf(n, width) - thick / 2, 12, thick, 14);
    }
  }

  /** How much of each kind lies in each column, stacked. @param {CanvasRenderingContext2D} pen @param {number} width */
  function drawDensity(pen, width) {
    const columns = Math.floor(width / 3);
    const kinds = Object.keys(index.codes);
    const counts = Array.from({ length: columns }, () => new Map());
    for (let n = 1; n <= index.count; n++) {
      const column = counts[Math.min(columns - 1, Math.floor(((n - 1) / index.count) * columns))];
      column.set(index.kinds[n - 1], (column.get(index.kinds[n - 1]) || 0) + 1);
    }
    const colours = new Map(kinds.map((code) => [code, colour(`--kind-${index.codes[code]}`)]));
    counts.forEach((column, i) => {
      let total = 0;
      for (const count of column.values()) total += count;
      let y = 26;
      for (const code of kinds) {
        const height = (14 * (column.get(code) || 0)) / (total || 1);
        pen.fillStyle = colours.get(code) || "";
        pen.fillRect(i * 3, y - height, 2, height);
        y -= height;
      }
    });
  }

  /** Draws the strip anew: after a change of size or theme. */
  function paint() {
    const scale = window.devicePixelRatio || 1;
    const width = strip.clientWidth;
    const height = strip.clientHeight;
    if (!width) return;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.scale(scale, scale);
    if (index.count <= TICK_LIMIT) drawTicks(pen, width);
    else drawDensity(pen, width);
    pen.fillStyle = colour("--kind-decision");
    pen.lineWidth = 1.5;
    for (let n = 1; n <= index.count; n++) {
      if (index.decided[n - 1] === "r") diamond(pen, xOf(n, width), 6, 4);
    }
    pen.strokeStyle = colour("--error");
    pen.fillStyle = colour("--error");
    for (let n = 1; n <= index.count; n++) {
      if (index.status[n - 1] === "e") cross(pen, xOf(n, width), 31, 2.5);
    }
    for (const [n, severity] of found) {
      pen.fillStyle = colour(severities[severity] || "--info");
      triangle(pen, xOf(n, width), 6, 4);
    }
    pen.fillStyle = colour("--warn");
    let last = -1;
    for (let n = 1; n <= index.count; n++) {
      const isStop = marks.isStop(n);
      if (!isStop && !marks.note(n)) continue;
      const x = Math.round(xOf(n, width));
      if (x !== last) ownMark(pen, x, isStop);
      last = x;
    }
  }

  /** Puts the playhead over the current step. */
  function show() {
    head.style.left = `${((current - 0.5) / index.count) * 100}%`;
  }

  const at = (/** @type {PointerEvent} */ event) => {
    const box = strip.getBoundingClientRect();
    const n = Math.ceil(((event.clientX - box.left) / box.width) * index.count);
    select(Math.max(1, Math.min(index.count, n)));
  };
  strip.addEventListener("pointerdown", (event) => {
    strip.setPointerCapture(event.pointerId);
    at(event);
  });
  strip.addEventListener("pointermove", (event) => {
    if (event.buttons & 1) at(event);
  });
  new ResizeObserver(paint).observe(strip);

  return {
    /** Moves the playhead. @param {number} n */
    select(n) {
      current = n;
      const name = index.names[n - 1] || index.titles[n - 1];
      strip.setAttribute("aria-valuenow", String(n));
      strip.setAttribute("aria-valuetext", `step ${n} of ${index.count}, ${name}`);
      show();
    },
    /** Draws anew in the colours of the theme. */
    repaint: paint,
  };
}

// @ts-check
// Zoom and pan of a picture made of columns that wrap: buttons, wheel with Ctrl, drag.

const LEAST_ZOOM = 0.2;
const MOST_ZOOM = 4;
const ZOOM_STEP = 1.25;

/** Makes what is below `home` zoom and pan. `viewOf` gives the picture that is shown, `resized` is told of each new size. @param {HTMLElement} home @param {() => HTMLElement} viewOf @param {() => void} resized */
function makeZoom(home, viewOf, resized) {
  /** @returns {SVGSVGElement[]} */
  const columns = () => [...viewOf().querySelectorAll(/** @type {"svg"} */ ("svg.column"))];

  /** How large the picture is shown, 1 being its own size. */
  function zoomNow() {
    const [first] = columns();
    return first ? first.getBoundingClientRect().width / first.viewBox.baseVal.width : 1;
  }

  /** Shows every column at a size. @param {number} zoom */
  function resize(zoom) {
    for (const column of columns()) {
      column.setAttribute("width", String(column.viewBox.baseVal.width * zoom));
      column.setAttribute("height", String(column.viewBox.baseVal.height * zoom));
    }
    viewOf().classList.toggle("zoomed", zoom !== 1);
    resized();
  }

  /** Zooms, and keeps what is at a point where it is. @param {number} zoom @param {{clientX: number, clientY: number}} [at] */
  function zoomTo(zoom, at) {
    const view = viewOf();
    const frame = view.getBoundingClientRect();
    const here = view.querySelector(".is-current")?.getBoundingClientRect() || frame;
    const x = at ? at.clientX : here.left + here.width / 2;
    const y = at ? at.clientY : here.top + here.height / 2;
    const off = (/** @type {DOMRect} */ box) => Math.max(box.left - x, x - box.right, 0) + Math.max(box.top - y, y - box.bottom, 0);
    const column = columns().sort((a, b) => off(a.getBoundingClientRect()) - off(b.getBoundingClientRect()))[0];
    if (!column) return;
    const was = column.getBoundingClientRect();
    resize(Math.max(LEAST_ZOOM, Math.min(MOST_ZOOM, zoom)));
    const now = column.getBoundingClientRect();
    view.scrollLeft += now.left + ((x - was.left) / was.width) * now.width - x;
    view.scrollTop += now.top + ((y - was.top) / was.height) * now.height - y;
  }

  /** The largest size, up to the picture's own, at which all of it is in sight. */
  function fit() {
    const view = viewOf();
    let [low, high] = [LEAST_ZOOM, 1];
    for (let tries = 0; tries < 9; tries++) {
      const zoom = tries ? (low + high) / 2 : 1;
      resize(zoom);
      view.classList.add("zoomed");
      const room = parseFloat(getComputedStyle(view).maxHeight) || view.clientHeight;
      if (view.scrollHeight <= room + 1 && view.scrollWidth <= view.clientWidth) low = zoom;
      else high = zoom;
    }
    resize(low);
  }

  /** Drags the picture about; a press that does not move stays a click. @param {PointerEvent} press */
  function drag(press) {
    const box = viewOf();
    if (press.button || press.pointerType !== "mouse" || !(press.target instanceof Element && box.contains(press.target))) return;
    const [left, top] = [box.scrollLeft, box.scrollTop];
    let moved = false;
    const move = (/** @type {PointerEvent} */ event) => {
      const [x, y] = [event.clientX - press.clientX, event.clientY - press.clientY];
      moved = moved || Math.hypot(x, y) > 4;
      if (moved) box.scrollTo(left - x, top - y);
    };
    const end = () => {
      removeEventListener("pointermove", move);
      if (!moved) return;
      const swallow = (/** @type {Event} */ event) => (event.preventDefault(), event.stopPropagation());
      addEventListener("click", swallow, { capture: true, once: true });
      setTimeout(() => removeEventListener("click", swallow, { capture: true }), 0);
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end, { once: true });
  }

  /** @type {Record<string, () => void>} */
  const zooms = {
    in: () => zoomTo(zoomNow() * ZOOM_STEP),
    out: () => zoomTo(zoomNow() / ZOOM_STEP),
    natural: () => zoomTo(1),
    fit,
  };
  home.addEventListener("pointerdown", drag);
  home.addEventListener("dragstart", (event) => event.preventDefault());
  home.addEventListener("click", (event) => {
    const how = /** @type {Element} */ (event.target).closest("[data-zoom]")?.getAttribute("data-zoom");
    if (how && home.offsetParent) zooms[how]();
  });
  addEventListener("beforeprint", () => resize(1));
  home.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoomTo(zoomNow() * Math.exp(-event.deltaY / 200), event);
  }, { passive: false });
}

// @ts-check
// The decision graph: the current node, what it rests on, what is inside it.

const MOST_LINKS = 12;

/** Makes the graph walkable. `parse` makes nodes of markup from the payload. @param {any} index @param {(html: string) => DocumentFragment} parse */
function makeGraph(index, parse) {
  const home = /** @type {HTMLElement} */ (document.getElementById("graph"));
  const whole = /** @type {HTMLElement | null} */ (home.querySelector(".graph"));
  const where = home.querySelector(".graph-where");
  const packed = /** @type {HTMLElement | null} */ (document.querySelector("script.graphs"));
  const links = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  links.setAttribute("class", "rests-on");
  links.setAttribute("aria-hidden", "true");
  let view = whole;
  let step = 0;
  let inSight = false;
  /** @type {number[]} */
  let found = [];
  /** @type {DocumentFragment | null} */
  let insides = null;

  /** The nodes of a picture, or the rows of the table, in the order of the run. */
  const nodes = () => /** @type {HTMLElement[]} */ ([...(view || home).querySelectorAll("[data-step]")]);
  /** True when a step is between the first and the last one of a node. @param {HTMLElement} node @param {number} n */
  const holds = (node, n) => Number(node.dataset.first) <= n && n <= Number(node.dataset.last);

  /** The node that holds a step, if the picture has it. @param {number} n */
  function nodeOf(n) {
    if (view === whole) return nodes()[index.node[n - 1]];
    return nodes().filter((node) => holds(node, n)).pop();
  }

  /** Brings a node into sight. @param {Element} node @param {Element} box */
  function reveal(node, box) {
    const at = node.getBoundingClientRect();
    const frame = box.getBoundingClientRect();
    if (at.top < frame.top || at.bottom > frame.bottom) box.scrollTop += at.top - frame.top - frame.height / 3;
    if (at.left < frame.left || at.right > frame.right) box.scrollLeft += at.left - frame.left - frame.width / 3;
  }

  /** Draws what the current node rests on, and what rests on it, over the picture. */
  function drawLinks() {
    links.remove();
    const all = nodes();
    const current = /** @type {HTMLElement | null} */ ((view || home).querySelector(".is-current"));
    const causes = (/** @type {HTMLElement | undefined | null} */ node) => (node?.dataset.causes || "").split(" ").filter(Boolean).map(Number);
    const own = current ? all.indexOf(current) : -1;
    const pairs = causes(current).map((from) => [from, own]);
    const uses = all.flatMap((node, to) => (own >= 0 && causes(node).includes(own) ? [[own, to]] : []));
    if (where) where.textContent = [pairs.length && `rests on ${pairs.length}`, uses.length && `used by ${uses.length}`].filter(Boolean).join(", ");
    if (!view || !(pairs.length || uses.length)) return;
    const frame = view.getBoundingClientRect();
    const left = frame.left + view.clientLeft - view.scrollLeft;
    const top = frame.top + view.clientTop - view.scrollTop;
    links.setAttribute("width", String(view.scrollWidth));
    links.setAttribute("height", String(view.scrollHeight));
    const paths = [...pairs, ...uses].slice(0, MOST_LINKS).map(([from, to]) => {
      const [a, b] = [from, to].map((at) => /** @type {Element} */ (all[at]?.querySelector(".box")).getBoundingClientRect());
      const side = b.left >= a.right ? 1 : -1;
      const [x, y] = [(side > 0 ? a.right : a.left) - left, a.top + a.height / 2 - top];
      const [toX, toY] = [b.left - left, b.top + b.height / 2 - top];
      const bend = Math.max(24, Math.abs(toX - x) / 3);
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", `M${x} ${y}C${x + side * bend} ${y} ${toX - bend} ${toY} ${toX} ${toY}m-7 -4l7 4l-7 4`);
      return path;
    });
    links.replaceChildren(...paths);
    view.append(links);
  }

  /** Shows another picture in place of the one that is shown. @param {HTMLElement} next */
  function turnTo(next) {
    if (!view || next === view) return;
    view.replaceWith(next);
    view = next;
    view.tabIndex = 0;
    show(step, view);
    markNodes();
  }

  /** Opens what is inside the current node, or goes back to the whole. */
  async function turn() {
    const node = whole?.querySelector(".is-current[data-opens]");
    if (view !== whole && whole) return turnTo(whole);
    if (!node || !packed) return;
    insides = insides || parse(decoder.decode(await unpack(packed)));
    const inside = insides.querySelector(`[data-inside="${node.getAttribute("data-node")}"]`);
    if (inside && view === whole) turnTo(/** @type {HTMLElement} */ (inside.cloneNode(true)));
  }

  /** Marks the nodes that hold what a search found. */
  function markNodes() {
    const hits = new Set(found.map((n) => index.node[n - 1]));
    nodes().forEach((node, at) => {
      node.classList.toggle("is-found", view === whole ? hits.has(at) : found.some((n) => holds(node, n)));
    });
  }

  /** Marks the node that holds a step and brings it into sight of a box. @param {number} n @param {Element | null} box */
  function show(n, box) {
    step = n;
    if (view && view !== whole && whole && !nodeOf(n)) return turnTo(whole);
    const node = nodeOf(n);
    for (const each of nodes()) {
      const is = each === node;
      if (each.hasAttribute("tabindex") && each.classList.contains("is-current") === is) continue;
      each.classList.toggle("is-current", is);
      if (is) each.setAttribute("aria-current", "step");
      else each.removeAttribute("aria-current");
      if (view) each.setAttribute("tabindex", is ? "0" : "-1");
    }
    const opener = home.querySelector('[data-turn]');
    if (opener) /** @type {HTMLButtonElement} */ (opener).disabled = view === whole && !node?.matches("[data-opens]");
    opener?.setAttribute("aria-pressed", String(view !== whole));
    if (node && box) reveal(node, box);
    if (inSight) drawLinks();
  }

  /** Arrow keys: on the picture they pan, on a node they go to its neighbours. @param {KeyboardEvent} event */
  function walk(event) {
    const way = /** @type {Record<string, number[]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] })[event.key];
    const node = /** @type {HTMLElement} */ (event.target).closest("[data-step]");
    if (!way || !view || event.ctrlKey || event.metaKey || event.altKey || !(node || event.target === view)) return;
    event.preventDefault();
    event.stopPropagation();
    if (!node) return view.scrollBy(way[0] * 60, way[1] * 60);
    const all = nodes();
    all[all.indexOf(/** @type {HTMLElement} */ (node)) + way[0] + way[1]]?.focus();
  }

  if (view) {
    view.tabIndex = 0;
    makeZoom(home, () => /** @type {HTMLElement} */ (view), drawLinks);
    home.addEventListener("keydown", walk);
    home.addEventListener("click", (event) => {
      const target = /** @type {Element} */ (event.target);
      const opens = !event.ctrlKey && !event.metaKey && target.closest(".is-current[data-opens]");
      if (!opens && !(target.closest("[data-turn]") && home.offsetParent)) return;
      event.preventDefault();
      event.stopPropagation();
      turn();
    });
    new ResizeObserver(([{ contentRect }]) => {
      inSight = contentRect.width > 0;
      if (inSight) drawLinks();
    }).observe(home);
    addEventListener("beforeprint", () => whole && turnTo(whole));
  }

  return {
    /** Marks the node that holds a step; `pane` is where the graph is, if it is in sight. @param {number} n @param {Element | null} pane */
    focus: (n, pane) => show(n, pane && (view || pane)),
    /** Marks the nodes that hold these steps. @param {number[]} positions */
    found(positions) {
      found = positions;
      markNodes();
    },
  };
}

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

// @ts-check
// The pane that says why: the decision, where its values came from, what led here.

const MAX_CHAIN = 100;
// As derive/causes.py has them: what a step did to the one it led to.
const HOWS = ["decided on", "asked for", "gave a value to", "is cited by", "was decided right before", "gave a value to the calls of", "was read last by"];
const ONLY_FIRST = 5;

/** A link to a step. @param {number} n @param {string} [text] */
function stepLink(n, text) {
  const link = /** @type {HTMLAnchorElement} */ (element("a", "at", text || `step ${n}`));
  link.href = `#step=${n}`;
  return link;
}

/** What led to a step, back to the roots, the nearest first: step, the one it led to, and how. @param {number[][]} causes @param {number} start */
function chainOf(causes, start) {
  /** @type {Map<number, {to: number, how: number}>} */
  const links = new Map([[start, { to: 0, how: -1 }]]);
  const todo = [start];
  const walked = [];
  while (todo.length && walked.length < MAX_CHAIN) {
    const at = /** @type {number} */ (todo.sort((a, b) => a - b).pop());
    walked.push({ step: at, .../** @type {{to: number, how: number}} */ (links.get(at)) });
    const list = causes[at - 1];
    for (let i = 0; i < list.length; i += 2) {
      const [cause, how] = [list[i], list[i + 1]];
      if (links.has(cause) || (how >= ONLY_FIRST && at !== start)) continue;
      links.set(cause, { to: at, how });
      todo.push(cause);
    }
  }
  return { walked: walked.slice(1), isCut: todo.length > 0 };
}

/** Makes the pane. `fragmentOf` gives the parsed fragment of a step. @param {any} index @param {(n: number) => Promise<DocumentFragment>} fragmentOf @returns {Pane} */
function makeWhy(index, fragmentOf) {
  /** The chain as a list. @param {number} n @returns {Node[]} */
  function chainList(n) {
    const { walked, isCut } = chainOf(index.causes, n);
    if (!walked.length) return [];
    const list = element("ol", "chain");
    for (const { step, to, how } of walked) {
      const item = element("li", index.status[step - 1] === "e" ? "is-error" : "");
      const kind = index.decided[step - 1] === "r" ? "decision" : index.codes[index.kinds[step - 1]];
      const name = index.names[step - 1];
      const title = index.titles[step - 1];
      const what = element("span", "title", title.startsWith(name) ? title.slice(name.length) : title);
      const because = element("span", "from", `${HOWS[how]} `);
      because.append(to === n ? "this step" : stepLink(to));
      item.append(stepLink(step), iconOf(kind), ...(name ? [element("b", "", name)] : []), what, because);
      list.append(item);
    }
    return [element("h3", "", "What led here"), list, ...(isCut ? [element("p", "muted", "and more before")] : [])];
  }

  /** The decision that a step carries out, taken from the step it was made at. @param {number} n @param {number} at @returns {Promise<Node[]>} */
  async function decisionAt(n, at) {
    const heading = element("h3", "", "Decided at ");
    heading.append(stepLink(at));
    const made = (await fragmentOf(at)).querySelector(".decision, .inferred");
    if (!(made instanceof HTMLElement)) return [];
    const number = made.dataset.rationale;
    if (!number) return [heading, made];
    const rationale = element("div", "content");
    rationale.dataset.content = number;
    const title = element("h3", "", "Rationale ");
    title.append(element("small", "", made.dataset.rationaleFrom || ""));
    return [heading, made, title, rationale];
  }

  /** The values of the calls that a model call made. @param {DocumentFragment} whole @returns {Promise<Node[]>} */
  async function valuesOfCalls(whole) {
    const nodes = [];
    for (const link of whole.querySelectorAll("article .call h3 a.at")) {
      const at = Number((link.getAttribute("href") || "").slice(6));
      const values = (await fragmentOf(at)).querySelector('[data-pane="why"] .values');
      if (!values) continue;
      const heading = element("h3", "", "Where the values came from of ");
      heading.append(stepLink(at), element("b", "", index.names[at - 1]));
      nodes.push(heading, values);
    }
    return nodes;
  }

  return {
    /** What the pane holds for a step. @param {number} n @returns {Promise<Node[]>} */
    async nodes(n) {
      const whole = await fragmentOf(n);
      const at = index.ledBy[n - 1];
      const section = whole.querySelector('[data-pane="why"]');
      const decision = at && at !== n ? await decisionAt(n, at) : [];
      const values = section ? [section] : [];
      const nodes = [...decision, ...values, ...(await valuesOfCalls(whole)), ...chainList(n)];
      if (nodes.length) return nodes;
      return [element("p", "muted", "No decision led here, no value of this step was used later, and it used none that could be traced.")];
    },
  };
}

/** Joins the values in a step with what the pane knows about them, both ways. @param {HTMLElement} stepBox @param {HTMLElement} pane @param {() => Promise<void>} open shows the pane */
function makeTraced(stepBox, pane, open) {
  const marks = /** @type {any} */ (CSS).highlights;
  /** @type {{value: string, path: string} | null} What to light at the step that is gone to. */
  let wanted = null;

  /** The rows of the pane about the value at a path. @param {string} path */
  const rowsOf = (path) =>
    /** @type {HTMLElement[]} */ ([...pane.querySelectorAll("[data-path], [data-from]")]).filter((row) => {
      const there = row.dataset.path ?? row.dataset.from ?? "";
      return there === path || (there.startsWith(path) && /^[.[]/.test(there.slice(path.length)));
    });

  /** Shows the origin and the uses of a value. @param {HTMLElement} leaf */
  async function trace(leaf) {
    await open();
    for (const lit of pane.querySelectorAll(".is-lit")) lit.classList.remove("is-lit");
    const rows = rowsOf(leaf.dataset.path || "");
    for (const row of rows) row.classList.add("is-lit");
    rows[0]?.scrollIntoView({ block: "nearest" });
  }

  /** Lights the value that a link led to, if it is in the step by now. */
  function light() {
    if (!wanted) return;
    const { value, path } = wanted;
    const leaves = /** @type {HTMLElement[]} */ ([...stepBox.querySelectorAll(".leaf")]);
    const leaf = leaves.find((each) => path && each.dataset.path === path);
    const ranges = rangesOf(leaf || stepBox, value.toLowerCase());
    const place = leaf || ranges[0]?.startContainer.parentElement;
    if (!place) return;
    // @ts-ignore newer than the type library
    if (ranges.length) marks?.set("lit", new Highlight(...ranges));
    leaf?.classList.add("is-lit");
    place.scrollIntoView({ block: "nearest" });
    wanted = null;
  }

  stepBox.addEventListener("click", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const leaf = target.closest("button") ? null : target.closest(".leaf");
    if (leaf instanceof HTMLElement && !getSelection()?.toString()) trace(leaf);
  });
  new MutationObserver(light).observe(stepBox, { childList: true, subtree: true });

  return {
    /** Remembers the value that a link in the pane is about. @param {Element} link */
    follow(link) {
      const row = link.closest(".values li");
      const path = link.nextElementSibling?.matches("code") ? link.nextElementSibling.textContent : "";
      wanted = row ? { value: row.querySelector("b")?.textContent || "", path: path || "" } : null;
    },
    /** Another step is shown: what was lit is not any more. */
    onStep() {
      marks?.delete("lit");
      light();
    },
  };
}

// @ts-check
// What can be done with one value of a tree: its path and its text are copied. The value under
// the pointer has the buttons, or the one that the arrow keys went to.

/** Makes the values of every tree copyable. */
function makeValues() {
  const bar = element("span", "value-bar");
  const path = element("code", "");
  const buttons = ["path", "value"].map((what) => {
    const button = element("button", "more", `copy ${what}`);
    button.dataset.act = "copy-text";
    button.dataset.what = what;
    return button;
  });
  bar.append(path, ...buttons);

  /** Gives the buttons to a value. @param {HTMLElement} leaf */
  function offer(leaf) {
    if (bar.parentElement === leaf) return;
    const value = leaf.lastElementChild?.textContent || "";
    path.textContent = leaf.dataset.path || "";
    buttons[0].dataset.text = leaf.dataset.path;
    buttons[1].dataset.text = leaf.lastElementChild?.matches(".string:not(.long)") ? JSON.parse(value) : value;
    leaf.append(bar);
  }

  /** The values and branches of a tree that are in sight, in order. @param {Element} tree */
  const places = (tree) => /** @type {HTMLElement[]} */ ([...tree.querySelectorAll(".leaf, summary")]).filter((each) => each.offsetParent);

  document.addEventListener("pointerover", (event) => {
    const leaf = /** @type {Element} */ (event.target).closest(".tree .leaf");
    if (leaf instanceof HTMLElement && leaf.dataset.path) offer(leaf);
  });
  document.addEventListener("keydown", (event) => {
    const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const target = /** @type {HTMLElement} */ (event.target);
    const tree = target.closest(".tree");
    if (!way || !tree || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = places(tree);
    const here = all.indexOf(/** @type {HTMLElement} */ (target.closest(".leaf, summary")));
    const next = all[here < 0 ? 0 : here + way];
    if (!next) return;
    event.preventDefault();
    if (next.matches(".leaf")) next.tabIndex = -1;
    if (next.dataset.path) offer(next);
    next.focus();
  });
}

// @ts-check
// A step as Markdown, to be put into a ticket.

const TICKET_TEXT = 20000;

/** Text in a fence that it cannot end. @param {string} text */
function fenced(text) {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const cut = text.length > TICKET_TEXT ? `${text.slice(0, TICKET_TEXT)}\n… ${sizeText(TICKET_TEXT)} of ${sizeText(text.length)}` : text;
  return `${fence}\n${cut}\n${fence}`;
}

const onOneLine = (/** @type {Element | null} */ place) => (place?.textContent || "").replace(/\s+/g, " ").trim();

/** A step's fragment as Markdown; contents are whole. @param {Element} article @param {string} where @param {ReturnType<typeof openPayload>} payload */
async function stepAsMarkdown(article, where, payload) {
  const lines = [`### ${where}: ${onOneLine(article.querySelector("h2"))}`, onOneLine(article.querySelector(".facts"))];
  for (const part of article.querySelectorAll(".person-note, .error-text, .why, .inferred, h3, .options li, .evidence li, .outcome, .bare, .content")) {
    if (!part.matches(".content")) {
      const text = onOneLine(part);
      lines.push(part.matches("h3") ? `**${text}**` : part.matches("li") ? `- ${text}` : text);
      continue;
    }
    const id = part.getAttribute("data-content") || part.getAttribute("data-raw");
    if (id === null) continue;
    const raw = await payload.content(Number(id));
    lines.push(fenced(raw[0] === '"' ? JSON.parse(raw) : raw));
  }
  return `${lines.filter(Boolean).join("\n\n").replace(/\n\n- /g, "\n- ")}\n`;
}

// @ts-check
// The panes of a step's own fragment, and of the graph.

/** The pane with where a step was read, as Python wrote it. @param {(n: number) => Promise<DocumentFragment>} fragmentOf @returns {Pane} */
function makeSourcePane(fragmentOf) {
  return {
    async nodes(n) {
      const section = (await fragmentOf(n)).querySelector('[data-pane="raw"]');
      return section ? [section] : [];
    },
  };
}

/** The pane that borrows the graph from the overview. @param {ReturnType<typeof makeGraph>} drawn */
function makeGraphPane(drawn) {
  const pane = /** @type {HTMLElement} */ (document.getElementById("pane"));
  const graph = /** @type {HTMLElement} */ (document.getElementById("graph"));
  const home = /** @type {HTMLElement} */ (document.getElementById("graph-home"));
  const focus = (/** @type {number} */ n) => drawn.focus(n, pane.contains(graph) ? pane : null);
  return {
    nodes: () => [graph],
    placed: focus,
    left() {
      if (graph.parentElement !== home) home.append(graph);
    },
    focus,
  };
}

// @ts-check
// The side panes: a tab each. What a pane shows is made by a file of its own.

/** What a pane shows for a step; `placed` is told once it is in sight, `left` when another pane is. @typedef {{nodes: (n: number) => Node[] | Promise<Node[]>, placed?: (n: number) => void, left?: () => void}} Pane */

/** Makes the tabs work. A pane stands under the name of its tab. @param {Record<string, Pane>} panes @param {ReturnType<typeof openPayload>} payload */
function makePanes(panes, payload) {
  const box = /** @type {HTMLElement} */ (document.getElementById("pane"));
  const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-pane-tab]")]);
  let wanted = 0;
  let shown = "";

  return {
    names: tabs.map((tab) => tab.dataset.paneTab || ""),
    /** The tab after the open one, or before it, round about. @param {number} off */
    tabBeside(off) {
      const open = tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
      return tabs[(open + off + tabs.length) % tabs.length];
    },
    /** Shows a pane for a step. @param {string} name @param {number} n */
    async show(name, n) {
      const turn = ++wanted;
      for (const tab of tabs) {
        const isOn = tab.dataset.paneTab === name;
        tab.setAttribute("aria-selected", String(isOn));
        tab.tabIndex = isOn ? 0 : -1;
        if (isOn) box.setAttribute("aria-labelledby", tab.id);
      }
      const pane = panes[name];
      const made = pane.nodes(n);
      const nodes = made instanceof Promise ? await made : made;
      if (turn !== wanted) return;
      if (nodes.some((node) => node.parentNode !== box)) {
        for (const other of Object.values(panes)) if (other !== pane) other.left?.();
        box.replaceChildren(...nodes);
        fillContents(box, payload);
        if (shown !== name) box.scrollTop = 0;
      }
      shown = name;
      pane.placed?.(n);
    },
  };
}

// @ts-check
// The search field: what is found as it is found, and where it stands in what is shown.

/** Makes the search field work. `found` is told of the steps so far; null: nothing is searched for. @param {ReturnType<typeof makeSearch>} search @param {HTMLElement[]} marked @param {(hits: number[] | null) => void} found */
function makeFinder(search, marked, found) {
  const box = /** @type {HTMLInputElement} */ (document.getElementById("search"));
  const count = /** @type {HTMLElement} */ (document.getElementById("search-count"));
  const refilled = new MutationObserver(() => markFound(text, marked));
  let text = "";
  let typing = 0;

  /** Searches. @param {string} wanted */
  function find(wanted) {
    if (wanted === text) return;
    text = wanted;
    if (document.activeElement !== box) box.value = text;
    markFound(text, marked);
    if (text) for (const place of marked) refilled.observe(place, { childList: true, subtree: true });
    else refilled.disconnect();
    if (!text) {
      search.stop();
      count.textContent = "";
      return found(null);
    }
    search.run(text, (positions, done) => {
      count.textContent = `${positions.length.toLocaleString("en")} step${positions.length === 1 ? "" : "s"}${done ? "" : "…"}`;
      found(positions);
    });
  }

  return {
    box,
    find,
    text: () => text,
    /** Listens to the field; `typed` is told after each search. @param {() => void} typed @param {(back: boolean) => void} walk */
    listen(typed, walk) {
      box.addEventListener("input", () => {
        clearTimeout(typing);
        typing = window.setTimeout(() => {
          find(box.value.trim());
          typed();
        }, 150);
      });
      box.addEventListener("keydown", (event) => {
        if (event.key === "Enter") walk(event.shiftKey);
      });
    },
    /** Empties the field. */
    clear() {
      box.value = "";
      find("");
      box.blur();
    },
  };
}

// @ts-check
// Breakpoints over the recording: each is an expression, or a text behind a slash, with the
// steps that it holds at. They are looked for chunk by chunk, so that the page goes on answering.

/** Where an expression is true, or a text stands. Throws a SyntaxProblem. @param {string} text @param {{facts: ReturnType<typeof makeFacts>, search: ReturnType<typeof makeSearch>, count: number}} over */
function findStops(text, { facts, search, count }) {
  let isOver = false;
  const stop = () => {
    isOver = true;
  };
  if (text[0] === "/") {
    const words = text.slice(1);
    if (!words) throw new SyntaxProblem("a text is missing behind the slash", 1);
    return { stop, run: (/** @type {(hits: number[], done: boolean) => void} */ found) => search.over(words, found, () => isOver) };
  }
  const expression = readyExpression(text);
  return {
    stop,
    /** @param {(hits: number[], done: boolean) => void} found */
    async run(found) {
      const hits = [];
      let since = performance.now();
      for (let n = 1; n <= count; n++) {
        if (expression.over(await facts.of(n, expression.needs)) === true) hits.push(n);
        if (performance.now() - since < 12) continue;
        if (n % 500 === 0) found(hits.slice(), false);
        await pause();
        if (isOver) return;
        since = performance.now();
      }
      found(hits, true);
    },
  };
}

/** Lets the page answer: resolves once what waits has been done. */
function pause() {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  });
}

/** Makes the breakpoints. `changed` is told whenever one is set, taken away, or has found more. @param {Parameters<typeof findStops>[1]} over @param {() => void} changed */
function makeBreakpoints(over, changed) {
  const list = /** @type {HTMLElement} */ (document.getElementById("breakpoints"));
  const field = /** @type {HTMLInputElement} */ (document.getElementById("break"));
  const problem = /** @type {HTMLElement} */ (document.getElementById("break-problem"));
  /** @type {{text: string, hits: number[], done: boolean, stop: () => void, row: HTMLElement}[]} */
  let stops = [];
  /** @type {Set<number>} */
  let all = new Set();

  function tell() {
    all = new Set(stops.flatMap((stop) => stop.hits));
    changed();
  }

  /** The line of a breakpoint: what, how often, a button that takes it away. @param {string} text */
  function makeRow(text) {
    const row = element("li", "");
    const remove = element("button", "more", "remove");
    remove.dataset.act = "remove-breakpoint";
    remove.dataset.text = text;
    remove.setAttribute("aria-label", `Remove the breakpoint ${text}`);
    row.append(element("code", "", text), element("span", "count", "…"), remove);
    return row;
  }

  /** Sets a breakpoint, and says what is wrong with it. @param {string} text */
  function add(text) {
    problem.textContent = "";
    if (!text || stops.some((stop) => stop.text === text)) return true;
    if (stops.length >= MOST_STOPS) {
      problem.textContent = `There are ${MOST_STOPS} breakpoints; remove one first.`;
      return false;
    }
    try {
      const looking = findStops(text, over);
      const stop = { text, hits: /** @type {number[]} */ ([]), done: false, stop: looking.stop, row: makeRow(text) };
      stops.push(stop);
      list.append(stop.row);
      looking.run((hits, done) => {
        [stop.hits, stop.done] = [hits, done];
        const count = /** @type {HTMLElement} */ (stop.row.querySelector(".count"));
        count.textContent = `${hits.length.toLocaleString("en")} hit${hits.length === 1 ? "" : "s"}${done ? "" : "…"}`;
        tell();
      });
      tell();
      return true;
    } catch (wrong) {
      if (!(wrong instanceof SyntaxProblem)) throw wrong;
      problem.textContent = wrong.message;
      field.value = text;
      return false;
    }
  }

  /** Takes a breakpoint away. @param {string} text */
  function remove(text) {
    const stop = stops.find((each) => each.text === text);
    stop?.stop();
    stop?.row.remove();
    stops = stops.filter((each) => each !== stop);
    tell();
  }

  return {
    add,
    remove,
    /** Sets what was typed. */
    addTyped() {
      if (add(field.value.trim())) field.value = "";
    },
    /** Sets exactly these. @param {string[]} texts */
    set(texts) {
      for (const stop of [...stops]) if (!texts.includes(stop.text)) remove(stop.text);
      for (const text of texts) add(text);
    },
    texts: () => stops.map((stop) => stop.text),
    positions: () => [...all].sort((a, b) => a - b),
    isStop: (/** @type {number} */ n) => all.has(n),
    /** Which hit of which breakpoint a step is, in words. @param {number} n */
    where: (n) => stops.filter((stop) => stop.hits.includes(n)).map((stop) => `hit ${stop.hits.indexOf(n) + 1} of ${stop.hits.length}: ${stop.text}`).join("; "),
  };
}

// @ts-check
// A column of the reader's choice: an expression, such as `output.tier`, shown at every step.

const COLUMN_LETTERS = 60;
const COLUMN_KEPT = 2000;

/** A value on one line. @param {any} value */
function lineOf(value) {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value, (_key, each) => plainValue(each)) ?? "";
  return text.slice(0, 400).replace(/\s+/g, " ").slice(0, COLUMN_LETTERS);
}

/** Makes the column. @param {ReturnType<typeof makeFacts>} facts @param {() => void} changed */
function makeColumn(facts, changed) {
  const field = /** @type {HTMLInputElement} */ (document.getElementById("column"));
  const problem = /** @type {HTMLElement} */ (document.getElementById("column-problem"));
  /** @type {Map<number, string>} */
  const known = new Map();
  /** @type {ReturnType<typeof readyExpression> | null} */
  let expression = null;
  let source = "";

  return {
    text: () => source,
    /** Shows another expression; an empty one shows none. @param {string} text */
    set(text) {
      if (text === source) return;
      known.clear();
      problem.textContent = "";
      try {
        expression = text ? readyExpression(text) : null;
        source = text;
      } catch (wrong) {
        if (!(wrong instanceof SyntaxProblem)) throw wrong;
        problem.textContent = wrong.message;
        [expression, source] = [null, ""];
      }
      if (document.activeElement !== field) field.value = text;
      changed();
    },
    /** Puts a step's value into a cell, now or once it is read. @param {number} n @param {HTMLElement} cell */
    async fill(n, cell) {
      const ready = expression;
      if (!ready) return;
      let line = known.get(n);
      if (line === undefined) {
        line = lineOf(ready.over(await facts.of(n, ready.needs)));
        if (ready !== expression) return;
        if (known.size > COLUMN_KEPT) known.clear();
        known.set(n, line);
      }
      cell.textContent = line;
      cell.title = line;
    },
    isOn: () => expression !== null,
  };
}

// @ts-check
// A reader's notes on steps: in the address while they are short, in a copy of the page for good.

/** The page as it was written, before anything here changed it. */
const asWritten = /** @type {HTMLElement} */ (document.documentElement.cloneNode(true));

/** Text as base64, which no parser acts on. @param {string} text */
function toBase64(text) {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The notes that a saved copy brought along. @returns {[number, string][]} */
function savedNotes() {
  const block = document.querySelector("script.notes");
  return block ? JSON.parse(decoder.decode(bytesOf(block.textContent || ""))) : [];
}

/** Makes the notes. @param {any} index @param {(n: number) => void} changed */
function makeNotes(index, changed) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("note"));
  const heading = /** @type {HTMLElement} */ (document.getElementById("note-title"));
  const field = /** @type {HTMLTextAreaElement} */ (dialog.querySelector("textarea"));
  const section = /** @type {HTMLElement} */ (document.getElementById("notes"));
  const saved = savedNotes();
  /** @type {Map<number, string>} */
  const given = new Map(saved.length || document.querySelector("script.notes") ? saved : index.notes);
  /** @type {Map<number, string>} */
  let notes = new Map(given);
  let at = 0;

  /** The notes in the order of their steps. @returns {[number, string][]} */
  const sorted = () => [...notes].sort(([a], [b]) => a - b);

  /** The list of the overview, which is printed. @param {Document | HTMLElement} page */
  function list(page) {
    const box = /** @type {HTMLElement} */ (page.querySelector("#notes"));
    const items = sorted().map(([n, text]) => {
      const item = element("li", "");
      const link = element("a", "", `step ${n}`);
      link.setAttribute("href", `#step=${n}`);
      link.dataset.step = String(n);
      item.append(link, " ", element("span", "", text));
      return item;
    });
    box.hidden = !items.length;
    box.querySelector("ul")?.replaceChildren(...items);
  }

  /** Writes a note; an empty one takes it away. @param {number} n @param {string} text */
  function write(n, text) {
    if (text) notes.set(n, text);
    else notes.delete(n);
    list(document);
    changed(n);
  }

  /** What a button of the dialog does. @param {string} answer */
  function take(answer) {
    if (answer === "keep") write(at, field.value.trim());
    if (answer === "remove") write(at, "");
    dialog.close();
  }

  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    take(/** @type {HTMLButtonElement | null} */ (event.submitter)?.value || "");
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) take("keep");
  });
  if (notes.size) list(document);

  return {
    section,
    sorted,
    of: (/** @type {number} */ n) => notes.get(n) || "",
    /** How the notes differ from the page's own, for the address. @returns {[number, string][]} */
    added: () => [
      ...sorted().filter(([n, text]) => given.get(n) !== text),
      ...[...given.keys()].filter((n) => !notes.has(n)).map((n) => /** @type {[number, string]} */ ([n, ""])),
    ],
    /** Takes the notes of an address in. @param {[number, string][]} more */
    add(more) {
      const fresh = more.filter(([n, text]) => n >= 1 && n <= index.count && (notes.get(n) || "") !== text);
      for (const [n, text] of fresh) write(n, text);
    },
    /** Asks for the note on a step. @param {number} n */
    ask(n) {
      at = n;
      heading.textContent = `Note on step ${n}`;
      field.value = notes.get(n) || "";
      dialog.showModal();
      field.focus();
    },
    /** The page with its notes, as a file to download. @param {string} name */
    save(name) {
      const page = /** @type {HTMLElement} */ (asWritten.cloneNode(true));
      page.querySelector("script.notes")?.remove();
      const block = document.createElement("script");
      block.setAttribute("type", "application/octet-stream");
      block.className = "notes";
      block.append(toBase64(JSON.stringify(sorted())));
      page.querySelector("script.index")?.before(block);
      list(page);
      const link = /** @type {HTMLAnchorElement} */ (element("a", ""));
      link.href = URL.createObjectURL(new Blob(["<!DOCTYPE html>\n", page.outerHTML], { type: "text/html" }));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    },
  };
}

const MOST_PRINTED = 40;

/** Puts the noted steps into the part of the page that is printed. @param {[number, string][]} notes @param {(n: number) => Promise<DocumentFragment>} fragmentOf @param {ReturnType<typeof openPayload>} payload */
async function printNoted(notes, fragmentOf, payload) {
  const place = /** @type {HTMLElement} */ (document.getElementById("noted"));
  const steps = [];
  for (const [n, text] of notes.slice(0, MOST_PRINTED)) {
    const article = (await fragmentOf(n)).querySelector("article");
    if (!article) continue;
    article.querySelector(".person-note")?.remove();
    article.prepend(element("p", "noted-at", `Step ${n}`));
    article.querySelector(".facts")?.after(element("p", "person-note", text));
    steps.push(article);
  }
  place.replaceChildren(...steps);
  fillContents(place, payload);
}

// @ts-check
// Plays the run: one step after the other, at a speed and in a timing. A timer runs only while it plays.

const SLOWEST_WAIT = 8000;
const EVEN_WAIT = 1000;
const QUICKEST_WAIT = 60;
const LETTERS_A_SECOND = 90;

/** The player. `step` gives the current step, `advance` goes to the next one and says whether it may go on. @param {any} index @param {{step: () => number, advance: () => boolean, said: (text: string) => void}} replay */
function makePlayer(index, replay) {
  const button = /** @type {HTMLButtonElement} */ (document.querySelector('[data-act="play"]'));
  const speed = /** @type {HTMLSelectElement} */ (document.getElementById("speed"));
  const timing = /** @type {HTMLSelectElement} */ (document.getElementById("timing"));
  const state = /** @type {HTMLElement} */ (document.getElementById("play-state"));
  const hasClock = index.start.filter((/** @type {number | null} */ at) => at !== null).length > 1;
  let timer = 0;

  /** Milliseconds until the next step, and a word where the recorded time is not kept. @param {number} n @returns {[number, string]} */
  function wait(n) {
    if (timing.value === "paced") {
      const letters = document.getElementById("step")?.textContent?.length || 0;
      return [Math.min(SLOWEST_WAIT, 500 + (letters / LETTERS_A_SECOND) * 1000), ""];
    }
    if (timing.value === "even") return [EVEN_WAIT, ""];
    const [from, to] = [index.start[n - 1], index.start[n]];
    if (from === null || to === null || to === undefined) return [EVEN_WAIT, "no clock here"];
    const gap = Math.max(0, to - from);
    return gap > SLOWEST_WAIT ? [SLOWEST_WAIT, `${(gap / 1000).toFixed(0)} s cut to ${SLOWEST_WAIT / 1000} s`] : [gap, ""];
  }

  /** Shows whether it plays. @param {boolean} plays */
  function show(plays) {
    const label = plays ? "Pause" : "Play";
    button.setAttribute("aria-pressed", String(plays));
    button.setAttribute("aria-label", label);
    button.title = `${label} (Space)`;
    button.querySelector("use")?.setAttribute("href", plays ? "#i-pause" : "#i-play");
  }

  function stop() {
    clearTimeout(timer);
    timer = 0;
    state.textContent = "";
    show(false);
  }

  /** Waits for the next step. */
  function next() {
    clearTimeout(timer);
    if (replay.step() >= index.count) return stop();
    const [time, word] = wait(replay.step());
    state.textContent = word;
    timer = window.setTimeout(() => (replay.advance() ? next() : stop()), Math.max(QUICKEST_WAIT, time / Number(speed.value)));
  }

  if (!hasClock) {
    const real = /** @type {HTMLOptionElement} */ (timing.querySelector('[value="real"]'));
    real.disabled = true;
    real.textContent = "as recorded: no clock in this trace";
    timing.value = "even";
  }
  for (const each of [speed, timing]) each.addEventListener("change", () => timer && next());

  return {
    stop,
    /** Plays, from the start where the end is shown; or pauses. */
    toggle() {
      if (timer) return stop();
      if (replay.step() >= index.count) return replay.said("This is the last step");
      show(true);
      next();
    },
    /** Counts the time anew after the reader went somewhere. */
    moved() {
      if (timer) next();
    },
    /** Faster or slower. @param {number} by */
    faster(by) {
      speed.selectedIndex = Math.max(0, Math.min(speed.options.length - 1, speed.selectedIndex + by));
      replay.said(`Speed ${speed.value}`);
      if (timer) next();
    },
  };
}

// @ts-check
// What each button does, by the name in its data-act.

/** What the acts need of the replay. @typedef {{index: any, payload: ReturnType<typeof openPayload>, moves: ReturnType<typeof makeMovement>, stops: ReturnType<typeof makeBreakpoints>, notes: ReturnType<typeof makeNotes>, context: ReturnType<typeof makeContextPane>, player: ReturnType<typeof makePlayer>, sheets: ReturnType<typeof makeSheets>, shown: Shown, hits: () => number[], go: (n: number) => void, goOr: (to: number, otherwise: string) => void, seek: (direction: number, test: (n: number) => boolean, what: string) => void, setView: (view: string) => void, remember: (keep: boolean) => void, address: () => string, copy: (text: string, what: string) => void, article: () => Promise<Element | null>, pin: (path: string) => void, repaint: () => void}} Reader */

/** Makes the acts. @param {Reader} reader @returns {Record<string, (button: HTMLElement) => void>} */
function makeActs(reader) {
  const { index, moves, stops, notes, context, player, sheets, shown, go, seek, remember, copy } = reader;

  /** Two acts, one in each direction. @param {string} name @param {() => (n: number) => boolean} test @param {string} what */
  const both = (name, test, what) => ({
    [`previous-${name}`]: () => seek(-1, test(), what),
    [`next-${name}`]: () => seek(1, test(), what),
  });

  /** True for what a search found. */
  const isHit = () => {
    const all = new Set(reader.hits());
    return (/** @type {number} */ n) => all.has(n);
  };

  const nowhere = "The run goes no further in that direction";
  const tree = ["over", "over-back", "into", "into-back", "out", "out-back"].map((move) => [move, () => reader.goOr(moves.follow(move, shown.step), nowhere)]);

  /** The expression that is true at every step like the current one. */
  function likeThis() {
    const kind = moves.kindOf(shown.step);
    const isCall = kind === "tool" || kind === "retrieval";
    return isCall ? `tool == ${JSON.stringify(index.names[shown.step - 1])}` : `kind == "${kind}"`;
  }

  /** Sets a breakpoint. @param {string} text */
  function stopAt(text) {
    stops.add(text);
    remember(false);
  }

  /** A name for the copy of this page. */
  function fileName() {
    const title = document.title.split(" · ")[0].replace(/[^\w-]+/g, "-");
    return `${title.slice(0, 60) || "report"}-noted.html`;
  }

  return {
    first: () => go(1),
    previous: () => go(shown.step - 1),
    next: () => go(shown.step + 1),
    last: () => go(index.count),
    ...Object.fromEntries(tree),
    ...both("decision", () => moves.isDecision, "decision"),
    ...both("error", () => moves.isError, "error"),
    ...both("finding", () => moves.isFinding, "finding"),
    ...both("stop", () => stops.isStop, "hit of a breakpoint"),
    ...both("hit", isHit, "match"),
    ...both("same-tool", () => moves.sameTool(shown.step), "call of that tool"),
    ...both("same-agent", () => moves.sameAgent(shown.step), "step of that agent"),
    ...both("boundary", () => moves.isBoundary, "change of agent"),
    play: () => player.toggle(),
    faster: () => player.faster(1),
    slower: () => player.faster(-1),
    overview() {
      reader.setView(shown.view === "replay" ? "overview" : "replay");
      remember(true);
    },
    theme() {
      switchTheme();
      reader.repaint();
    },
    print: () => window.print(),
    help: () => showKeys(/** @type {HTMLDialogElement} */ (document.getElementById("help"))),
    "copy-link": () => copy(location.href.split("#")[0] + reader.address(), "link"),
    "copy-openai": async () => copy(await context.request(shown.step, "openai"), "request"),
    "copy-anthropic": async () => copy(await context.request(shown.step, "anthropic"), "request"),
    async "copy-step"() {
      const article = await reader.article();
      if (article) copy(await stepAsMarkdown(article, `Step ${shown.step} of ${index.count}`, reader.payload), "step");
    },
    async "copy-content"(button) {
      const raw = await reader.payload.content(Number(button.dataset.id));
      copy(raw[0] === '"' ? JSON.parse(raw) : raw, "content");
    },
    "copy-text": (button) => copy(button.dataset.text || "", button.dataset.what || "value"),
    note: () => notes.ask(shown.step),
    "save-notes": () => notes.save(fileName()),
    pin: (button) => reader.pin(button.dataset.text || ""),
    "add-breakpoint"() {
      stops.addTyped();
      remember(false);
    },
    "break-here": () => stopAt(likeThis()),
    "break-agent": () => stopAt(`agent == ${JSON.stringify(index.agents[index.agent[shown.step - 1]] || "")}`),
    "break-on": (button) => stopAt(button.dataset.text || ""),
    "remove-breakpoint"(button) {
      stops.remove(button.dataset.text || "");
      remember(false);
    },
    "sheet-outline": () => sheets.open("outline"),
    "sheet-side": () => sheets.open("side"),
  };
}

// @ts-check
// What is shown, and what every button does. Starts everything.

/** Puts the panes and buttons of the replay into the page, and the icons that they need. @param {number} count */
function furnish(count) {
  const frame = parseFragment(FRAME);
  document.querySelector(".sprite")?.replaceWith(/** @type {Element} */ (frame.querySelector(".sprite")));
  frame.querySelector("#scrubber")?.setAttribute("aria-valuemax", String(count));
  /** @type {Element} */ (frame.querySelector(".of")).textContent = ` of ${count.toLocaleString("en")}`;
  document.querySelector(".bar")?.append(/** @type {Element} */ (frame.querySelector(".tools")));
  document.getElementById("overview")?.after(frame);
}

async function start() {
  applyTheme(preference("theme"));
  const index = await loadIndex();
  furnish(index.count);
  const payload = openPayload(index);
  const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
  const [stepBox, stepPanel, announce] = ["step", "step-panel", "announce"].map(byId);
  const number = /** @type {HTMLInputElement} */ (byId("number"));
  const menu = /** @type {HTMLDetailsElement} */ (document.querySelector(".menu"));
  const body = document.body;
  const shown = nothingShown();
  let filter = "all";
  /** @type {number[]} */
  let hits = [];

  const say = (/** @type {string} */ words) => (announce.textContent = visibleText(words));
  const asHtml = (/** @type {number} */ n) => payload.fragment(n);
  const fragmentOf = async (/** @type {number} */ n) => parseFragment(await asHtml(n));
  const buttonsFor = (/** @type {string[]} */ ...acts) => acts.flatMap((act) => /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll(`.player [data-act="${act}"]`)]));

  const moves = makeMovement(index);
  const search = makeSearch(index, payload);
  const facts = makeFacts(index, payload);
  const stops = makeBreakpoints({ facts, search, count: index.count }, stopsChanged);
  const column = makeColumn(facts, () => outline.redraw());
  const notes = makeNotes(index, noteChanged);
  const marks = { isStop: stops.isStop, note: notes.of, column };
  const outline = makeOutline(index, go, marks);
  const scrubber = makeScrubber(index, go, marks);
  const drawn = makeGraph(index, parseFragment);
  const graphPane = makeGraphPane(drawn);
  const context = makeContextPane(index, payload, { versus: () => shown.versus, compare });
  const state = makeStatePane(index, payload, facts);
  const panes = makePanes(
    {
      why: makeWhy(index, fragmentOf),
      context,
      state: { nodes: (n) => state.nodes(n, shown.pins) },
      graph: graphPane,
      raw: makeSourcePane(fragmentOf),
    },
    payload,
  );
  const sheets = makeSheets((name) => name === "side" && graphPane.focus(shown.step));
  const finder = makeFinder(search, [stepBox, byId("pane")], found);
  const traced = makeTraced(stepBox, byId("pane"), () => openPane("why"));
  const player = makePlayer(index, { step: () => shown.step, advance, said: say });

  /** Puts a step's fragment into the middle. @param {number} n @param {string} html */
  function place(n, html) {
    if (n !== shown.step) return;
    const article = parseFragment(html).querySelector("article");
    stepBox.replaceChildren(...(article ? [article] : []));
    showNote();
    fillContents(stepBox, payload);
    stepPanel.scrollTop = 0;
    traced.onStep();
    stepBox.dataset.position = String(n);
    document.documentElement.dataset.ready = "1";
    payload.warm(n);
  }

  /** Shows a step everywhere. @param {number} n */
  function show(n) {
    shown.step = n;
    number.value = String(n);
    outline.select(n);
    scrubber.select(n);
    for (const button of buttonsFor("first", "previous")) button.disabled = n === 1;
    for (const button of buttonsFor("next", "last")) button.disabled = n === index.count;
    const html = asHtml(n);
    if (typeof html === "string") place(n, html);
    else html.then((text) => place(n, text));
    state.showPins(n, shown.pins);
    graphPane.focus(n);
    panes.show(shown.pane, n);
    const what = index.decided[n - 1] === "r" ? "decision" : moves.kindOf(n);
    const stop = stops.isStop(n) ? `, ${stops.where(n)}` : "";
    say(`Step ${n} of ${index.count}, ${what}, ${index.names[n - 1] || index.titles[n - 1]}${stop}`);
  }

  /** Opens a side pane. @param {string} name */
  async function openPane(name) {
    shown.pane = name;
    await panes.show(name, shown.step);
    remember(false);
  }

  let pending = 0;
  /** Writes the address, a moment after the last change: browsers limit how often. @param {boolean} keep */
  function remember(keep) {
    clearTimeout(pending);
    if (keep) history.pushState(null, "", address());
    else pending = window.setTimeout(() => history.replaceState(null, "", address()), 120);
  }

  /** The address of what is shown. */
  function address() {
    const now = { query: finder.text(), stops: stops.texts(), column: column.text(), notes: notes.added() };
    const size = now.notes.reduce((sum, [, text]) => sum + text.length, 0);
    return writeAddress({ ...shown, ...now, notes: size > LONGEST_NOTES ? [] : now.notes });
  }

  /** Goes to a step. @param {number} n */
  function go(n) {
    const to = Math.max(1, Math.min(index.count, Math.round(n)));
    if (!Number.isFinite(to)) return;
    if (shown.view !== "replay") setView("replay");
    if (to === shown.step) return;
    const far = Math.abs(to - shown.step) > 1;
    show(to);
    player.moved();
    remember(far);
  }

  /** Goes where a move leads, or says that it leads nowhere. @param {number} to @param {string} otherwise */
  function goOr(to, otherwise) {
    if (to) go(to);
    else say(otherwise);
  }

  /** Goes to the nearest step that passes a test. @param {number} direction @param {(n: number) => boolean} test @param {string} what */
  const seek = (direction, test, what) => goOr(moves.seek(shown.step, direction, test), `No ${direction > 0 ? "later" : "earlier"} ${what}`);

  /** The next step of a run that plays; false where it stops. */
  function advance() {
    show(shown.step + 1);
    remember(false);
    return !stops.isStop(shown.step);
  }

  /** Goes to the step that was typed; what is no number gives way to the current one. */
  function goTyped() {
    const typed = number.value.replace(/[\s,]/g, "");
    if (/^\d+$/.test(typed)) go(Number(typed));
    number.value = String(shown.step);
  }

  /** Overview or replay. @param {string} view */
  function setView(view) {
    shown.view = view;
    body.dataset.view = view;
    if (view === "overview") {
      player.stop();
      graphPane.left();
    } else if (shown.step) panes.show(shown.pane, shown.step);
    scrubber.repaint();
  }

  /** Shows a part of the steps in the outline. @param {string} name */
  function setFilter(name) {
    filter = name;
    const tests = { decisions: moves.isDecision, errors: moves.isError };
    const lists = /** @type {Record<string, () => number[]>} */ ({ hits: () => hits, stops: stops.positions });
    let list = lists[name]?.() || null;
    if (name in tests) {
      const test = tests[/** @type {"decisions" | "errors"} */ (name)];
      list = Array.from({ length: index.count }, (_, i) => i + 1).filter(test);
    }
    for (const button of document.querySelectorAll("[data-filter]")) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-filter") === name));
    }
    outline.filter(list);
  }

  /** Shows or hides what belongs to a list that may be empty. @param {string} name @param {boolean} isThere */
  function offer(name, isThere) {
    for (const part of document.querySelectorAll(`[data-offer="${name}"]`)) /** @type {HTMLElement} */ (part).hidden = !isThere;
    if (!isThere && filter === name) setFilter("all");
  }

  /** Takes what a search found. @param {number[] | null} positions */
  function found(positions) {
    hits = positions || [];
    drawn.found(hits);
    offer("hits", positions !== null);
    if (positions) setFilter("hits");
  }

  function stopsChanged() {
    offer("stops", stops.texts().length > 0);
    if (filter === "stops") setFilter("stops");
    outline.redraw();
    scrubber.repaint();
  }

  /** Shows the current step's note above it. */
  function showNote() {
    const text = notes.of(shown.step);
    stepBox.querySelector(".person-note")?.remove();
    if (!text) return;
    const box = element("p", "person-note");
    box.append(element("b", "", "Note:"), ` ${text}`);
    stepBox.querySelector(".facts")?.after(box);
  }

  /** Shows a note that was written. @param {number} n */
  async function noteChanged(n) {
    if (n === shown.step) showNote();
    outline.redraw();
    scrubber.repaint();
    offer("notes", notes.sorted().length > 0);
    if (shown.step) remember(false);
    await printNoted(notes.sorted(), fragmentOf, payload);
  }

  /** Compares the window with that of an earlier step; 0: with the call before. @param {number} n */
  function compare(n) {
    shown.versus = n;
    openPane("context");
  }

  /** Copies text, and says so. @param {string} text @param {string} what */
  async function copy(text, what) {
    if (!text) return say(`There is no ${what} to copy here`);
    try {
      await navigator.clipboard.writeText(text);
      say(`${what} copied`);
    } catch {
      window.prompt(`Copy the ${what}:`, text);
    }
  }

  /** The current step as Python wrote it, with the note that it has now. */
  async function articleNow() {
    const article = (await fragmentOf(shown.step)).querySelector("article");
    article?.querySelector(".person-note")?.remove();
    if (article && notes.of(shown.step)) article.querySelector(".facts")?.after(element("p", "person-note", `Note: ${notes.of(shown.step)}`));
    return article;
  }

  /** @param {string} path */
  function pin(path) {
    shown.pins = shown.pins.includes(path) ? shown.pins.filter((each) => each !== path) : [...shown.pins, path].slice(-MOST_STOPS);
    show(shown.step);
    remember(false);
  }

  makeValues();
  const acts = makeActs({ index, payload, moves, stops, notes, context, player, sheets, shown, hits: () => hits, go, goOr, seek, setView, remember, address, copy, article: articleNow, pin, repaint: () => scrubber.repaint() });

  /** Reads the address and shows what it says. */
  function restore() {
    const wanted = readAddress(location.hash);
    shown.pane = panes.names.includes(wanted.pane) ? wanted.pane : shown.pane;
    [shown.pins, shown.versus] = [wanted.pins, wanted.versus];
    finder.find(wanted.query);
    stops.set(wanted.stops);
    column.set(wanted.column);
    notes.add(wanted.notes);
    setView(wanted.view);
    const step = wanted.step || shown.step || index.verdictStep || 1;
    show(Math.max(1, Math.min(index.count, Math.round(step))));
  }

  /** What a click means. @param {MouseEvent} event */
  function clicked(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const button = target.closest("button");
    if (button?.dataset.act) acts[button.dataset.act](button);
    if (button?.dataset.filter) setFilter(button.dataset.filter);
    if (button?.dataset.paneTab) {
      openPane(button.dataset.paneTab);
      // After a click, the arrow keys go on stepping; the keyboard's own way to a tab walks the tabs.
      if (event.detail) button.blur();
    }
    const link = target.closest('a[data-step], a[href^="#step="]');
    if (link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      sheets.open("");
      traced.follow(link);
      go(Number(link.getAttribute("data-step") || (link.getAttribute("href") || "").slice(6)));
    }
    if (target.closest(".row")) sheets.open("");
    if (menu.open && !target.closest(".menu")) menu.open = false;
    if (target.closest(".skip")) {
      event.preventDefault();
      (shown.view === "replay" ? stepPanel : byId("overview")).focus();
    }
  }

  listenToKeys((target) => {
    if (target === finder.box) {
      finder.clear();
      remember(false);
    } else if (target.closest(".probes input")) target.blur();
    if (menu.open) menu.open = false;
    sheets.close();
  }, panes.tabBeside);
  document.addEventListener("click", clicked);
  number.addEventListener("change", goTyped);
  number.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    goTyped();
    number.blur();
  });
  finder.listen(() => remember(false), (back) => acts[back ? "previous-hit" : "next-hit"](number));
  for (const [id, act] of Object.entries({ break: () => stops.addTyped(), column: () => column.set(/** @type {HTMLInputElement} */ (byId("column")).value.trim()) })) {
    byId(id).addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      act();
      remember(false);
    });
  }
  byId("column").addEventListener("change", () => {
    column.set(/** @type {HTMLInputElement} */ (byId("column")).value.trim());
    remember(false);
  });
  window.addEventListener("hashchange", restore);
  window.addEventListener("popstate", restore);
  window.addEventListener("beforeprint", () => graphPane.left());
  window.addEventListener("afterprint", () => setView(shown.view));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => scrubber.repaint());

  for (const part of document.querySelectorAll("[data-needs-js]")) part.removeAttribute("hidden");
  byId("replay").hidden = false;
  offer("findings", index.findings.length > 0);
  offer("notes", notes.sorted().length > 0);
  outline.filter(null);
  restore();
  await printNoted(notes.sorted(), fragmentOf, payload);
}

start();

})();
