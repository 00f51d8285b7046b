// What the order centre shows: the address bar holds it, so a view can be sent to a colleague and survives a reload.

import type { OrderSummary } from "../../data/model";
import { addDays, dayOf, startOfDay } from "../../format/time";

export const tabs = [
  "new",
  "accepted",
  "ready",
  "toship",
  "tolabel",
  "labelled",
  "handover",
  "delivering",
  "reminder",
  "refund",
  "problem",
  "preorder",
  "pickup",
  "unpaid",
  "all",
  "active",
  "done",
  "cancelled",
] as const;
export type Tab = (typeof tabs)[number];
export type Sort = "newest" | "due";

/** The two ways of work: food in minutes, parcels in hours. "" is both together. */
export const ways: readonly Way[] = ["takeaway", "ecommerce"];
export type Way = "takeaway" | "ecommerce" | "";

export type Filter = {
  tab: Tab;
  kind: Way;
  channel: string;
  store: string;
  q: string;
  from: string;
  to: string;
  sort: Sort | "";
};

/** The order statuses and flags behind a tab; both empty means everything. Without: those with this flag have a tab of their own. */
const meaning: Record<Tab, { statuses: string[]; flags: string[]; without?: string }> = {
  new: { statuses: ["new"], flags: [] },
  accepted: { statuses: ["accepted"], flags: [] },
  ready: { statuses: ["ready"], flags: [], without: "pickup" },
  toship: { statuses: ["new", "accepted", "ready"], flags: [] },
  tolabel: { statuses: [], flags: ["to_label"] },
  labelled: { statuses: [], flags: ["labelled"] },
  handover: { statuses: [], flags: ["handover"] },
  delivering: { statuses: ["delivering"], flags: [] },
  reminder: { statuses: [], flags: ["reminder"] },
  refund: { statuses: [], flags: ["refund"] },
  problem: { statuses: [], flags: ["problem"] },
  preorder: { statuses: [], flags: ["preorder"] },
  pickup: { statuses: [], flags: ["pickup"] },
  unpaid: { statuses: ["unpaid"], flags: [] },
  all: { statuses: [], flags: [] },
  active: { statuses: ["new", "accepted", "ready", "delivering"], flags: [] },
  done: { statuses: ["delivered", "done"], flags: [] },
  cancelled: { statuses: ["cancelled", "replaced"], flags: [] },
};

/** Where work ends and history begins: a line is drawn before it. */
export const firstOfHistory: Tab = "all";

/** What only some channels have, as they say of themselves. */
export type Extra = "pickup" | "labels";
const extras: Record<Extra, readonly Tab[]> = { pickup: ["pickup"], labels: ["tolabel", "labelled", "handover"] };
const isExtra = (tab: Tab) => Object.values(extras).some((list) => list.includes(tab));

// What all channels of a way of work fill. A platform that sends something unusual gets its tab once there is something in it.
const usual: Record<Way, readonly Tab[]> = {
  "": tabs.filter((t) => t !== "toship" && !isExtra(t)),
  takeaway: tabs.filter((t) => t !== "toship" && t !== "unpaid" && !isExtra(t)),
  ecommerce: ["toship", "delivering", "refund", "problem", "unpaid", "all", "active", "done", "cancelled"],
};

/** Whether a way of work has a tab of its own accord. */
export const hasTab = (way: Way, tab: Tab): boolean => usual[way].includes(tab);

/** The tabs of a way of work, in their order: those that its channels can fill, those with something in them, and the one that is open. */
export function tabsOf(way: Way, counts: Tally | undefined, open: Tab, has: readonly Extra[] = []): Tab[] {
  const filled = [...usual[way], ...has.flatMap((x) => extras[x])];
  const more = (tab: Tab) => tab === open || (counts !== undefined && !coveredBy(tab, usual[way]) && countOf(tab, counts) > 0);
  return tabs.filter((tab) => filled.includes(tab) || more(tab));
}

/** Whether whatever is in a tab is in one of the others already, "all" and "active" left aside. */
function coveredBy(tab: Tab, others: readonly Tab[]): boolean {
  const { statuses } = meaning[tab];
  if (tab === "all" || statuses.length === 0) return false;
  const there = new Set(others.filter((t) => t !== "active").flatMap((t) => meaning[t].statuses));
  return statuses.every((s) => there.has(s));
}

