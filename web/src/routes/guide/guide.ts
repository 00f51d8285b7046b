import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { answer, api } from "../../data/api";
import { refreshConnections } from "../../data/queries";
import type { components } from "../../data/schema";

type Schemas = components["schemas"];
export type Guide = Schemas["Guide"];
export type Item = Schemas["GuideItem"];
export type GuideShop = Schemas["GuideShop"];
export type Found = Schemas["FoundShop"];
export type Joining = Schemas["Joining"];

/** How far an account is. It changes by what happens elsewhere, so it is asked for again and again while somebody looks. */
export const guide = (id: string) =>
  queryOptions({
    queryKey: ["guide", id],
    refetchInterval: 5000,
    queryFn: () => answer(api.GET("/api/v1/accounts/{id}/guide", { params: { path: { id } } })),
  });

/** Everything that a step of the guide may have changed. */
export function refreshGuide(client: QueryClient, id: string): void {
  refreshConnections(client);
  void client.invalidateQueries({ queryKey: ["guide", id] });
}

/** What a shop is to become: a store's id, "new" for one that is to be made, "" for nothing yet. */
export function firstChoice(f: Found): string {
  if (f.sure) return f.guesses[0]?.store_id ?? "";
  return f.guesses.length === 0 ? "new" : "";
}

/** The items that keep a shop from going live. */
export const blocking = (items: Item[]): Item[] => items.filter((i) => i.must && i.state === "open");

/** Where an item of a shop's checklist is set up. */
export const placeOf: { [key: string]: "/printers" | "/notify" | "/connections" | undefined } = {
  heard: "/printers",
  knock: "/notify",
  hours: "/connections",
  store: "/connections",
};

/** Where one account's guide is. */
export const guidePath = (id: string): string => `/guide/${id}`;
