// How a person likes the list: the columns to see and the views to come back to.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { preferences, share, unshare } from "../../data/preferences";
import { session } from "../../data/queries";
import { useKept } from "../../ui/kept";
import { type Column, columns, readColumns, usual } from "./columns";
import type { Filter } from "./filter";
import { most, readViews } from "./views";

export function useColumns() {
  const [chosen, keep] = useKept("columns", readColumns);
  return {
    chosen,
    toggle: (c: Column) => keep(columns.filter((k) => (k === c) !== chosen.includes(k))),
    reset: () => keep([...usual]),
  };
}

export function useViews() {
  const [views, keep] = useKept("views", readViews);
  return {
    views,
    /** One name, one view: a second one with the same name replaces the first. */
    save: (name: string, filter: Partial<Filter>) => keep([...views.filter((v) => v.name !== name), { name, filter }].slice(-most)),
    drop: (name: string) => keep(views.filter((v) => v.name !== name)),
  };
}

/** Views that all people of the merchant have. Sharing and taking away reject with the service's Failure. */
export function useSharedViews() {
  const client = useQueryClient();
  const { data: me } = useQuery(session);
  const { queryKey, ...rest } = preferences(me?.id ?? "");
  const { data } = useQuery({ queryKey, ...rest });
  const again = () => client.invalidateQueries({ queryKey });
  return {
    views: useMemo(() => readViews(data?.shared, 50), [data?.shared]),
    share: (name: string, filter: Partial<Filter>) => share({ name, filter: filter as Record<string, string> }).then(again),
    drop: (name: string) => unshare(name).then(again),
  };
}
