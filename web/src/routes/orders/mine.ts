// How a person likes the list: the columns to see and the views to come back to.

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
