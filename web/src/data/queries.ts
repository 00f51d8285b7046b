// Everything the console reads, one function a question. Keys are what the live stream invalidates.

import { infiniteQueryOptions, keepPreviousData, type QueryClient, queryOptions, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { inWords } from "../words/reasons";
import { answer, api, Failure } from "./api";
import { behind, sawOrders } from "./live";
import {
  type OrderSummary,
  offerActs,
  readAccount,
  readApp,
  readBatch,
  readChannel,
  readCounts,
  readCustomer,
  readEffect,
  readHead,
  readHealth,
  readJournalEntry,
  readLevel,
  readOrder,
  readParked,
  readShop,
  readStatement,
  readStore,
  readSummary,
  readUser,
  type User,
} from "./model";
import { forgetPicture, recallPicture } from "./picture";

type Query = Record<string, string | number | undefined>;

/**
 * Who is signed in; null when nobody is. When the console is opened and the service cannot be reached, it is whoever was there last on this
 * device, with the lists as they were then (picture.ts); otherwise that is a failure, not a signed-out user.
 */
export const session = queryOptions({
  queryKey: ["session"],
  staleTime: 5 * 60_000,
  retry: 1,
  queryFn: async ({ client }): Promise<User | null> => {
    try {
      const got = await answer(api.GET("/api/v1/session", { signal: AbortSignal.timeout(6000) }));
      const user = readUser(got.user ?? got);
      offerActs(user.rights);
      return user;
    } catch (e) {
      if (e instanceof Failure && e.status === 401) {
        void forgetPicture(); // whoever it shows is not signed in here any more
        return null;
      }
      if (e instanceof Failure && e.code === "offline" && client.getQueryData(["session"]) === undefined) {
        const last = await recallPicture(client);
        if (last) {
          offerActs(last.rights);
          return last;
        }
      }
      throw e;
    }
  },
});

/** In which ways one can sign in here. */
export const ways = queryOptions({
  queryKey: ["ways"],
  staleTime: Number.POSITIVE_INFINITY,
  retry: false,
  queryFn: () => answer(api.GET("/api/v1/session/ways")),
});

export const merchant = queryOptions({
  queryKey: ["merchant"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: () => answer(api.GET("/api/v1/me/merchant")),
});

/** How the service is doing; `armed` false means a restored or copied database that sends nothing yet. */
export const status = queryOptions({
  queryKey: ["status"],
  staleTime: 30_000,
  refetchInterval: 60_000,
  queryFn: async () => {
    const got = await answer(api.GET("/api/v1/status"));
    const bad = got.backup && !got.backup.ok ? { at: got.backup.at ?? 0, words: inWords(got.backup.words ?? "", got.backup.why) } : null;
    return { armed: got.armed !== false, version: got.version ?? "", badBackup: bad, replaced: got.replaced };
  },
});

/** How everything is doing, account by account; for whoever sees all stores. */
export const health = queryOptions({
  queryKey: ["health"],
  staleTime: 2000,
  refetchInterval: 5000,
  retry: 1,
  queryFn: async () => readHealth(await answer(api.GET("/api/v1/status/health"))),
});

/** Where one is signed in, last seen first. */
export const mySessions = queryOptions({
  queryKey: ["my-sessions"],
  staleTime: 10_000,
  queryFn: async () => (await answer(api.GET("/api/v1/me/sessions"))).sessions ?? [],
});

/** Devices by whose lock one signs in. */
export const myPasskeys = queryOptions({
  queryKey: ["my-passkeys"],
  staleTime: 10_000,
  queryFn: async () => (await answer(api.GET("/api/v1/me/passkeys"))).passkeys ?? [],
});

export const channels = queryOptions({
  queryKey: ["channels"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async () =>
    ((await answer(api.GET("/api/v1/channels"))).channels ?? []).map((c) => readChannel({ ...c, zone: c.sites?.[0]?.zone })),
});

export const stores = queryOptions({
  queryKey: ["stores"],
  staleTime: 5 * 60_000,
  queryFn: async () => ((await answer(api.GET("/api/v1/stores"))).stores ?? []).map(readStore),
});
export const apps = queryOptions({
  queryKey: ["apps"],
  staleTime: 60_000,
  queryFn: async () => ((await answer(api.GET("/api/v1/apps"))).apps ?? []).map(readApp),
});
export const accounts = queryOptions({
  queryKey: ["accounts"],
  staleTime: 10_000,
  refetchInterval: 30_000,
  queryFn: async () => ((await answer(api.GET("/api/v1/accounts"))).accounts ?? []).map(readAccount),
});
export const shops = queryOptions({
  queryKey: ["shops"],
  staleTime: 60_000,
  queryFn: async () => ((await answer(api.GET("/api/v1/shops"))).shops ?? []).map(readShop),
});

export type OrderPage = { orders: OrderSummary[]; next: string };

async function orderPage(query: Query, signal: AbortSignal): Promise<OrderPage> {
  const got = await answer(api.GET("/api/v1/orders", { params: { query }, signal }));
  const orders = (got.orders ?? []).map(readSummary);
  sawOrders(orders);
  return { orders, next: got.next_cursor ?? "" };
}

type Place = { sort: "due" | "newest"; cursor: string };

/**
 * Pages of a list. Sorted by what is due, the service lists only orders that have a deadline; the others must not be hidden by that, so
 * they follow behind, newest first.
 */
export function orderPages(query: Query) {
  const byDue = query.sort === "due";
  const first: Place = { sort: byDue ? "due" : "newest", cursor: "" };
  return infiniteQueryOptions({
    queryKey: ["orders", query],
    initialPageParam: first,
    staleTime: 60_000,
    gcTime: 2 * 60_000,
    queryFn: async ({ pageParam, signal }): Promise<{ orders: OrderSummary[]; next: Place | undefined }> => {
      // The first page is what one sees; whoever goes on wants more at a time.
      const read = (p: Place) => orderPage({ ...query, sort: p.sort, limit: p.cursor ? 200 : 50, cursor: p.cursor || undefined }, signal);
      const after = (p: OrderPage, sort: Place["sort"]): Place | undefined => (p.next ? { sort, cursor: p.next } : undefined);
      const page = await read(pageParam);
      if (!byDue) return { orders: page.orders, next: after(page, "newest") };
      const undue = (orders: OrderSummary[]) => orders.filter((o) => !o.deadline);
      if (pageParam.sort === "newest") return { orders: undue(page.orders), next: after(page, "newest") };
      if (page.next) return { orders: page.orders, next: after(page, "due") };
      const rest = await read({ sort: "newest", cursor: "" });
      return { orders: [...page.orders, ...undue(rest.orders)], next: after(rest, "newest") };
    },
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  });
}

export const useOrderPages = (query: Query) => useInfiniteQuery(orderPages(query));

/** An order as one of the lists that were read has it; not necessarily its newest version. */
export function listed(client: QueryClient, id: string): OrderSummary | undefined {
  for (const [, data] of client.getQueriesData<{ pages: OrderPage[] }>({ queryKey: ["orders"] })) {
    for (const page of data?.pages ?? []) {
      const found = page.orders.find((o) => o.id === id);
      if (found) return found;
    }
  }
  return undefined;
}

/** A few orders for whatever somebody knows of one: a part of its number, #12, the end of a phone number, a name, a dish. */
export const findOrders = (q: string) =>
  queryOptions({
    queryKey: ["found", q],
    staleTime: 5000,
    queryFn: async ({ signal }) => (await orderPage({ q, limit: 8, sort: "newest" }, signal)).orders,
    placeholderData: keepPreviousData,
  });

/** The orders that wait for somebody's answer and that the voice speaks of. */
export function useWaitingOrders() {
  const of = (query: Query) => ({
    queryKey: ["waiting", query],
    staleTime: 60_000,
    refetchInterval: 60_000,
    queryFn: async ({ signal }: { signal: AbortSignal }) => (await orderPage({ ...query, limit: 100 }, signal)).orders,
  });
  const urgent = useQuery(of({ status: "new", sort: "due" }));
  const fresh = useQuery(of({ status: "new", sort: "newest" }));
  const refunds = useQuery(of({ flag: "refund" }));
  const reminders = useQuery(of({ flag: "reminder" }));
  const lists = [urgent.data, fresh.data, refunds.data, reminders.data];
  // biome-ignore lint/correctness/useExhaustiveDependencies: the lists themselves, not the array around them
  return useMemo(() => lists.flatMap((l) => l ?? []), lists);
}

export const counts = (query: Query) =>
  queryOptions({
    queryKey: ["counts", query],
    staleTime: 5000,
    refetchInterval: (q) => (q.state.data && behind(q.state.data.seq) ? 1000 : 30_000),
    queryFn: async () => readCounts(await answer(api.GET("/api/v1/counts", { params: { query } }))),
    placeholderData: (old) => old,
  });

export const order = (id: string) =>
  queryOptions({
    queryKey: ["order", id],
    staleTime: 5000,
    queryFn: async () => readOrder(await answer(api.GET("/api/v1/orders/{id}", { params: { path: { id } } }))),
  });

/** What the store has of what an order's lines take from; nothing for whoever may not see it. */
export const stockOf = (order: string) =>
  queryOptions({
    queryKey: ["stock", order],
    staleTime: 10_000,
    retry: false,
    queryFn: async () => {
      try {
        return ((await answer(api.GET("/api/v1/stock", { params: { query: { order, limit: 200 } } }))).levels ?? []).map(readLevel);
      } catch (e) {
        if (e instanceof Failure && e.code === "forbidden") return [];
        throw e;
      }
    },
  });

/** The customer in full; that somebody asked is written down with the order. */
export const uncover = async (id: string) =>
  readCustomer(await answer(api.POST("/api/v1/orders/{id}/uncover", { params: { path: { id } } })));

/** @param bodies with the bytes of the messages, which is written down */
export function useJournal(id: string, bodies: boolean) {
  return useInfiniteQuery({
    queryKey: ["journal", id, bodies],
    initialPageParam: "",
    staleTime: bodies ? Number.POSITIVE_INFINITY : 0,
    retry: false,
    queryFn: async ({ pageParam }) => {
      const query = { cursor: pageParam || undefined, bodies: bodies || undefined };
      const got = await answer(api.GET("/api/v1/orders/{id}/journal", { params: { path: { id }, query } }));
      return { entries: (got.entries ?? []).map(readJournalEntry), next: got.next_cursor ?? "" };
    },
    getNextPageParam: (last) => last.next || undefined,
    placeholderData: keepPreviousData,
  });
}

export const effects = (query: Query) =>
  queryOptions({
    queryKey: ["effects", query],
    staleTime: 5000,
    refetchInterval: 30_000,
    queryFn: async () => ((await answer(api.GET("/api/v1/effects", { params: { query } }))).effects ?? []).map(readEffect),
  });

/** Acts whose outcome nobody could learn: a person has to look at the platform and say. */
export const unclear = effects({ state: "person" });

export const parked = (state: "parked" | "retried" | "dropped") =>
  queryOptions({
    queryKey: ["parked", state],
    staleTime: 5000,
    refetchInterval: 30_000,
    queryFn: async () => ((await answer(api.GET("/api/v1/parked", { params: { query: { state } } }))).parked ?? []).map(readParked),
  });

/** The newest statement of each shop and day. */
export const statements = (shop: string) =>
  queryOptions({
    queryKey: ["statements", shop],
    staleTime: 10_000,
    queryFn: async () =>
      (
        (await answer(api.GET("/api/v1/statements", { params: { query: { shop_id: shop || undefined, limit: 100 } } }))).statements ?? []
      ).map(readStatement),
  });

export const audit = queryOptions({
  queryKey: ["audit"],
  staleTime: 10_000,
  queryFn: async () => ({ head: readHead((await answer(api.GET("/api/v1/audit"))).head) }),
});

export const parkedOne = (id: string) =>
  queryOptions({
    queryKey: ["parked", "one", id],
    queryFn: async () => readParked(await answer(api.GET("/api/v1/parked/{id}", { params: { path: { id } } }))),
  });

export const batch = (id: string) =>
  queryOptions({
    queryKey: ["batch", id],
    queryFn: async () => readBatch(await answer(api.GET("/api/v1/batches/{id}", { params: { path: { id } } }))),
    refetchInterval: (q) => (q.state.data && q.state.data.done + q.state.data.failed >= q.state.data.total ? false : 700),
  });

export function refreshConnections(client: QueryClient): void {
  for (const key of ["stores", "apps", "accounts", "shops"]) void client.invalidateQueries({ queryKey: [key] });
}
