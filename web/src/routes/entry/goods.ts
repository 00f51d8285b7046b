import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "../../data/api";
import { session, uncover } from "../../data/queries";
import { type Good, lettersOf } from "./draft";

export type Goods = { currency: string; digits: number; list: Good[] };

/** What a store sold before, with the last prices, and what it has in stock. */
export const goods = (store: string) =>
  queryOptions({
    queryKey: ["goods", store],
    staleTime: 60_000,
    enabled: store !== "",
    queryFn: async (): Promise<Goods> => {
      const got = await answer(api.GET("/api/v1/stores/{id}/goods", { params: { path: { id: store } } }));
      return {
        currency: got.currency,
        digits: got.digits,
        list: (got.goods ?? []).map((g) => ({
          sku: g.sku_id ?? "",
          name: g.name,
          code: g.code ?? "",
          price: g.price?.minor,
          from: g.from,
          sellable: g.sellable,
          letters: lettersOf(g.name),
        })),
      };
    },
  });

/** Somebody who has ordered before, by the order that says so: as much of him as a list shows. */
export type Former = { order: string; name: string; tail: string; at: number };

/** Customers of this store whose number ends so, out of the orders that were entered; nobody for whoever may not see them in full. */
export const formerCustomers = (store: string, digits: string) =>
  queryOptions({
    queryKey: ["former", store, digits],
    staleTime: 30_000,
    enabled: store !== "" && digits.length >= 4,
    retry: false,
    queryFn: async ({ client, signal }): Promise<Former[]> => {
      if (!(await client.ensureQueryData(session))?.personal) return [];
      const got = await answer(
        api.GET("/api/v1/orders", { params: { query: { q: digits, store: [store], channel: ["counter"], limit: 8 } }, signal }),
      );
      const out: Former[] = [];
      for (const o of got.orders ?? []) {
        const c = o.customer;
        if (!c?.phone_tail || out.some((x) => x.name === c.name && x.tail === c.phone_tail)) continue;
        out.push({ order: o.id, name: c.name, tail: c.phone_tail, at: o.placed_at });
        if (out.length === 4) break;
      }
      return out;
    },
  });

/** All of somebody's name, number and address, for a new order of his. That it was asked for stands in the old order's timeline. */
export async function recallCustomer(f: Former): Promise<{ name: string; phone: string; address: string } | undefined> {
  try {
    const c = await uncover(f.order);
    return c && !c.masked ? { name: c.name, phone: c.phone, address: c.address } : undefined;
  } catch {
    return undefined; // it is typed in, as for somebody new
  }
}
