// 后厨屏: one list of what to make, over all channels. Read from three metres, pressed with gloves.

import { useEffect, useMemo, useRef, useState } from "react";
import { ended } from "../../data/act";
import { useNow } from "../../data/clock";
import { type Item, type OrderSummary, readOrder, type WireOrder } from "../../data/model";
import type { Place } from "../../floor/Door";
import { Head, Mark, nameOf, useSpeaking } from "../../floor/Head";
import { recallJSON } from "../../floor/kept";
import { LockKey, Pad, useLock } from "../../floor/Lock";
import { call } from "../../floor/net";
import { type Tap, undoFor } from "../../floor/taps";
import { usePicture, Watch } from "../../floor/watch";
import { watchdog } from "../../floor/watchdog";
import { language, t } from "../../floor/words";
import { clock } from "../../format/time";
import { remember } from "../../ui/device";
import type { Waiting } from "../../voice/announcement";
import { useRinging } from "../../voice/ringing";
import { riderOf } from "../../voice/waiting";
import { boardOf, type Card, dishesOf, type Stopped, stops } from "./board";
import { Gauge, Rest, useIntake } from "./Intake";
import "./kitchen.css";
import { type Chosen, type Out, SellOut, SoldOutList, useLongPress, useSoldOut } from "./SoldOut";
import { useMaking } from "./useMaking";
import { useScan } from "./useScan";
import { useTaps } from "./useTaps";

export function Kitchen({ place }: { place: Place }) {
  const now = useNow();
  const watch = useMemo(() => new Watch({ store: place.store, status: "new,accepted,ready" }), [place.store]);
  useEffect(() => watch.start(), [watch]);
  const picture = usePicture(watch);
  const { taps, press, takeBack, forget } = useTaps(place.store, picture, now);
  const making = useMaking(place.store, picture, now);
  const away = (id: string) => taps.some((x) => x.id === id && x.state !== "refused");
  const board = boardOf(picture.orders.values(), away, now);
  const cards = useSteady(board.cards);
  const stopped = useStops(place.store, picture.orders);
  const [heardOf, setHeardOf] = useState<ReadonlySet<string>>(new Set());
  const hush = (id: string) => setHeardOf((old) => new Set(Array.from(old).concat(id)));

  const idle = useRef(true);
  idle.current = cards.length === 0 && taps.length === 0;
  useEffect(() => watchdog(() => idle.current), []);

  const lock = useLock(place, picture.state === "live");
  const act = (then: () => void) => (lock.locked ? lock.ask() : then());
  const soldOut = useSoldOut(place.store, picture.state === "live");
  const { intake, set: setIntake } = useIntake(place.store, picture.state === "live");
  const [selling, setSelling] = useState<Chosen>();
  const bringBack = (d: Out) =>
    act(() => {
      call<{ dishes: Out[] }>("PUT", `/stores/${place.store}/soldout`, { sku_id: d.sku_id, until_at: 0 }).then(
        (got) => soldOut.set(got.dishes),
        () => {
          // it is still in the list, and can be pressed again
        },
      );
    });
  const speaking = useSpeaking(place, "kitchen");
  // Nobody at the counter can be heard: what is to be answered there is spoken here, so that no order ends unheard.
  const fresh = speaking.silent.indexOf("counter") >= 0 ? newOnes(place, picture.orders) : [];
  const said = useRinging(waitingIn(place, cards, stopped.list, heardOf, now).concat(fresh), now, language, speaking.mine);
  const scan = useScan(place, cards, taps, (c) => act(() => press(c.order, c.number)));

  useEffect(() => {
    if (picture.state === "shut") place.shut(picture.status);
  }, [picture.state, picture.status, place]);
  const open = taps.filter((x) => x.state !== "sent");
  return (
    <div className="kitchen">
      <div className="sr-only" role="status" aria-live="polite" data-testid="announcement">
        {said}
      </div>
      <Head
        place={place}
        title="kitchen"
        picture={picture}
        offline={t("offline")}
        unsent={taps.filter((x) => x.state === "due").length + making.unsent}
        middle={
          <>
            <span className="count" data-testid="to-make">
              {t("toMake")} <b className="num">{cards.length}</b>
            </span>
            <LockKey lock={lock} />
          </>
        }
        speaking={speaking}
        heard={["make", "cancel", "rider", "reminder", "new"]}
        settings={<p>{t("paceHelp")}</p>}
      />
      {lock.asking ? <Pad lock={lock} /> : null}
      {selling ? <SellOut place={place} dish={selling} close={() => setSelling(undefined)} done={soldOut.set} /> : null}
      {scan.shown}
      {stopped.list.length > 0 ? (
        <section className="stops" aria-label={t("cancelled")}>
          {stopped.list.map((s) => (
            <article key={s.id} className="stop" data-testid="stopped" data-id={s.id}>
              <Mark place={place} channel={s.channel} />
              <b className="stop-number num">{s.number}</b>
              <div>
                <strong>{t("cancelled")}</strong>
                <p>
                  <s>{s.what}</s>
                </p>
              </div>
              <button
                type="button"
                className="key main"
                aria-label={t("notedOf", { what: `${nameOf(place, s.channel)} ${s.number}` })}
                onClick={() => {
                  stopped.note(s.id);
                  forget(s.id);
                }}
              >
                {t("noted")}
              </button>
            </article>
          ))}
        </section>
      ) : null}
      <div className="kitchen-body">
        <main className="cards">
          {picture.state === "loading" && picture.asOf === 0 ? (
            <div role="status" className="empty">
              <p>{t("loading")}</p>
            </div>
          ) : cards.length === 0 ? (
            <div className="empty">
              <b>{t("none")}</b>
              <p>{t("noneHelp")}</p>
            </div>
          ) : (
            cards.map((c) => (
              <CardView
                key={c.order.id}
                card={c}
                place={place}
                now={now}
                making={making.making(c.order)}
                sellOut={(item) => act(() => setSelling({ order: c.order.id, item }))}
                make={(on) => act(() => making.say(c.order.id, on))}
                refusal={taps.filter((x) => x.id === c.order.id && x.state === "refused")[0]}
                ready={() =>
                  act(() => {
                    hush(`${c.order.id}/asks`);
                    press(c.order, c.number);
                  })
                }
              />
            ))
          )}
        </main>
        <aside className="side" aria-label={t("dishes")}>
          {intake ? <Gauge intake={intake} place={place} /> : null}
          <h2>{t("dishes")}</h2>
          <ul>
            {dishesOf(cards).map((d) => (
              <li key={d.name}>
                <span>{d.name}</span> <b className="num">×{d.pieces}</b>
              </li>
            ))}
          </ul>
          <SoldOutList place={place} list={soldOut.list} back={bringBack} />
          {intake ? <Rest intake={intake} place={place} act={act} done={setIntake} /> : null}
          {board.later[0] ? (
            <p className="later" data-testid="later">
              {t("later", { n: board.later.length, at: clock(board.later[0].begin, place.zone) })}
            </p>
          ) : null}
        </aside>
      </div>
      {open.length > 0 ? (
        <section className="tray" aria-label={t("pressed")} data-testid="tray">
          <h2>{t("pressed")}</h2>
          {open
            .filter((x) => x.state !== "refused")
            .map((x) => (
              <TapView key={x.key} tap={x} place={place} lost={picture.state === "lost"} undo={() => takeBack(x.id)} />
            ))}
        </section>
      ) : null}
    </div>
  );
}

