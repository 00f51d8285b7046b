import { useState } from "react";
import { useNow } from "../../data/clock";
import { moment } from "../../format/time";
import { useZone } from "../../shell/Shell";
import { Icon } from "../../ui/icons";
import { useChannelName } from "../../ui/Mark";
import { useWords } from "../../words";
import { inWords } from "../../words/reasons";
import { closeLabels, decideLabels, type LabelRun, printFrom, retryLabels, send, underWay, whyNot } from "./labels";
import { numberText, useOrderName } from "./OrderRow";
import "./labels.css";

/** How far labels are: what came, what is on paper, and which orders have none and why. */
export default function LabelPanel({ run }: { run: LabelRun }) {
  const { t } = useWords();
  const name = useOrderName();
  const channelName = useChannelName();
  const now = useNow();
  const zone = useZone();
  const [from, setFrom] = useState("");
  const b = run.batch;
  const of = new Map(run.orders.map((o) => [o.id, o]));
  const failed = b?.results.filter((r) => r.state === "failed" || r.state === "person") ?? [];
  const open = b ? run.busy || underWay(b) : !run.error && !run.before;
  const ended = b ? b.results.filter((r) => r.state !== "waiting" && r.state !== "sending").length : 0;
  const total = b?.total ?? run.orders.length;
  const out = b?.jobs.filter((j) => j.state === "done").reduce((n, j) => n + j.to - j.from + 1, 0) ?? 0;
  const trouble =
    b?.jobs.filter((j) => j.state === "person" || j.state === "refused" || j.state === "void" || (j.words && j.state !== "done")) ?? [];
  return (
    <section className="batch panel labels" aria-label={t("labels.print")} data-testid="label-panel">
      <header>
        <h2>{t("labels.print")}</h2>
        <b className="num" role="status" data-testid="label-count">
          {ended}/{total}
        </b>
        <button
          type="button"
          className="btn icon ghost small"
          aria-label={t("do.close")}
          onClick={() => closeLabels(run.id)}
          disabled={open && !run.error && run.stale === 0}
        >
          <Icon name="close" />
        </button>
      </header>
      <progress max={total} value={ended} aria-label={t("labels.print")} className={failed.length > 0 ? "bad" : ""} />
      {run.before ? (
        <div role="alertdialog" aria-label={run.before} className="label-ask" data-testid="label-before">
          <p className="notice">
            <Icon name="warn" /> {run.before}
          </p>
          {run.orders.length > 1 ? (
            <button type="button" className="btn primary" onClick={() => void send(run.id, "skip")}>
              {t("labels.skip")}
            </button>
          ) : null}
          <button type="button" className="btn" onClick={() => void send(run.id, "all")}>
            {t("labels.again", { count: run.orders.length })}
          </button>
        </div>
      ) : null}
      {b ? (
        <p className="batch-sum num" data-testid="label-sum">
          {b.labels > 0 ? t("labels.fetched", { labels: b.labels, done: b.done, total }) : t("labels.getting")}
          {b.pages > 0 ? ` · ${t("labels.pages", { count: b.pages })}` : ""}
          {b.jobs.length > 0 ? ` · ${t("labels.out", { n: Math.min(out, b.labels), total: b.labels })}` : ""}
        </p>
      ) : null}
      {b && ended === total ? (
        <p className={failed.length > 0 ? "bad" : "good"} data-testid="label-check">
          <Icon name={failed.length > 0 ? "warn" : "check"} size={14} />{" "}
          {failed.length > 0 ? t("labels.missing", { count: failed.length }) : t("labels.all")}
        </p>
      ) : null}
      {run.error ? (
        <p className="notice bad" role="alert">
          <Icon name="warn" /> {run.error}
        </p>
      ) : run.stale > 0 ? (
        <p className="notice warn" role="status" data-testid="label-stale">
          <Icon name="warn" /> {t("labels.stale", { at: moment(run.stale, now, zone) })}
        </p>
      ) : null}
      {failed.length > 0 ? (
        <>
          <ul className="batch-items">
            {failed.map((r) => {
              const o = of.get(r.order_id);
              return (
                <li key={r.order_id} data-state="failed">
                  <span className="clip num" title={o ? name(o) : r.order_id}>
                    {o ? numberText(o) : r.order_id} <small className="quiet">{o ? channelName(o.channel) : ""}</small>
                  </span>
                  <span className="bad">{whyNot(r)}</span>
                </li>
              );
            })}
          </ul>
          {open ? null : (
            <button type="button" className="btn" onClick={() => void retryLabels(run.id)}>
              {t("batch.retry", { count: failed.length })}
            </button>
          )}
        </>
      ) : null}
      {trouble.length > 0 ? (
        <ul className="batch-items">
          {trouble.map((j) => (
            <li key={j.id} data-state={j.state}>
              <span className="num">{t("labels.printing", { from: j.from, to: j.to })}</span>
              <span className="bad">{inWords(j.words ?? "", j.why) || t(`printer.ticketStates.${j.state}`)}</span>
              {j.state === "person" ? (
                <span className="case-buttons">
                  <button type="button" className="btn small" disabled={run.busy} onClick={() => void decideLabels(run.id, j.id, true)}>
                    {t("printer.cameOut")}
                  </button>
                  <button type="button" className="btn small" disabled={run.busy} onClick={() => void decideLabels(run.id, j.id, false)}>
                    {t("printer.cameNot")}
                  </button>
                </span>
              ) : null}
            </li>
          ))}
        </ul>
      ) : null}
      {run.document ? (
        <span className="label-doc">
          <a className="btn primary" href={run.document} target="_blank" rel="noreferrer" data-testid="label-open">
            {t("labels.open")}
          </a>
          <a className="btn" href={run.document} download={b?.format === "pdf" ? "labels.pdf" : "labels.zpl"}>
            {t("labels.save")}
          </a>
        </span>
      ) : null}
      {b && b.printer_id !== "" && b.labels > 0 && !open ? (
        <form
          className="label-from"
          onSubmit={(e) => {
            e.preventDefault();
            if (Number(from) > 0) void printFrom(run.id, Number(from));
          }}
        >
          <label>
            <span>
              {t("labels.jam")} · {t("labels.fromNo")}
            </span>
            <input className="input num" type="number" min={1} max={b.labels} value={from} onChange={(e) => setFrom(e.target.value)} />
          </label>
          <button type="submit" className="btn" disabled={!(Number(from) >= 1 && Number(from) <= b.labels)}>
            {t("labels.goOn")}
          </button>
        </form>
      ) : null}
    </section>
  );
}
