// What a person keeps: columns, views. The service has it, under the person; this device shows its copy.

import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useSyncExternalStore } from "react";
import { copyOf, type PreferenceName, parse, preferences, send, watchCopies } from "../data/preferences";
import { session } from "../data/queries";

/** @param read makes sense of whatever is stored; it must not throw, and must be the same function each time */
export function useKept<T>(name: PreferenceName, read: (stored: unknown) => T): [T, (next: T) => void] {
  const { data: me } = useQuery(session);
  const id = me?.id ?? "";
  useQuery(preferences(id)); // brings the copy up to date
  const stored = useSyncExternalStore(watchCopies, () => copyOf(name, id));
  const value = useMemo(() => read(parse(stored)), [stored, read]);
  const keep = useCallback(
    (next: T) => {
      send(name, id, next).catch(() => {}); // this device has it, and gives it on with its next look
    },
    [name, id],
  );
  return [value, keep];
}
