import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "../../data/api";
import type { components } from "../../data/schema";

type Schemas = components["schemas"];
export type Kind = Schemas["SenderKind"];
export type Sender = Schemas["Sender"];
export type Rules = Schemas["StoreKnockRules"];
export type Knocked = Schemas["Knocked"];

/** The ways to a phone that this service knows. */
export const kinds = queryOptions({
  queryKey: ["sender-kinds"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async () => (await answer(api.GET("/api/v1/sender-kinds"))).kinds,
});

export const senders = queryOptions({
  queryKey: ["senders"],
  staleTime: 10_000,
  queryFn: async () => (await answer(api.GET("/api/v1/senders"))).senders,
});

/** What knocks: the first is that of all stores. */
export const rules = queryOptions({
  queryKey: ["knock-rules"],
  staleTime: 10_000,
  queryFn: async () => (await answer(api.GET("/api/v1/knock-rules"))).rules,
});

/** The last messages to phones and groups, newest first. */
export const knocks = queryOptions({
  queryKey: ["knocks"],
  staleTime: 2000,
  refetchInterval: 10_000,
  queryFn: async () => (await answer(api.GET("/api/v1/knocks"))).knocks,
});

/** The kinds of messages that may knock, as the service names them, in the order of the form. */
export const mayKnock = [
  "unaccepted",
  "reminder",
  "refund",
  "lost",
  "slow",
  "problem",
  "stuck",
  "rule",
  "late",
  "rider",
  "unknown",
  "full",
  "refused",
  "authorise",
  "platform",
  "printer",
  "resting",
  "silent",
  "comment",
  "penalty",
] as const satisfies readonly Rules["kinds"][number][];
export type Matter = (typeof mayKnock)[number];

/** How long a delivery may stay as it is, in the order of the form. */
export const patience = ["sought", "taken", "at_store", "late", "silent"] as const;

export const levels = ["store", "area", "headquarters"] as const;

/** A minute of the day as a time field shows it, and back: "22:30" is 1350. */
export function asTime(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

export function asMinute(time: string): number {
  const [h, m] = time.split(":").map(Number);
  return Number.isInteger(h) && Number.isInteger(m) ? (h as number) * 60 + (m as number) : 0;
}

/** What a message told of: the kinds of its keys, each once. */
export function matters(k: Pick<Knocked, "messages">): string[] {
  return [...new Set((k.messages ?? []).map((m) => m.split("/")[0] ?? ""))].filter(Boolean);
}
