// What the order centre will ask for first, out of the address bar and of what this device remembers.

import { root } from "../../place";
import { recall } from "../../ui/memory";
import { readFilter, toQuery, ways, whole } from "./filter";

export type First = {
  counts: Record<string, string | undefined>;
  /** The list; undefined where only the whole page knows it: a search, days of a store's zone. */
  list: Record<string, string | number | undefined> | undefined;
  /** The order that is open. */
  order: string | undefined;
};

/** Undefined where the address is no place in the order centre. */
export function firstOf(at: { pathname: string; search: string }): First | undefined {
  const found = /^\/(?:orders(?:\/([^/]+))?\/?)?$/.exec(at.pathname.slice(root.length) || "/");
  if (!found) return undefined;
  const f = readFilter(Object.fromEntries(new URLSearchParams(at.search)));
  const kept = ways.filter((w) => recall("ways").split(",").includes(w));
  const way = f.kind || (kept.length === 1 ? (kept[0] ?? "") : "");
  return {
    counts: { channel: f.channel, store: f.store },
    list: f.q || f.from || f.to ? undefined : toQuery(whole(f, way), ""),
    order: found[1],
  };
}
