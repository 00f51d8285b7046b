// Views that a person saved: a name for what the address bar holds.

import { type Filter, readFilter } from "./filter";

export type View = { name: string; filter: Partial<Filter> };

export const most = 20;

export function readViews(stored: unknown, limit = most): View[] {
  if (!Array.isArray(stored)) return [];
  return stored
    .flatMap((v): View[] => {
      const { name, filter } = (v ?? {}) as { name?: unknown; filter?: unknown };
      if (typeof name !== "string" || name.trim() === "" || typeof filter !== "object" || filter === null) return [];
      return [{ name: name.slice(0, 40), filter: readFilter(filter as Record<string, unknown>) }];
    })
    .slice(0, limit);
}
