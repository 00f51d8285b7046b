// What the status page makes of what the service says: one tone, one sentence, sixty strokes.

import type { Health } from "../../data/model";
import type { After } from "../../words/reader";

export type Tone = "good" | "warn" | "bad" | "off";

const tones: Record<string, Tone> = { good: "good", slow: "warn", down: "bad", paused: "off" };

/** The tone of an account's state; one that we do not know yet is a warning. */
export function toneOf(state: string): Tone {
  return tones[state] ?? "warn";
}

/** The sentence above everything: the worst that there is, and how much of it. */
export function headline(h: Health): { key: After<"pulse.head">; tone: Tone; params: { count: number } } {
  const count = (state: string) => h.accounts.filter((a) => a.state === state).length;
  const down = count("down");
  if (!h.armed) return { key: "disarmed", tone: "bad", params: { count: down } };
  if (down > 0) return { key: "down", tone: "bad", params: { count: down } };
  if (h.checks.some((c) => !c.ok)) return { key: "check", tone: "bad", params: { count: 0 } };
  const slow = h.accounts.filter((a) => toneOf(a.state) === "warn").length;
  if (slow > 0) return { key: "slow", tone: "warn", params: { count: slow } };
  if (h.queue.some((q) => q.oldest_ms > 5000)) return { key: "queue", tone: "warn", params: { count: 0 } };
  return { key: "good", tone: "good", params: { count: 0 } };
}

/** What to do about a cause; the same advice fits several. */
export function advice(cause: string): string {
  return cause === "slow" || cause === "no_pull" ? "wait" : cause;
}

export type Stroke = "none" | "good" | "some" | "all";

/** A minute in one stroke: nobody called, all went well, some failed, all failed. */
export function bars(a: { calls: number[]; failed: number[] }): Stroke[] {
  return a.calls.map((calls, i) => {
    const failed = a.failed[i] ?? 0;
    if (calls === 0) return "none";
    if (failed === 0) return "good";
    return failed >= calls ? "all" : "some";
  });
}

/** The last hour in numbers, for a label. */
export function spoken(a: { calls: number[]; failed: number[] }): { calls: number; failed: number; minutes: number } {
  const sum = (list: number[]) => list.reduce((n, x) => n + x, 0);
  return { calls: sum(a.calls), failed: sum(a.failed), minutes: a.failed.filter((n) => n > 0).length };
}

/** A share in percent, never rounded to 0 or 100 when it is neither. */
export function share(part: number, whole: number): string {
  if (whole === 0 || part === 0) return "0%";
  if (part >= whole) return "100%";
  return `${Math.min(99, Math.max(1, Math.round((100 * part) / whole)))}%`;
}
