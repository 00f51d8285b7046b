// Acts on many orders at once. Each order has a result of its own; one bad address never blocks the other ninety-nine.

import { useSyncExternalStore } from "react";
import { type ActBody, act, wire } from "../../data/act";
import { answer, api, Failure, onceKey } from "../../data/api";
import { type OrderSummary, readBatch } from "../../data/model";

export type Item = { order: OrderSummary; state: "waiting" | "done" | "failed" | "person"; words: string };

export type Run = {
  id: number;
  kind: string;
  /** The service's batch; "" while each order is sent by itself, as with parcel numbers, which differ from order to order. */
  batch: string;
  items: Item[];
  bodies: Map<string, ActBody>;
  error: string;
};

let runs: Run[] = [];
let shipping: OrderSummary[] | undefined;
let serial = 0;
const watchers = new Set<() => void>();
const watch = (w: () => void) => {
  watchers.add(w);
  return () => watchers.delete(w);
};
function tell() {
  for (const w of watchers) w();
}
function change(id: number, next: Partial<Run>) {
  runs = runs.map((r) => (r.id === id ? { ...r, ...next } : r));
  tell();
}

export const useRuns = (): Run[] => useSyncExternalStore(watch, () => runs);
/** Orders that wait for their parcel numbers in the form. */
export const useShipping = (): OrderSummary[] | undefined => useSyncExternalStore(watch, () => shipping);

export function startShipping(orders: OrderSummary[]): void {
  shipping = orders;
  tell();
}
export function endShipping(): void {
  shipping = undefined;
  tell();
}

export function close(id: number): void {
  runs = runs.filter((r) => r.id !== id);
  tell();
}

function open(kind: string, orders: OrderSummary[], bodies: Map<string, ActBody>): Run {
  const run: Run = {
    id: ++serial,
    kind,
    batch: "",
    items: orders.map((order) => ({ order, state: "waiting", words: "" })),
    bodies,
    error: "",
  };
  runs = [...runs, run];
  tell();
  return run;
}

/** The same act, without anything to fill in, on each order: one call, and the service works it off. */
export async function startBatch(kind: string, orders: OrderSummary[]): Promise<void> {
  const run = open(kind, orders, new Map());
  await send(run.id, kind, orders);
}

async function send(id: number, kind: string, orders: OrderSummary[]): Promise<void> {
  try {
    const body = { ...wire({ kind }), orders: orders.map((o) => o.id) };
    const got = readBatch(await answer(api.POST("/api/v1/batches", { params: { header: { "Idempotency-Key": onceKey() } }, body })));
    change(id, { batch: got.id, error: "" });
    await follow(id, got.id);
  } catch (e) {
    change(id, { error: e instanceof Failure ? e.message || e.code : String(e) });
  }
}

async function follow(id: number, batch: string): Promise<void> {
  for (let misses = 0; misses < 30; ) {
    const run = runs.find((r) => r.id === id);
    if (!run) return;
    try {
      const got = readBatch(await answer(api.GET("/api/v1/batches/{id}", { params: { path: { id: batch } } })));
      const results = new Map(got.results.map((r) => [r.order_id, r]));
      change(id, {
        error: "",
        items: run.items.map((item) => {
          const r = results.get(item.order.id);
          if (!r) return item;
          const state =
            r.error || r.state === "failed" ? "failed" : r.state === "person" ? "person" : finished(r.state) ? "done" : "waiting";
          return { ...item, state, words: r.error?.words || r.error?.code || "" };
        }),
      });
      if (got.results.every((r) => r.state !== "waiting" && r.state !== "sending")) return;
      misses = 0;
    } catch (e) {
      misses++;
      change(id, { error: e instanceof Failure ? e.message || e.code : String(e) });
    }
    await new Promise((done) => setTimeout(done, 700));
  }
}

const finished = (state: string): boolean => state === "done";

const together = 4;

/** An act with its own words for each order, such as a parcel number. Four at a time, each under its own key. */
export async function startEach(kind: string, orders: OrderSummary[], bodies: Map<string, ActBody>): Promise<void> {
  const run = open(kind, orders, bodies);
  await each(
    run.id,
    orders.map((o) => o.id),
  );
}

async function each(id: number, ids: string[]): Promise<void> {
  const queue = [...ids];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const order = next;
      const body = runs.find((r) => r.id === id)?.bodies.get(order);
      if (!body) continue;
      const end = await act(order, body);
      mark(id, order, end.state === "refused" ? "failed" : "done", end.words);
    }
  };
  await Promise.all(Array.from({ length: together }, worker));
}

function mark(id: number, order: string, state: Item["state"], words: string) {
  const run = runs.find((r) => r.id === id);
  if (run) change(id, { items: run.items.map((i) => (i.order.id === order ? { ...i, state, words } : i)) });
}

/** Tries the failed ones again; those that are done are left alone. */
export async function retry(id: number): Promise<void> {
  const run = runs.find((r) => r.id === id);
  if (!run) return;
  const failed = run.items.filter((i) => i.state === "failed").map((i) => i.order);
  const items = run.items.map((i) => (i.state === "failed" ? { ...i, state: "waiting" as const, words: "" } : i));
  change(id, { items, error: "" });
  if (run.bodies.size > 0) {
    await each(
      id,
      failed.map((o) => o.id),
    );
    return;
  }
  if (!run.batch) {
    await send(
      id,
      run.kind,
      run.items.map((i) => i.order),
    );
    return;
  }
  try {
    const again = readBatch(
      await answer(
        api.POST("/api/v1/batches/{id}/retry", { params: { path: { id: run.batch }, header: { "Idempotency-Key": onceKey() } } }),
      ),
    );
    await follow(id, again.id || run.batch);
  } catch (e) {
    change(id, { error: e instanceof Failure ? e.message || e.code : String(e) });
  }
}
