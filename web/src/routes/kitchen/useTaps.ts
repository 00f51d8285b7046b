import { useEffect, useRef, useState } from "react";
import { serverNow } from "../../data/clock";
import { turnNow } from "../../data/unlock";
import { recallJSON } from "../../floor/kept";
import { call, mayPass, Refusal } from "../../floor/net";
import { forget, pass, press, refused, sent, settle, type Tap, takeBack } from "../../floor/taps";
import type { Picture } from "../../floor/watch";
import { remember } from "../../ui/device";

/** The taps of this device at a store, kept in its storage, and sent when their time has come. */
export function useTaps(store: string, picture: Picture, now: number) {
  const name = `floor.taps.${store}`;
  const [taps, setTaps] = useState<Tap[]>(() => recallJSON<Tap[]>(name, []));
  const sending = useRef("");
  const [failed, setFailed] = useState(0); // when sending last found no network

  useEffect(() => remember(name, JSON.stringify(taps)), [name, taps]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: now is the second that has passed
  useEffect(() => setTaps((all) => settle(pass(all, Date.now()), picture.orders)), [picture.orders, now]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: now is the second that has passed
  useEffect(() => {
    const next = taps.find((t) => t.state === "due");
    if (!next || sending.current || Date.now() - failed < 3000) return;
    sending.current = next.key;
    call<{ seq?: number }>(
      "POST",
      `/orders/${next.id}/actions`,
      { kind: "ready", pressed_at: next.pressed || undefined },
      next.key,
      next.turn,
    )
      .then(
        (got) => setTaps((all) => sent(all, next.key, got?.seq || 0)),
        (e: unknown) => {
          if (mayPass(e)) setFailed(Date.now());
          else setTaps((all) => refused(all, next.key, e instanceof Refusal ? e.message : ""));
        },
      )
      .then(() => {
        sending.current = "";
      });
  }, [taps, failed, now]);

  return {
    taps,
    press: (o: Parameters<typeof press>[1], number: string) =>
      setTaps((all) => press(all, o, number, Date.now(), Math.round(serverNow()), turnNow()?.id || "")),
    takeBack: (id: string) => setTaps((all) => takeBack(all, id)),
    forget: (id: string) => setTaps((all) => forget(all, id)),
  };
}
