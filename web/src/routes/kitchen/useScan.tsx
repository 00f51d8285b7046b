// A number that is scanned or typed: which card it is, and of one that is not there any more what became of it, by whom and when.

import { useEffect, useRef, useState } from "react";
import { serverNow } from "../../data/clock";
import { type Loose, type OrderSummary, readOrder, readSummary, type WireOrder } from "../../data/model";
import type { Place } from "../../floor/Door";
import { Mark, nameOf } from "../../floor/Head";
import { call, Refusal } from "../../floor/net";
import type { Tap } from "../../floor/taps";
import { t } from "../../floor/words";
import { clock } from "../../format/time";
import { type Card, numberOf, scanned } from "./board";

/** What became of an order whose number comes a second time: made at a moment by somebody, or cancelled. */
export type Before = { number: string; channel: string; gone: boolean; at: number; by: string };

/** What is known of a number that no card has: what became of its order, whose it is, or that nobody can be asked now. */
type Answer = { before: Before } | { store: string } | "offline";

const today = 16 * 3600_000; // daily numbers come again

/** What the service says, or undefined where it knows of nothing by that name. */
const ask = <T,>(path: string): Promise<T | undefined> =>
  call<T>("GET", path).catch((e: unknown) => {
    if (e instanceof Refusal && e.status >= 400 && e.status < 500 && e.status !== 401 && e.status !== 429) return undefined;
    throw e;
  });

/** The newest order of a number at this store that is to be made no more; undefined when there is none. */
async function former(place: Place, text: string): Promise<OrderSummary | undefined> {
  const q = text.trim().replace(/^#/, "");
  if (/^ord_/.test(q)) {
    const one = await ask<WireOrder>(`/orders/${q}`);
    const o = one && readOrder(one);
    return o && o.store?.id === place.store ? o : undefined;
  }
  const page = await call<{ orders: Loose<OrderSummary>[] }>(
    "GET",
    `/orders?store=${place.store}&kind=takeaway&sort=newest&limit=20&q=${encodeURIComponent(q)}`,
  );
  const all = page.orders.map(readSummary).filter((o) => serverNow() - o.placed_at < today);
  return scanned(
    all.map((order) => ({ order, number: numberOf(order) }) as Card),
    text,
  ).map((c) => c.order)[0];
}

/** Says what a number means that no card has. */
async function lookBack(place: Place, text: string, taps: Tap[]): Promise<Answer | undefined> {
  const found = await former(place, text);
  if (!found) {
    const whose = await ask<{ store_name: string }>(`/tickets/whose?code=${encodeURIComponent(text.trim().replace(/^#/, ""))}`);
    return whose ? { store: whose.store_name } : undefined;
  }
  const before = await become(found, taps);
  return before && { before };
}

/** What became of an order that is to be made no more; undefined of one that nobody has accepted. */
async function become(found: OrderSummary, taps: Tap[]): Promise<Before | undefined> {
  if (found.status === "new" || found.status === "unpaid") return undefined;
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
  const [known, setKnown] = useState<Answer>();
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
        setKnown(undefined);
        const scan = ++asked.current;
        const found = scanned(all, text);
        if (found.length === 1 && found[0]) {
          if (found[0].order.actions.indexOf("ready") >= 0) then(found[0]);
          setAnswer(undefined);
        } else {
          setAnswer({ text, which: found });
          if (found.length === 0)
            lookBack(latest.current.place, text, latest.current.taps).then(
              (k) => scan === asked.current && setKnown(k),
              (e) => scan === asked.current && e instanceof Refusal && e.status === 0 && setKnown("offline"),
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
    const timer = setTimeout(() => setAnswer(undefined), known ? 12_000 : 6000);
    return () => clearTimeout(timer);
  }, [answer, known]);
  const before = known && typeof known === "object" && "before" in known ? known.before : undefined;
  const elsewhere = known && typeof known === "object" && "store" in known ? known.store : "";
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
        ) : answer.which.length > 0 ? (
          t("scanWhich", { n: answer.text })
        ) : elsewhere ? (
          t("scanStore", { store: elsewhere })
        ) : known === "offline" ? (
          t("scanOffline", { n: answer.text })
        ) : (
          t("scanNone", { n: answer.text })
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
