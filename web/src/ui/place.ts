// Where a person was in a list: after a look elsewhere, and after the phone threw the page out of its memory, one goes on from there.

import { useLayoutEffect } from "react";

const places = new Map<string, number>();
const stored = "tongdan.place";

try {
  const { key, y } = JSON.parse(sessionStorage.getItem(stored) ?? "{}");
  if (typeof key === "string" && typeof y === "number") places.set(key, y);
} catch {
  // private window, or nothing that can be read
}

let y = 0; // asking the browser would have it lay out the page first
globalThis.addEventListener?.(
  // tests of what imports this have no window
  "scroll",
  () => {
    y = window.scrollY;
  },
  { passive: true },
);

/** How far the page was scrolled at its last picture. */
export const scrolled = (): number => y;

/**
 * Remembers how far the page is scrolled under a name, and scrolls there when it is shown again.
 * @param ready whether the page has what made it so long
 */
export function useScrollPlace(name: string, ready: boolean): void {
  // Before the page is drawn, and until the very moment at which it goes: the one that follows is shorter and would be noted otherwise.
  useLayoutEffect(() => {
    if (!ready) return;
    const there = places.get(name) ?? 0;
    if (there !== y) window.scrollTo({ top: there });
    y = there;
    const note = () => places.set(name, window.scrollY);
    const keep = () => {
      try {
        sessionStorage.setItem(stored, JSON.stringify({ key: name, y: window.scrollY }));
      } catch {
        // private window
      }
    };
    window.addEventListener("scroll", note, { passive: true });
    window.addEventListener("pagehide", keep);
    return () => {
      window.removeEventListener("scroll", note);
      window.removeEventListener("pagehide", keep);
    };
  }, [name, ready]);
}
