// How a person likes the console, kept by the service, so that it is the same on every device. What is shown is this device's copy:
// it is there at once, changes with the press, and works without network.

import { queryOptions } from "@tanstack/react-query";
import { recall, remember } from "../ui/device";
import { answer, api } from "./api";

export type PreferenceName = "columns" | "views";
export type SharedView = { name: string; filter: Record<string, string> };

const names: readonly PreferenceName[] = ["columns", "views"];
const memory = new Map<string, string>(); // storage may be forbidden
const watchers = new Set<() => void>();
let changes = 0;

const keyOf = (name: PreferenceName, me: string) => `${name}.${me}`;
const unsentKey = (name: PreferenceName, me: string) => `${keyOf(name, me)}.unsent`;

/** This device's copy as it is stored; "" = there is none. */
export const copyOf = (name: PreferenceName, me: string): string => memory.get(keyOf(name, me)) ?? recall(keyOf(name, me));

export function watchCopies(w: () => void): () => void {
  watchers.add(w);
  return () => watchers.delete(w);
}

function keepCopy(name: PreferenceName, me: string, value: unknown): void {
  const text = JSON.stringify(value);
  memory.set(keyOf(name, me), text);
  remember(keyOf(name, me), text);
  for (const w of watchers) w();
}

/**
 * Brings the copies of this device and what the service keeps together, and reads the views that all share. What this device has and
 * the service lacks is given to it: what was kept before there was a service for it, and what was changed without network.
 */
export const preferences = (me: string) =>
  queryOptions({
    queryKey: ["preferences", me],
    enabled: me !== "",
    staleTime: 60_000,
    queryFn: async (): Promise<{ shared: SharedView[] }> => {
      const before = changes;
      const got = await answer(api.GET("/api/v1/me/preferences"));
      for (const name of names) {
        const copy = parse(copyOf(name, me));
        const theirs: unknown = got.mine[name];
        if (copy !== undefined && (theirs === undefined || recall(unsentKey(name, me)))) await send(name, me, copy);
        else if (theirs !== undefined && changes === before) keepCopy(name, me, theirs); // else the answer is older than a press
      }
      return { shared: got.shared ?? [] };
    },
  });

/** Keeps a document here and at the service; here alone when that cannot be reached, until it can. */
export async function send(name: PreferenceName, me: string, value: unknown): Promise<void> {
  changes++;
  keepCopy(name, me, value);
  remember(unsentKey(name, me), "1");
  await answer(api.PUT("/api/v1/me/preferences/{name}", { params: { path: { name } }, body: { value } }));
  remember(unsentKey(name, me), "");
}

export const share = (view: SharedView) => answer(api.PUT("/api/v1/shared-views", { body: view }));
export const unshare = (name: string) => answer(api.DELETE("/api/v1/shared-views", { params: { query: { name } } }));

export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
