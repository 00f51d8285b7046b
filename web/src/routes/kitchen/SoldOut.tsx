// 估清 from the kitchen: a dish pressed long is offered as 0 on every channel of the store, and comes back by itself.

import { useCallback, useEffect, useRef, useState } from "react";
import { serverNow } from "../../data/clock";
import type { Place } from "../../floor/Door";
import { nameOf } from "../../floor/Head";
import { call, Refusal } from "../../floor/net";
import { t } from "../../floor/words";
import { clock } from "../../format/time";
import { endOfDay } from "../opening/opening";

export type Out = {
  sku_id: string;
  name: string;
  until_at: number;
  by_name: string;
  channels: { channel: string; shop_id: string; state: "done" | "sending" | "failed" | "watched"; words?: string }[];
};
export type Chosen = { order: string; item: string };

/** What is sold out at the store, asked for often while a channel has not confirmed. */
export function useSoldOut(store: string, live: boolean) {
  const [list, setList] = useState<Out[]>([]);
  const open = list.some((d) => d.channels.some((c) => c.state === "sending" || c.state === "failed"));
  const look = useCallback(
    () =>
      call<{ dishes: Out[] }>("GET", `/stores/${store}/soldout`).then(
        (got) => setList(got.dishes),
        () => {
          // the picture says that the network is lost
        },
      ),
    [store],
  );
  useEffect(() => {
    if (!live) return;
    void look();
    const timer = setInterval(look, open ? 2000 : 20_000);
    return () => clearInterval(timer);
  }, [live, look, open]);
  return { list, set: setList };
}

/** Presses that last: the menu of a right click, a finger that stays, or Enter on the dish. */
export function useLongPress(then: () => void) {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const stop = () => clearTimeout(timer.current);
  useEffect(() => () => clearTimeout(timer.current), []);
  return {
    onPointerDown: () => {
      stop();
      timer.current = setTimeout(then, 600);
    },
    onPointerUp: stop,
    onPointerLeave: stop,
    onPointerCancel: stop,
    onContextMenu: (e: { preventDefault: () => void }) => {
      e.preventDefault();
      stop();
      then();
    },
    onKeyDown: (e: { key: string; preventDefault: () => void; stopPropagation: () => void }) => {
      if (e.key !== "Enter") return;
      e.preventDefault();
      e.stopPropagation();
      then();
    },
  };
}

export function SellOut({ place, dish, close, done }: { place: Place; dish: Chosen; close: () => void; done: (list: Out[]) => void }) {
  const [at, setAt] = useState("");
  const [words, setWords] = useState("");
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (first.current) first.current.focus();
  }, []);
  const day = endOfDay(serverNow(), place.zone);
  const send = (until: number) => {
    setBusy(true);
    const body = { order_id: dish.order, item: dish.item, until_at: Math.round(until) };
    call<{ dishes: Out[] }>("PUT", `/stores/${place.store}/soldout`, body).then(
      (got) => {
        done(got.dishes);
        close();
      },
      (e: unknown) => {
        setBusy(false);
        const why = e instanceof Refusal ? e.why : "";
        setWords(why === "dish_unbound" ? t("outUnbound") : (e instanceof Refusal && e.message) || t("outOffline"));
      },
    );
  };
  const hours = /^(\d\d):(\d\d)$/.exec(at);
  const chosen = hours ? day - 24 * 3600_000 + (Number(hours[1]) * 60 + Number(hours[2])) * 60_000 : 0;
  return (
    <section className="pad" role="dialog" aria-label={t("outOf", { what: dish.item })} data-testid="sell-out">
      <h2>{t("outOf", { what: dish.item })}</h2>
      <p>{t("outHelp")}</p>
      <div className="pad-people">
        <button ref={first} type="button" className="key main" disabled={busy} onClick={() => send(day)}>
          {t("outToday")}
        </button>
        <button type="button" className="key" disabled={busy} onClick={() => send(serverNow() + 2 * 3600_000)}>
          {t("outHours")}
        </button>
      </div>
      <p>
        <label>
          {t("outAt")} <input className="out-at" type="time" value={at} onChange={(e) => setAt(e.target.value)} />
        </label>{" "}
        <button
          type="button"
          className="key"
          disabled={busy || chosen === 0}
          onClick={() => send(chosen > serverNow() ? chosen : chosen + 24 * 3600_000)}
        >
          {t("outSet")}
        </button>
      </p>
      {words ? (
        <p className="trouble" role="alert">
          {words}
        </p>
      ) : null}
      <button type="button" className="key" onClick={close}>
        {t("outClose")}
      </button>
    </section>
  );
}

/** What is sold out, with each channel's state until it has confirmed. */
export function SoldOutList({ place, list, back }: { place: Place; list: Out[]; back: (d: Out) => void }) {
  if (list.length === 0) return null;
  return (
    <section aria-label={t("outList")} data-testid="sold-out">
      <h2>{t("outList")}</h2>
      <ul className="outs">
        {list.map((d) => (
          <li key={d.sku_id}>
            <b>{d.name}</b> <span className="quiet-text">{t("outUntil", { at: clock(d.until_at, place.zone) })}</span>
            {d.channels.map((c) => (
              <span key={c.shop_id} className={`out-state ${c.state}`} data-state={c.state}>
                {nameOf(place, c.channel)} {t(`out_${c.state}`)} {c.words || ""}
              </span>
            ))}
            <button type="button" className="key" aria-label={t("outBackOf", { what: d.name })} onClick={() => back(d)}>
              {t("outBack")}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
