// When a device speaks: at once of what is new, in one sentence of what came together, and again every twenty seconds of what still
// waits for somebody.

import { useEffect, useRef, useState } from "react";
import { root } from "../place";
import { announcement, type Waiting } from "./announcement";
import { say } from "./speaker";

const again = 20_000;
const company = 3000; // fresh ones wait a moment, so that five at once are one sentence

/** Speaks, and gives the sentence for those who read. @param mine whether this page is the one that speaks; others stay silent */
export function useRinging(waiting: Waiting[], now: number, language: string, mine: boolean): string {
  const heard = useRef(new Set<string>());
  const spokeAt = useRef(0);
  const [shown, setShown] = useState("");

  useEffect(() => {
    const ids = new Set(waiting.map((w) => w.id));
    for (const id of heard.current) if (!ids.has(id)) heard.current.delete(id);
    if (waiting.length === 0) {
      setShown("");
      return;
    }
    const fresh = new Set([...ids].filter((id) => !heard.current.has(id)));
    const since = now - spokeAt.current;
    if (!(fresh.size > 0 ? since > company : since >= again)) return;
    // What just came is said for itself; the repetition speaks of everything that waits for somebody.
    const topic = waiting.filter((w) => (fresh.size > 0 ? fresh.has(w.id) : !w.once));
    const [first] = topic;
    if (!first) return;
    spokeAt.current = now;
    for (const id of ids) heard.current.add(id);
    const text = announcement(topic, fresh, now, language);
    setShown(text);
    if (mine) void say(text, first.kind, language);
  }, [waiting, now, language, mine]);

  return shown;
}

/** Whether this tab is the one that speaks: two tabs on one computer must not talk over each other. */
export function useSpeakingTab(): boolean {
  const [mine, setMine] = useState(!("locks" in navigator));
  useEffect(() => {
    if (!("locks" in navigator)) return;
    const stop = new AbortController();
    navigator.locks
      .request(`tongdan.voice${root}`, { signal: stop.signal }, () => {
        setMine(true);
        return new Promise<void>((done) => stop.signal.addEventListener("abort", () => done()));
      })
      .catch(() => {
        // the page is closing
      });
    return () => stop.abort();
  }, []);
  return mine;
}
