import { useEffect, useRef, useState } from "react";
import { serverNow } from "../../data/clock";
import type { OrderSummary } from "../../data/model";
import { onceKey } from "../../data/once";
import { turnNow } from "../../data/unlock";
import { recallJSON } from "../../floor/kept";
import { call, mayPass } from "../../floor/net";
import type { Picture } from "../../floor/watch";
import { remember } from "../../ui/device";
import { pressMaking, settleMaking, type Word } from "./making";

/** What is being made, as far as this screen has said so: kept on the device until the service knows, over reloads and lost networks. */
export function useMaking(store: string, picture: Picture, now: number) {
  const name = `floor.making.${store}`;
  const [words, setWords] = useState<Word[]>(() => recallJSON<Word[]>(name, []));
  const sending = useRef("");
  const [failed, setFailed] = useState(0);
  useEffect(() => remember(name, JSON.stringify(words)), [name, words]);
  useEffect(() => setWords((all) => settleMaking(all, picture.orders, serverNow())), [picture.orders]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: now is the second that has passed
  useEffect(() => {
    const next = words.filter((w) => w.seq < 0)[0];
    if (!next || sending.current || Date.now() - failed < 3000) return;
    sending.current = next.key;
    call<{ seq?: number }>("PUT", `/orders/${next.id}/making`, { on: next.on, pressed_at: next.pressed }, next.key, next.turn)
      .then(
        (got) => setWords((all) => all.map((w) => (w.key === next.key ? { ...w, seq: got?.seq || 0 } : w))),
        (e: unknown) => {
          if (mayPass(e)) setFailed(Date.now());
          else setWords((all) => all.filter((w) => w.key !== next.key)); // the order is elsewhere by now
        },
      )
      .then(() => {
        sending.current = "";
      });
  }, [words, failed, now]);
  return {
    unsent: words.filter((w) => w.seq < 0).length,
    making: (o: OrderSummary): boolean => {
      const w = words.filter((x) => x.id === o.id)[0];
      return w ? w.on : o.making_at > 0;
    },
    say: (id: string, on: boolean) => {
      const turn = turnNow();
      setWords((all) => pressMaking(all, { id, on, pressed: Math.round(serverNow()), turn: turn ? turn.id : "", key: onceKey(), seq: -1 }));
    },
  };
}
