// What a person keeps: columns, views. The service has it, under the person; this device has a copy.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { copyKey, type PreferenceName, type Preferences, parse, preferences, send } from "../data/preferences";
import { session } from "../data/queries";
import { recall } from "./device";

/** @param read makes sense of whatever is stored; it must not throw, and must be the same function each time */
export function useKept<T>(name: PreferenceName, read: (stored: unknown) => T): [T, (next: T) => void] {
  const client = useQueryClient();
  const { data: me } = useQuery(session);
  const id = me?.id ?? "";
  const { data } = useQuery(preferences(id));
  const stored = data?.mine[name];
  const value = useMemo(() => read(stored === undefined ? parse(recall(copyKey(name, id))) : stored), [stored, read, name, id]);
  const keep = useCallback(
    (next: T) => {
      const { queryKey } = preferences(id);
      const show = () =>
        client.setQueryData(queryKey, (old: Preferences | undefined) => ({
          shared: old?.shared ?? [],
          mine: { ...old?.mine, [name]: next },
        }));
      show();
      void client.cancelQueries({ queryKey }).then(show); // an older answer that is on its way must not undo it
      send(name, id, next).catch(() => {}); // this device has it, and gives it on with its next look
    },
    [client, name, id],
  );
  return [value, keep];
}
