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
