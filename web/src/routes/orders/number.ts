import type { OrderSummary } from "../../data/model";

/** The number by which people call an order. Of a long one the end is shown: that is where the numbers of one shop differ. */
export function numberText(o: Pick<OrderSummary, "day_seq" | "display_ref" | "ref">): string {
  if (o.day_seq) return `#${o.day_seq}`;
  const whole = o.display_ref || o.ref;
  return whole.length > 12 ? `…${whole.slice(-8)}` : whole;
}
