// Goes through every step of a report as a reader does, and tells what it saw.
// Given to a page by test_browser_hostile.py; `visit.texts` asks for the texts too.
async (visit) => {
  const step = document.getElementById("step");
  const last = Number(document.getElementById("scrubber").ariaValueMax);
  const allowed = new Set(
    `a article aside b bdi blockquote body br button canvas circle code dd details dialog
    div dl dt em footer form g h1 h2 h3 h4 head header hr html i input label li link main
    marker meta nav noscript ol option p path pre q rect s script section select small span strong style
    summary svg symbol table tbody td text textarea th thead title tr tspan ul use`.split(/\s+/),
  );
  const ownStyle = /^(top|left|height): [\d.]+(px|%);$/;
  const active = /^on|^src$|^srcset$|^srcdoc$|^action$|^formaction$|^ping$/;
  const safeAddress = /^(#|https?:|mailto:)/;
  const bad = new Set();
  const steps = [];

  // After what was posted or resolved before.
  const pause = () =>
    new Promise((done) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = done;
      port2.postMessage(0);
    });

  function census() {
    for (const each of document.querySelectorAll("*")) {
      const tag = each.localName;
      if (!allowed.has(tag)) bad.add(`element ${tag}`);
      for (const { name, value } of each.attributes) {
        const isBad =
          active.test(name) ||
          (name === "style" && !ownStyle.test(value)) ||
          (name.endsWith("href") && !safeAddress.test(value));
        if (isBad) bad.add(`${tag} ${name}="${value}"`);
      }
    }
  }

  const keyOf = (text) => (text.startsWith('"') ? JSON.parse(text) : text);

  function textsOf() {
    const all = (selector) => [...step.querySelectorAll(selector)];
    const long = (each) => each.classList.contains("long");
    return {
      text: step.textContent,
      boxes: all("pre").map((each) => each.textContent),
      strings: all(".tree .string").map((each) =>
        long(each) ? each.textContent : JSON.parse(each.textContent),
      ),
      keys: all(".tree .key").map((each) => keyOf(each.textContent)),
    };
  }

  function click(selector) {
    for (const each of document.querySelectorAll(selector)) each.click();
  }

  for (let n = 1; n <= last; n++) {
    const key = n === 1 ? "Home" : "j";
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    const late = Date.now() + 10000;
    while (step.dataset.position !== String(n)) {
      if (Date.now() > late) throw new Error(`step ${n} is not shown after ${key}`);
      await pause();
    }
    const isCounted = n % visit.every === 0;
    for (const tab of isCounted ? ["state", "raw", "graph", "context"] : []) {
      click(`#tab-${tab}`);
      await pause();
    }
    if (isCounted) click(".kept-more");
    click("#step .more[aria-pressed]");
    for (const each of document.querySelectorAll("#step details, #pane details")) {
      each.open = true;
    }
    await pause();
    if (visit.texts) steps.push(textsOf());
    click("#step .more:not([aria-pressed], [data-act])");
    if (isCounted) census();
    click("#step .more[aria-pressed]");
    if (isCounted) census();
  }
  for (const act of ["overview", "theme", "help"]) {
    click(`[data-act="${act}"]`);
    await pause();
    census();
  }
  return { bad: [...bad], ran: window.ran, steps };
}
