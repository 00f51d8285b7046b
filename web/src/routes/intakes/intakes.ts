import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "../../data/api";
import type { components } from "../../data/schema";

export type StoreIntake = components["schemas"]["StoreIntake"];
export type ShopIntake = components["schemas"]["IntakeChannel"];
export type IntakeResult = components["schemas"]["IntakeResult"];

/** Whether every store takes orders; asked for often while something is on its way. */
export const intakes = queryOptions({
  queryKey: ["intakes"],
  staleTime: 2000,
  refetchInterval: (q) => (q.state.data?.some((s) => shopsOf(s).some(moving)) ? 1500 : 5_000),
  queryFn: async () => (await answer(api.GET("/api/v1/intakes"))).stores ?? [],
});

export const shopsOf = (s: StoreIntake): ShopIntake[] => s.channels ?? [];

const moving = (c: ShopIntake): boolean => c.state === "sending" || c.state === "opening";

/** Whether a press can reach a shop at all. */
export const reachable = (c: ShopIntake): boolean => c.state !== "watched" && c.state !== "no_call";

/** How a shop is shown, in one word: what the platform says, else that nobody knows. */
export const shownOf = (c: ShopIntake): "open" | "resting" | "offline" | "unknown" =>
  c.shown.state === "open" || c.shown.state === "resting" || c.shown.state === "offline" ? c.shown.state : "unknown";

/** A press on several shops: what was wanted of which, and what the service refused at once. */
export type Press = { ids: readonly string[]; until: number; refused: ReadonlyMap<string, IntakeResult> };

/** How far a press is: what it came to for each shop. */
export function progress(press: Press, stores: StoreIntake[]): { done: string[]; failed: string[]; waiting: string[] } {
  const out = { done: [] as string[], failed: [] as string[], waiting: [] as string[] };
  const now = new Map(stores.flatMap((s) => shopsOf(s).map((c) => [c.shop_id, c] as const)));
  for (const id of press.ids) {
    const c = now.get(id);
    if (!c || press.refused.has(id) || c.state === "failed") out.failed.push(id);
    else if (moving(c)) out.waiting.push(id);
    else if (press.until > 0 ? c.state === "resting" : c.state === "open") out.done.push(id);
    else out.waiting.push(id);
  }
  return out;
}
