// Whether the service has a newer console than this page, and how to change to it. Where the browser allows a service worker (HTTPS, or
// the machine itself) the worker fetches the new one whole and then waits; on plain HTTP the page is compared with the one at the service.

import { useSyncExternalStore } from "react";

let newer = false;
const watchers = new Set<() => void>();
export const useNewer = (): boolean =>
  useSyncExternalStore(
    (w) => {
      watchers.add(w);
      return () => watchers.delete(w);
    },
    () => newer,
  );
function found() {
  newer = true;
  for (const w of watchers) w();
}

const worker = () => ("serviceWorker" in navigator ? navigator.serviceWorker.getRegistration() : Promise.resolve(undefined));

/** Lets the worker keep this console's files. Called once, when the first screen is there. */
export async function keepFiles(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  try {
    const r = await navigator.serviceWorker.register("/worker.js");
    const watch = (w: ServiceWorker | null) => {
      const look = () => {
        // The first one of all replaces nothing.
        if (w?.state === "installed" && navigator.serviceWorker.controller) found();
      };
      w?.addEventListener("statechange", look);
      look();
    };
    watch(r.waiting);
    watch(r.installing);
    r.addEventListener("updatefound", () => watch(r.installing));
  } catch {
    // Forbidden, or the service is older than the worker: everything works without it.
  }
}

const mine = (html: string | undefined) => /src="(\/assets\/[^"]+)"/.exec(html ?? "")?.[1];

/** Whether the page at the service runs another script than this one; false when nobody answers. */
async function differs(): Promise<boolean> {
  try {
    const got = await fetch("/index.html", { cache: "no-store" });
    const theirs = got.ok ? mine(await got.text()) : undefined;
    return theirs !== undefined && !document.querySelector(`script[src="${theirs}"]`);
  } catch {
    return false;
  }
}

let looking: Promise<void> | undefined;

/** Looks whether there is a newer console. Harmless to call often. */
export function lookForNewer(): Promise<void> {
  looking ??= look().finally(() => {
    looking = undefined;
  });
  return looking;
}

async function look() {
  const r = await worker();
  try {
    if (r) {
      await r.update();
      return; // what it finds it tells
    }
  } catch {
    // No worker at the service: it went back to a version without one.
  }
  if (await differs()) found();
}

/**
 * Changes to the newer console. What this page has not saved is lost.
 * @param to where it goes on
 */
export async function renew(to = location.href): Promise<void> {
  const r = await worker();
  try {
    await r?.update();
    if (r?.waiting) {
      const changed = new Promise((done) => navigator.serviceWorker.addEventListener("controllerchange", done, { once: true }));
      r.waiting.postMessage("take over");
      await Promise.race([changed, new Promise((done) => setTimeout(done, 5000))]);
    } else if (await differs()) await r?.unregister(); // it would go on with the old files
  } catch {
    await r?.unregister();
  }
  if (new URL(to, location.href).href === location.href) location.reload();
  else location.replace(to);
}

const again = "tongdan.renewed";

/**
 * A part of the console could not be loaded. When that is because the service has a newer one, whose files have other names, the page
 * changes to it at once, where the person was going: it could not go on anyway. At most once in a minute, so that a broken service does not make it turn in circles.
 */
export async function partMissing(to: string): Promise<void> {
  if (Date.now() - Number(sessionStorage.getItem(again) ?? 0) < 60_000 || !(await differs())) return;
  sessionStorage.setItem(again, String(Date.now()));
  await renew(to);
}
