// Which level of the store a line of an order takes from.

import type { Level, Line } from "../../data/model";

/** The level that a line sells from: by the binding of its item in its shop, else by the merchant's own code. */
export function levelOf(levels: Level[], shop: string, line: Line): Level | undefined {
  const bound = levels.find((l) =>
    l.offers.some((o) => o.shop_id === shop && o.item !== "" && o.item === line.ref && (o.variation === "" || o.variation === line.sku)),
  );
  return bound ?? (line.sku ? levels.find((l) => l.code === line.sku) : undefined);
}
