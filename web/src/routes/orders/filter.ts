// What the order centre shows: the address bar holds it, so a view can be sent to a colleague and survives a reload.

import type { OrderSummary } from "../../data/model";
import { addDays, dayOf, startOfDay } from "../../format/time";

export const tabs = [
  "all",
  "unpaid",
  "new",
  "accepted",
  "ready",
  "delivering",
  "refund",
  "reminder",
  "problem",
  "preorder",
  "done",
  "cancelled",
] as const;
export type Tab = (typeof tabs)[number];
export type Sort = "newest" | "due";

export type Filter = {
  tab: Tab;
  channel: string;
  store: string;
  q: string;
  from: string;
  to: string;
  sort: Sort | "";
};

/** The order statuses and flags behind a tab; both empty means everything. */
const meaning: Record<Tab, { statuses: string[]; flags: string[] }> = {
  all: { statuses: [], flags: [] },
  unpaid: { statuses: ["unpaid"], flags: [] },
  new: { statuses: ["new"], flags: [] },
  accepted: { statuses: ["accepted"], flags: [] },
  ready: { statuses: ["ready"], flags: [] },
  delivering: { statuses: ["delivering"], flags: [] },
  refund: { statuses: [], flags: ["refund"] },
  reminder: { statuses: [], flags: ["reminder"] },
  problem: { statuses: [], flags: ["problem"] },
  preorder: { statuses: [], flags: ["preorder"] },
  done: { statuses: ["delivered", "done"], flags: [] },
  cancelled: { statuses: ["cancelled", "replaced"], flags: [] },
};

/** The tab where an order with this status is found, so that a row that leaves can say where it went. */
export function tabOf(status: string): Tab | undefined {
  return tabs.find((t) => meaning[t].statuses.includes(status));
}

const word = (v: unknown): string => (typeof v === "string" ? v : typeof v === "number" ? String(v) : "");
const day = (v: unknown): string => (/^\d{4}-\d{2}-\d{2}$/.test(word(v)) ? word(v) : "");

/** Reads the address bar; whatever is not understood is left out rather than refused. */
export function readFilter(search: Record<string, unknown>): Partial<Filter> {
  const out: Partial<Filter> = {};
  const tab = tabs.find((t) => t === search.tab);
  if (tab) out.tab = tab;
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

export function whole(f: Partial<Filter>): Filter {
  return { tab: "new", channel: "", store: "", q: "", from: "", to: "", sort: "", ...f };
}

/** Work is sorted by what is due first, history by what is newest; the address bar may say otherwise. */
export function sortOf(f: Filter): Sort {
  if (f.sort) return f.sort;
  return ["new", "accepted", "ready", "refund", "reminder", "unpaid"].includes(f.tab) ? "due" : "newest";
}

/** The query string for GET /orders. Days are days of the given zone, both ends included. */
export function toQuery(f: Filter, zone: string): Record<string, string | number | undefined> {
  const { statuses, flags } = meaning[f.tab];
  return {
    status: statuses.join(",") || undefined,
    flag: flags.join(",") || undefined,
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
  const { statuses, flags } = meaning[f.tab];
  if (statuses.length > 0 && !statuses.includes(o.status)) return false;
  if (flags.length > 0 && !flags.some((flag) => o.flags.includes(flag))) return false;
  if (f.channel && !f.channel.split(",").includes(o.channel)) return false;
  if (f.store && !f.store.split(",").includes(o.store?.id ?? "")) return false;
  const placed = dayOf(o.placed_at, zone);
  return (!f.from || placed >= f.from) && (!f.to || placed <= f.to);
}

/** Exact number for a tab out of the counts by status and by flag. */
export function countOf(tab: Tab, counts: { statuses: Record<string, number>; flags: Record<string, number> }): number {
  const { statuses, flags } = meaning[tab];
  if (flags.length > 0) return flags.reduce((n, flag) => n + (counts.flags[flag] ?? 0), 0);
  if (statuses.length > 0) return statuses.reduce((n, s) => n + (counts.statuses[s] ?? 0), 0);
  return Object.values(counts.statuses).reduce((n, c) => n + c, 0);
}
