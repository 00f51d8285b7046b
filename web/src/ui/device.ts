// What this device remembers for itself: the look and the language. Storage may be forbidden; then it is asked again next time.

import { useSyncExternalStore } from "react";

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`tongdan.${key}`, value);
  } catch {
    // private window
  }
}

export function recall(key: string): string {
  try {
    return localStorage.getItem(`tongdan.${key}`) ?? "";
  } catch {
    return "";
  }
}

export type Theme = "system" | "light" | "dark";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
let theme: Theme = (["light", "dark"] as const).find((t) => t === recall("theme")) ?? "system";
const watchers = new Set<() => void>();

function apply() {
  document.documentElement.dataset.theme = resolved();
  for (const w of watchers) w();
}
const resolved = (): "light" | "dark" => (theme === "system" ? (dark.matches ? "dark" : "light") : theme);
dark.addEventListener("change", apply);
apply();

const watch = (w: () => void) => {
  watchers.add(w);
  return () => watchers.delete(w);
};
export const useTheme = (): Theme => useSyncExternalStore(watch, () => theme);
export const useDark = (): boolean => useSyncExternalStore(watch, resolved) === "dark";
export function setTheme(t: Theme): void {
  theme = t;
  remember("theme", t);
  apply();
}

const narrow = window.matchMedia("(max-width: 760px)");
/** Whether this is a phone in the hand rather than a desk. */
export const usePhone = (): boolean =>
  useSyncExternalStore(
    (w) => {
      narrow.addEventListener("change", w);
      return () => narrow.removeEventListener("change", w);
    },
    () => narrow.matches,
  );
