// The order list under a hand that is about to press. Orders come and go many times a second; the row in hand must stay where it
// is, or the press hits its neighbour. While a row is held, everything up to it stands still: what leaves is shown as leaving,
// what comes above waits behind a button. Below it the list moves freely.

import type { OrderSummary } from "../../data/model";
import type { Sort } from "./filter";

export type Row = { order: OrderSummary; leaving: boolean };
export type Settled = { rows: Row[]; waiting: number };

/** The order of a list, to the last tie as the service has it: a list that disagrees puts what is new above the row in hand, where it waits. */
export function comparator(sort: Sort): (a: OrderSummary, b: OrderSummary) => number {
  const byId = (a: OrderSummary, b: OrderSummary) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  const newest = (a: OrderSummary, b: OrderSummary) => b.placed_at - a.placed_at || byId(b, a);
  if (sort === "newest") return newest;
  const due = (o: OrderSummary) => o.deadline?.at || Number.MAX_SAFE_INTEGER;
  return (a, b) => due(a) - due(b) || (a.deadline?.at ? byId(a, b) : newest(a, b));
}

/**
 * The list that ought to be shown: the pages as loaded, each order in its newest version, plus live orders that match and do not
 * lie beyond the last loaded page.
 */
export function combine(
  loaded: OrderSummary[],
  live: ReadonlyMap<string, OrderSummary>,
  view: { matches: (o: OrderSummary) => boolean; compare: (a: OrderSummary, b: OrderSummary) => number; more: boolean; insert: boolean },
): OrderSummary[] {
  const out = new Map<string, OrderSummary>();
  for (const o of loaded) {
    const newer = live.get(o.id);
    if (!newer || newer.seq <= o.seq) out.set(o.id, o);
    else if (view.matches(newer)) out.set(o.id, newer);
  }
  const last = loaded.at(-1);
  if (view.insert) {
    const known = new Set(loaded.map((o) => o.id));
    for (const o of live.values()) {
      if (known.has(o.id) || !view.matches(o)) continue;
      if (view.more && last && view.compare(o, last) > 0) continue;
      out.set(o.id, o);
    }
  }
  // A text search comes in the service's order of relevance and is left as it is.
  return view.insert ? [...out.values()].sort(view.compare) : [...out.values()];
}

/**
 * @param hand number of the row under the pointer or the focus; -1 when there is none
 * @param top number of the first row in sight of a list that is scrolled; -1 when it is not
 * @param seen how many rows are in sight
 */
export function settle(
  shown: Row[],
  wanted: OrderSummary[],
  hand: number,
  newest: (id: string) => OrderSummary | undefined,
  top = -1,
  seen = 1,
): Settled {
  const all = { rows: wanted.map((order) => ({ order, leaving: false })), waiting: 0 };
  if (hand < 0 && top < 0) return all;

  const place = new Map(wanted.map((o, i) => [o.id, i]));
  const at = Math.max(
    hand,
    heldBySight(shown, (r) => place.has(r.order.id), top, seen),
  );
  if (at < 0) return all;
  const still = new Set<string>();
  let anchor = -1;
  const above = shown.slice(0, at + 1).map(({ order }): Row => {
    still.add(order.id);
    const i = place.get(order.id);
    if (i === undefined) return { order: newest(order.id) ?? order, leaving: true };
    anchor = Math.max(anchor, i);
    return { order: wanted[i] ?? order, leaving: false };
  });
  const wereBelow = new Set(shown.slice(at + 1).map((r) => r.order.id));
  const below: Row[] = [];
  let waiting = 0;
  wanted.forEach((order, i) => {
    if (still.has(order.id)) return;
    if (i > anchor || wereBelow.has(order.id)) below.push({ order, leaving: false });
    else waiting++;
  });
  return { rows: [...above, ...below], waiting };
}

/**
 * The row that the eyes hold of a scrolled list: the first one in sight that stays. Where all in sight have left, the first, as long as anything
 * below it comes up. Where nothing does, no row: what is left of the list is shown at once, not row by row as the page grows shorter under it.
 */
function heldBySight(shown: Row[], stays: (r: Row) => boolean, top: number, seen: number): number {
  if (top < 0) return -1;
  const found = shown.slice(top).findIndex(stays);
  return found < 0 ? -1 : found < seen ? top + found : top;
}
