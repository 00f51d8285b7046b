// Taps on 出餐, from the press to the platform. A tap waits ten seconds in which it can be taken back; then it is sent under the
// key that it was given when it was pressed, again and again until the service has answered, over reloads and lost networks. So no
// tap is lost, and none counts twice.

import type { OrderSummary } from "../data/model";
import { onceKey } from "../data/once";

export type Tap = {
  id: string;
  /** The Idempotency-Key, drawn at the press. */
  key: string;
  /** When it was pressed, by this device's clock. */
  at: number;
  /** held: may be taken back · due: to be sent · sent: the service has it · refused: it does not want it, words say why */
  state: "held" | "due" | "sent" | "refused";
  /** The feed's number after the act, once it is sent. */
  seq: number;
  words: string;
  /** When it was pressed by the service's clock, and whose turn at the screen it was; "" where it needs nobody. */
  pressed: number;
  turn: string;
  /** As people call the order: kept, since a tap may outlive the picture. */
  number: string;
  channel: string;
};

export const undoFor = 10_000;
const keepFor = 12 * 3600_000; // what could not be sent for so long is of another shift

/** A press. A second one on the same order changes nothing. */
export function press(
  taps: Tap[],
  o: Pick<OrderSummary, "id" | "channel">,
  number: string,
  now: number,
  pressed: number,
  turn: string,
  key = onceKey(),
): Tap[] {
  const old = taps.find((t) => t.id === o.id);
  if (old && old.state !== "refused") return taps;
  const tap: Tap = { id: o.id, key, at: now, state: "held", seq: 0, words: "", number, channel: o.channel, pressed, turn };
  return [...taps.filter((t) => t.id !== o.id), tap];
}

/** Takes a press back, while it has not been sent. */
export const takeBack = (taps: Tap[], id: string): Tap[] => taps.filter((t) => !(t.id === id && t.state === "held"));

/** What time does: held ones become due, what is too old goes. */
export function pass(taps: Tap[], now: number): Tap[] {
  if (!taps.some((t) => (t.state === "held" && now - t.at >= undoFor) || now - t.at > keepFor || t.at > now + 60_000)) return taps;
  return taps
    .filter((t) => now - t.at <= keepFor && t.at <= now + 60_000) // a clock that was set back would hold it for ever
    .map((t) => (t.state === "held" && now - t.at >= undoFor ? { ...t, state: "due" } : t));
}

export const sent = (taps: Tap[], key: string, seq: number): Tap[] => taps.map((t) => (t.key === key ? { ...t, state: "sent", seq } : t));
export const refused = (taps: Tap[], key: string, words: string): Tap[] =>
  taps.map((t) => (t.key === key ? { ...t, state: "refused", words } : t));
export const forget = (taps: Tap[], id: string): Tap[] => taps.filter((t) => t.id !== id);

/** Drops taps of which the order itself tells by now: it is ready, or the platform has refused. */
export function settle(taps: Tap[], orders: ReadonlyMap<string, OrderSummary>): Tap[] {
  const over = (t: Tap) => {
    const o = orders.get(t.id);
    if (!o || t.state === "held" || t.state === "due") return false;
    if (o.status !== "accepted") return true;
    return (
      t.state === "sent" && o.seq >= t.seq && !o.pending.some((p) => p.kind === "ready" && p.state !== "refused" && p.state !== "void")
    );
  };
  return taps.some(over) ? taps.filter((t) => !over(t)) : taps;
}
