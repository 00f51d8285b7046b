// Waiting for something that becomes true by itself: asked again and again, up to a deadline.

/**
 * Asks until the answer is neither false, null nor undefined, and gives it. What fails on the way (an assertion, a refused
 * connection) counts as "not yet"; at the deadline the last failure is part of the error. The deadline is what a full machine
 * keeps: only a failure waits for it. What has taken long is asked less often, a tenth of its time later.
 */
export async function until(what, ask, { deadline = 60_000, every = 40 } = {}) {
  const began = performance.now();
  let last;
  for (;;) {
    try {
      const got = await ask();
      if (got !== false && got !== null && got !== undefined) return got;
      last = undefined;
    } catch (e) {
      last = e;
    }
    const waited = performance.now() - began;
    if (waited > deadline) throw new Error(`not within ${deadline} ms: ${what}${last ? ` (${last.message})` : ""}`, { cause: last });
    await new Promise((done) => setTimeout(done, Math.max(every, Math.min(waited / 10, 250))));
  }
}
