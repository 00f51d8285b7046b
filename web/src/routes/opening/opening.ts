// What the opening check looks at, out of what the service tells: pure.

import type { OrderSummary } from "../../data/model";

/** Today's pre-orders by when preparation must begin; those whose time has passed come first and are still to be made. */
export function preorders(orders: OrderSummary[], until: number): { order: OrderSummary; begin: number }[] {
  return orders
    .filter((o) => o.promised_at > 0 && o.promised_at < until && (o.status === "new" || o.status === "accepted"))
    .map((order) => ({ order, begin: order.begin_at || order.promised_at }))
    .sort((a, b) => a.begin - b.begin || (a.order.id < b.order.id ? -1 : 1));
}

/** How many orders of today are still on their way, out of how many there are in each status; those for another day are not. */
export function unfinished(statuses: Record<string, number>, later: number): number {
  const open = ["new", "accepted", "ready", "delivering"].reduce((n, s) => n + (statuses[s] ?? 0), 0);
  return Math.max(0, open - later);
}

/** The end of the day that it is in a zone. */
export function endOfDay(now: number, zone: string): number {
  const [h = 0, m = 0, s = 0] = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit" })
    .format(now)
    .split(":")
    .map(Number);
  return now - ((h % 24) * 3600 + m * 60 + s) * 1000 + 24 * 3600_000;
}
