import { queryOptions, useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { answer, api } from "../../data/api";
import type { components } from "../../data/schema";

export type Concern = components["schemas"]["Concern"];
export type Board = components["schemas"]["Board"];
export type StoreState = components["schemas"]["StoreState"];
export type Incident = components["schemas"]["Incident"];

/** The kinds that belong to a store, in the order of a screen. */
export const orderKinds = [
  "unaccepted",
  "late",
  "rider",
  "refund",
  "lost",
  "slow",
  "reminder",
  "problem",
  "stuck",
  "unknown",
  "full",
  "refused",
  "comment",
  "penalty",
  "resting",
  "rule",
  "printer",
  "silent",
] as const;

/** How the stores are doing. Things become late without anything changing, so it is asked again and again. */
export const board = queryOptions({
  queryKey: ["concerns", "board"],
  staleTime: 2000,
  refetchInterval: 15_000,
  queryFn: () => answer(api.GET("/api/v1/board")),
});

/** What waits for somebody; of one store, or of all with "". */
export const messages = (store = "") =>
  queryOptions({
    queryKey: ["concerns", "messages", store],
    staleTime: 2000,
    refetchInterval: 15_000,
    queryFn: () => answer(api.GET("/api/v1/messages", { params: { query: { store: store ? [store] : undefined } } })),
  });

/** The delivery of an order that stands still, out of the messages that the console asks for anyway; nothing is asked here. */
export function useStuck(order: string): Concern | undefined {
  const find = useCallback((d: { messages: Concern[] }) => d.messages.find((c) => c.kind === "stuck" && c.order?.id === order), [order]);
  return useQuery({ ...messages(), enabled: false, select: find }).data;
}

/** Minutes that something has waited, never negative. */
export const minutes = (since: number, now: number): number => Math.max(0, Math.floor((now - since) / 60_000));

/** How bad a store's or a channel's state is, for a word and a mark beside the colour. */
export const levelOf = (state: string): "good" | "warn" | "bad" =>
  state === "down" || state === "bad" ? "bad" : state === "slow" || state === "warn" ? "warn" : "good";
