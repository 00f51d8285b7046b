// What the kitchen sees, out of the store's orders: pure.

import type { OrderSummary } from "../../data/model";

export type Card = {
  order: OrderSummary;
  number: string;
  /** 最晚出餐: by when it must be ready, UTC milliseconds. */
  by: number;
  /** Since when a rider waits; 0 = none. */
  rider: number;
  reminded: boolean;
};

const minute = 60_000;

/** By when it must be ready, as the service reckons; one that came before it did has the usual quarter of an hour. */
const readyBy = (o: OrderSummary): number => o.ready_by_at || (o.promised_at || o.placed_at) + 15 * minute;

/** The number by which people call it: the platform's daily one, else the end of its own. */
export const numberOf = (o: OrderSummary): string => o.day_seq || o.display_ref.slice(-4);

export type Board = {
  cards: Card[];
  /** Pre-orders whose preparation need not begin yet, soonest first. */
  later: { order: OrderSummary; begin: number }[];
};

/** The preparation list: what waits for a rider or a reminder first, then by 最晚出餐. `away` are orders that a tap has taken off it. */
export function boardOf(orders: Iterable<OrderSummary>, away: (id: string) => boolean, now: number): Board {
  const cards: Card[] = [];
  const later: Board["later"] = [];
  for (const order of Array.from(orders)) {
    if (order.status !== "accepted" || order.kind !== "takeaway" || away(order.id)) continue;
    const begin = order.begin_at;
    const reminded = order.flags.indexOf("reminder") >= 0;
    if (order.promised_at > 0 && now < begin && !order.rider_at && !reminded) later.push({ order, begin });
    else cards.push({ order, number: numberOf(order), by: readyBy(order), rider: order.rider_at, reminded });
  }
  const raised = (c: Card) => (c.rider > 0 || c.reminded ? 0 : 1);
  cards.sort((a, b) => raised(a) - raised(b) || a.by - b.by || (a.order.id < b.order.id ? -1 : 1));
  later.sort((a, b) => a.begin - b.begin);
  return { cards, later };
}

/** 合并同菜: how many of each dish are to be made, most first. Refunded pieces are not made. */
export function dishesOf(cards: Card[]): { name: string; pieces: number }[] {
  const sum = new Map<string, number>();
  for (const c of cards) for (const i of c.order.items) sum.set(i.name, (sum.get(i.name) || 0) + Math.max(0, i.quantity - i.refunded));
  return Array.from(sum.entries())
    .map(([name, pieces]) => ({ name, pieces }))
    .filter((d) => d.pieces > 0)
    .sort((a, b) => b.pieces - a.pieces || (a.name < b.name ? -1 : 1));
}

/** Cards of a scan or a typed number: by the daily number, the platform's own, whole, or a ticket's code. Two channels may have the same. */
export function scanned(cards: Card[], text: string): Card[] {
  const wanted = text.trim().replace(/^#/, "");
  if (wanted === "") return [];
  const plain = wanted.replace(/^0+(?=\d)/, "");
  return cards.filter((c) => c.number === plain || c.order.id === wanted || c.order.ref === wanted || c.order.display_ref === wanted);
}

/** A cancelled order that this screen has shown as being made: it stays until somebody has seen it. */
export type Stopped = { id: string; number: string; channel: string; at: number; what: string };

/** Notes which orders are being made, and which of those were cancelled meanwhile. */
export function stops(orders: Iterable<OrderSummary>, made: ReadonlySet<string>, known: Stopped[], noted: ReadonlySet<string>): Stopped[] {
  const out = known.slice();
  for (const o of Array.from(orders)) {
    if (o.status !== "cancelled" || o.shop?.mode || !made.has(o.id) || noted.has(o.id) || known.some((s) => s.id === o.id)) continue;
    out.push({ id: o.id, number: numberOf(o), channel: o.channel, at: o.changed_at, what: o.summary });
  }
  return out.length === known.length ? known : out;
}
