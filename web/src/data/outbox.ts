// Presses that the service has not taken yet: written down on the device before the first byte leaves, and sent under the key that was
// drawn at the press until there is an answer, over lost networks and reloads. So none is lost and none counts twice. Only acts that one
// press does (`direct`) are kept: what asks a person first is decided in sight of the order as it is, not hours later.

import { recall, remember } from "../ui/memory";
import type { Order } from "./model";
import { onceKey } from "./once";

/** Acts that go out with one press: harmless, expected thirty times a minute, and without anything to fill in. */
export const direct: ReadonlySet<string> = new Set(["accept", "ready", "deliver", "retry"]);

/** Whether an order leaves the store in the customer's own hands. */
export const inHand = (logistics: string): boolean => logistics === "pickup" || logistics === "none";

/** Whether a press on an act waits here for a network: what one press does, and handing over to a customer who stands there. */
export const keeps = (o: { logistics: string }, kind: string): boolean => direct.has(kind) || (kind === "dispatch" && inHand(o.logistics));

/** What became of a press that had to wait, for the person who is owed a word about it. */
export type End = "done" | "faster" | "refused" | "cancelled" | "expired";

export type Said = { reason_code?: string; reason?: string; by_code?: boolean };

export type Piece = {
  /** The order. */
  id: string;
  kind: string;
  /** The Idempotency-Key. */
  key: string;
  /** When it was pressed, by the service's clock. */
  at: number;
  /** The platform's deadline for it; 0 without one. */
  due: number;
  /** As people call the order. Nothing of the customer is kept. */
  number: string;
  channel: string;
  orderKind: string;
  logistics: string;
  /** What was said with it: how it was paid, whether there was a code, else why not. */
  said?: Said;
  /** It could not leave at once. */
  waited: boolean;
  /** The service has it; what the platform says is awaited. */
  sent: boolean;
  end?: End;
  words?: string;
  /** When somebody else did it, where somebody was faster. */
  theirs?: number;
};

/** What could not be sent for so long is of another shift. */
export const keepFor = 12 * 3600_000;
const most = 200;

export function piece(
  o: { id: string; kind: string; channel: string; logistics: string; deadline: { at: number } | null },
  kind: string,
  number: string,
  at: number,
  said?: Said,
): Piece {
  return {
    id: o.id,
    kind,
    key: onceKey(),
    at,
    due: o.deadline?.at ?? 0,
    number,
    channel: o.channel,
    orderKind: o.kind,
    logistics: o.logistics,
    ...(said && Object.values(said).some(Boolean) ? { said } : {}),
    waited: false,
    sent: false,
  };
}

/** What an order says has become of an act on it; undefined while that is not decided. Pure. */
export function endOf(o: Pick<Order, "status" | "pending" | "cancel_why">, kind: string): { end: End; words: string } | undefined {
  const p = o.pending.find((x) => x.kind === kind);
  if (p && (p.state === "refused" || p.state === "void")) {
    return o.status === "cancelled" ? { end: "cancelled", words: o.cancel_why || p.words } : { end: "refused", words: p.words };
  }
  if (p) return undefined;
  return o.status === "cancelled" ? { end: "cancelled", words: o.cancel_why } : { end: "done", words: "" };
}

const name = (user: string) => `outbox.${user}`;

/** The pieces of a person on this device; whatever cannot be read is nothing. */
export function stored(user: string, now: number): Piece[] {
  try {
    const all = JSON.parse(recall(name(user)) || "[]") as Piece[];
    return all.filter((p) => typeof p?.key === "string" && typeof p.id === "string" && now - p.at < keepFor);
  } catch {
    return [];
  }
}

export function store(user: string, pieces: readonly Piece[]): void {
  remember(name(user), JSON.stringify(pieces.slice(-most)));
}
