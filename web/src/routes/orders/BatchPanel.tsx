import { lazy, Suspense } from "react";
import { Icon } from "../../ui/icons";
import { useChannelName } from "../../ui/Mark";
import { useWords } from "../../words";
import { actLabel } from "./acts";
import { close, type Run, retry, useRuns, useShipping } from "./batches";
import { useLabelRuns } from "./labels";
import { numberText, useOrderName } from "./OrderRow";

const LabelPanel = lazy(() => import("./LabelPanel"));
const ShipForm = lazy(() => import("./ShipForm").then((m) => ({ default: m.ShipForm })));

/** How far the batches are, a result an order, failures first and staying until somebody has read them. */
export function BatchPanel() {
  const runs = useRuns();
  const shipping = useShipping();
  const labels = useLabelRuns();
  return (
    <>
      <div className="batches">
        {runs.map((run) => (
          <Progress key={run.id} run={run} />
        ))}
        <Suspense>
          {labels.map((run) => (
            <LabelPanel key={run.id} run={run} />
          ))}
        </Suspense>
      </div>
      <Suspense>{shipping ? <ShipForm orders={shipping} /> : null}</Suspense>
    </>
  );
}

function Progress({ run }: { run: Run }) {
  const { t } = useWords();
  const name = useOrderName();
  const channelName = useChannelName();
  const done = run.items.filter((i) => i.state === "done").length;
  const failed = run.items.filter((i) => i.state === "failed");
  const open = run.items.filter((i) => i.state === "waiting").length;
  const over = open === 0;
  const what = actLabel(t, run.kind, run.items[0]?.order.kind ?? "");
  const rest = run.items.filter((i) => i.state !== "failed");
  return (
    <section className="batch panel" aria-label={t("batch.progress", { what })} data-testid="batch-panel">
      <header>
        <h2>{t("batch.progress", { what })}</h2>
        <b className="num" role="status" data-testid="batch-count">
          {run.items.length - open}/{run.items.length}
        </b>
        <button
          type="button"
          className="btn icon ghost small"
          aria-label={t("do.close")}
          onClick={() => close(run.id)}
          disabled={!over && !run.error}
        >
          <Icon name="close" />
        </button>
      </header>
      <progress max={run.items.length} value={run.items.length - open} aria-label={what} className={failed.length > 0 ? "bad" : ""} />
      <p className="batch-sum num">
        {t("batch.done", { count: done })} ·{" "}
        <span className={failed.length > 0 ? "bad" : ""}>{t("batch.failed", { count: failed.length })}</span>
      </p>
      {run.error ? (
        <p className="notice bad" role="alert">
          <Icon name="warn" /> {run.error}
        </p>
      ) : null}
      <ul className="batch-items">
        {[...failed, ...rest].map((i) => (
          <li key={i.order.id} data-state={i.state}>
            <span className="clip num" title={name(i.order)}>
              {numberText(i.order)} <small className="quiet">{channelName(i.order.channel)}</small>
            </span>
            {i.state === "failed" ? (
              <span className="bad">{i.words}</span>
            ) : i.state === "done" ? (
              <span className="good">
                <Icon name="check" size={14} /> {t("batch.ok")}
              </span>
            ) : i.state === "person" ? (
              <span className="bad">{t("batch.person")}</span>
            ) : (
              <span className="quiet">{t("batch.waiting")}</span>
            )}
          </li>
        ))}
      </ul>
      {over && failed.length > 0 ? (
        <button type="button" className="btn" onClick={() => void retry(run.id)}>
          {t("batch.retry", { count: failed.length })}
        </button>
      ) : run.error && !run.batch && run.bodies.size === 0 ? (
        <button type="button" className="btn" onClick={() => void retry(run.id)}>
          {t("do.again")}
        </button>
      ) : null}
    </section>
  );
}
