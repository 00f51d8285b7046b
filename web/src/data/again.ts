// Reading anew what may have changed.

import type { Query, QueryClient, QueryKey } from "@tanstack/react-query";

const again = new WeakSet<Query>(); // are read once more when their answer is there

/**
 * Reads again whatever is shown of these questions. One that is being read for the first time is not broken off, since something is to be
 * shown; it may have been answered before this moment, so it is read once more when its answer is there, however many changes came
 * meanwhile.
 */
export function readAgain(client: QueryClient, queryKey: QueryKey): void {
  const first = client
    .getQueryCache()
    .findAll({ queryKey, fetchStatus: "fetching", predicate: (q) => q.state.data === undefined && !again.has(q) });
  void client.invalidateQueries({ queryKey });
  for (const q of first) {
    again.add(q);
    const once = () => void again.delete(q);
    void q.promise?.then(() => client.invalidateQueries({ queryKey: q.queryKey, exact: true })).then(once, once);
  }
}
