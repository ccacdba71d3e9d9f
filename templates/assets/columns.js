// @ts-check
/// Unpacks the rows of a site. See render/site_columns.py for what is in them.

/** @typedef {{values: string[], at: number[]}} Texts each text once, and which one a row has */
/** @typedef {{values: string[], at: number[][]}} Lists the same for several a row */
/** @typedef {{sort: number[], texts: string[], text: number[]}} Numbers what sorts, and what is shown */
/** @typedef {Record<string, any> & {count: number, key: string[], run: string[], words: Record<string, string>}} Columns `words`: runs whose names a shell needs written otherwise than they are shown */

/** The columns of the page, or null where the browser cannot unpack them. @returns {Promise<Columns | null>} */
async function readColumns() {
  const block = document.querySelector("script.columns");
  if (!block || typeof DecompressionStream === "undefined") return null;
  const binary = atob(block.textContent ?? "");
  block.remove();
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(unpacked).text());
}

/** What a column shows of a row. @param {Columns} columns @param {string} name @param {number} row */
function shownText(columns, name, row) {
  const column = columns[name];
  if (Array.isArray(column)) return column[row];
  if ("sort" in column) return column.texts[column.text[row]];
  const at = column.at[row];
  return typeof at === "number" ? column.values[at] : at.map((/** @type {number} */ n) => column.values[n]).join(" ");
}
