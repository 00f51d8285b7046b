// The order of things: the answer to a press is painted, then the rest is done; the first screen stands there, then comes what may wait.

import { type ReactNode, useSyncExternalStore } from "react";

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

/**
 * Does what a press asks for once its first answer is on the screen: a tab that is marked, an order that is. On a page that is hidden, which has no
 * pictures, a tenth of a second later. Gives what takes it back.
 */
export function afterAnswer(then: () => void): () => void {
  const go = () => {
    cancel();
    then();
  };
  const painted = afterPaint(go);
  const timer = setTimeout(go, 100);
  const cancel = () => {
    painted();
    clearTimeout(timer);
  };
  return cancel;
}

let settled = false;
const watchers = new Set<() => void>();
const watch = (tell: () => void) => {
  watchers.add(tell);
  return () => void watchers.delete(tell);
};

/** Whether the first screen stands there and the page had a moment's rest: what is not needed for it is asked for from then on. */
export const useSettled = (): boolean => useSyncExternalStore(watch, () => settled);

/** Parts of the page that are not needed for its first picture. They must not move it when they come. */
export const Later = ({ children }: { children: ReactNode }): ReactNode => (useSettled() ? children : null);

/** Said once, when the page has been given to the browser. One that is hidden, and one that finds no rest, settles after two seconds. */
export function settle(): void {
  const done = () => {
    if (settled) return;
    settled = true;
    for (const tell of [...watchers]) setTimeout(tell); // each in a task of its own, so that a press in between is heard
  };
  setTimeout(done, 2000);
  afterPaint(() => ("requestIdleCallback" in window ? requestIdleCallback(done) : setTimeout(done, 300)));
}
