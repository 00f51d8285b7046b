import { useEffect, useRef } from "react";
import type { OrderSummary } from "../../data/model";
import { useWords } from "../../words";
import { actLabel, batchable } from "./acts";
import { BatchTickets } from "./BatchTickets";
import { startBatch, startShipping } from "./batches";
import type { Column } from "./columns";
import { LabelButton } from "./LabelButton";

type Props = {
  columns: readonly Column[];
  /** The chosen ones. */
  orders: OrderSummary[];
  shown: OrderSummary[];
  choose: (ids: string[]) => void;
  atMost: number;
  total: number;
  more: boolean;
};

const able = (orders: OrderSummary[]) =>
  batchable.map((kind) => ({ kind, orders: orders.filter((o) => o.actions.includes(kind)) })).filter((a) => a.orders.length > 0);

function start(kind: string, orders: OrderSummary[]) {
  if (kind === "ship") startShipping(orders);
  else void startBatch(kind, orders);
}

/** Does the first act that the chosen orders allow, as the first button would. False when they allow none. */
export function batchFirst(orders: OrderSummary[]): boolean {
  const [first] = able(orders);
  if (!first) return false;
  start(first.kind, first.orders);
  return true;
}

/** The head of the list: what the columns are, or what can be done with the rows that are chosen. Same height either way. */
export function BatchBar({ columns, orders, shown, choose, atMost, total, more }: Props) {
  const { t } = useWords();
  const box = useRef<HTMLInputElement>(null);
  const all = orders.length > 0 && orders.length === shown.length;
  useEffect(() => {
    if (box.current) box.current.indeterminate = orders.length > 0 && !all;
  }, [orders.length, all]);

  const acts = able(orders);

  return (
    <div className={`list-head ${orders.length > 0 ? "active" : ""}`} role="toolbar" aria-label={t("batch.label")}>
      <label className="pick">
        <input
          ref={box}
          type="checkbox"
          checked={all}
          disabled={shown.length === 0}
          onChange={() => choose(all ? [] : shown.slice(0, atMost).map((o) => o.id))}
        />
        <span className="sr-only">{t("batch.all")}</span>
      </label>
      {orders.length === 0 ? (
        <>
          <span>{t("col.order")}</span>
          {columns.includes("due") ? <span>{t("col.due")}</span> : null}
          <span>{t("col.items")}</span>
          {columns
            .filter((c) => c !== "due")
            .map((c) => (
              <span key={c} data-col={c} className={c === "total" ? "right" : undefined}>
                {t(`col.${c}`)}
              </span>
            ))}
          <span className="right num head-count">{more ? t("list.loaded", { count: total }) : t("list.count", { count: total })}</span>
        </>
      ) : (
        <div className="batch-acts">
          <b className="num">{t("batch.chosen", { count: orders.length })}</b>
          {acts.map(({ kind, orders: some }, i) => (
            <button
              key={kind}
              type="button"
              className="btn small primary"
              onClick={() => {
                start(kind, some);
                choose([]);
              }}
            >
              {t("batch.do", { what: actLabel(t, kind, some[0]?.kind ?? "") })} <span className="num">{some.length}</span>
              {i === 0 ? (
                <span className="cap" aria-hidden="true">
                  b
                </span>
              ) : null}
            </button>
          ))}
          {acts.length === 0 ? <span className="quiet">{t("batch.nothing")}</span> : null}
          <LabelButton orders={orders} done={() => choose([])} />
          <BatchTickets orders={orders} done={() => choose([])} />
          <button type="button" className="btn small ghost" onClick={() => choose([])}>
            {t("batch.none")}
          </button>
        </div>
      )}
    </div>
  );
}