function TapView({ tap, place, lost, undo }: { tap: Tap; place: Place; lost: boolean; undo: () => void }) {
  const what = `${nameOf(place, tap.channel)} ${tap.number}`;
  const left = Math.max(0, Math.ceil((tap.at + undoFor - Date.now()) / 1000));
  return (
    <span className="tap" data-testid="tap" data-state={tap.state}>
      <Mark place={place} channel={tap.channel} /> <b className="num">{tap.number}</b>
      {tap.state === "held" ? (
        <button type="button" className="key" aria-label={t("undoOf", { what })} onClick={undo}>
          {t("undo")} <span className="num">{left}</span>
        </button>
      ) : (
        <span>{t(lost ? "unsent" : "sending")}</span>
      )}
    </span>
  );
}

type CardProps = {
  card: Card;
  place: Place;
  now: number;
  refusal: Tap | undefined;
  ready: () => void;
  making: boolean;
  make: (on: boolean) => void;
  sellOut: (item: string) => void;
};

function CardView({ card, place, now, refusal, ready, making, make, sellOut }: CardProps) {
  const o = card.order;
  const items = useAllItems(o);
  const left = card.by - now;
  const tone = left < 0 ? "over" : left < 3 * 60_000 ? "soon" : "calm";
  const pending = o.pending.filter((p) => p.kind === "ready")[0];
  const over = pending && (pending.state === "refused" || pending.state === "void");
  const unclear = pending && (pending.state === "unknown" || pending.state === "person");
  const may = o.actions.indexOf("ready") >= 0;
  const pockets = Array.from(new Set(items.map((i) => i.pocket))).sort((a, b) => a - b);
  const waits = Math.floor((now - card.rider) / 60_000);
  const what = `${nameOf(place, o.channel)} ${card.number}`;
  return (
    <article className={`card ${tone} ${card.rider || card.reminded ? "raised" : ""}`} data-testid="card" data-id={o.id} aria-label={what}>
      <div className="card-top">
        <div className="card-who">
          <Mark place={place} channel={o.channel} />
          <span>{nameOf(place, o.channel)}</span>
        </div>
        <b className="card-number num">{card.number}</b>
        <div className={`card-due ${tone}`}>
          <b className="num">{t(left < 0 ? "late" : "left", { time: clockText(Math.abs(left)) })}</b>
          <span>{t("by", { at: clock(card.by, place.zone) })}</span>
        </div>
      </div>
      <p className="card-flags">
        {card.rider ? <b className="flag bad">{waits > 0 ? t("rider", { n: waits }) : t("riderNow")}</b> : null}
        {card.reminded ? (
          <b className="flag bad" title={t("remindedLong")}>
            {t("reminded")}
          </b>
        ) : null}
        {o.shop?.mode === "watch" ? <b className="flag">{t("watchOnly")}</b> : null}
        {o.shop?.mode === "goods" ? <b className="flag">{t("goodsOnly")}</b> : null}
        {o.promised_at > 0 ? <b className="flag">{t("preorder", { at: clock(o.promised_at, place.zone) })}</b> : null}
        {o.table ? <b className="flag">{t("table", { table: o.table })}</b> : null}
        {o.logistics === "pickup" ? <b className="flag">{t("pickup")}</b> : null}
        {making ? (
          <b className="flag making" data-testid="making">
            {t("making")}{" "}
            {o.making_at > 0 ? t("makingBy", { name: o.making_by, n: Math.max(0, Math.floor((now - o.making_at) / 60_000)) }) : ""}
          </b>
        ) : null}
      </p>
      {o.remark ? (
        <p className="card-remark">
          <b>{t("remark")}</b> {o.remark}
        </p>
      ) : null}
      {pockets.map((p) => (
        <div key={p}>
          {pockets.length > 1 ? <h3>{t("pocket", { n: p || 1 })}</h3> : null}
          <ul className="lines">
            {items
              .filter((i) => i.pocket === p)
              .map((i, n) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: lines have no key of their own here, and keep their places
                <Dish key={n} item={i} sellOut={() => sellOut(i.name)} />
              ))}
          </ul>
        </div>
      ))}
      {items.length < o.line_count ? <p role="status">{t("moreLines", { n: o.line_count - items.length })}</p> : null}
      {refusal ? (
        <p className="trouble" role="alert">
          {refusal.words ? t("stopped", { words: refusal.words }) : t("stoppedPlain")}
        </p>
      ) : over ? (
        <p className="trouble" role="alert">
          {t("refusedBy", { words: pending.words })}
        </p>
      ) : unclear ? (
        <p className="trouble" role="alert">
          {t("unknown")}
        </p>
      ) : null}
      {may ? (
        <div className="card-do">
          {making ? (
            <>
              <button type="button" className="key" aria-label={t("notMakingOf", { what })} onClick={() => make(false)}>
                {t("undo")}
              </button>
              <button type="button" className="ready" aria-label={t("readyOf", { what })} onClick={ready}>
                {t("ready")}
              </button>
            </>
          ) : (
            <>
              <button type="button" className="ready begin" aria-label={t("makeOf", { what })} onClick={() => make(true)}>
                {t("make")}
              </button>
              <button type="button" className="key" aria-label={t("readyOf", { what })} onClick={ready}>
                {t("ready")}
              </button>
            </>
          )}
        </div>
      ) : (
        <p className="card-not">{pending && !over ? (unclear ? "" : t("sending")) : t("notYet")}</p>
      )}
    </article>
  );
}

