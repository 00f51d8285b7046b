// What the service tells us as it happens. A stream while there is one, asking every few seconds while there is not; and at any
// moment an honest word about how old the picture is.

import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { root } from "../place";
import { readAgain } from "./again";
import { answer, api } from "./api";
import { serverNow } from "./clock";
import { type OrderSummary, readSummary } from "./model";
import { sseParser } from "./sse";

export type Connection = {
  /** live: by stream · asking: by polling · lost: neither works */
  state: "connecting" | "live" | "asking" | "lost";
  /** When the service was last heard, UTC milliseconds; 0 before the first time. */
  asOf: number;
};

const heartbeat = 40_000; // the service speaks at least every 15 s
const remembered = 3000; // live orders kept beside the loaded pages

let connection: Connection = { state: "connecting", asOf: 0 };
let orders: ReadonlyMap<string, OrderSummary> = new Map();
let lastOrderAt = 0;
const watchers = new Set<() => void>();

function watch(w: () => void): () => void {
  watchers.add(w);
  return () => watchers.delete(w);
}
function tell() {
  for (const w of watchers) w();
}

export const useConnection = (): Connection => useSyncExternalStore(watch, () => connection);
/** The newest version of each order that the stream has brought since the page was opened, by id. */
export const useLiveOrders = (): ReadonlyMap<string, OrderSummary> => useSyncExternalStore(watch, () => orders);
export const liveOrders = (): ReadonlyMap<string, OrderSummary> => orders;
/** As of when what is shown is current; 0 while it is not. */
export const currentAsOf = (): number => (connection.state === "live" || connection.state === "asking" ? connection.asOf : 0);
/** When the latest order was placed that we know of. */
export const useLastOrderAt = (): number => useSyncExternalStore(watch, () => lastOrderAt);

const hearers = new Set<() => void>();
/** Called each time that the service is heard after it was not. */
export function onHeard(then: () => void): () => void {
  hearers.add(then);
  return () => hearers.delete(then);
}

/** The picture is an old one of this device, from a time at which there was a network. */
export function showKept(asOf: number): void {
  connection = { state: "lost", asOf };
  tell();
}

function heard(state: Connection["state"]) {
  const asOf = serverNow();
  const quiet = connection.state === state && asOf - connection.asOf < 1000;
  const again = connection.state === "lost" || connection.state === "connecting";
  connection = { state, asOf };
  if (again) for (const h of [...hearers]) h();
  if (!quiet) tell();
}

function lost() {
  if (connection.state === "lost") return;
  connection = { ...connection, state: "lost" };
  tell();
}

/** Notes that a list was just read, so that "latest order" is right before the first message. */
export function sawOrders(list: OrderSummary[]): void {
  const newest = list.reduce((at, o) => Math.max(at, o.placed_at), lastOrderAt);
  if (newest > lastOrderAt) {
    lastOrderAt = newest;
    queueMicrotask(tell);
  }
}

let waitingOrders: OrderSummary[] = [];
let flushing: ReturnType<typeof setTimeout> | undefined;

let flushedAt = 0;

/** Takes an order into the picture: a single one at once, fifty a second as four renderings a second. */
function take(o: OrderSummary) {
  waitingOrders.push(o);
  if (flushing) return;
  flushing = setTimeout(
    () => {
      flushing = undefined;
      flushedAt = Date.now();
      const next = new Map(orders);
      for (const order of waitingOrders) {
        const old = next.get(order.id);
        if (old && old.seq > order.seq) continue;
        next.delete(order.id); // to the end: the map is also the order of forgetting
        next.set(order.id, order);
        lastOrderAt = Math.max(lastOrderAt, order.placed_at);
      }
      for (const id of next.keys()) {
        if (next.size <= remembered) break;
        next.delete(id);
      }
      waitingOrders = [];
      orders = next;
      tell();
    },
    Math.max(60, 250 - (Date.now() - flushedAt)),
  );
}

/** Notices many changes and refetches what they touch at most once in a while: at once for the first, then together. */
function refresher(client: QueryClient) {
  const due = new Map<string, ReturnType<typeof setTimeout>>();
  return (key: string[], every: number) => {
    const name = key.join("/");
    if (due.has(name)) return;
    readAgain(client, key);
    due.set(
      name,
      setTimeout(() => {
        due.delete(name);
        readAgain(client, key);
      }, every),
    );
  };
}

let newest = { seq: 0, at: 0 }; // the last change of an order that was told

/** Whether numbers that were reckoned up to a change lack one that was told just now: they follow the orders, later by a moment. */
export const behind = (seq: number): boolean => seq < newest.seq && Date.now() - newest.at < 15_000;

type Change = { seq?: number; kind?: string; id?: string; order?: Parameters<typeof readSummary>[0] };

