// Labels of many parcels at once: fetched, each order with a result of its own, then printed in the order of picking.

import { useSyncExternalStore } from "react";
import { answer, api, Failure, onceKey } from "../../data/api";
import type { OrderSummary } from "../../data/model";
import type { components } from "../../data/schema";
import { recall, remember } from "../../ui/memory";
import { inWords } from "../../words/reasons";

export type LabelBatch = components["schemas"]["LabelBatch"];

export type LabelRun = {
  id: number;
  orders: OrderSummary[];
  /** A printer's id, or pdf or zpl for a document. */
  to: string;
  batch: LabelBatch | undefined;
  /** Some were printed before, in words: whoever pressed says what becomes of them. */
  before: string;
  error: string;
  /** When the service last said how far it is, by this device's clock, while it does not answer; 0 while it does. */
  stale: number;
  /** A press has not been answered yet: a second one would print twice. */
  busy: boolean;
  /** The document as it came: it is fetched once, since that counts as printing. */
  document: string;
};

let runs: LabelRun[] = [];
let serial = 0;
const watchers = new Set<() => void>();
const watch = (w: () => void) => {
  watchers.add(w);
  return () => watchers.delete(w);
};
function set(next: LabelRun[]) {
  runs = next;
  for (const w of watchers) w();
}
const change = (id: number, next: Partial<LabelRun>) => set(runs.map((r) => (r.id === id ? { ...r, ...next } : r)));

export const useLabelRuns = (): LabelRun[] => useSyncExternalStore(watch, () => runs);

export function closeLabels(id: number): void {
  const gone = runs.find((r) => r.id === id);
  if (gone?.document) URL.revokeObjectURL(gone.document);
  set(runs.filter((r) => r.id !== id));
}

const flags = ["to_label", "labelled", "handover"];
/** Whether the platform has a label for an order's parcel. */
export const labelable = (o: OrderSummary): boolean => o.kind === "ecommerce" && o.flags.some((f) => flags.includes(f));

/** Where this device prints labels. */
export const labelsTo = (): string => recall("labels-to") || "pdf";
export const printLabelsTo = (to: string): void => remember("labels-to", to);

export async function startLabels(orders: OrderSummary[], to: string): Promise<void> {
  const run: LabelRun = { id: ++serial, orders, to, batch: undefined, before: "", error: "", stale: 0, busy: false, document: "" };
  set([...runs, run]);
  await send(run.id, undefined);
}

/** What is pressed when some were printed before: the others alone, or all of them again. */
export async function send(id: number, copies: "skip" | "all" | undefined): Promise<void> {
  const run = runs.find((r) => r.id === id);
  if (!run) return;
  change(id, { before: "", error: "" });
  const document = run.to === "pdf" || run.to === "zpl";
  const body = {
    order_ids: run.orders.map((o) => o.id),
    format: (document ? run.to : "zpl") as "zpl" | "pdf",
    ...(document ? {} : { printer_id: run.to }),
    ...(copies ? { copies } : {}),
  };
  try {
    const batch = await answer(api.POST("/api/v1/labels", { params: { header: { "Idempotency-Key": onceKey() } }, body }));
    change(id, { batch });
    await follow(id, batch.id);
  } catch (e) {
    if (e instanceof Failure && e.why === "label_printed") change(id, { before: e.message });
    else change(id, { error: said(e) });
  }
}

const said = (e: unknown): string => (e instanceof Failure ? e.message || e.code : String(e));

const settled = (b: LabelBatch): boolean => b.results.every((r) => r.state !== "waiting" && r.state !== "sending");
/** Whether something of a batch is still to happen by itself. */
export const underWay = (b: LabelBatch): boolean =>
  !settled(b) ||
  (b.printer_id !== "" && b.jobs.reduce((n, j) => n + j.to - j.from + 1, 0) < b.labels) || // on their way to the printer
  b.jobs.some((j) => j.state === "waiting" || j.state === "sending" || j.state === "unknown");

