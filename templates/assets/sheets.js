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
