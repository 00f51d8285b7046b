// The order of things after a press: its answer is painted, then the rest is done.

/** Calls back once the next picture is on the screen, which is never while the page is hidden. Gives what takes it back. */
export function afterPaint(then: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const frame = requestAnimationFrame(() => {
    timer = setTimeout(then);
  });
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}
