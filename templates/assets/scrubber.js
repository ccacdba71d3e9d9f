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
