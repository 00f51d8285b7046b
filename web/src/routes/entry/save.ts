import { answer, api, Failure } from "../../data/api";
import type { Money } from "../../format/money";
import type { bodyOf } from "./draft";

export type Saved = { id: string; number: number; total: Money; change: Money | undefined; until: number };

/**
 * What became of a press on save. lost: nobody knows, and the same key may be sent again; short: pieces are missing, and nothing was
 * saved; changed: the last try may have been saved, and then the order was changed; refused: the words say why.
 */
export type Outcome =
  | { kind: "saved"; saved: Saved }
  | { kind: "lost" }
  | { kind: "short"; words: string }
  | { kind: "changed" }
  | { kind: "refused"; words: string };

type Body = ReturnType<typeof bodyOf>;

const waits = 12_000; // for an answer; a save takes a tenth of a second

/** Sends an order once. It never throws. */
export async function save(key: string, body: Body): Promise<Outcome> {
  try {
    const got = await answer(
      api.POST("/api/v1/orders", { params: { header: { "Idempotency-Key": key } }, body, signal: AbortSignal.timeout(waits) }),
    );
    return { kind: "saved", saved: { id: got.order_id, number: got.number, total: got.total, change: got.change, until: got.undo_until } };
  } catch (e) {
    if (!(e instanceof Failure)) return { kind: "lost" }; // no answer in time
    if (e.why === "stock_short") return { kind: "short", words: e.message };
    if (e.why === "key_used") return { kind: "changed" };
    if (e.code === "offline" || e.why === "in_progress" || e.status === 429 || e.status >= 500) return { kind: "lost" };
    return { kind: "refused", words: e.message };
  }
}

/** Takes back what was just entered. It gives why not, or nothing. */
export async function takeBack(id: string): Promise<string | undefined> {
  try {
    await answer(api.POST("/api/v1/orders/{id}/undo", { params: { path: { id }, header: { "Idempotency-Key": `undo-${id}` } } }));
    return undefined;
  } catch (e) {
    return e instanceof Failure ? e.message || e.code : String(e);
  }
}
