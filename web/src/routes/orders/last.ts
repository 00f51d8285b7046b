// What the order centre showed last, so that the bar of a phone leads back to it and not to its beginning.

import type { Filter } from "./filter";

let last: Partial<Filter> = {};

export function keepSearch(search: Partial<Filter>): void {
  last = search;
}
export const lastSearch = (): Partial<Filter> => last;
