// Reading anew what may have changed.

import type { QueryClient, QueryKey } from "@tanstack/react-query";

/**
 * Reads again whatever is shown of these questions. One that is being read for the first time is not broken off, since something is to be
 * shown; it may have been answered before this moment, so it is read once more when its answer is there.
 */
export function readAgain(client: QueryClient, queryKey: QueryKey): void {
  const first = client.getQueryCache().findAll({ queryKey, fetchStatus: "fetching", predicate: (q) => q.state.data === undefined });
  const reading = client.invalidateQueries({ queryKey });
  for (const q of first) void reading.then(() => client.invalidateQueries({ queryKey: q.queryKey, exact: true }));
}
