// Which rows of a long list are in sight. Ten thousand rows of one height are a number, not ten thousand elements: only those in
// sight and a few around them exist.

import { type RefObject, startTransition, useLayoutEffect, useRef, useState } from "react";
import { afterPaint } from "../../ui/paint";
import { scrolled } from "../../ui/place";

const nearby = 8; // rows kept ready above and below
const step = 6; // the window moves in steps, so that scrolling renders every few rows and not every pixel

export type Sight = { from: number; to: number };

/** The window for a list whose top lies `above` pixels over the upper edge of what can be seen; with nothing around, exactly that. Pure. */
export function windowOf(above: number, seen: number, height: number, count: number, around = nearby): Sight {
  const first = Math.floor(above / height);
  const last = Math.ceil((above + seen) / height);
  if (around === 0) return { from: Math.max(0, first), to: Math.min(count, Math.max(0, last)) };
  const down = (n: number) => Math.floor(n / step) * step;
  return { from: Math.max(0, down(first - around)), to: Math.min(count, Math.max(0, down(last + around) + step)) };
}

/**
 * Follows the page's scrolling. Half of what is in sight is drawn first, the rest and the rows around it follow in parts of that size.
 * @param top is told the number of the first row that is seen whole; 0 as long as the list has not been scrolled. Only when the list appears and when
 *   the page is scrolled: rows depend on it, and a row that went because the page had become shorter would make it shorter still, drawing after drawing
 * @param covered pixels at the top of the window that something sticky covers
 * @param around rows kept ready above and below
 */
export function useSight(
  box: RefObject<HTMLElement | null>,
  top: RefObject<number>,
  count: number,
  height: number,
  covered: number,
  around = nearby,
): Sight {
  const part = Math.ceil((window.innerHeight - covered) / height / 2);
  const [sight, setSight] = useState<Sight>(() => ({ from: 0, to: part }));
  const there = count > 0;
  const drawn = useRef(false); // whether the first rows are on the screen
  const placed = useRef(false); // whether it was looked where the list stands since it appeared
  useLayoutEffect(() => {
    if (!there) {
      placed.current = false;
      top.current = 0;
      return;
    }
    let frame = 0;
    const look = (around: number, most = count, moved = true) => {
      const el = box.current;
      if (!el) return;
      const above = covered - el.getBoundingClientRect().top;
      if (moved) top.current = above > 0 ? Math.ceil(above / height) : 0;
      const { from, to } = windowOf(above, window.innerHeight - covered, height, count, around);
      const next = { from, to: Math.min(to, from + most) };
      const same = (old: Sight) => old.from === next.from && old.to === next.to;
      const enough = (old: Sight) => (around === 0 || most < count) && old.from <= next.from && old.to >= next.to;
      setSight((old) => (same(old) || enough(old) ? old : next));
    };
    const soon = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        look(around);
      });
    };
    let cancel = () => {};
    // A picture with many new rows takes long, and a press in between would wait: some more with each.
    const more = (rows: number) => {
      cancel = afterPaint(() => {
        const all = scrolled() > 0 || rows >= Math.ceil(window.innerHeight / height) + around + step;
        startTransition(() => look(around, all ? undefined : rows));
        if (all) drawn.current = true;
        else more(rows + part);
      });
    };
    if (drawn.current) look(around, count, !placed.current);
    else {
      if (scrolled() > 0) look(0, count, !placed.current); // at its top a list begins with its first rows: nothing has to be laid out to know that
      more(2 * part);
    }
    placed.current = true;
    window.addEventListener("scroll", soon, { passive: true });
    window.addEventListener("resize", soon);
    return () => {
      cancel();
      cancelAnimationFrame(frame);
      window.removeEventListener("scroll", soon);
      window.removeEventListener("resize", soon);
    };
  }, [box, top, there, count, height, covered, around, part]);
  return sight;
}

/** Brings a row into sight without moving more than needed. */
export function showRow(list: HTMLElement, index: number, height: number, covered: number): void {
  const at = list.getBoundingClientRect().top + index * height;
  const over = at - covered;
  const under = at + height - window.innerHeight;
  if (over < 0) window.scrollBy({ top: over });
  else if (under > 0) window.scrollBy({ top: under });
}
