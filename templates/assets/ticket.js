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
