import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { answer, api, Failure, onceKey } from "../../data/api";
import { useNow } from "../../data/clock";
import type { Effect } from "../../data/model";
import { useGate } from "../../data/rights";
import { clockSeconds, moment } from "../../format/time";
import { Due } from "../../ui/Due";
import { Icon } from "../../ui/icons";
import { Sheet } from "../../ui/Sheet";
import { useWords, word } from "../../words";
import "./unclear.css";

/** An act whose outcome nobody could learn: what was tried, and the two answers that only a person can give. */
export function EffectCard({ effect: e, zone, withOrder }: { effect: Effect; zone: string; withOrder?: boolean }) {
  const { t } = useWords();
  const decide = useGate("effects.decide");
  const now = useNow();
  const client = useQueryClient();
  const [asking, setAsking] = useState<"done" | "not_done">();
  const resolve = useMutation({
    mutationFn: (outcome: "done" | "not_done") =>
      answer(
        api.POST("/api/v1/effects/{id}/resolve", {
          params: { path: { id: e.id }, header: { "Idempotency-Key": onceKey() } },
          body: { outcome },
        }),
      ),
    onSuccess: () => {
      setAsking(undefined);
      for (const key of ["effects", "order", "orders", "counts"]) void client.invalidateQueries({ queryKey: [key] });
    },
  });
  const what = word(t, "act", e.kind);
  const asks = e.state === "person";
  return (
    <article className="unclear-card" data-testid="unclear-effect" data-id={e.id}>
      <header>
        <Icon name="unclear" />
        <b>{t("unclear.what", { what })}</b>
        {withOrder && e.order_id ? (
          <Link to="/orders/$orderId" params={{ orderId: e.order_id }} search={{ tab: "all" }}>
            {t("unclear.order")}
          </Link>
        ) : null}
        {e.deadline_at > 0 ? <Due at={e.deadline_at} from={0} zone={zone} label={t("unclear.until")} /> : null}
      </header>
      <p>{t(asks ? "unclear.person" : "unclear.checking")}</p>
      {e.words ? <p className="quiet">{e.words}</p> : null}
      <ol className="attempts num">
        {e.attempts.map((a) => (
          <li key={a.n}>
            {t("unclear.attempt", { n: a.n })} <time>{now - a.at > 86_400_000 ? moment(a.at, now, zone) : clockSeconds(a.at, zone)}</time>{" "}
            {word(t, "outcome", a.outcome) || t("outcome.none")} {a.words}
          </li>
        ))}
      </ol>
      {asks ? (
        <div className="unclear-acts">
          <button type="button" className="btn small" {...decide} onClick={() => setAsking("done")}>
            {t("unclear.done")}
          </button>
          <button type="button" className="btn small" {...decide} onClick={() => setAsking("not_done")}>
            {t("unclear.notDone")}
          </button>
        </div>
      ) : null}
      {asking ? (
        <Sheet
          title={t(asking === "done" ? "unclear.done" : "unclear.notDone")}
          close={() => setAsking(undefined)}
          footer={
            <>
              <button type="button" className="btn" onClick={() => setAsking(undefined)}>
                {t("do.cancel")}
              </button>
              <button
                type="button"
                className={`btn primary ${asking === "not_done" ? "danger" : ""}`}
                disabled={resolve.isPending}
                onClick={() => resolve.mutate(asking)}
              >
                {t(asking === "done" ? "unclear.sayDone" : "unclear.sayNotDone")}
              </button>
            </>
          }
        >
          <p>{t(asking === "done" ? "unclear.doneHelp" : "unclear.notDoneHelp", { what })}</p>
          {resolve.error ? (
            <p className="notice bad" role="alert">
              <Icon name="warn" /> {resolve.error instanceof Failure ? resolve.error.message || resolve.error.code : String(resolve.error)}
            </p>
          ) : null}
        </Sheet>
      ) : null}
    </article>
  );
}
