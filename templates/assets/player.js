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
