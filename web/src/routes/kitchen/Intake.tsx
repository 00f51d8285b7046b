// How full the kitchen is, and taking no orders for a while on every channel.

import { useCallback, useEffect, useState } from "react";
import { serverNow } from "../../data/clock";
import type { Place } from "../../floor/Door";
import { nameOf } from "../../floor/Head";
import { call, Refusal } from "../../floor/net";
import { t } from "../../floor/words";
import { clock } from "../../format/time";

export type Intake = {
  slot_minutes: number;
  slot_orders: number;
  slots: { from_at: number; to_at: number; orders: number }[];
  until_at: number;
  by_name?: string;
  channels: { channel: string; shop_id: string; state: string; until_at: number; words?: string; why?: { code: string } }[];
};

/** The store's intake, asked for often while a channel has not confirmed. */
export function useIntake(store: string, live: boolean) {
  const [intake, setIntake] = useState<Intake>();
  const under = Boolean(intake?.channels.some((c) => c.state === "sending" || c.state === "opening"));
  const look = useCallback(
    () =>
      call<Intake>("GET", `/stores/${store}/intake`).then(setIntake, () => {
        // the picture says that the network is lost
      }),
    [store],
  );
  useEffect(() => {
    if (!live) return;
    void look();
    const timer = setInterval(look, under ? 2000 : 10_000);
    return () => clearInterval(timer);
  }, [live, look, under]);
  return { intake, set: setIntake };
}

/** From eight tenths on somebody should look at it. */
const tone = (n: number, of: number) => (n >= of ? "over" : n * 10 >= of * 8 ? "soon" : "calm");

/** The slots as bars with their numbers; nothing where nobody has said how much the kitchen can make. */
export function Gauge({ intake, place }: { intake: Intake; place: Place }) {
  const of = intake.slot_orders;
  if (of === 0) return null;
  return (
    <section aria-label={t("gaugeTitle")} data-testid="gauge">
      <h2 title={t("gaugeOf")}>{t("gaugeTitle")}</h2>
      <ul className="gauge">
        {intake.slots.map((s) => (
          <li key={s.from_at} className={tone(s.orders, of)}>
            <span className="num">{t("gauge", { from: clock(s.from_at, place.zone), to: clock(s.to_at, place.zone) })}</span>{" "}
            <b className="num">
              {s.orders}/{of}
            </b>
            <span className="gauge-bar" aria-hidden="true">
              <span style={{ width: `${Math.min(100, Math.round((s.orders / of) * 100))}%` }} />
            </span>
            {tone(s.orders, of) === "calm" ? null : <strong>{t(s.orders >= of ? "full" : "nearFull")}</strong>}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Pausing, with the state of each channel. */
export function Rest({
  intake,
  place,
  act,
  done,
}: {
  intake: Intake;
  place: Place;
  act: (then: () => void) => void;
  done: (i: Intake) => void;
}) {
  const [words, setWords] = useState("");
  const [busy, setBusy] = useState(false);
  const until = intake.until_at > serverNow() ? intake.until_at : 0;
  const send = (at: number) =>
    act(() => {
      setBusy(true);
      setWords("");
      call<Intake>("PUT", `/stores/${place.store}/intake`, { until_at: Math.round(at) }).then(
        (got) => {
          setBusy(false);
          done(got);
        },
        (e: unknown) => {
          setBusy(false);
          setWords(e instanceof Refusal && e.status > 0 ? t("restFailed", { words: e.message }) : t("restOffline"));
        },
      );
    });
  const told = intake.channels.filter((c) => until > 0 || c.state !== "open");
  const can = intake.channels.some((c) => c.state !== "no_call" && c.state !== "watched");
  if (!can) return null;
  return (
    <section aria-label={t("rest")} data-testid="rest" data-resting={until > 0 ? "yes" : "no"}>
      <h2>{t("rest")}</h2>
      {until > 0 ? (
        <p className="trouble" role="status">
          {t("restUntil", { at: clock(until, place.zone) })}
          {intake.by_name ? ` · ${intake.by_name}` : ""}
        </p>
      ) : (
        <p className="quiet-text">{t("restHelp")}</p>
      )}
      <ul className="outs">
        {told.map((c) => (
          <li key={c.shop_id}>
            <span
              className={`out-state ${c.state === "failed" ? "failed" : c.state === "sending" || c.state === "opening" ? "sending" : ""}`}
              data-state={c.state}
            >
              {nameOf(place, c.channel)} {t(`rest_${c.state}`)}{" "}
              {c.why && c.why.code === "rests_already" ? t("restsAlready") : c.words || ""}
            </span>
          </li>
        ))}
      </ul>
      <div className="pad-people">
        {until > 0 ? (
          <>
            <button type="button" className="key" disabled={busy} onClick={() => send(until + 10 * 60_000)}>
              {t("restMore", { n: 10 })}
            </button>
            <button type="button" className="key main" disabled={busy} onClick={() => send(0)}>
              {t("restEnd")}
            </button>
          </>
        ) : (
          [10, 30].map((n) => (
            <button key={n} type="button" className="key" disabled={busy} onClick={() => send(serverNow() + n * 60_000)}>
              {t("restMinutes", { n })}
            </button>
          ))
        )}
      </div>
      {words ? (
        <p className="trouble" role="alert">
          {words}
        </p>
      ) : null}
    </section>
  );
}
