// An act that a person began on some order and that needs an answer first: a reason, a parcel number, or just "yes, for good".

import { useSyncExternalStore } from "react";
import { act, type Doing, holdOf } from "../../data/act";
import type { OrderSummary } from "../../data/model";
import { atOnce } from "./acts";
import { numberText } from "./number";

export type Asked = { order: OrderSummary; kind: string; for: string };

let asked: Asked | undefined;
const watchers = new Set<() => void>();
function set(next: Asked | undefined) {
  asked = next;
  for (const w of watchers) w();
}

const watch = (w: () => void) => {
  watchers.add(w);
  return () => watchers.delete(w);
};

export const useAsked = (): Asked | undefined => useSyncExternalStore(watch, () => asked);

export const endAsking = (): void => set(undefined);

/** Begins an act: at once where one press is enough, else through the dialog. */
export function begin(order: OrderSummary, kind: string, forKey = ""): Promise<Doing> | undefined {
  if (atOnce(order, kind)) return act({ order, number: numberText(order) }, { kind, hold_s: holdOf(kind) });
  set({ order, kind, for: forKey });
  return undefined;
}
