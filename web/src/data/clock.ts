// One clock for the whole console, set by the service: a counter computer that is two minutes slow must not show two minutes too
// many on a deadline.

import { useSyncExternalStore } from "react";

let ahead = 0; // how far the service's clock is ahead of this device's, milliseconds
let known = false;

/** Learns from the Date header of an answer, which has a precision of one second. Small differences are left alone. */
export function learnTime(header: string | null, askedAt: number): void {
  const theirs = header ? Date.parse(header) : Number.NaN;
  if (Number.isNaN(theirs)) return;
  const difference = theirs + 500 - (askedAt + Date.now()) / 2;
  if (!known || Math.abs(difference - ahead) > 1500) {
    ahead = Math.abs(difference) < 1500 ? 0 : difference;
    known = true;
  }
}

/** Now, by the service's clock, UTC milliseconds. */
export function serverNow(): number {
  return Date.now() + ahead;
}

let shown = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
const watchers = new Set<() => void>();

function tick() {
  const now = serverNow();
  shown = now - (now % 1000);
  for (const w of watchers) w();
  timer = setTimeout(tick, 1000 - (serverNow() % 1000) + 5);
}

function watch(w: () => void): () => void {
  watchers.add(w);
  if (watchers.size === 1) tick();
  return () => {
    watchers.delete(w);
    if (watchers.size === 0) clearTimeout(timer);
  };
}

function current(): number {
  if (shown === 0) shown = serverNow() - (serverNow() % 1000);
  return shown;
}

/** The time to the second; renders its component once a second. */
export function useNow(): number {
  return useSyncExternalStore(watch, current);
}

const wholeMinute = (): number => current() - (current() % 60_000);

/** The time to the minute, for what only asks which day it is; renders its component once a minute. */
export function useMinute(): number {
  return useSyncExternalStore(watch, wholeMinute);
}
