// What this device remembers by itself. Storage may be forbidden (a private window); then it is asked again next time.

import { practising } from "../place";

// What a practice remembers is its own, but for the look and the language of the device.
const named = (key: string): string => `tongdan.${practising && key !== "theme" && key !== "language" ? "practice." : ""}${key}`;

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(named(key), value);
  } catch {
    // private window
  }
}

export function recall(key: string): string {
  try {
    return localStorage.getItem(named(key)) ?? "";
  } catch {
    return "";
  }
}
