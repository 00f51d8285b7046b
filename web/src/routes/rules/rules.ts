import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "../../data/api";
import type { components } from "../../data/schema";

type Schemas = components["schemas"];
export type Rule = Schemas["Rule"];
export type Accept = Schemas["Accept"];
export type Refund = Schemas["Refund"];
export type Ride = Schemas["Ride"];
export type Way = Schemas["Way"];
export type Trial = Schemas["Trial"];

/** What each of one's stores decides by itself; under "concerns", since it pauses and goes on by itself. */
export const rules = queryOptions({
  queryKey: ["concerns", "rules"],
  staleTime: 2000,
  refetchInterval: 10_000,
  queryFn: async () => (await answer(api.GET("/api/v1/rules"))).rules,
});

/** The conditions of a rule, for a request: its kind alone has them. */
export const conditions = (r: Rule) =>
  r.kind === "accept" ? { accept: r.accept } : r.kind === "refund" ? { refund: r.refund } : { ride: r.ride };

/** How a rule is, for a word and a mark beside the colour. */
export const stateOf = (r: Rule): "off" | "paused" | "on" => (r.on ? (r.paused ? "paused" : "on") : "off");
