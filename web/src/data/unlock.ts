// Whose turn it is at a paired screen. The id of the unlock goes with each request and makes acts this person's; it is worth nothing
// without the screen's own cookie. Kept on the device, so that a page that is loaded anew asks nobody again.

import { useSyncExternalStore } from "react";
import { recall, remember } from "../ui/memory";

/** `touched` is when somebody last pressed something, by this device's clock. */
export type Turn = { id: string; name: string; touched: number };

export const unlockHeader = "Tongdan-Unlock";
const key = "turn";

function read(): Turn | undefined {
  try {
    const kept = JSON.parse(recall(key)) as Partial<Turn>;
    if (typeof kept.id === "string" && kept.id !== "")
      return { id: kept.id, name: String(kept.name || ""), touched: Number(kept.touched) || 0 };
  } catch {
    // nothing kept
  }
  return undefined;
}

let turn = read();
const watchers = new Set<() => void>();

/** The turn that is on; undefined when the screen is locked, or needs nobody. */
export const turnNow = (): Turn | undefined => turn;

export function setTurn(next: Turn | undefined): void {
  turn = next;
  remember(key, next ? JSON.stringify(next) : "");
  watchers.forEach((w) => {
    w();
  });
}

// Another page of this device has locked or unlocked it.
if (typeof window !== "undefined") {
  window.addEventListener("storage", (e) => {
    if (e.key !== null && e.key.slice(-5) !== `.${key}`) return;
    turn = read();
    watchers.forEach((w) => {
      w();
    });
  });
}

export const useTurn = (): Turn | undefined =>
  useSyncExternalStore(
    (w) => {
      watchers.add(w);
      return () => watchers.delete(w);
    },
    () => turn,
  );

/** Notes that somebody pressed something. */
export function touch(now: number): void {
  if (turn && now - turn.touched > 5000) setTurn({ ...turn, touched: now });
}

/** Whether nobody has pressed anything for so long that the screen locks itself; never for 0 minutes. */
export const idle = (t: Turn, minutes: number, now: number): boolean => minutes > 0 && now - t.touched >= minutes * 60_000;
