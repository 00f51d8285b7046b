// A person's act, from the press to what became of it. The press is written down and shows at once, and leaves when that is on the screen;
// the service is asked under one key, again and again while the answer gets lost, so that an act is done once or not at all; what it becomes
// is then told by the live stream. A press that finds no network waits (outbox.ts), and its person is told what became of it.

import { useSyncExternalStore } from "react";
import { afterAnswer } from "../ui/paint";
import { answer, api, Failure, mayPass, onceKey } from "./api";
import { serverNow } from "./clock";
import { onHeard } from "./live";
import { type OrderSummary, readOrder } from "./model";
import { endOf, keepFor, keeps, type Piece, piece, store, stored } from "./outbox";
import type { components } from "./schema";

export type ActBody = {
  kind: string;
  reason_code?: string;
  reason?: string;
  text?: string;
  for?: string;
  courier?: { name: string; phone: string };
  carrier?: string;
  tracking?: string;
  lines?: { line: string; quantity: number }[];
  /** Each an address, or the id of one of the order's evidence. */
  pictures?: string[];
  /** Seconds before it is sent, in which it can be taken back. */
  hold_s?: number;
  /** When it was pressed, by the service's clock, where that may be long before it arrives. */
  pressed_at?: number;
  /** Of a hand-over: the customer's code was scanned, or its whole number typed. */
  by_code?: boolean;
};

/** The request as the service knows it. A kind comes from the service itself, which may know more kinds than we. */
export const wire = (body: ActBody) => body as components["schemas"]["Act"];

// What a slip of the finger should not tell a platform. It can be taken back before it is sent.
const held: ReadonlySet<string> = new Set(["ready", "deliver"]);

/** How many seconds an act is held back, pressed alone; undefined = it goes at once. */
export const holdOf = (kind: string): number | undefined => (held.has(kind) ? 10 : undefined);

export type Doing = {
  kind: string;
  /** sending · unsent: no network, it waits here · faster: somebody else did it · refused: by the service, words say why · sent: with the service */
  state: "sending" | "unsent" | "sent" | "faster" | "refused";
  since: number;
  words: string;
  by: string;
  at: number;
  seq: number;
};

let doing: ReadonlyMap<string, Doing> = new Map();
const watchers = new Set<() => void>();

function set(id: string, d: Doing | undefined) {
  const next = new Map(doing);
  if (d) next.set(id, d);
  else next.delete(id);
  doing = next;
  for (const w of watchers) w();
}

function watch(w: () => void): () => void {
  watchers.add(w);
  return () => watchers.delete(w);
}

export function useDoing(id: string): Doing | undefined {
  return useSyncExternalStore(watch, () => doing.get(id));
}

/** Waits, but not beyond the moment at which the service is heard again. */
const wait = (ms: number) =>
  new Promise<void>((done) => {
    const finish = () => {
      clearTimeout(t);
      stop();
      window.removeEventListener("online", finish);
      done();
    };
    const t = setTimeout(finish, ms);
    const stop = onHeard(finish);
    window.addEventListener("online", finish);
  });

/** Once the answer to a press is on the screen: to put a request together takes a slow phone as long as that. Nobody sees a hidden page. */
const answered = () => new Promise<void>((go) => void (document.hidden ? go() : afterAnswer(go)));

const patience = 90_000; // for what is not kept: after that the person must look again, the world has moved on

// What waits on this device for the one who is signed in.
let owner = "";
let pieces: readonly Piece[] = [];

function change(key: string, to: Partial<Piece> | undefined) {
  pieces = to ? pieces.map((p) => (p.key === key ? { ...p, ...to } : p)) : pieces.filter((p) => p.key !== key);
  store(owner, pieces);
  for (const w of watchers) w();
}

/** Presses that had to wait for a network, and what became of them until somebody has noted it. */
export const useWaiting = (): readonly Piece[] => useSyncExternalStore(watch, () => pieces);

export const noted = (key: string): void => change(key, undefined);

