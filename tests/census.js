// Looks at every element of a page for what no page of ours has, tries every handler and
// link, and says what it found. Given to a page by test_browser_sinks.py.
async () => {
  for (const each of document.querySelectorAll("details")) each.open = true;
  const pause = () =>
    new Promise((done) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = done;
      port2.postMessage(0);
    });
  await pause();
  const forbidden = /^(iframe|frame|frameset|object|embed|base|img|image|video|audio|source|track|portal|foreignobject|animate|set|math|applet)$/i;
  const loads = /^(src|srcset|srcdoc|action|formaction|ping|background|poster|data|xlink:href)$/;
  const safeAddress = /^(#|https?:|mailto:|[\w./-]+\.(html|css)(#[\w&=.%/-]*)?$)/;
  const ownStyle = /^(top|left|right|height|width|transform|grid-template-columns)\b[^<>"]*;?$/;
  const bad = new Set();
  let count = 0;
  for (const each of document.querySelectorAll("*")) {
    count++;
    const tag = each.localName;
    if (forbidden.test(tag)) bad.add(`element ${tag}`);
    if (tag === "meta" && /refresh/i.test(each.getAttribute("http-equiv") || "")) bad.add("refresh");
    if (tag === "script" && each.textContent && each.type && !/octet-stream/.test(each.type)) bad.add(`script ${each.type}`);
    for (const { name, value } of each.attributes) {
      if (name.startsWith("on")) {
        bad.add(`${tag} ${name}`);
        each.dispatchEvent(new Event(name.slice(2), { bubbles: false }));
      }
      if (loads.test(name) && tag !== "script") bad.add(`${tag} ${name}="${value}"`);
      if (name === "style" && !ownStyle.test(value)) bad.add(`${tag} style="${value}"`);
      if (name === "href" && !safeAddress.test(value)) bad.add(`${tag} href="${value}"`);
      if (name === "href" && /^https?:/.test(value) && !/noopener noreferrer/.test(each.rel)) bad.add(`${tag} without rel`);
    }
  }
  for (const each of document.querySelectorAll("a[href]")) {
    if (/^\s*(javascript|data|vbscript)/i.test(each.getAttribute("href") || "")) each.click();
  }
  await pause();
  return { bad: [...bad], ran: window.ran, count, text: document.body.textContent };
}
