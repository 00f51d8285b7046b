import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "../../data/api";
import type { components } from "../../data/schema";

export type Device = components["schemas"]["Device"];
export type Kind = Device["kind"];
export type Holder = components["schemas"]["PINHolder"];

export const kinds: Kind[] = ["kitchen_screen", "callout_screen", "counter_screen", "bridge"];

export const devices = queryOptions({
  queryKey: ["devices"],
  staleTime: 10_000,
  refetchInterval: 30_000,
  queryFn: async () => (await answer(api.GET("/api/v1/devices"))).devices ?? [],
});

export const holders = queryOptions({
  queryKey: ["pins"],
  staleTime: 10_000,
  queryFn: async () => (await answer(api.GET("/api/v1/pins"))).people ?? [],
});

/** A code as people read it aloud: two groups of three. */
export const grouped = (code: string): string => `${code.slice(0, 3)} ${code.slice(3)}`;

/** What somebody types of a code, without what does not count. */
export const plain = (typed: string): string =>
  typed
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, "")
    .slice(0, 6);

/** Whether a screen that was seen so long ago is off. Screens are seen by the minute. */
export const away = (d: Device, now: number): boolean => now - d.seen_at > 3 * 60_000;
