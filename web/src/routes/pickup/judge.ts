// Whether an order may be handed to the customer who stands here, and which order a number means. Pure.

import type { Order, OrderSummary } from "../../data/model";
import { inHand } from "../../data/outbox";

/**
 * go: it may · collect: once the money is taken · the others say why not: cancelled, of another store, brought by somebody, handed over
 * already, unpaid, a refund is asked for, not accepted, shut by what the service says
 */
export type Verdict = "go" | "collect" | "cancelled" | "store" | "brought" | "done" | "unpaid" | "refund" | "new" | "shut";

/** What is to be said of an order at a store's counter, the worst first. */
export function judge(o: OrderSummary, store: string): Verdict {
  if (o.status === "cancelled" || o.status === "replaced") return "cancelled";
  if (store && o.store && o.store.id !== store) return "store";
  if (o.kind !== "takeaway" || !inHand(o.logistics)) return "brought";
  if (o.status === "delivered" || o.status === "done" || o.status === "delivering") return "done";
  if (o.axes.payment === "unpaid") return "unpaid";
  if (o.flags.includes("refund")) return "refund";
  if (o.status === "new") return "new";
  if (!o.actions.includes("dispatch")) return "shut";
  return o.axes.payment === "pay_later" ? "collect" : "go";
}

export const mayGo = (v: Verdict): boolean => v === "go" || v === "collect";

/** Whether an order waits at a store for its customer. */
export const waitsFor = (o: OrderSummary, store: string): boolean =>
  (o.status === "accepted" || o.status === "ready") && o.kind === "takeaway" && inHand(o.logistics) && o.store?.id === store;

/** Ready ones first, then those that were promised or placed first. */
export const byTurn = (a: OrderSummary, b: OrderSummary): number =>
  Number(a.status !== "ready") - Number(b.status !== "ready") ||
  (a.promised_at || a.placed_at) - (b.promised_at || b.placed_at) ||
  (a.id < b.id ? -1 : 1);

const today = 16 * 3600_000; // daily numbers come again
const plainOf = (text: string) => text.trim().replace(/^#/, "");

/** The orders that a whole number means: ours from a ticket, the platform's, or the daily one of today. What still waits comes first. */
export function exactly(orders: Iterable<OrderSummary>, text: string, now: number): OrderSummary[] {
  const wanted = plainOf(text);
  if (wanted === "") return [];
  const seq = wanted.replace(/^0+(?=\d)/, "");
  const open = (o: OrderSummary) => o.status === "accepted" || o.status === "ready" || o.status === "new" || o.status === "unpaid";
  const found = [...orders].filter(
    (o) =>
      o.id === wanted ||
      o.ref === wanted ||
      o.display_ref === wanted ||
      (o.day_seq !== "" && o.day_seq === seq && (open(o) || now - o.placed_at < today)),
  );
  return found.sort((a, b) => Number(!open(a)) - Number(!open(b)) || b.placed_at - a.placed_at);
}

/** The orders that a part of a number, the end of a phone, a name or a dish may mean. */
export function perhaps(orders: Iterable<OrderSummary>, text: string): OrderSummary[] {
  const wanted = plainOf(text).toLowerCase();
  if (wanted === "") return [];
  return [...orders].filter((o) =>
    [o.day_seq, o.ref, o.display_ref, o.customer?.phone_tail, o.customer?.name, o.summary].some((x) => x?.toLowerCase().includes(wanted)),
  );
}

export type Handed = { at: number; by: string; name: string; why: string };

/** When and by whom an order was handed over, as its timeline tells. `by` is a channel where the platform has closed it. */
export function handed(o: Order): Handed {
  const last = (ok: (m: Order["timeline"][number]) => boolean) => o.timeline.filter(ok).pop();
  const fact = last((m) => m.kind === "fact" && m.axis === "delivery" && m.text_code === "delivered");
  const why = String(fact?.params.why ?? "");
  const act = last((m) => m.kind === "act" && m.text_code === "dispatch");
  if (act) return { at: act.at, by: act.by, name: act.by_name, why };
  const end = fact ?? last((m) => m.kind === "fact" && m.text_code === "done");
  return { at: end?.at ?? 0, by: o.channel, name: "", why };
}
