import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useId, useState } from "react";
import { answer, api, Failure, onceKey } from "../../data/api";
import { useNow } from "../../data/clock";
import type { Order } from "../../data/model";
import { order as orderQuery } from "../../data/queries";
import { formatMoney } from "../../format/money";
import { clock } from "../../format/time";
import { Icon } from "../../ui/icons";
import { Sheet } from "../../ui/Sheet";
import { useWords } from "../../words";
import { promisedAt } from "../entry/at";
import { minorOf, money, readBox, typed } from "../entry/draft";
import { goods } from "../entry/goods";
import "./dialog.css";

type Line = { id: number; line: string; sku: string; name: string; quantity: number; price: string; note: string };
type Made = { more: { minor: number }; until: number };

/** Changing an order that our own people entered: its lines, its time and its remark, with ten seconds to take that back. */
export function ChangeEntry({ order: o, zone, close }: { order: Order; zone: string; close: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const now = useNow();
  const list = useId();
  const { data: offered } = useQuery(goods(o.store?.id ?? ""));
  const digits = offered?.digits ?? 2;
  const currency = offered?.currency ?? o.total?.currency ?? "CNY";
  const [lines, setLines] = useState<Line[]>(() =>
    o.lines.map((l, id) => ({
      id,
      line: l.key,
      sku: "",
      name: l.name,
      quantity: l.quantity,
      price: l.price ? typed(l.price.minor, l.price.digits) : "",
      note: l.note,
    })),
  );
  const [version] = useState(o.entry_version);
  const [remark, setRemark] = useState<string>();
  const [at, setAt] = useState(o.promised_at > 0 ? clock(o.promised_at, zone) : "");
  const [touched, setTouched] = useState(false);
  const [box, setBox] = useState("");
  const [busy, setBusy] = useState(false);
  const [words, setWords] = useState("");
  const [short, setShort] = useState(false);
  const [made, setMade] = useState<Made>();
  const edit = (id: number, next: Partial<Line>) => setLines(lines.map((l) => (l.id === id ? { ...l, ...next } : l)));

  const add = () => {
    const asked = readBox(box);
    const good = offered?.list.find((g) => g.name === asked.query);
    const name = (asked.price && !good ? asked.query.slice(0, -asked.price.length) : asked.query).trim();
    if (!name) return;
    const price = good?.price === undefined ? asked.price : typed(good.price, digits);
    setLines([
      ...lines,
      { id: Math.max(-1, ...lines.map((l) => l.id)) + 1, line: "", sku: good?.sku ?? "", name, quantity: asked.quantity, price, note: "" },
    ]);
    setBox("");
  };
  const bad = lines.some((l) => l.price.trim() === "" || minorOf(l.price, digits) === undefined || l.quantity < 1) || lines.length === 0;
  const send = async (what: () => Promise<{ more: { minor: number }; undo_until: number }>, back: boolean) => {
    setBusy(true);
    setWords("");
    try {
      const got = await what();
      await client.invalidateQueries({ queryKey: orderQuery(o.id).queryKey });
      if (back) close();
      else setMade({ more: got.more, until: got.undo_until });
    } catch (e) {
      setShort(e instanceof Failure && e.why === "stock_short");
      setWords(e instanceof Failure ? e.message || e.code : String(e));
    }
    setBusy(false);
  };
  const save = (beyond: boolean) =>
    send(
      () =>
        answer(
          api.PUT("/api/v1/orders/{id}/entry", {
            params: { path: { id: o.id }, header: { "Idempotency-Key": onceKey() } },
            body: {
              lines: lines.map((l) => ({
                line: l.line || undefined,
                sku_id: l.sku || undefined,
                name: l.line ? undefined : l.name,
                quantity: l.quantity,
                price: minorOf(l.price, digits) ?? 0,
                note: l.note.trim() || undefined,
              })),
              promised_at: touched ? promisedAt(at, zone) : undefined,
              remark: remark?.trim(),
              short: beyond || undefined,
              entry_version: version || undefined,
            },
          }),
        ),
      false,
    );
  const undo = () =>
    send(
      () =>
        answer(api.POST("/api/v1/orders/{id}/entry/undo", { params: { path: { id: o.id }, header: { "Idempotency-Key": onceKey() } } })),
      true,
    );
  const left = made ? Math.ceil((made.until - now) / 1000) : 0;
  const over = made !== undefined && left <= 0;
  useEffect(() => {
    if (over) close();
  }, [over, close]);
  if (made) {
    const sum = formatMoney(money(Math.abs(made.more.minor), digits, currency));
    return (
      <Sheet
        title={t("reenter.done")}
        close={close}
        footer={
          <>
            <button type="button" className="btn" disabled={busy} onClick={() => void undo()} data-testid="entry-undo">
              {t("entry.undoIn", { seconds: Math.max(0, left) })}
            </button>
            <button type="button" className="btn primary" onClick={close}>
              {t("reenter.close")}
            </button>
          </>
        }
      >
        <p role="status" data-testid="entry-changed" className="entry-more">
          <b>
            {made.more.minor > 0
              ? t("reenter.collect", { amount: sum })
              : made.more.minor < 0
                ? t("reenter.giveBack", { amount: sum })
                : t("reenter.even")}
          </b>
        </p>
        {words ? <p role="alert">{words}</p> : null}
      </Sheet>
    );
  }
  return (
    <Sheet
      title={t("reenter.title")}
      close={close}
      wide
      footer={
        <>
          {short ? (
            <button type="button" className="btn" disabled={busy} onClick={() => void save(true)}>
              {t("reenter.allTheSame")}
            </button>
          ) : null}
          <button type="button" className="btn primary" disabled={busy || bad} onClick={() => void save(false)} data-testid="entry-save">
            {t("reenter.save")}
          </button>
        </>
      }
    >
      <ul className="reenter-lines">
        {lines.map((l) => (
          <li key={l.id} data-testid="reenter-line">
            <b>{l.name}</b>
            <input
              className="input num"
              type="number"
              min={1}
              max={9999}
              inputMode="numeric"
              aria-label={`${t("entry.quantity")} ${l.name}`}
              value={l.quantity}
              onChange={(e) => edit(l.id, { quantity: Math.min(Math.max(Math.trunc(Number(e.target.value)) || 0, 0), 9999) })}
            />
            <input
              className="input num"
              inputMode="decimal"
              maxLength={12}
              aria-label={`${t("entry.price")} ${l.name}`}
              aria-invalid={l.price.trim() === "" || minorOf(l.price, digits) === undefined || undefined}
              value={l.price}
              onChange={(e) => edit(l.id, { price: e.target.value })}
            />
            <input
              className="input"
              maxLength={200}
              aria-label={`${t("entry.note")} ${l.name}`}
              placeholder={t("entry.note")}
              value={l.note}
              onChange={(e) => edit(l.id, { note: e.target.value })}
            />
            <button
              type="button"
              className="btn icon ghost"
              aria-label={`${t("entry.remove")} ${l.name}`}
              onClick={() => setLines(lines.filter((x) => x.id !== l.id))}
            >
              <Icon name="close" size={18} />
            </button>
          </li>
        ))}
      </ul>
      <form
        className="reenter-add"
        onSubmit={(e) => {
          e.preventDefault();
          add();
        }}
      >
        <input
          className="input"
          list={list}
          aria-label={t("entry.goods")}
          placeholder={t("entry.goodsHint")}
          value={box}
          onChange={(e) => setBox(e.target.value)}
        />
        <datalist id={list}>
          {offered?.list.slice(0, 200).map((g) => (
            <option key={`${g.sku}/${g.name}`} value={g.name} />
          ))}
        </datalist>
        <button type="submit" className="btn">
          <Icon name="plus" size={16} /> {t("reenter.add")}
        </button>
      </form>
      <label className="field">
        <span>
          {t("entry.at")} <small className="quiet">{t("entry.atHelp")}</small>
        </span>
        <input
          className="input"
          type="time"
          value={at}
          onChange={(e) => {
            setAt(e.target.value);
            setTouched(true);
          }}
        />
      </label>
      <label className="field">
        <span>{t("entry.remark")}</span>
        <input className="input" maxLength={500} value={remark ?? o.remark} onChange={(e) => setRemark(e.target.value)} />
      </label>
      {words ? (
        <p className="notice bad" role="alert">
          {words}
        </p>
      ) : null}
    </Sheet>
  );
}
