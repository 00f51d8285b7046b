// 取餐叫号屏: the numbers that are ready and those that are not yet, for customers and riders. No name, no dish, no money.

import { useEffect, useMemo, useRef, useState } from "react";
import { serverNow } from "../../data/clock";
import type { Place } from "../../floor/Door";
import { Head, Mark, nameOf, useSpeaking } from "../../floor/Head";
import { usePicture, Watch } from "../../floor/watch";
import { watchdog } from "../../floor/watchdog";
import { language, t } from "../../floor/words";
import { zhNumber } from "../../voice/announcement";
import { say } from "../../voice/speaker";
import "./callout.css";
import { type Called, numbersOf } from "./numbers";

const most = { ready: 12, preparing: 24 };

export function Callout({ place }: { place: Place }) {
  const watch = useMemo(() => new Watch({ store: place.store, status: "accepted,ready" }), [place.store]);
  useEffect(() => watch.start(), [watch]);
  const picture = usePicture(watch);
  useEffect(() => {
    if (picture.state === "shut") place.shut(picture.status);
  }, [picture.state, picture.status, place]);
  const since = useRef(new Map<string, number>());
  const first = useRef(true);
  const [queue, setQueue] = useState<Called[]>([]);

  // What is ready when the board is switched on has been called before; what becomes ready from now on is called.
  useEffect(() => {
    if (picture.state === "loading") return;
    const fresh: string[] = [];
    picture.orders.forEach((o) => {
      if (o.status !== "ready") since.current.delete(o.id);
      else if (!since.current.has(o.id)) {
        since.current.set(o.id, first.current ? o.changed_at : serverNow());
        if (!first.current) fresh.push(o.id);
      }
    });
    first.current = false;
    const { ready } = numbersOf(picture.orders.values(), since.current);
    const calls = ready.filter((c) => fresh.indexOf(c.id) >= 0).reverse();
    if (calls.length > 0) setQueue((old) => old.concat(calls));
  }, [picture]);

  const speaking = useSpeaking(place, "callout");
  const { mine } = speaking;
  const next = queue[0];
  useEffect(() => {
    if (!next) return;
    if (mine) void say(sentence(place, next), "make", language);
    const timer = setTimeout(() => setQueue((old) => old.slice(1)), 4500);
    return () => clearTimeout(timer);
  }, [next, mine, place]);

  const { preparing, ready } = numbersOf(picture.orders.values(), since.current);
  const idle = useRef(true);
  idle.current = preparing.length === 0 && ready.length === 0;
  useEffect(() => watchdog(() => idle.current), []);
  const [big, ...rest] = ready;
  return (
    <div className="callout">
      <div className="sr-only" role="status" aria-live="polite" data-testid="announcement">
        {next ? sentence(place, next) : ""}
      </div>
      <Head place={place} title="callout" picture={picture} offline={t("offlineCall")} unsent={0} speaking={speaking} heard={["make"]} />
      <main className="callout-body">
        <section className="ready-side" aria-label={t("pickUp")}>
          <h2>{t("pickUp")}</h2>
          {big ? (
            <p className="big" data-testid="called" key={big.id}>
              <Mark place={place} channel={big.channel} />
              <b className="num">{big.number}</b>
              <span>{nameOf(place, big.channel)}</span>
            </p>
          ) : (
            <p className="nothing">{t("nothingReady")}</p>
          )}
          <Numbers list={rest} most={most.ready} place={place} id="ready-number" />
        </section>
        <section className="making-side" aria-label={t("preparing")}>
          <h2>{t("preparing")}</h2>
          <Numbers list={preparing} most={most.preparing} place={place} id="preparing-number" />
        </section>
      </main>
    </div>
  );
}

function Numbers({ list, most, place, id }: { list: Called[]; most: number; place: Place; id: string }) {
  return (
    <>
      <ul className="numbers">
        {list.slice(0, most).map((c) => (
          <li key={c.id} data-testid={id}>
            <Mark place={place} channel={c.channel} />
            <b className="num">{c.number}</b>
          </li>
        ))}
      </ul>
      {list.length > most ? <p>{t("andMore", { n: list.length - most })}</p> : null}
    </>
  );
}

function sentence(place: Place, c: Called): string {
  const number = language === "zh-CN" ? `${zhNumber(c.number)}号` : c.number;
  return t("saysReady", {
    what: language === "zh-CN" ? `${nameOf(place, c.channel)}，${number}` : `${nameOf(place, c.channel)} ${number}`,
  });
}
