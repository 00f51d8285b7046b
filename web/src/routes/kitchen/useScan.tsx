// A number that is scanned or typed: which card it is, and of one that is not there any more what became of it, by whom and when.

import { useEffect, useRef, useState } from "react";
import { serverNow } from "../../data/clock";
import { type Loose, type OrderSummary, readOrder, readSummary, type WireOrder } from "../../data/model";
import type { Place } from "../../floor/Door";
import { Mark, nameOf } from "../../floor/Head";
import { call } from "../../floor/net";
import type { Tap } from "../../floor/taps";
import { t } from "../../floor/words";
import { clock } from "../../format/time";
import { type Card, numberOf, scanned } from "./board";

/** What became of an order whose number comes a second time: made at a moment by somebody, or cancelled. */
export type Before = { number: string; channel: string; gone: boolean; at: number; by: string };

const today = 16 * 3600_000; // daily numbers come again

/** Looks for the newest order of a number that is to be made no more; undefined when there is none. */
async function lookBack(place: Place, text: string, taps: Tap[]): Promise<Before | undefined> {
  const q = text.trim().replace(/^#/, "");
  const page = await call<{ orders: Loose<OrderSummary>[] }>(
    "GET",
    `/orders?store=${place.store}&kind=takeaway&sort=newest&limit=20&q=${encodeURIComponent(q)}`,
  );
  const all = page.orders.map(readSummary).filter((o) => serverNow() - o.placed_at < today);
  const cards = all.map((order) => ({ order, number: numberOf(order) }) as Card);
  const found = scanned(cards, text).map((c) => c.order)[0];
  if (!found || found.status === "new" || found.status === "unpaid") return undefined;
  const said = { number: numberOf(found), channel: found.channel };
  const tap = taps.find((x) => x.id === found.id && x.state !== "sent");
  if (tap) return { ...said, gone: false, at: tap.at, by: "" };
  const o = readOrder(await call<WireOrder>("GET", `/orders/${found.id}`));
  if (found.status === "cancelled") return { ...said, gone: true, at: o.changed_at, by: "" };
  const act = o.timeline.filter((m) => m.kind === "act" && m.text_code === "ready").pop();
  const fact = o.timeline.filter((m) => m.kind === "fact" && m.text_code === "ready").pop();
  return { ...said, gone: false, at: act?.at ?? fact?.at ?? 0, by: act?.by_name ?? "" };
}

/** A scanner types the number and Enter, as does a person at a keyboard. */
export function useScan(place: Place, cards: Card[], taps: Tap[], ready: (c: Card) => void) {
  const [typed, setTyped] = useState("");
  const [answer, setAnswer] = useState<{ text: string; which: Card[] }>();
  const [before, setBefore] = useState<Before>();
  const latest = useRef({ place, cards, taps, ready, typed });
  latest.current = { place, cards, taps, ready, typed };
  const asked = useRef(0); // which scan is the last: an answer to one before it is nobody's
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const key = (e: KeyboardEvent) => {
      const at = e.target as HTMLElement | null;
      if (e.ctrlKey || e.metaKey || e.altKey || (at && /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName))) return;
      const { typed: text, cards: all, ready: then } = latest.current;
      clearTimeout(timer);
      timer = setTimeout(() => setTyped(""), 5000);
      if (e.key === "Enter" && text !== "") {
        e.preventDefault(); // not a press on whatever button had the focus
        setTyped("");
        latest.current.typed = "";
        setBefore(undefined);
        const scan = ++asked.current;
        const found = scanned(all, text);
        if (found.length === 1 && found[0]) {
          if (found[0].order.actions.indexOf("ready") >= 0) then(found[0]);
          setAnswer(undefined);
        } else {
          setAnswer({ text, which: found });
          if (found.length === 0)
            lookBack(latest.current.place, text, latest.current.taps).then(
              (b) => scan === asked.current && setBefore(b),
              () => {}, // without network nobody can say: there is no such number to make
            );
        }
      } else if (e.key === "Escape" || e.key === "Backspace") setTyped("");
      else if (/^[\w#-]$/.test(e.key)) {
        latest.current.typed = text + e.key;
        setTyped(text + e.key);
      }
    };
    document.addEventListener("keydown", key);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("keydown", key);
    };
  }, []);
  useEffect(() => {
    if (!answer || answer.which.length > 0) return;
    const timer = setTimeout(() => setAnswer(undefined), before ? 12_000 : 6000);
    return () => clearTimeout(timer);
  }, [answer, before]);
  const shown =
    typed !== "" ? (
      <p className="banner" data-testid="typed">
        {t("scanTyped", { n: typed })}
      </p>
    ) : answer ? (
      <div className="banner bad" role="alert" data-testid="scan">
        {answer.which.length === 0 && before ? (
          <>
            <Mark place={place} channel={before.channel} />{" "}
            {t(before.gone ? "scanGone" : before.by ? "scanDoneBy" : "scanDone", {
              n: before.number,
              at: before.at > 0 ? clock(before.at, place.zone) : "",
              name: before.by,
            })}
          </>
        ) : (
          t(answer.which.length > 0 ? "scanWhich" : "scanNone", { n: answer.text })
        )}
        {answer.which.map((c) => (
          <button
            key={c.order.id}
            type="button"
            className="key main"
            onClick={() => {
              ready(c);
              setAnswer(undefined);
            }}
          >
            {nameOf(place, c.order.channel)} {c.number} · {c.order.summary.slice(0, 20)}
          </button>
        ))}
      </div>
    ) : null;
  return { shown };
}
