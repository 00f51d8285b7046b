import { memo } from "react";
import type { Act, Order } from "../../data/model";
import { usePhone } from "../../ui/device";
import { toast } from "../../ui/toast";
import { useWords } from "../../words";
import { ActState, useBusy } from "../orders/ActState";
import { actLabel, denies, urgeable, whyText } from "../orders/acts";
import { begin } from "../orders/asked";

/** One act as a button. A forbidden one can still be reached by keyboard and pressed, and says why: an unexplained grey button helps nobody. */
export function ActButton({ order, act, small, first }: { order: Order; act: Act; small?: boolean; first?: boolean }) {
  const { t } = useWords();
  const waits = useBusy(order);
  const label = actLabel(t, act.kind, order.kind, order.logistics);
  const why = act.allowed ? "" : whyText(t, act);
  const tone = denies(act.kind) ? "danger" : first || act.kind === "refund_approve" ? "primary" : "";
  return (
    <button
      type="button"
      className={`btn ${small ? "small" : ""} ${act.allowed ? tone : ""}`}
      disabled={act.allowed && waits}
      aria-disabled={!act.allowed}
      title={why || undefined}
      onClick={() => (act.allowed ? void begin(order, act.kind, act.for) : toast(why))}
    >
      {label}
      {why ? <span className="sr-only">: {why}</span> : null}
    </button>
  );
}

const rank = (a: Act) => (a.allowed ? 0 : 10) + (denies(a.kind) ? 2 : a.kind === "refund_partial" ? 1 : 0);

/** The acts on an order, allowed ones first; below, in words, why the others are not. */
export const ActBar = memo(function ActBar({ order: o, zone }: { order: Order; zone: string }) {
  const { t } = useWords();
  const phone = usePhone();
  const acts = o.action_list
    .filter(
      (a) =>
        a.kind !== "note" &&
        a.kind !== "remind_reply" &&
        (a.for === "" || (!(o.slow && a.for === "slow") && !o.after_sales.some((s) => s.key === a.for))),
    )
    .sort((a, b) => rank(a) - rank(b));
  const allowed = acts.filter((a) => a.allowed);
  const forbidden = acts.filter((a) => !a.allowed);
  const first = allowed.find((a) => !denies(a.kind) && !a.kind.startsWith("refund"));
  return (
    <footer className="act-bar">
      <div className="act-bar-state">
        <ActState order={o} zone={zone} />
      </div>
      <div className="act-bar-buttons">
        {allowed.map((a) => (
          <ActButton key={`${a.kind}/${a.for}`} order={o} act={a} first={a === first} />
        ))}
        {phone ? <Handy order={o} /> : null}
        {allowed.length === 0 && !phone ? <span className="quiet">{t("order.noActs")}</span> : null}
      </div>
      {forbidden.length > 0 ? (
        <details className="why">
          <summary>{t("order.whyNot", { count: forbidden.length })}</summary>
          <ul>
            {forbidden.map((a) => (
              <li key={`${a.kind}/${a.for}`}>
                <ActButton order={o} act={a} small />
                <span>{whyText(t, a)}</span>
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </footer>
  );
});

/** What a phone is at hand for besides: calling, asking where the rider is, writing a note. */
function Handy({ order: o }: { order: Order }) {
  const { t } = useWords();
  const note = o.action_list.find((a) => a.kind === "note" && a.allowed);
  return (
    <>
      {urgeable(o) ? (
        <button type="button" className="btn" onClick={() => void begin(o, "urge")}>
          {t("act.urge")}
        </button>
      ) : null}
      {o.full_customer || o.deliveries.some((d) => d.rider) ? (
        <button type="button" className="btn" onClick={() => void begin(o, "call")}>
          {t("order.call")}
        </button>
      ) : null}
      {note ? <ActButton order={o} act={note} /> : null}
    </>
  );
}
