// How a person likes the console, kept by the service, so that it is the same on every device. What is shown is this device's copy:
// it is there at once, changes with the press, and works without network.

import { queryOptions } from "@tanstack/react-query";
import { recall, remember } from "../ui/device";
import { answer, api, Failure } from "./api";
import { merged } from "./merged";

export type PreferenceName = "columns" | "views";
export type SharedView = { name: string; filter: Record<string, string> };

const names: readonly PreferenceName[] = ["columns", "views"];
const memory = new Map<string, string>(); // storage may be forbidden
const watchers = new Set<() => void>();
let changes = 0;

const keyOf = (name: PreferenceName, me: string) => `${name}.${me}`;
const baseKey = (name: PreferenceName, me: string) => `${keyOf(name, me)}.base`;
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
        else if (theirs !== undefined && changes === before) {
          keepCopy(name, me, theirs); // else the answer is older than a press
          remember(baseKey(name, me), JSON.stringify(theirs));
        }
      }
      return { shared: got.shared ?? [] };
    },
  });

const tries = 4;

/**
 * Keeps a document here and at the service; here alone when that cannot be reached, until it can. Where another device of the same
 * person has changed it meanwhile, both changes are kept as far as they are about different names.
 */
export async function send(name: PreferenceName, me: string, value: unknown): Promise<void> {
  const change = ++changes;
  keepCopy(name, me, value);
  remember(unsentKey(name, me), "1");
  for (let n = 1; ; n++) {
    const got = await answer(api.GET("/api/v1/me/preferences"));
    const whole = merged(parse(recall(baseKey(name, me))), value, got.mine[name]);
    try {
      await answer(
        api.PUT("/api/v1/me/preferences/{name}", { params: { path: { name } }, body: { value: whole, seen: got.versions[name] ?? 0 } }),
      );
    } catch (e) {
      if (n < tries && e instanceof Failure && e.status === 409) continue; // it was changed between the two calls
      throw e;
    }
    remember(baseKey(name, me), JSON.stringify(whole));
    if (changes !== change) return; // a newer press sends what is newer
    keepCopy(name, me, whole);
    remember(unsentKey(name, me), "");
    return;
  }
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
