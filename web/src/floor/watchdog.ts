// A wall screen has nobody to press reload. When the page stood still, when it broke, or when it has run for a day, it loads itself
// anew: only while the service answers, since without it there would be no page to load.

const still = 20_000;
const flag = "tongdan.recovered";

/** Whether this page was loaded by the watchdog, and at what time. */
export const recovered: number = (() => {
  try {
    const at = Number(sessionStorage.getItem(flag));
    sessionStorage.removeItem(flag);
    return at;
  } catch {
    return 0;
  }
})();

let leaving = false;

/** Loads the page anew as soon as the service answers. */
export async function reload(why: string): Promise<void> {
  if (leaving) return;
  leaving = true;
  for (;;) {
    const there = await fetch("/healthz", { cache: "no-store" }).then(
      (r) => r.ok,
      () => false,
    );
    if (there) break;
    await new Promise((done) => setTimeout(done, 5000));
  }
  try {
    if (why !== "age") sessionStorage.setItem(flag, String(Date.now()));
  } catch {
    // it just does not say that it came back
  }
  location.reload();
}

/** Watches for as long as the page lives. `idle` says whether nobody would miss the picture for a second. */
export function watchdog(idle: () => boolean): () => void {
  const began = Date.now();
  let ticked = Date.now();
  let drawn = Date.now();
  let frame = 0;
  const draw = () => {
    drawn = Date.now();
    frame = requestAnimationFrame(draw);
  };
  frame = requestAnimationFrame(draw);
  const timer = setInterval(() => {
    const now = Date.now();
    const stood = now - ticked > still || (document.visibilityState === "visible" && now - drawn > still);
    ticked = now;
    if (document.visibilityState !== "visible") drawn = now;
    if (stood) void reload("still");
    else if (now - began > 24 * 3600_000 && idle()) void reload("age");
  }, 1000);
  return () => {
    clearInterval(timer);
    cancelAnimationFrame(frame);
  };
}
