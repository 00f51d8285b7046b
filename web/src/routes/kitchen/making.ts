// 制作中: what the cooks say they make. Pure.

import type { OrderSummary } from "../../data/model";

/** One press. `seq` is the feed's number after it, -1 while the service does not know of it. */
export type Word = { id: string; on: boolean; pressed: number; turn: string; key: string; seq: number };

const keepFor = 11 * 3600_000; // the service takes what was pressed within twelve hours

/** The last word on an order is the one that is sent. */
export const pressMaking = (words: Word[], w: Word): Word[] => words.filter((x) => x.id !== w.id).concat(w);

/** Drops what the order itself tells by now, and what is of another shift. */
export function settleMaking(words: Word[], orders: ReadonlyMap<string, OrderSummary>, now: number): Word[] {
  const over = (w: Word) => {
    const o = orders.get(w.id);
    return now - w.pressed > keepFor || (w.seq >= 0 && (o?.status !== "accepted" || o.seq >= w.seq));
  };
  return words.some(over) ? words.filter((w) => !over(w)) : words;
}
