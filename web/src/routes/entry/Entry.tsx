import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { onceKey } from "../../data/api";
import { useNow } from "../../data/clock";
import { stores } from "../../data/queries";
import { useMay } from "../../data/rights";
import { formatMoney } from "../../format/money";
import { Icon } from "../../ui/icons";
import { Bones, State, Trouble } from "../../ui/Screen";
import { useWords, word } from "../../words";
import type { Translate } from "../../words/reader";
import { promisedAt } from "./at";
import {
  blank,
  bodyOf,
  type Draft,
  find,
  type Good,
  type Line,
  minorOf,
  missing,
  money,
  originOf,
  origins,
  pays,
  readBox,
  reckon,
  serves,
  started,
  typed,
} from "./draft";
import { type Former, formerCustomers, type Goods, goods, recallCustomer } from "./goods";
import { Suggest } from "./Suggest";
import { type Outcome, type Saved, save, takeBack } from "./save";
import { useDraft } from "./useDraft";
import "./entry.css";

/** 录单: orders by phone and at the counter, by keyboard alone. */
export function Entry() {
  const { t } = useWords();
  const may = useMay();
  const known = useQuery(stores);
  const [draft, keep] = useDraft();
  const store = known.data?.find((s) => s.id === draft.store) ?? known.data?.[0];
  const offered = useQuery(goods(store?.id ?? ""));
  if (!may("orders.enter")) {
    return (
      <State icon="lock" title={t("state.forbidden")}>
        {t("state.forbiddenHelp")}
      </State>
    );
  }
  const error = known.error ?? offered.error;
  return (
    <div className="page entry-page">
      <div className="page-head">
        <h1>{t("nav.entry")}</h1>
        <p>{t("entry.lead")}</p>
      </div>
      {store && offered.data ? (
        <Form
          key={store.id}
          draft={{ ...draft, store: store.id }}
          change={keep}
          goods={offered.data}
          zone={store.zone}
          stores={known.data ?? []}
        />
      ) : error && !(store && offered.data) ? (
        <Trouble
          error={error}
          retry={() => {
            void known.refetch();
            void offered.refetch();
          }}
        />
      ) : known.data?.length === 0 ? (
        <State icon="board" title={t("entry.noStore")} />
      ) : (
        <Bones rows={5} height={56} />
      )}
    </div>
  );
}

type FormProps = { draft: Draft; change: (d: Draft) => void; goods: Goods; zone: string; stores: { id: string; name: string }[] };