/** Whether the service may yet answer what it did not: there was no network, or it was busy or starting. */
const passing = (e: unknown): boolean => !(e instanceof Failure) || e.code === "offline" || e.status === 429 || e.status >= 500;

/** Follows a batch to its end, through any outage, until its panel is closed. */
async function follow(id: number, batch: string): Promise<void> {
  let seen = Date.now();
  for (let misses = 0; ; ) {
    const run = runs.find((r) => r.id === id);
    if (!run) return;
    try {
      const got = await answer(api.GET("/api/v1/labels/{id}", { params: { path: { id: batch } } }));
      seen = Date.now();
      change(id, { batch: got, error: "", stale: 0 });
      if (!underWay(got)) {
        if (got.printer_id === "" && got.labels > 0) await fetchDocument(id, got);
        return;
      }
      misses = 0;
    } catch (e) {
      if (!passing(e)) {
        change(id, { error: said(e), stale: 0 });
        return;
      }
      misses++;
      if (misses > 2) change(id, { stale: seen }); // one answer that is lost is nobody's business
    }
    await pause(Math.min(600 * 2 ** misses, 10_000));
  }
}

/** Waits, and no longer than until there is a network again. */
function pause(ms: number): Promise<void> {
  return new Promise((done) => {
    const over = () => {
      clearTimeout(timer);
      removeEventListener("online", over);
      done();
    };
    const timer = setTimeout(over, ms);
    addEventListener("online", over);
  });
}

async function fetchDocument(id: number, batch: LabelBatch): Promise<void> {
  const old = runs.find((r) => r.id === id)?.document;
  if (old) URL.revokeObjectURL(old);
  const blob = (await answer(
    api.GET("/api/v1/labels/{id}/document", { params: { path: { id: batch.id } }, parseAs: "blob" }),
  )) as unknown as Blob;
  change(id, { document: URL.createObjectURL(new Blob([blob], { type: batch.format === "pdf" ? "application/pdf" : "text/plain" })) });
}

export async function retryLabels(id: number): Promise<void> {
  await pressed(id, async (old) => {
    const batch = await answer(
      api.POST("/api/v1/labels/{id}/retry", { params: { path: { id: old.id }, header: { "Idempotency-Key": onceKey() } } }),
    );
    change(id, { batch, error: "" });
  });
}

/** Prints a batch again from one label on: after a jam. */
export async function printFrom(id: number, from: number): Promise<void> {
  await pressed(id, (old) =>
    answer(
      api.POST("/api/v1/labels/{id}/print", {
        params: { path: { id: old.id }, header: { "Idempotency-Key": onceKey() } },
        body: { printer_id: old.printer_id, from },
      }),
    ),
  );
}

/** Says of labels that may be out whether they are; those that are not are printed then. */
export async function decideLabels(id: number, job: string, out: boolean): Promise<void> {
  await pressed(id, () =>
    answer(
      api.POST("/api/v1/effects/{id}/resolve", {
        params: { path: { id: job }, header: { "Idempotency-Key": onceKey() } },
        body: { outcome: out ? "done" : "not_done" },
      }),
    ),
  );
}

/** Does what was pressed about a batch and follows it to its end, as long as nothing else is being done about it. */
async function pressed(id: number, act: (batch: LabelBatch) => Promise<unknown>): Promise<void> {
  const run = runs.find((r) => r.id === id);
  if (!run?.batch || run.busy) return;
  change(id, { busy: true });
  try {
    await act(run.batch);
    await follow(id, run.batch.id);
  } catch (e) {
    change(id, { error: said(e) });
  } finally {
    change(id, { busy: false });
  }
}

/** Why an order has no label, in the reader's words or the platform's. */
export const whyNot = (r: LabelBatch["results"][number]): string => (r.error ? inWords(r.error.words, r.error.why) || r.error.code : "");
