// The last picture of the lists, kept on this device so that the console says something when it is opened without a network: how it was,
// and since when that is not known any more. It is read only when nobody answers, never to fill the time until somebody does, so that
// nothing old is ever shown as current.
//
// Kept are the lists as they were seen last, without their customers: what is to be made, by when, under which number. It goes with
// the sign-out, and after a day.

import type { Query, QueryClient } from "@tanstack/react-query";
import { root } from "../place";
import { liveOrders, showKept } from "./live";
import type { OrderSummary, User } from "./model";

const keepFor = 24 * 3600_000;
const lists = 6; // so many lists, those that were read last
const long = 60; // rows of each
const alone = ["merchant", "stores", "channels", "accounts", "counts"];

type Kept = { user: User; at: number; queries: { key: readonly unknown[]; data: unknown }[] };
type Pages = { pages: { orders: OrderSummary[]; next: unknown }[]; pageParams: unknown[] };

/** One place in the browser's own database; it holds more than localStorage and is written beside the page's work. */
async function place<T>(mode: IDBTransactionMode, ask: (s: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
  try {
    return await new Promise<T>((done, fail) => {
      const opening = indexedDB.open(`tongdan${root}`, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("picture");
      opening.onerror = () => fail(opening.error);
      opening.onsuccess = () => {
        const tx = opening.result.transaction("picture", mode);
        const asked = ask(tx.objectStore("picture"));
        tx.onabort = tx.onerror = () => fail(tx.error);
        tx.oncomplete = () => {
          opening.result.close();
          done(asked.result);
        };
      };
    });
  } catch {
    return undefined; // a private window, or a full disk: then there is no picture
  }
}

const has = (list: unknown, one: string) => typeof list !== "string" || list === "" || list.split(",").includes(one);

/** Whether an order belongs into a list, by the list's own question. A search is the service's business. */
export function belongs(q: Record<string, unknown>, o: OrderSummary): boolean {
  if (q.q) return false;
  if (!has(q.status, o.status) || !has(q.kind, o.kind) || !has(q.channel, o.channel) || !has(q.store, o.store?.id ?? "")) return false;
  if (!has(q.logistics, o.logistics)) return false;
  if (q.flag && !o.flags.some((f) => has(q.flag, f))) return false;
  return (typeof q.from !== "number" || o.placed_at >= q.from) && (typeof q.to !== "number" || o.placed_at < q.to);
}

/** The first page of a list as it stands now: what the stream has told since it was read is worked in, and the customers are left out. */
export function first(data: Pages, q: Record<string, unknown>, live: ReadonlyMap<string, OrderSummary>): Pages {
  const loaded = data.pages.flatMap((p) => p.orders);
  const newest = new Map(loaded.map((o) => [o.id, o]));
  for (const o of live.values()) {
    const old = newest.get(o.id);
    if (old ? old.seq < o.seq : belongs(q, o)) newest.set(o.id, o);
  }
  const stays = (o: OrderSummary) => (q.q ? loaded.some((l) => l.id === o.id) : belongs(q, o));
  const orders = [...newest.values()].filter(stays).slice(0, long);
  return { pages: [{ orders: orders.map((o) => ({ ...o, customer: null })), next: undefined }], pageParams: data.pageParams.slice(0, 1) };
}

const queryOf = (q: Query): Record<string, unknown> => (q.queryKey[1] ?? {}) as Record<string, unknown>;

/** Keeps the picture fresh while the console is followed; gives what ends that. */
export function keepPicture(client: QueryClient, user: User, asOf: () => number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = () => {
    clearTimeout(timer);
    timer = undefined;
    const at = asOf();
    if (at === 0) return; // nothing that is current
    const all = client.getQueryCache().getAll();
    const good = (q: Query) => q.state.status === "success";
    const seen = all.filter((q) => q.queryKey[0] === "orders" && good(q)).sort((a, b) => b.state.dataUpdatedAt - a.state.dataUpdatedAt);
    const kept: Kept = {
      user,
      at,
      queries: [
        ...all.filter((q) => alone.includes(String(q.queryKey[0])) && good(q)).map((q) => ({ key: q.queryKey, data: q.state.data })),
        ...seen.slice(0, lists).map((q) => ({ key: q.queryKey, data: first(q.state.data as Pages, queryOf(q), liveOrders()) })),
      ],
    };
    void place("readwrite", (s) => s.put(kept, "last"));
  };
  let every = 1000; // the first soon: a lift may be next
  const soon = () => {
    timer ??= setTimeout(write, every);
    every = 5000;
  };
  const hidden = () => document.visibilityState === "hidden" && write();
  const stop = client.getQueryCache().subscribe((e) => {
    if (e.type === "updated" && e.action.type === "success") soon();
  });
  document.addEventListener("visibilitychange", hidden);
  soon();
  return () => {
    stop();
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", hidden);
  };
}

/** Puts the kept picture up, marked with its age, and says whose it is; undefined where there is none. */
export async function recallPicture(client: QueryClient): Promise<User | undefined> {
  const kept = await place<Kept>("readonly", (s) => s.get("last"));
  if (!kept || Date.now() - kept.at > keepFor) return undefined;
  for (const q of kept.queries) client.setQueryData(q.key, q.data, { updatedAt: kept.at });
  showKept(kept.at);
  return kept.user;
}

/** Somebody signs out: nothing of it stays. */
export const forgetPicture = (): Promise<unknown> => place("readwrite", (s) => s.clear());
