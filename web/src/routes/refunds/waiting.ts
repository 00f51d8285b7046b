import type { OrderSummary } from "../../data/model";

/** The orders whose refund waits for an answer (or that are held slow), of what was read and what has been heard since, the most pressing first. Pure. */
export function waiting(read: Iterable<OrderSummary>, heard: Iterable<OrderSummary>, flag: "refund" | "slow" = "refund"): OrderSummary[] {
  const all = new Map<string, OrderSummary>();
  for (const o of [...read, ...heard]) {
    const old = all.get(o.id);
    if (!old || old.seq <= o.seq) all.set(o.id, o);
  }
  const due = (o: OrderSummary) => (o.deadline?.kind === "answer_refund" ? o.deadline.at : Number.MAX_SAFE_INTEGER);
  return [...all.values()].filter((o) => o.flags.includes(flag)).sort((a, b) => due(a) - due(b) || a.placed_at - b.placed_at);
}
