import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { OrderSummary } from "../../data/model";
import { actLabel, batchable } from "./acts";
import { startBatch, startShipping } from "./batches";

type Props = { orders: OrderSummary[]; shown: OrderSummary[]; choose: (ids: string[]) => void; total: number; more: boolean };

/** The head of the list: what the columns are, or what can be done with the rows that are chosen. Same height either way. */
export function BatchBar({ orders, shown, choose, total, more }: Props) {
  const { t } = useTranslation();
  const box = useRef<HTMLInputElement>(null);
  const all = orders.length > 0 && orders.length === shown.length;
  useEffect(() => {
    if (box.current) box.current.indeterminate = orders.length > 0 && !all;
  }, [orders.length, all]);

  const acts = batchable.map((kind) => ({ kind, able: orders.filter((o) => o.actions.includes(kind)) })).filter((a) => a.able.length > 0);

  return (
    <div className={`list-head ${orders.length > 0 ? "active" : ""}`} role="toolbar" aria-label={t("batch.label")}>
      <label className="pick">
        <input
          ref={box}
          type="checkbox"
          checked={all}
          disabled={shown.length === 0}
          onChange={() => choose(all ? [] : shown.slice(0, 500).map((o) => o.id))}
        />
        <span className="sr-only">{t("batch.all")}</span>
      </label>
      {orders.length === 0 ? (
        <>
          <span>{t("col.order")}</span>
          <span>{t("col.due")}</span>
          <span>{t("col.items")}</span>
          <span>{t("col.promise")}</span>
          <span>{t("col.customer")}</span>
          <span className="right">{t("col.total")}</span>
          <span className="right num head-count">{more ? t("list.loaded", { count: total }) : t("list.count", { count: total })}</span>
        </>
      ) : (
        <div className="batch-acts">
          <b className="num">{t("batch.chosen", { count: orders.length })}</b>
          {acts.map(({ kind, able }) => (
            <button
              key={kind}
              type="button"
              className="btn small primary"
              onClick={() => {
                if (kind === "ship") startShipping(able);
                else void startBatch(kind, able);
                choose([]);
              }}
            >
              {t("batch.do", { what: actLabel(t, kind, able[0]?.kind ?? "") })} <span className="num">{able.length}</span>
            </button>
          ))}
          {acts.length === 0 ? <span className="quiet">{t("batch.nothing")}</span> : null}
          <button type="button" className="btn small ghost" onClick={() => choose([])}>
            {t("batch.none")}
          </button>
        </div>
      )}
    </div>
  );
}
