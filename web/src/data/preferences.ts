// How a person likes the console, kept by the service, so that it is the same on every device.

import { queryOptions } from "@tanstack/react-query";
import { recall, remember } from "../ui/device";
import { answer, api } from "./api";

export type PreferenceName = "columns" | "views";
export type SharedView = { name: string; filter: Record<string, string> };
export type Preferences = { mine: Partial<Record<string, unknown>>; shared: SharedView[] };

const names: readonly PreferenceName[] = ["columns", "views"];

/** Where this device keeps a copy, to show it at once and without network. */
export const copyKey = (name: string, me: string) => `${name}.${me}`;
const unsentKey = (name: string, me: string) => `${copyKey(name, me)}.unsent`;

/** Everything that a person keeps. What this device has and the service lacks is given to it: changes of times without network too. */
export const preferences = (me: string) =>
  queryOptions({
    queryKey: ["preferences", me],
    enabled: me !== "",
    staleTime: 60_000,
    queryFn: async (): Promise<Preferences> => {
      const got = await answer(api.GET("/api/v1/me/preferences"));
      const mine: Preferences["mine"] = { ...got.mine };
      for (const name of names) {
        const copy = parse(recall(copyKey(name, me)));
        if (copy !== undefined && (mine[name] === undefined || recall(unsentKey(name, me)))) {
          await send(name, me, copy);
          mine[name] = copy;
        } else if (mine[name] !== undefined) {
          remember(copyKey(name, me), JSON.stringify(mine[name]));
        }
      }
      return { mine, shared: got.shared ?? [] };
    },
  });

/** Keeps a document here and at the service; here alone when that cannot be reached, until it can. */
export async function send(name: PreferenceName, me: string, value: unknown): Promise<void> {
  remember(copyKey(name, me), JSON.stringify(value));
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