function Form({ draft: d, change, goods: offered, zone, stores: known }: FormProps) {
  const { t } = useWords();
  const client = useQueryClient();
  const form = useRef<HTMLDivElement>(null);
  const [box, setBox] = useState("");
  const [saving, setSaving] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  const [tried, setTried] = useState(false);
  const [said, setSaid] = useState("");
  const [restored, setRestored] = useState(() => started(d));
  const { digits, currency } = offered;
  const sum = reckon(d, digits);
  const lacks = missing(d, digits);
  const show = (minor: number) => formatMoney(money(minor, digits, currency));
  const set = (next: Partial<Draft>) => change({ ...d, ...next });
  const latest = useRef(d);
  latest.current = d;

  const focus = (field: string) => {
    const el = form.current?.querySelector<HTMLElement>(`[data-field="${field}"]`);
    el?.focus();
    if (el instanceof HTMLInputElement && el.type !== "radio") el.select();
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the page opens
  useEffect(() => focus("goods"), []);

  /** The fields that Enter walks through, as they stand on the screen. */
  const walk = [
    ...(d.serve === "table" ? ["table"] : []),
    "goods",
    ...(d.serve === "delivery" || d.serve === "pickup" ? ["phone", "name"] : []),
    ...(d.serve === "delivery" ? ["address"] : []),
    ...(d.pay === "cash" ? ["tendered"] : []),
    "save",
  ];
  const after = (field: string) => focus(walk[walk.indexOf(field) + 1] ?? "save");
  const onEnter = (field: string, then?: () => void) => (e: KeyboardEvent) => {
    if (e.key !== "Enter" || e.nativeEvent.isComposing) return;
    e.preventDefault();
    if (then) then();
    else after(field);
  };

  function add(line: Omit<Line, "id">) {
    const same = d.lines.find((l) => l.sku === line.sku && l.name === line.name && l.price === line.price && l.note === "");
    const id = same?.id ?? Math.max(0, ...d.lines.map((l) => l.id)) + 1;
    // At once: whoever types fast has the price typed before a later frame.
    flushSync(() => {
      set({
        lines: same
          ? d.lines.map((l) => (l === same ? { ...l, quantity: Math.min(l.quantity + line.quantity, 9999) } : l))
          : [...d.lines, { ...line, id }],
      });
      setBox("");
      setSaid(t("entry.added", { name: line.name, count: line.quantity }));
      setOutcome(undefined);
    });
    if (line.price === "") focus(`price-${id}`); // no price is known: it is asked for
  }
  const edit = (id: number, next: Partial<Line>) => set({ lines: d.lines.map((l) => (l.id === id ? { ...l, ...next } : l)) });
  const drop = (id: number) => {
    set({ lines: d.lines.filter((l) => l.id !== id) });
    focus("goods");
  };

  const asked = readBox(box);
  const quantity = Math.min(asked.quantity, 9999);
  const fits = useMemo(() => find(offered.list, asked.query), [offered.list, asked.query]);
  const freeName = (asked.price ? asked.query.slice(0, -asked.price.length) : asked.query).trim();
  const options = [
    ...fits.map((g) => ({
      key: `${g.sku}/${g.name}`,
      text: (
        <>
          {g.name}
          {quantity > 1 ? <b className="num"> ×{quantity}</b> : null}
        </>
      ),
      more: moreOf(g, t, show),
      choose: () => add({ sku: g.sku, name: g.name, quantity, price: g.price === undefined ? "" : typed(g.price, digits), note: "" }),
    })),
    ...(freeName && !/^[\d.,]+$/.test(freeName) && !fits.some((g) => g.name === freeName)
      ? [
          {
            key: "free",
            text: t("entry.free", { name: freeName }),
            more: asked.price ? `${show(minorOf(asked.price, digits) ?? 0)} ×${quantity}` : `×${quantity}`,
            choose: () => add({ sku: "", name: freeName, quantity, price: asked.price, note: "" }),
          },
        ]
      : []),
  ];
  if (asked.price && fits.length === 0) options.reverse();

  async function press(short: boolean) {
    if (saving) return;
    setTried(true);
    if (lacks.length > 0) {
      focus(lacks[0] ?? "goods");
      return;
    }
    setSaving(true);
    setOutcome(undefined);
    const got = await save(d.key, bodyOf(d, digits, promisedAt(d.at, zone), short));
    const next = got.kind === "saved" ? blank(onceKey(), latest.current) : { ...latest.current, key: onceKey() };
    flushSync(() => {
      setSaving(false);
      setOutcome(got);
      // What was saved is gone; what was not gets another key. Only an order whose answer is lost keeps its own.
      if (got.kind !== "lost") change(next);
    });
    if (got.kind === "saved") {
      setTried(false);
      setRestored(false);
      void client.invalidateQueries({ queryKey: ["goods", d.store] });
      focus("goods");
    } else if (got.kind === "short") focus("short");
  }

  const cycle = <T extends string>(list: readonly T[], now: T): T => list[(list.indexOf(now) + 1) % list.length] as T;
  const keys = useRef<(e: globalThis.KeyboardEvent) => void>(() => {});
  keys.current = (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]")) return;
    if (e.key === "F2") {
      const serve = cycle(serves, d.serve);
      set({ serve, origin: originOf(serve) });
    } else if (e.key === "F4") set({ pay: cycle(pays, d.pay) });
    else if (e.key === "F9") void press(false);
    else if (e.key === "F8") form.current?.querySelector<HTMLButtonElement>("[data-field=undo]")?.click();
    else if (e.key === "Escape") focus("goods");
    else return;
    e.preventDefault();
  };
  useEffect(() => {
    const hear = (e: globalThis.KeyboardEvent) => keys.current(e);
    window.addEventListener("keydown", hear);
    return () => window.removeEventListener("keydown", hear);
  }, []);

  const wrong = (field: string) => tried && lacks.includes(field);
  const phoneDigits = d.phone.replace(/\D/g, "");
  const former = useQuery(formerCustomers(d.store, phoneDigits));
  const people = phoneDigits.length > 7 ? [] : (former.data ?? []);
  async function fill(f: Former) {
    const c = await recallCustomer(f);
    if (c) flushSync(() => change({ ...latest.current, ...c }));
    focus(c ? (d.serve === "delivery" ? "address" : "name") : "phone");
  }

  return (
    <div className="entry-form" data-store={d.store} ref={form}>
      <div className="entry-top">
        {outcome?.kind === "saved" ? <Done saved={outcome.saved} /> : null}
        {restored ? (
          <p className="entry-note" role="status">
            <Icon name="orders" size={18} /> {t("entry.restored")}{" "}
            <button
              type="button"
              className="btn small"
              onClick={() => {
                setRestored(false);
                change(blank(onceKey(), d));
                focus("goods");
              }}
            >
              {t("entry.drop")}
            </button>
          </p>
        ) : null}
        <p className="sr-only" role="status" data-testid="entry-said">
          {said}
        </p>
      </div>

      <section className="panel entry-how">
        {known.length > 1 ? (
          <label className="field">
            <span>{t("entry.store")}</span>
            <select className="select" value={d.store} onChange={(e) => change({ ...d, store: e.target.value })}>
              {known.map((s) => (
                <option key={s.id} value={s.id}>
                  {s.name}
                </option>
              ))}
            </select>
          </label>
        ) : null}
        <Choice
          label={t("entry.serve")}
          name="serve"
          list={serves.map((s) => [s, t(`entry.serves.${s}`)])}
          value={d.serve}
          choose={(serve) => set({ serve, origin: originOf(serve) })}
        />
        <Choice
          label={t("entry.origin")}
          name="origin"
          list={origins.map((o) => [o, t(`entry.origins.${o}`)])}
          value={d.origin}
          choose={(origin) => set({ origin })}
        />
        {d.serve === "table" ? (
          <Text
            label={t("entry.table")}
            name="table"
            value={d.table}
            set={(table) => set({ table })}
            max={20}
            invalid={wrong("table")}
            enter={onEnter("table")}
          />
        ) : null}
        <label className="field">
          <span>
            {t("entry.at")} <small className="quiet">{t("entry.atHelp")}</small>
          </span>
          <input className="input" type="time" data-field="at" value={d.at} onChange={(e) => set({ at: e.target.value })} />
        </label>
      </section>

      <section className="panel entry-goods">
        <Suggest
          name="goods"
          label={t("entry.goods")}
          hint={t("entry.goodsHint")}
          value={box}
          change={setBox}
          options={options}
          eager
          invalid={wrong("goods")}
          enter={() => after("goods")}
          up={() => {
            const last = d.lines.at(-1);
            if (last) focus(`quantity-${last.id}`);
          }}
        />
        {d.lines.length === 0 ? (
          <p className="quiet entry-empty">{offered.list.length === 0 ? t("entry.noGoods") : t("entry.noLines")}</p>
        ) : (
          <ul className="entry-lines">
            {d.lines.map((l) => (
              <li key={l.id} className="entry-line" data-testid="entry-line">
                <b className="clip">
                  {l.name} {l.sku ? <Left good={offered.list.find((g) => g.sku === l.sku)} wanted={l.quantity} /> : null}
                </b>
                <input
                  className="input num"
                  type="number"
                  min={0}
                  max={9999}
                  inputMode="numeric"
                  data-field={`quantity-${l.id}`}
                  aria-label={`${t("entry.quantity")} ${l.name}`}
                  value={l.quantity}
                  onChange={(e) => edit(l.id, { quantity: Math.min(Math.max(Math.trunc(Number(e.target.value)) || 0, 0), 9999) })}
                  onBlur={() => l.quantity === 0 && drop(l.id)}
                  onKeyDown={onEnter("", () => (l.quantity === 0 ? drop(l.id) : focus("goods")))}
                />
                <input
                  className="input num"
                  inputMode="decimal"
                  maxLength={12}
                  data-field={`price-${l.id}`}
                  aria-label={`${t("entry.price")} ${l.name}`}
                  aria-invalid={minorOf(l.price, digits) === undefined || wrong(`price-${l.id}`) || undefined}
                  placeholder={t("entry.price")}
                  value={l.price}
                  onChange={(e) => edit(l.id, { price: e.target.value })}
                  onKeyDown={onEnter("", () => focus("goods"))}
                />
                <input
                  className="input"
                  maxLength={200}
                  aria-label={`${t("entry.note")} ${l.name}`}
                  placeholder={t("entry.note")}
                  value={l.note}
                  onChange={(e) => edit(l.id, { note: e.target.value })}
                  onKeyDown={onEnter("", () => focus("goods"))}
                />
                <button type="button" className="btn icon ghost" aria-label={`${t("entry.remove")} ${l.name}`} onClick={() => drop(l.id)}>
                  <Icon name="close" size={18} />
                </button>
              </li>
            ))}
          </ul>
        )}
        <p className="quiet entry-small">{t("entry.honest")}</p>
      </section>

      <section className="panel entry-who">
        <Suggest
          name="phone"
          label={t("entry.phone")}
          value={d.phone}
          change={(phone) => set({ phone })}
          inputMode="tel"
          eager={phoneDigits.length < 7}
          invalid={wrong("phone")}
          options={people.map((f) => ({
            key: f.order,
            text: `${f.name} ${t("row.tail", { tail: f.tail })}`,
            choose: () => void fill(f),
          }))}
          enter={() => after("phone")}
        />
        <Text label={t("entry.name")} name="name" value={d.name} set={(name) => set({ name })} max={80} enter={onEnter("name")} />
        {d.serve === "delivery" ? (
          <Text
            label={t("entry.address")}
            name="address"
            value={d.address}
            set={(address) => set({ address })}
            max={300}
            invalid={wrong("address")}
            enter={onEnter("address")}
            wide
          />
        ) : null}
        <Text
          label={t("entry.remark")}
          name="remark"
          value={d.remark}
          set={(remark) => set({ remark })}
          max={500}
          enter={onEnter("remark", () => after("address"))}
          wide
        />
      </section>

      <section className="panel entry-money">
        <Choice
          label={t("entry.pay")}
          name="pay"
          list={pays.map((p) => [p, t(`entry.pays.${p}`)])}
          value={d.pay}
          choose={(pay) => set({ pay })}
        />
        {d.serve === "delivery" ? (
          <Amount
            label={t("entry.delivery")}
            name="delivery"
            value={d.delivery}
            set={(delivery) => set({ delivery })}
            bad={sum.bad.includes("delivery") ? t("entry.noAmount") : ""}
            enter={onEnter("delivery", () => focus("save"))}
          />
        ) : null}
        <Amount
          label={t("entry.discount")}
          name="discount"
          value={d.discount}
          set={(discount) => set({ discount })}
          bad={!sum.bad.includes("discount") ? "" : minorOf(d.discount, digits) === undefined ? t("entry.noAmount") : t("entry.tooMuch")}
          enter={onEnter("discount", () => focus("save"))}
        />
        {d.pay === "cash" ? (
          <Amount
            label={t("entry.tendered")}
            name="tendered"
            value={d.tendered}
            set={(tendered) => set({ tendered })}
            bad={!sum.bad.includes("tendered") ? "" : minorOf(d.tendered, digits) === undefined ? t("entry.noAmount") : t("entry.less")}
            enter={onEnter("tendered", () => void press(false))}
          />
        ) : null}
        <dl className="entry-sum">
          <div>
            <dt>{t("entry.total")}</dt>
            <dd className="num" data-testid="entry-total">
              {show(sum.total)}
            </dd>
          </div>
          {sum.change > 0 ? <div className="entry-change num">{t("entry.change", { amount: show(sum.change) })}</div> : null}
          {d.pay === "later" && sum.total > 0 ? (
            <div className="entry-change num">{t("entry.collect", { amount: show(sum.total) })}</div>
          ) : null}
        </dl>
        {outcome ? (
          <Problem
            outcome={outcome}
            go={() => void press(true)}
            back={() => {
              setOutcome(undefined);
              focus("goods");
            }}
          />
        ) : null}
        {tried && lacks.length > 0 ? (
          <p className="entry-bad" role="alert">
            {t("entry.needs", { what: labelsOf(lacks, t) })}
          </p>
        ) : null}
        <button
          type="button"
          className="btn primary entry-save"
          data-field="save"
          aria-disabled={saving || undefined}
          onClick={() => void press(false)}
        >
          {saving ? t("entry.saving") : t("entry.save")}
        </button>
        <p className="quiet entry-small entry-keys">{t("entry.keys")}</p>
      </section>
    </div>
  );
}

