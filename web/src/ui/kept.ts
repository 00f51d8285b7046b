// What a person keeps on this device: columns, views. Under the person's id, since several share a counter computer.

import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useSyncExternalStore } from "react";
import { session } from "../data/queries";
import { recall, remember } from "./device";

const watchers = new Set<() => void>();
const watch = (w: () => void) => {
  watchers.add(w);
  return () => watchers.delete(w);
};

/** @param read makes sense of whatever is stored; it must not throw, and must be the same function each time */
export function useKept<T>(name: string, read: (stored: unknown) => T): [T, (next: T) => void] {
  const { data: me } = useQuery(session);
  const key = `${name}.${me?.id ?? ""}`;
  const stored = useSyncExternalStore(watch, () => recall(key));
  const value = useMemo(() => read(parse(stored)), [stored, read]);
  const keep = useCallback(
    (next: T) => {
      remember(key, JSON.stringify(next));
      for (const w of watchers) w();
    },
    [key],
  );
  return [value, keep];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
