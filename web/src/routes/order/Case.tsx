import { lazy, Suspense } from "react";
import { useMinute } from "../../data/clock";
import type { AfterSale, Order } from "../../data/model";
import { formatMoney } from "../../format/money";
import { moment } from "../../format/time";
import { Due } from "../../ui/Due";
import { useWords, word } from "../../words";
import { whyText } from "../orders/acts";
import { ActButton } from "./ActBar";
import { Grounds } from "./Grounds";

const Evidence = lazy(() => import("./Evidence").then((m) => ({ default: m.Evidence })));

/** A refund that was asked for: what, by when, what a rule says of it, and the answer. */
export function Case({ order: o, sale: a, zone }: { order: Order; sale: AfterSale; zone: string }) {
  const { t } = useWords();
  const now = useMinute();
  const acts = o.action_list.filter((x) => x.for === a.key);
  const whys = [...new Set(acts.filter((x) => !x.allowed).map((x) => whyText(t, x)))];
  const amount = a.amount ?? (a.kind === "full" ? (o.paid ?? o.total) : null); // a request for everything may name no sum
  return (
    <div className={`case ${a.answerable ? "open" : ""}`} data-testid="after-sale">
      <div className="case-head">
        <b>{word(t, "saleKind", a.kind)}</b>
        <span className={`chip ${a.state === "asked" ? "bad" : a.state === "refunded" || a.state === "agreed" ? "good" : ""}`}>
          {word(t, "saleState", a.state)}
        </span>
        {a.lost_at > 0 ? <span className="chip bad">{t("flag.lost")}</span> : null}
        {a.theirs ? <small className="quiet">{a.theirs}</small> : null}
        <b className="num case-amount">{amount ? formatMoney(amount) : ""}</b>
      </div>
      {a.reason ? <p>{t("order.reason", { reason: a.reason })}</p> : null}
      {a.lines.length > 0 ? (
        <ul className="case-lines">
          {a.lines.map((l) => (
            <li key={l.line}>
              <span>
                {l.name} <span className="num">×{l.quantity}</span>
              </span>
              <span className="num">{l.amount ? formatMoney(l.amount) : ""}</span>
            </li>
          ))}
        </ul>
      ) : null}
      {a.pictures.length > 0 ? (
        <p className="pictures">
          {a.pictures.map((url, i) => (
            <a key={url} href={url} target="_blank" rel="noreferrer">
              <img src={url} alt={t("order.picture", { n: i + 1 })} loading="lazy" referrerPolicy="no-referrer" />
            </a>
          ))}
        </p>
      ) : null}
      <Suspense>
        <Evidence order={o.id} sale={a.key} over={a.state === "withdrawn"} now={now} zone={zone} />
      </Suspense>
      <p className="quiet num">{a.asked_at > 0 ? t("order.askedAt", { at: moment(a.asked_at, now, zone) }) : null}</p>
      {a.decision ? (
        <Grounds title={t(a.decision.yes ? "rules.decided" : "rules.notDecided")} good={a.decision.yes} grounds={a.decision.grounds} />
      ) : null}
      {a.answerable && a.advice && !a.decision?.yes ? (
        <Grounds title={t(a.advice.agree ? "rules.adviceYes" : "rules.adviceNo")} good={a.advice.agree} grounds={a.advice.grounds} />
      ) : null}
      {a.lost_at > 0 ? (
        <p className="notice bad" data-testid="case-lost">
          {t("rules.lostSaid")} <small className="num">{moment(a.lost_at, now, zone)}</small>{" "}
          {a.seen_by ? <small>{t("rules.lostSeen", { who: a.seen_by })}</small> : null}
        </p>
      ) : null}
      {a.ruled ? <p className="notice">{word(t, "ruled", a.ruled)}</p> : null}
      {a.appeal ? (
        <p className={`notice ${a.appeal === "rejected" ? "bad" : ""}`} data-testid="appeal" data-state={a.appeal}>
          {word(t, "appeal", a.appeal)} <small className="num">{a.appeal_at > 0 ? moment(a.appeal_at, now, zone) : ""}</small>{" "}
          {a.appeal_by ? <small>{t("appeal.notedBy", { who: a.appeal_by })}</small> : null}
        </p>
      ) : null}
      {a.state === "appealed" ? <p className="notice">{t("rules.appealed")}</p> : null}
      {acts.length > 0 ? (
        <div className="case-acts">
          {a.answerable && a.answer_by_at > 0 ? (
            <span>
              {t("order.answerIn")} <Due at={a.answer_by_at} from={a.asked_at} zone={zone} label={t("order.answerIn")} />
            </span>
          ) : null}
          <span className="case-buttons">
            {acts.map((x) => (
              <ActButton key={x.kind} order={o} act={x} />
            ))}
          </span>
          {a.answerable
            ? whys.map((why) => (
                <small key={why} className="quiet case-why" data-testid="why-not">
                  {why}
                </small>
              ))
            : null}
        </div>
      ) : null}
    </div>
  );
}