/** The tab where an order with this status is found, so that a row that leaves can say where it went. */
export function tabOf(status: string, way: Way, flags: readonly string[] = []): Tab | undefined {
  if (status === "ready" && flags.includes("pickup") && way !== "ecommerce") return "pickup";
  return usual[way].find((t) => t !== "active" && meaning[t].statuses.includes(status));
}

const word = (v: unknown): string => (typeof v === "string" ? v : typeof v === "number" ? String(v) : "");
const day = (v: unknown): string => (/^\d{4}-\d{2}-\d{2}$/.test(word(v)) ? word(v) : "");

/** Reads the address bar; whatever is not understood is left out rather than refused. */
export function readFilter(search: Record<string, unknown>): Partial<Filter> {
  const out: Partial<Filter> = {};
  const tab = tabs.find((t) => t === search.tab);
  if (tab) out.tab = tab;
  const kind = ways.find((k) => k === search.kind);
  if (kind) out.kind = kind;
  for (const key of ["channel", "store", "q"] as const) {
    const v = word(search[key]).slice(0, 100);
    if (v) out[key] = v;
  }
  for (const key of ["from", "to"] as const) {
    const v = day(search[key]);
    if (v) out[key] = v;
  }
  if (search.sort === "newest" || search.sort === "due") out.sort = search.sort;
  return out;
}

/** A whole filter, with the tab that a way of work begins with. */
export function whole(f: Partial<Filter>, way: Way = ""): Filter {
  return { tab: way === "ecommerce" ? "toship" : "new", kind: "", channel: "", store: "", q: "", from: "", to: "", sort: "", ...f };
}

const history: readonly Tab[] = ["all", "done", "cancelled"];

/** Work is sorted by what is due first, history by what is newest; the address bar may say otherwise. */
export function sortOf(f: Filter): Sort {
  return f.sort || (history.includes(f.tab) ? "newest" : "due");
}

/** The query string for GET /orders. Days are days of the given zone, both ends included. */
export function toQuery(f: Filter, zone: string): Record<string, string | number | undefined> {
  const { statuses, flags, without } = meaning[f.tab];
  return {
    status: statuses.join(",") || undefined,
    flag: flags.join(",") || undefined,
    without,
    kind: f.kind || undefined,
    channel: f.channel || undefined,
    store: f.store || undefined,
    q: f.q.trim() || undefined,
    from: f.from ? startOfDay(f.from, zone) : undefined,
    to: f.to ? startOfDay(addDays(f.to, 1), zone) : undefined,
    sort: sortOf(f),
  };
}

/** Whether an order that came by the live stream belongs into this view. Text search is the service's business. */
export function matches(f: Filter, o: OrderSummary, zone: string): boolean {
  const { statuses, flags, without } = meaning[f.tab];
  if (statuses.length > 0 && !statuses.includes(o.status)) return false;
  if (without && o.flags.includes(without)) return false;
  if (flags.length > 0 && !flags.some((flag) => o.flags.includes(flag))) return false;
  if (f.kind && o.kind !== f.kind) return false;
  if (f.channel && !f.channel.split(",").includes(o.channel)) return false;
  if (f.store && !f.store.split(",").includes(o.store?.id ?? "")) return false;
  const placed = dayOf(o.placed_at, zone);
  return (!f.from || placed >= f.from) && (!f.to || placed <= f.to);
}

export type Tally = { statuses: Record<string, number>; flags: Record<string, number> };

/** Exact number for a tab out of the counts by status and by flag. */
export function countOf(tab: Tab, counts: Tally): number {
  const { statuses, flags, without } = meaning[tab];
  if (flags.length > 0) return flags.reduce((n, flag) => n + (counts.flags[flag] ?? 0), 0);
  const apart = without ? (counts.flags[without] ?? 0) : 0; // all of them are of these statuses
  if (statuses.length > 0) return statuses.reduce((n, s) => n + (counts.statuses[s] ?? 0), -apart);
  return Object.values(counts.statuses).reduce((n, c) => n + c, 0);
}

/** The counts of the channels that work one way. @param kindOf the way of a channel */
export function tallyOf(channels: Record<string, Tally>, kindOf: (channel: string) => string, way: Way): Tally {
  const out: Tally = { statuses: {}, flags: {} };
  for (const [name, tally] of Object.entries(channels)) {
    if (way && kindOf(name) !== way) continue;
    for (const part of ["statuses", "flags"] as const) {
      for (const [k, n] of Object.entries(tally[part])) out[part][k] = (out[part][k] ?? 0) + n;
    }
  }
  return out;
}
