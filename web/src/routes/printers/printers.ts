import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "../../data/api";
import type { components } from "../../data/schema";

type Schemas = components["schemas"];
export type Printer = Schemas["Printer"];
export type Ticket = Schemas["Ticket"];
export type PrintRule = Schemas["PrintRule"];
export type Kind = Schemas["PrinterKind"];

/** The makes of printers that this service knows. */
export const kinds = queryOptions({
  queryKey: ["printer-kinds"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async () => (await answer(api.GET("/api/v1/printer-kinds"))).kinds,
});

/** Printers of one's stores and what waits at each; under "concerns", since they change with what waits. */
export const printers = queryOptions({
  queryKey: ["concerns", "printers"],
  staleTime: 2000,
  refetchInterval: 10_000,
  queryFn: async () => (await answer(api.GET("/api/v1/printers"))).printers,
});

/** The tickets of an order, oldest first. */
export const tickets = (order: string) =>
  queryOptions({
    queryKey: ["concerns", "tickets", order],
    staleTime: 2000,
    refetchInterval: 15_000,
    queryFn: async () => (await answer(api.GET("/api/v1/orders/{id}/tickets", { params: { path: { id: order } } }))).tickets,
  });

/** The tickets that a printer can print by itself, in the order of the form. */
export const prints = ["kitchen", "shop", "cancel", "change"] as const;

/** How a printer is, for a word and a mark beside the colour. */
export const stateOf = (p: Printer): "off" | "bad" | "busy" | "good" =>
  p.off ? "off" : p.since_at > 0 ? "bad" : p.waiting > 0 ? "busy" : "good";

/** The rules with one of them switched, or changed. */
export function switched(rules: PrintRule[], ticket: PrintRule["ticket"], on: boolean, change: Partial<PrintRule> = {}): PrintRule[] {
  const old = rules.find((r) => r.ticket === ticket);
  if (!on) return rules.filter((r) => r.ticket !== ticket);
  const next = { ...(old ?? { ticket }), ...change };
  return old ? rules.map((r) => (r.ticket === ticket ? next : r)) : [...rules, next];
}

/** What somebody types as words, and back. */
export const words = (typed: string): string[] =>
  typed
    .split(/[,，、\s]+/)
    .map((w) => w.trim())
    .filter(Boolean);
