// Which device of a store speaks. Each asks the service every five seconds for as long as it can be heard; one gets the post, and when
// it falls silent another does. Without an answer every device speaks: better two voices than none.

import { useCallback, useEffect, useRef, useState } from "react";
import { recall, remember } from "../ui/device";

export type Post = "counter" | "kitchen" | "callout";
export type Asking = { post: Post; as: string; able: boolean; take?: boolean };
export type Answered = { speaks: boolean; everybody: boolean; alive: boolean; holder: string; name: string; silent: string[] };
export type Door = {
  ask: (store: string, body: Asking) => Promise<Answered>;
  letAll: (store: string, body: { post: Post; everybody: boolean }) => Promise<unknown>;
};

const every = 5000;
const unheard = 25_000; // without an answer for so long it speaks by itself

/** What this browser calls itself, always the same. */
function myself(): string {
  let id = recall("voice.id");
  if (!/^[a-z0-9]{8,40}$/.test(id)) {
    id = "";
    while (id.length < 16) id += Math.random().toString(36).slice(2);
    id = id.slice(0, 16);
    remember("voice.id", id);
  }
  return id;
}

export type Speaking = {
  /** Whether this page is to speak. */
  mine: boolean;
  /** Who speaks at the post; "" when nobody does, or nobody knows. */
  name: string;
  everybody: boolean;
  /** Posts of the store at which nobody speaks. */
  silent: string[];
  take: () => void;
  letAll: (everybody: boolean) => void;
};

/**
 * @param store undefined: this page is for no one store, and speaks by itself
 * @param tab whether this tab is the one of its browser that speaks
 * @param able whether it can be heard
 */
export function useSpeakingDevice(door: Door, store: string | undefined, post: Post, tab: boolean, able: boolean): Speaking {
  const [answer, setAnswer] = useState<{ got: Answered; at: number }>();
  const [lost, setLost] = useState(false);
  const heard = useRef(0);
  const latest = useRef(door);
  latest.current = door;
  const ask = useCallback(
    (take: boolean) => {
      if (!store) return Promise.resolve();
      const body: Asking = { post, as: myself(), able };
      if (take) body.take = true;
      return latest.current.ask(store, body).then(
        (got) => {
          heard.current = Date.now();
          setLost(false);
          setAnswer({ got, at: heard.current });
        },
        () => {
          if (Date.now() - heard.current > unheard) setLost(true);
        },
      );
    },
    [store, post, able],
  );
  useEffect(() => {
    if (!store || !tab) return;
    heard.current = Date.now();
    void ask(false);
    if (!able) return; // it has given up what it had
    const timer = setInterval(() => void ask(false), every);
    return () => clearInterval(timer);
  }, [store, tab, able, ask]);
  const letAll = useCallback(
    (everybody: boolean) => {
      if (store)
        latest.current.letAll(store, { post, everybody }).then(
          () => ask(false),
          () => undefined,
        );
    },
    [store, post, ask],
  );
  const got = answer?.got;
  return {
    mine: tab && (!store || lost || !got || got.speaks),
    name: got?.alive ? got.name : "",
    everybody: got?.everybody || false,
    silent: got?.silent || [],
    take: () => void ask(true),
    letAll,
  };
}
