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
