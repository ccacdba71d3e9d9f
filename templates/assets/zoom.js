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
