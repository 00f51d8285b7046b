// What the call-out board shows: numbers, and nothing of the people behind them. Pure.

import type { OrderSummary } from "../../data/model";
import { numberOf } from "../kitchen/board";

export type Called = { id: string; channel: string; number: string; at: number };

/** Being made, oldest first, and to be collected, newest first. `since` says when an order was first seen to be ready. */
export function numbersOf(orders: Iterable<OrderSummary>, since: ReadonlyMap<string, number>): { preparing: Called[]; ready: Called[] } {
  const preparing: Called[] = [];
  const ready: Called[] = [];
  for (const o of Array.from(orders)) {
    if (o.kind !== "takeaway") continue;
    const called = { id: o.id, channel: o.channel, number: numberOf(o), at: since.get(o.id) || o.changed_at };
    if (o.status === "ready") ready.push(called);
    else if (o.status === "accepted" && o.flags.indexOf("preorder") < 0) preparing.push({ ...called, at: o.placed_at });
  }
  preparing.sort((a, b) => a.at - b.at);
  ready.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
  return { preparing, ready };
}
