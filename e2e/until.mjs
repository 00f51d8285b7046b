// Waiting for something that becomes true by itself: asked again and again, up to a deadline.

/**
 * Asks until the answer is neither false, null nor undefined, and gives it. What fails on the way (an assertion, a refused
 * connection) counts as "not yet"; at the deadline the last failure is part of the error.
 */
export async function until(what, ask, { deadline = 10_000, every = 40 } = {}) {
  const end = performance.now() + deadline;
  let last;
  for (;;) {
    try {
      const got = await ask();
      if (got !== false && got !== null && got !== undefined) return got;
      last = undefined;
    } catch (e) {
      last = e;
    }
    if (performance.now() > end) throw new Error(`not within ${deadline} ms: ${what}${last ? ` (${last.message})` : ""}`, { cause: last });
    await new Promise((done) => setTimeout(done, every));
  }
}
