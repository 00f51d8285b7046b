// What this device remembers for itself: the look and the language. Storage may be forbidden; then it is asked again next time.

import { useSyncExternalStore } from "react";
import { recall, remember } from "./memory";

export { recall, remember } from "./memory";

export const themes = ["system", "light", "dark", "contrast"] as const;
export type Theme = (typeof themes)[number];
/** What a theme looks like on this screen: one of the sets of values in tokens.css. */
export type Look = Exclude<Theme, "system">;

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const contrast = window.matchMedia("(prefers-contrast: more)");
let theme: Theme = themes.find((t) => t === recall("theme")) ?? "system";
const watchers = new Set<() => void>();

const resolved = (): Look => (theme !== "system" ? theme : contrast.matches ? "contrast" : dark.matches ? "dark" : "light");
function apply() {
  document.documentElement.dataset.theme = resolved();
  for (const w of watchers) w();
}
dark.addEventListener("change", apply);
contrast.addEventListener("change", apply);
apply();

const watch = (w: () => void) => {
  watchers.add(w);
  return () => watchers.delete(w);
};
export const useTheme = (): Theme => useSyncExternalStore(watch, () => theme);
export const useLook = (): Look => useSyncExternalStore(watch, resolved);
export function setTheme(t: Theme): void {
  theme = t;
  remember("theme", t);
  apply();
}

type Media = { watch: (w: () => void) => () => void; holds: () => boolean };
const queries = new Map<string, Media>(); // the same two functions each time, or each drawing would watch anew
function media(query: string): Media {
  const known = queries.get(query);
  if (known) return known;
  const list = window.matchMedia(query);
  const fresh: Media = {
    watch: (w) => {
      list.addEventListener("change", w);
      return () => list.removeEventListener("change", w);
    },
    holds: () => list.matches,
  };
  queries.set(query, fresh);
  return fresh;
}
/** Whether a media query holds; renders again when that changes. */
export const useMedia = (query: string): boolean => useSyncExternalStore(media(query).watch, media(query).holds);

/** Whether this is a phone in the hand rather than a desk. */
export const usePhone = (): boolean => useMedia("(max-width: 760px)");