function labelsOf(fields: string[], t: Translate): string {
  const names = fields.map((f) => word(t, "entry", f.startsWith("price-") ? "price" : f));
  return [...new Set(names)].join(" · ");
}

function moreOf(g: Good, t: Translate, show: (minor: number) => string): ReactNode {
  return [
    g.price === undefined ? t("entry.noPrice") : show(g.price),
    g.from === "channel" ? t("entry.fromChannel") : "",
    g.sellable === undefined ? "" : t("entry.left", { count: g.sellable }),
  ]
    .filter(Boolean)
    .join(" · ");
}

function Left({ good, wanted }: { good: Good | undefined; wanted: number }) {
  const { t } = useWords();
  if (good?.sellable === undefined) return null;
  return <span className={`chip ${wanted > good.sellable ? "bad" : ""}`}>{t("entry.left", { count: good.sellable })}</span>;
}

/** What was entered, what to give back, and ten seconds to take it back. */
function Done({ saved }: { saved: Saved }) {
  const { t } = useWords();
  const now = useNow();
  const [undone, setUndone] = useState<"" | "sending" | "done">("");
  const [words, setWords] = useState("");
  const left = Math.ceil((saved.until - now) / 1000);
  async function undo() {
    if (undone) return;
    setUndone("sending");
    const why = await takeBack(saved.id);
    setWords(why ?? "");
    setUndone(why === undefined ? "done" : "");
  }
  return (
    <div className="entry-done" data-testid="entered" data-number={saved.number}>
      <p role="status">
        <Icon name="check" size={20} />{" "}
        <b className="num">
          {undone === "done" ? t("entry.undone", { number: saved.number }) : t("entry.saved", { number: saved.number })}
        </b>{" "}
        <span className="num">{formatMoney(saved.total)}</span>
        {saved.change && undone !== "done" ? <b className="num"> · {t("entry.change", { amount: formatMoney(saved.change) })}</b> : null}
      </p>
      <Link className="btn small" to="/orders/$orderId" params={{ orderId: saved.id }} search={{ tab: "all" }}>
        {t("entry.look")}
      </Link>
      {undone !== "done" && left > 0 ? (
        <button
          type="button"
          className="btn small"
          data-field="undo"
          aria-label={t("entry.undo")}
          disabled={undone === "sending"}
          onClick={() => void undo()}
        >
          {t("entry.undoIn", { seconds: left })}
        </button>
      ) : null}
      {words ? (
        <span className="entry-bad" role="alert">
          {words}
        </span>
      ) : null}
    </div>
  );
}

