// What the device should be ringing for, out of the orders that wait. Pure.

import { ended } from "../data/act";
import type { OrderSummary } from "../data/model";
import type { Concern } from "../routes/board/concerns";
import type { Printer } from "../routes/printers/printers";
import type { Waiting } from "./announcement";

const rings = 6 * 3600_000; // a deadline further away than this is a matter of the day, not of the minute
const reminderRings = 10 * 60_000;

/**
 * @param seen orders that a person has opened here: a reminder that was read needs no bell
 * @param name the channel's name in the language spoken
 */
export function waitingFor(
  orders: Iterable<OrderSummary>,
  seen: ReadonlySet<string>,
  now: number,
  name: (channel: string) => string,
): Waiting[] {
  const out: Waiting[] = [];
  for (const o of orders) {
    if (o.shop?.mode) continue; // another system works it
    // Somebody has acted and the platform is being told.
    if (o.pending.some((p) => !ended(p.state))) continue;
    const rider = riderOf(o, now);
    const base = { id: o.id, channel: name(o.channel), number: numberOf(o), quantity: o.quantity };
    const at = o.deadline?.at ?? 0;
    if (o.flags.includes("refund")) {
      const due = o.deadline?.kind === "answer_refund" ? at : 0;
      if (due === 0 || due - now < rings) out.push({ ...base, kind: "refund", at: due });
    } else if (o.flags.includes("reminder")) {
      if (!seen.has(o.id) && now - o.changed_at < reminderRings) out.push({ ...base, kind: "reminder", at: 0 });
    } else if (o.status === "new" && o.kind !== "ecommerce") {
      out.push({ ...base, kind: "new", at: o.deadline?.kind === "accept" ? at : 0 });
    }
    if (rider > 0) out.push({ ...base, id: `${o.id}/rider${rider}`, kind: "rider", at: 0, once: true, minutes: rider });
  }
  return out.sort((a, b) => (a.at || Number.MAX_SAFE_INTEGER) - (b.at || Number.MAX_SAFE_INTEGER));
}

/** Printers at which tickets wait that cannot be printed. Where a stand-in prints, that is said once: nobody has to run. */
export function silent(list: Iterable<Pick<Printer, "id" | "name" | "waiting" | "since_at" | "off" | "stand_in_name">>): Waiting[] {
  const out: Waiting[] = [];
  for (const p of list) {
    if (p.off || p.since_at === 0) continue;
    const on = p.stand_in_name;
    if (on) out.push({ id: `${p.id}/standin`, kind: "standin", channel: p.name, number: on, quantity: p.waiting, at: 0, once: true });
    else out.push({ id: p.id, kind: "printer", channel: p.name, number: "", quantity: p.waiting, at: 0 });
  }
  return out;
}

/** Shops that rest while their store is open, and that nobody has taken on. */
export function resting(
  list: Iterable<{ kind: string; key: string; channel: string; store_id: string; taken_by?: string }>,
  name: (channel: string) => string,
  store: (id: string) => string,
): Waiting[] {
  const out: Waiting[] = [];
  for (const c of list) {
    if (c.kind === "resting" && !c.taken_by)
      out.push({ id: c.key, kind: "resting", channel: name(c.channel), number: store(c.store_id), quantity: 1, at: 0 });
  }
  return out;
}

/** Stores whose rule for accepting is on and does nothing, since nobody would hear of what it accepts: out of what waits for somebody. */
export function halted(list: Iterable<Pick<Concern, "key" | "kind" | "subject" | "store_id">>, store: (id: string) => string): Waiting[] {
  const out: Waiting[] = [];
  for (const c of list) {
    if (c.kind !== "rule" || c.subject !== "accept") continue;
    out.push({ id: c.key, kind: "rule", channel: store(c.store_id), number: "", quantity: 1, at: 0, once: true });
  }
  return out;
}

/** Deliveries that stand still and that nobody has taken on: each is said once. */
export function stuck(
  list: Iterable<Pick<Concern, "key" | "kind" | "channel" | "order" | "taken_by" | "still_at">>,
  now: number,
  name: (channel: string) => string,
): Waiting[] {
  const out: Waiting[] = [];
  for (const c of list) {
    if (c.kind !== "stuck" || c.taken_by || !c.order) continue;
    const still = Math.max(0, Math.floor((now - (c.still_at ?? now)) / 60_000));
    out.push({
      id: c.key,
      kind: "stuck",
      channel: name(c.channel),
      number: c.order.day_seq ?? "",
      quantity: 1,
      at: 0,
      once: true,
      minutes: still,
    });
  }
  return out;
}

const called = 3; // minutes between two calls for a rider who waits
const last = 9;

/** Whether a waiting rider is to be spoken of at this moment: the minutes, 3, 6 or 9; else 0. */
export function riderOf(o: OrderSummary, now: number): number {
  if (o.rider_at === 0) return 0;
  const waits = (now - o.rider_at) / 60_000;
  const step = Math.floor(waits / called) * called;
  return step >= called && step <= last && waits - step < 0.5 ? step : 0;
}

/** The number that people at the counter call an order by. */
export function numberOf(o: OrderSummary): string {
  return o.day_seq;
}