/** The request of a piece: the same at every try, as its key demands. A hand-over tells when it was, since the goods are gone. */
function bodyOf(p: Piece): ActBody {
  return { kind: p.kind, hold_s: holdOf(p.kind), ...p.said, ...(p.kind === "dispatch" ? { pressed_at: Math.round(p.at) } : {}) };
}

/** Takes up what a person has left on this device: after a reload, and after the next sign-in. */
export function takeUp(user: string): void {
  if (owner === user) return;
  owner = user;
  pieces = stored(user, serverNow()).map((p) => ({ ...p, waited: true }));
  for (const p of pieces) if (!p.end) void (p.sent ? follow(p) : send(p.id, bodyOf(p), p));
}

/** Forgets all of it: somebody signs out. What is on its way still arrives. */
export function leaveBehind(): void {
  store(owner, []);
  owner = "";
  pieces = [];
}

/**
 * Does one act on one order. Never throws: what happened is in the result and beside the order.
 * @param o the order as the person saw it, with what people call it; or its id alone, for acts that do not wait for a network
 */
export async function act(o: string | { order: OrderSummary; number: string }, body: ActBody): Promise<Doing> {
  const id = typeof o === "string" ? o : o.order.id;
  const running = doing.get(id);
  if (running && (running.state === "sending" || running.state === "unsent")) return running;
  const kept =
    typeof o !== "string" && owner && keeps(o.order, body.kind)
      ? piece(o.order, body.kind, o.number, serverNow(), saidOf(body))
      : undefined;
  if (kept) {
    pieces = [...pieces.filter((p) => p.id !== id || p.kind !== body.kind), kept];
    store(owner, pieces);
  }
  return send(id, kept && body.kind === "dispatch" ? bodyOf(kept) : body, kept, answered);
}

const saidOf = (b: ActBody) => ({
  ...(b.reason_code ? { reason_code: b.reason_code } : {}),
  ...(b.reason ? { reason: b.reason } : {}),
  ...(b.by_code ? { by_code: true } : {}),
});

/** @param ready says when it may leave; what is shown and written down until then is that it is being sent */
async function send(id: string, body: ActBody, kept?: Piece, ready?: () => Promise<void>): Promise<Doing> {
  const key = kept?.key ?? onceKey();
  const base: Doing = { kind: body.kind, state: "sending", since: serverNow(), words: "", by: "", at: 0, seq: 0 };
  set(id, base);
  await ready?.();
  const started = Date.now();
  const over = () => (kept ? serverNow() - kept.at > keepFor : Date.now() - started > patience);
  const waited = () => pieces.some((p) => p.key === key && p.waited);
  for (let n = 0; ; n++) {
    try {
      const got = await answer(
        api.POST("/api/v1/orders/{id}/actions", { params: { path: { id }, header: { "Idempotency-Key": key } }, body: wire(body) }),
      );
      const end: Doing = got.already
        ? { ...base, state: "faster", by: got.already.name || (got.already.by ?? ""), at: got.already.at ?? 0, seq: got.seq ?? 0 }
        : { ...base, state: "sent", seq: got.seq ?? 0 };
      set(id, end);
      forget(id, end, got.already ? 12_000 : 20_000);
      if (kept) {
        if (!waited()) change(key, undefined);
        else if (got.already) change(key, { end: "faster", words: end.by, theirs: end.at });
        else {
          change(key, { sent: true });
          void follow(kept);
        }
      }
      return end;
    } catch (e) {
      if (!mayPass(e) || over()) {
        const words = e instanceof Failure ? e.message || e.code : String(e);
        const end: Doing = { ...base, state: "refused", words };
        set(id, end);
        forget(id, end, 30_000);
        if (kept) {
          if (waited()) void report(kept, words, mayPass(e));
          else change(key, undefined);
        }
        return end;
      }
      if (e instanceof Failure && e.code === "offline") {
        set(id, { ...base, state: "unsent" });
        if (kept) change(key, { waited: true });
      }
      await wait(Math.min(8000, 600 * 2 ** n));
    }
  }
}

