import { useMutation, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { answer, api, Failure, onceKey } from "../../data/api";
import { useMinute } from "../../data/clock";
import type { Order, Slow } from "../../data/model";
import { moment } from "../../format/time";
import { toast } from "../../ui/toast";
import { useWords, word } from "../../words";
import { ActButton } from "./ActBar";

const Evidence = lazy(() => import("./Evidence").then((m) => ({ default: m.Evidence })));

/** The place of its pictures and acts, as the service names it. */
const key = "slow";

/** 出餐慢: what the platform holds against how an order was made, the appeal against it, and that somebody has read it. */
export function SlowMark({ order: o, slow: s, zone }: { order: Order; slow: Slow; zone: string }) {
  const { t } = useWords();
  const now = useMinute();
  const client = useQueryClient();
  const note = useMutation({
    mutationFn: () =>
      answer(
        api.POST("/api/v1/messages/take", {
          params: { header: { "Idempotency-Key": onceKey() } },
          body: { key: `slow/${o.id}/${key}`, take: true },
        }),
      ),
    onSettled: () => void client.invalidateQueries({ queryKey: ["concerns"] }),
    onError: (e) => toast(e instanceof Failure && e.status === 404 ? t("msg.over") : e instanceof Failure ? e.message : String(e)),
  });
  const acts = o.action_list.filter((x) => x.for === key && (x.allowed || s.can_appeal));
  return (
    <div className={`case ${s.can_appeal && !s.seen_by ? "open" : ""}`} data-testid="slow" data-state={s.state}>
      <div className="case-head">
        <b>{t("slow.title")}</b>
        <span className={`chip ${s.state === "spared" ? "good" : "bad"}`}>{word(t, "slow", s.state)}</span>
      </div>
      {s.appeal ? (
        <p className={`notice ${s.appeal === "rejected" ? "bad" : ""}`} data-testid="slow-appeal" data-state={s.appeal}>
          {word(t, "appeal", s.appeal)} <small className="num">{s.appeal_at > 0 ? moment(s.appeal_at, now, zone) : ""}</small>{" "}
          {s.appeal_by ? <small>{t("appeal.notedBy", { who: s.appeal_by })}</small> : null}
        </p>
      ) : null}
      <Suspense>
        <Evidence order={o.id} sale={key} over now={now} zone={zone} />
      </Suspense>
      {s.seen_by ? <p className="quiet">{t("rules.lostSeen", { who: s.seen_by })}</p> : null}
      {acts.length > 0 || (s.can_appeal && !s.seen_by) ? (
        <div className="case-acts">
          <span className="case-buttons">
            {s.can_appeal && !s.seen_by ? (
              <button type="button" className="btn" disabled={note.isPending} onClick={() => note.mutate()}>
                {t("do.noted")}
              </button>
            ) : null}
            {acts.map((x) => (
              <ActButton key={x.kind} order={o} act={x} />
            ))}
          </span>
        </div>
      ) : null}
    </div>
  );
}