function Problem({ outcome: o, go, back }: { outcome: Outcome; go: () => void; back: () => void }) {
  const { t } = useWords();
  if (o.kind === "saved") return null;
  const words = o.kind === "lost" ? t("entry.lost") : o.kind === "changed" ? t("entry.maybe") : o.words;
  return (
    <div className="entry-problem" role="alert" data-testid={`entry-${o.kind}`}>
      <Icon name={o.kind === "lost" ? "offline" : "warn"} size={18} />
      <p>{words}</p>
      {o.kind === "short" ? (
        <>
          <button type="button" className="btn" data-field="short" onClick={go}>
            {t("entry.shortGo")}
          </button>
          <button type="button" className="btn ghost" onClick={back}>
            {t("entry.shortBack")}
          </button>
        </>
      ) : null}
      {o.kind === "changed" ? (
        <Link className="btn small" to="/orders" search={{ tab: "all" }}>
          {t("nav.orders")}
        </Link>
      ) : null}
    </div>
  );
}

/** One of a few, as buttons in a row; arrows move within it. */
function Choice<T extends string>(p: { label: string; name: string; list: (readonly [T, string])[]; value: T; choose: (v: T) => void }) {
  return (
    <fieldset className="entry-choice">
      <legend>{p.label}</legend>
      <div>
        {p.list.map(([value, text]) => (
          <label key={value} className={value === p.value ? "on" : ""}>
            <input type="radio" name={`entry-${p.name}`} value={value} checked={value === p.value} onChange={() => p.choose(value)} />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

type FieldProps = {
  label: string;
  name: string;
  value: string;
  set: (v: string) => void;
  enter: (e: KeyboardEvent) => void;
};

function Text(p: FieldProps & { max: number; invalid?: boolean; wide?: boolean }) {
  return (
    <label className={`field ${p.wide ? "wide" : ""}`}>
      <span>{p.label}</span>
      <input
        className="input"
        data-field={p.name}
        maxLength={p.max}
        autoComplete="off"
        aria-invalid={p.invalid || undefined}
        value={p.value}
        onChange={(e) => p.set(e.target.value)}
        onKeyDown={p.enter}
      />
    </label>
  );
}

function Amount(p: FieldProps & { bad: string }) {
  return (
    <label className="field">
      <span>{p.label}</span>
      <input
        className="input num"
        data-field={p.name}
        inputMode="decimal"
        maxLength={12}
        autoComplete="off"
        aria-invalid={p.bad !== "" || undefined}
        value={p.value}
        onChange={(e) => p.set(e.target.value)}
        onKeyDown={p.enter}
      />
      {p.bad ? (
        <small className="entry-bad" role="alert">
          {p.bad}
        </small>
      ) : null}
    </label>
  );
}
