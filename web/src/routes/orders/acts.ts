import { word } from "../../words";
import type { Translate } from "../../words/reader";
// Which acts a row offers and how. The service says what is allowed; here is only what comes first under the thumb.

import type { Act, OrderSummary } from "../../data/model";
import { direct, inHand } from "../../data/outbox";

const forward = ["accept", "ready", "dispatch", "ship", "deliver"] as const;

export { direct, inHand };

/** Acts that are done to many orders at once. What takes money or an order away is decided one by one. */
export const batchable = ["accept", "ready", "dispatch", "ship", "deliver"] as const;

/** The act that a row shows as its button; "refund" means: go and look at the request. */
export function primaryOf(o: OrderSummary): string | undefined {
  if (o.actions.includes("refund_approve") || o.actions.includes("refund_refuse")) return "refund";
  return forward.find((kind) => o.actions.includes(kind));
}

/** The other acts, for the menu and for the swipe; what denies the customer something comes last. */
export function othersOf(o: OrderSummary): string[] {
  const first = primaryOf(o);
  const rank = (kind: string) => (denies(kind) ? 2 : kind === "refund_partial" ? 1 : 0);
  return o.actions
    .filter(
      (kind) =>
        kind !== first &&
        kind !== "refund_approve" &&
        kind !== "refund_refuse" &&
        kind !== "note" &&
        kind !== "remind_reply" &&
        !kind.includes("appeal"),
    )
    .filter((kind, i, all) => all.indexOf(kind) === i)
    .sort((a, b) => rank(a) - rank(b));
}

export const denies = (kind: string): boolean => ["refuse", "cancel", "void", "refund_refuse"].includes(kind);

/** Whether a rider is sought or on the way, so that somebody may ask where the order is. */
export const urgeable = (o: OrderSummary): boolean =>
  o.kind === "takeaway" && o.logistics !== "pickup" && ["sought", "assigned", "at_store", "on_the_way"].includes(o.axes.delivery);

/** Whether one press is enough: what only has to be handed over, and is paid, needs nothing filled in; what is due asks how it was paid. */
export function atOnce(o: OrderSummary, kind: string): boolean {
  const due = o.axes.payment === "pay_later";
  if (kind === "dispatch") return inHand(o.logistics) && !due;
  return direct.has(kind) && !(kind === "deliver" && due);
}

/** The word on a button. A web shop packs where a kitchen cooks; what the customer takes along is handed over. */
export function actLabel(t: Translate, kind: string, orderKind: string, logistics = ""): string {
  if (kind === "dispatch" && orderKind !== "ecommerce" && inHand(logistics)) return t("act.handOver");
  const plain = t(`act.${kind}`, { defaultValue: kind });
  return orderKind === "ecommerce" ? t(`actShop.${kind}`, { defaultValue: plain }) : plain;
}

/** When the time of the order's deadline began to run; 0 when that is not known. */
export function dueFrom(o: OrderSummary): number {
  switch (o.deadline?.kind) {
    case "accept":
    case "ship":
    case "ready":
      return Math.max(o.placed_at, o.paid_at);
    default:
      return 0;
  }
}

/** Why an act is not possible, in the reader's language. */
export function whyText(t: Translate, a: Act | undefined): string {
  return a?.why?.text || t("ask.notAllowed");
}

/** The name of a tab in a way of work; both together have words of their own. */
export function tabLabel(t: Translate, tab: string, way: string): string {
  const plain = word(t, "tab", tab);
  return way === "takeaway"
    ? t(`tabTakeaway.${tab}`, { defaultValue: plain })
    : way === "ecommerce"
      ? t(`tabEcommerce.${tab}`, { defaultValue: plain })
      : plain;
}