function Dish({ item, sellOut }: { item: Item; sellOut: () => void }) {
  const press = useLongPress(sellOut);
  const gone = item.refunded >= item.quantity && item.quantity > 0;
  const left = item.quantity - item.refunded;
  const words = (
    <>
      <span className="pieces num">{gone ? item.quantity : left}×</span>{" "}
      <button type="button" className="dish" title={t("outHint")} {...press}>
        {item.name}
      </button>
      {item.options ? <strong className="options">{item.options}</strong> : null}
      {item.note ? <strong className="note">{item.note}</strong> : null}
    </>
  );
  return (
    <li className={gone ? "gone" : ""} data-testid="line">
      {gone ? <s>{words}</s> : words}
      {item.refunded > 0 ? <b className="flag">{t("refunded", { n: item.refunded })}</b> : null}
    </li>
  );
}

/** All lines of an order: a summary has the first six, the rest is read. */
function useAllItems(o: OrderSummary): Item[] {
  const [all, setAll] = useState<{ seq: number; items: Item[] }>();
  const short = o.items.length < o.line_count;
  useEffect(() => {
    if (!short || all?.seq === o.seq) return;
    let left = false;
    const read = () =>
      call<WireOrder>("GET", `/orders/${o.id}`).then(
        (got) => {
          if (left) return;
          const lines = readOrder(got).lines.map((l) => ({
            name: l.name,
            quantity: l.quantity,
            options: [l.spec].concat(l.options).filter(Boolean).join(" · "),
            note: l.note,
            refunded: l.refunded_quantity,
            pocket: Number(l.pocket) || 0,
          }));
          setAll({ seq: o.seq, items: lines });
        },
        () => {
          if (!left) timer = setTimeout(read, 5000);
        },
      );
    let timer = setTimeout(read, 0);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [short, o.id, o.seq, all?.seq]);
  return short && all ? all.items : o.items;
}

/** Keeps cards in their places while a hand is on the screen and for two seconds after: none slides under a finger. */
function useSteady(cards: Card[]): Card[] {
  const touched = useRef(0);
  const last = useRef<string[]>([]);
  useEffect(() => {
    const touch = () => {
      touched.current = Date.now();
    };
    document.addEventListener("pointerdown", touch, true);
    document.addEventListener("pointerup", touch, true);
    return () => {
      document.removeEventListener("pointerdown", touch, true);
      document.removeEventListener("pointerup", touch, true);
    };
  }, []);
  if (Date.now() - touched.current < 2000) {
    const place = (c: Card) => {
      const n = last.current.indexOf(c.order.id);
      return n < 0 ? last.current.length : n;
    };
    return cards
      .map((c, n) => ({ c, n }))
      .sort((a, b) => place(a.c) - place(b.c) || a.n - b.n)
      .map((x) => x.c);
  }
  last.current = cards.map((c) => c.order.id);
  return cards;
}

/** Orders that were cancelled while they were being made, until somebody has seen it; kept over reloads. */
function useStops(store: string, orders: ReadonlyMap<string, OrderSummary>) {
  const name = `floor.stops.${store}`;
  type Kept = { made: string[]; list: Stopped[]; noted: string[] };
  const [kept, setKept] = useState<Kept>(() => recallJSON<Kept>(name, { made: [], list: [], noted: [] }));
  useEffect(() => {
    setKept((old) => {
      const fresh: string[] = [];
      orders.forEach((o) => {
        if ((o.status === "accepted" || o.status === "ready") && o.kind === "takeaway" && old.made.indexOf(o.id) < 0) fresh.push(o.id);
      });
      const made = fresh.length > 0 ? old.made.concat(fresh).slice(-500) : old.made;
      const list = stops(orders.values(), new Set(made), old.list, new Set(old.noted));
      return made === old.made && list === old.list ? old : { ...old, made, list };
    });
  }, [orders]);
  useEffect(() => remember(name, JSON.stringify(kept)), [name, kept]);
  const note = (id: string) =>
    setKept((old) => ({ ...old, list: old.list.filter((s) => s.id !== id), noted: old.noted.concat(id).slice(-500) }));
  return { list: kept.list, note };
}

/** Orders that nobody has accepted and nothing is being done about. */
function newOnes(place: Place, orders: ReadonlyMap<string, OrderSummary>): Waiting[] {
  return Array.from(orders.values())
    .filter((o) => !o.shop?.mode && o.status === "new" && o.kind === "takeaway" && !o.pending.some((p) => !ended(p.state)))
    .map((o) => ({
      kind: "new" as const,
      id: `${o.id}/new`,
      channel: nameOf(place, o.channel),
      number: o.day_seq,
      quantity: o.quantity,
      at: o.deadline && o.deadline.kind === "accept" ? o.deadline.at : 0,
    }));
}

const askRings = 10 * 60_000;

/** What the kitchen hears. */
function waitingIn(place: Place, cards: Card[], stopped: Stopped[], hushed: ReadonlySet<string>, now: number): Waiting[] {
  const out: Waiting[] = stopped.map((s) => ({
    kind: "cancel",
    id: `${s.id}/stop`,
    channel: nameOf(place, s.channel),
    number: s.number,
    quantity: 0,
    at: 0,
  }));
  for (const c of cards) {
    if (c.order.shop?.mode) continue; // another system works it
    const base = { channel: nameOf(place, c.order.channel), number: c.number, quantity: c.order.quantity, at: 0 };
    const rider = riderOf(c.order, now);
    if (rider > 0) out.push({ ...base, kind: "rider", id: `${c.order.id}/rider${rider}`, once: true, minutes: rider });
    const asks = `${c.order.id}/asks`;
    if (c.reminded && !hushed.has(asks) && now - c.order.changed_at < askRings) out.push({ ...base, kind: "reminder", id: asks });
    out.push({ ...base, kind: "make", id: c.order.id, once: true });
  }
  return out;
}

/** 4:05, or 1:04:05. */
function clockText(ms: number): string {
  const s = Math.floor(ms / 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  const h = Math.floor(s / 3600);
  const m = Math.floor((s % 3600) / 60);
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}