const read = async (id: string) => readOrder(await answer(api.GET("/api/v1/orders/{id}", { params: { path: { id } } })));

/** The service refused a press that had waited: the order itself says why. */
async function report(p: Piece, words: string, gaveUp: boolean): Promise<void> {
  if (gaveUp) return change(p.key, { end: "expired", words });
  const o = await read(p.id).catch(() => undefined);
  const cancelled = o?.status === "cancelled";
  change(p.key, { end: cancelled ? "cancelled" : "refused", words: (cancelled && o.cancel_why) || words });
}

/** Looks until the platform has answered a press that had waited. */
async function follow(p: Piece): Promise<void> {
  for (let n = 0; n < 60 && pieces.some((x) => x.key === p.key); n++) {
    try {
      const end = endOf(await read(p.id), p.kind);
      if (end) return change(p.key, end);
    } catch (e) {
      if (!mayPass(e)) return change(p.key, undefined); // it is not ours to see any more
    }
    await new Promise((done) => setTimeout(done, Math.min(5000, 500 * 1.4 ** n)));
  }
  change(p.key, undefined); // the order's own row goes on telling
}

function forget(id: string, d: Doing, after: number) {
  setTimeout(() => {
    if (doing.get(id) === d) set(id, undefined);
  }, after);
}

export function dismiss(id: string): void {
  set(id, undefined);
}

export type Standing =
  | { kind: "idle" }
  /** done: the platform has it; said for a few seconds after our own press */
  | { kind: "sending" | "slow" | "unsent" | "unknown" | "person" | "done"; act: string }
  /** not sent yet: it can be taken back for some seconds */
  | { kind: "held"; act: string; effect: string; left: number }
  /** refused: by the platform · stopped: it never went out, since it was not allowed any more or too late */
  | { kind: "refused" | "stopped"; act: string; words: string }
  | { kind: "faster"; act: string; by: string; at: number };

const slow = 10_000;

/** Whether an act is over without having been done: the platform said no, or it was too late to ask. */
export const ended = (state: string): boolean => state === "refused" || state === "void";

/** Where an order's acts stand, out of what we pressed and what the service says. Pure; `now` decides when slow is said. */
export function standing(o: OrderSummary, d: Doing | undefined, now: number): Standing {
  const theirs =
    o.pending.find((p) => p.state === "person") ??
    o.pending.find((p) => p.state === "unknown") ??
    o.pending.find((p) => !ended(p.state)) ??
    o.pending[0];
  if (d?.state === "faster") return { kind: "faster", act: d.kind, by: d.by, at: d.at };
  if (d?.state === "unsent") return { kind: "unsent", act: d.kind };
  if (d?.state === "sending" || (d?.state === "sent" && o.seq < d.seq)) {
    return { kind: now - d.since > slow ? "slow" : "sending", act: d.kind };
  }
  if (theirs?.state === "person" || theirs?.state === "unknown") return { kind: theirs.state, act: theirs.kind };
  if (d?.state === "refused") return { kind: "stopped", act: d.kind, words: d.words };
  if (!theirs) return d?.state === "sent" ? { kind: "done", act: d.kind } : { kind: "idle" };
  if (ended(theirs.state)) return { kind: theirs.state === "void" ? "stopped" : "refused", act: theirs.kind, words: theirs.words };
  const left = theirs.held_until - now;
  if (left > 0) return { kind: "held", act: theirs.kind, effect: theirs.effect_id, left: Math.ceil(left / 1000) };
  if (theirs.held_until > 0) return { kind: now - theirs.held_until > slow ? "slow" : "sending", act: theirs.kind };
  return { kind: theirs.since_at > 0 && now - theirs.since_at > slow ? "slow" : "sending", act: theirs.kind };
}

/** Whether another press must wait: the last one is still on its way or its outcome is not known. */
export const busy = (s: Standing): boolean =>
  s.kind === "held" || s.kind === "sending" || s.kind === "slow" || s.kind === "unsent" || s.kind === "unknown" || s.kind === "person";