/** Follows the service until stopped. One at a time per page. */
export function follow(client: QueryClient): () => void {
  const stop = new AbortController();
  const refresh = refresher(client);
  let lastId = "";
  let seq = 0;

  function change(c: Change) {
    seq = Math.max(seq, c.seq ?? 0);
    if (c.kind === "order") {
      newest = { seq, at: Date.now() };
      if (c.order) {
        untold.delete(String(c.order.id));
        take(readSummary(c.order));
      } else if (c.id) expectOrder(c.id);
      refresh(["counts"], 800);
      refresh(["concerns"], 5000);
      if (c.id) refresh(["order", c.id], 300);
    } else if (c.kind === "message") refresh(["concerns"], 1000);
    else if (c.kind === "account") refresh(["accounts"], 1500);
    else if (c.kind === "parked") {
      refresh(["parked"], 1500);
      refresh(["accounts"], 1500);
    } else if (c.kind === "directory") {
      for (const key of ["stores", "apps", "accounts", "shops", "people"]) refresh([key], 1500);
    } else if (c.kind === "effect") {
      refresh(["effects"], 1000);
      refresh(["order"], 1000);
    }
  }

  // Of several changes that come together only the last carries the order. Where none does, the lists are read again.
  const untold = new Set<string>();
  let patience: ReturnType<typeof setTimeout> | undefined;
  function expectOrder(id: string) {
    untold.add(id);
    if (patience) return;
    patience = setTimeout(() => {
      patience = undefined;
      if (untold.size > 0) refresh(["orders"], 1500);
      untold.clear();
    }, 500);
  }

  function startOver() {
    lastId = "";
    newest = { seq: 0, at: 0 };
    orders = new Map();
    tell();
    readAgain(client, []);
  }

  async function stream(): Promise<void> {
    const attempt = new AbortController();
    const end = () => attempt.abort();
    stop.signal.addEventListener("abort", end);
    let silence = setTimeout(end, heartbeat);
    const resumed = lastId !== "";
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (lastId) headers["Last-Event-ID"] = lastId;
      const response = await fetch(`${root}/api/v1/stream`, { headers, signal: attempt.signal, cache: "no-store" });
      if (!response.ok || !response.body) throw new Error(`stream refused with ${response.status}`);
      heard("live");
      // Whatever happened between our lists and this moment, nobody told us: read once more.
      void client.invalidateQueries({ queryKey: ["session"] }); // a stream also ends when one's rights change
      if (!resumed) for (const key of ["orders", "order", "counts", "waiting"]) readAgain(client, [key]);
      const parse = sseParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(end, heartbeat);
        heard("live");
        for (const e of parse(value)) {
          if (e.id) lastId = e.id;
          if (e.event === "gone") startOver();
          else if (e.event === "change") change(JSON.parse(e.data) as Change);
        }
      }
    } finally {
      clearTimeout(silence);
      stop.signal.removeEventListener("abort", end);
      attempt.abort();
    }
  }

  /** Asks once; whatever changed is read again. */
  async function ask(): Promise<void> {
    const after = seq || Number(lastId.split("-").at(-1)) || undefined;
    const got = await answer(api.GET("/api/v1/changes", { params: { query: { after, limit: 200 } }, signal: stop.signal }));
    heard("asking");
    const changes = got.changes ?? [];
    if (after === undefined || changes.length > 0) for (const key of ["orders", "waiting", "counts"]) refresh([key], 1000);
    for (const c of changes) change(c);
    if (got.gap) startOver();
    seq = Math.max(seq, got.next ?? 0);
  }

  async function run() {
    let failures = 0;
    while (!stop.signal.aborted) {
      const since = Date.now();
      try {
        await stream();
      } catch {
        // refused, broken or silent: below we ask instead and try again
      }
      if (stop.signal.aborted) return;
      failures = Date.now() - since > 5000 ? 0 : failures + 1;
      const wait = failures === 0 ? 300 : Math.min(15_000, 500 * 2 ** failures) * (0.75 + Math.random() / 2);
      const until = Date.now() + wait;
      do {
        try {
          await ask();
        } catch {
          if (!stop.signal.aborted) lost();
        }
        await pause(Math.min(3000, Math.max(200, until - Date.now())), stop.signal);
      } while (Date.now() < until && !stop.signal.aborted);
    }
  }

  const offline = () => lost();
  window.addEventListener("offline", offline);
  void run();
  return () => {
    stop.abort();
    window.removeEventListener("offline", offline);
    orders = new Map();
    connection = { state: "connecting", asOf: 0 };
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const t = setTimeout(finish, ms);
    function finish() {
      clearTimeout(t);
      signal.removeEventListener("abort", finish);
      window.removeEventListener("online", finish);
      done();
    }
    signal.addEventListener("abort", finish);
    window.addEventListener("online", finish);
  });
}
