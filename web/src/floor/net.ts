// Calls of the service for screens on the shop floor: few, plain, with an end. What gets no answer is `status` 0.

import { learnTime } from "../data/clock";
import { turnNow, unlockHeader } from "../data/unlock";
import { root } from "../place";

/** A call that failed: 0 when nothing came back, which says nothing about what happened there. */
export class Refusal extends Error {
  readonly status: number;
  /** The service's stable code for why; "" when it gave none. */
  readonly why: string;
  constructor(status: number, message: string, why = "") {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.why = why;
  }
}

const patience = 10_000;

/**
 * Calls, and gives the answer's body. Rejects with a Refusal, at the latest after ten seconds.
 * @param turn whose turn at this screen it belongs to, where that is not the one that is on
 */
export function call<T>(method: string, path: string, body?: unknown, key?: string, turn?: string): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const on = turnNow();
  if (turn || on) headers[unlockHeader] = turn || (on ? on.id : "");
  const asked = Date.now();
  const answer = fetch(`${root}/api/v1${path}`, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "same-origin",
    cache: "no-store",
  }).then(
    async (r) => {
      learnTime(r.headers.get("Date"), asked);
      const got = await r.json().catch(() => undefined);
      if (!r.ok) {
        const problem = got as { detail?: string; why?: { code?: string } } | undefined;
        throw new Refusal(r.status, problem?.detail || "", problem?.why?.code || "");
      }
      return got as T;
    },
    () => {
      throw new Refusal(0, "");
    },
  );
  // No AbortController in the oldest browsers: a call that hangs is left alone, and counts as lost.
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Refusal(0, "")), patience));
  return Promise.race([answer, late]);
}

/** Whether a failure may pass by itself. What the service has decided it will decide the same way again. */
export const mayPass = (e: unknown): boolean =>
  !(e instanceof Refusal) || e.status === 0 || e.status === 401 || e.status === 429 || e.status >= 502;
