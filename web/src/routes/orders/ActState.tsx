import { useTranslation } from "react-i18next";
import { busy, dismiss, type Standing, standing, useDoing } from "../../data/act";
import { serverNow, useNow } from "../../data/clock";
import type { OrderSummary } from "../../data/model";
import { clockSeconds } from "../../format/time";
import { useWho } from "../../ui/who";
import { actLabel } from "./acts";

/** Where the acts on an order stand, for a button that must not be pressed twice. */
export function useStanding(o: OrderSummary): Standing {
  const doing = useDoing(o.id);
  return standing(o, doing, serverNow());
}

export function useBusy(o: OrderSummary): boolean {
  return busy(useStanding(o));
}

/** The words for it; nothing while nothing is going on. */
export function ActState({ order, zone }: { order: OrderSummary; zone: string }) {
  const doing = useDoing(order.id);
  const idle = standing(order, doing, 0).kind === "idle";
  return idle ? null : <Ticking order={order} zone={zone} />;
}

function Ticking({ order, zone }: { order: OrderSummary; zone: string }) {
  const { t } = useTranslation();
  const now = useNow();
  const who = useWho();
  const s = standing(order, useDoing(order.id), now);
  if (s.kind === "idle") return null;
  const what = actLabel(t, s.act, order.kind);
  const over = s.kind === "refused" || s.kind === "stopped";
  const tone = over || s.kind === "person" ? "bad" : s.kind === "unknown" || s.kind === "slow" || s.kind === "unsent" ? "warn" : "";
  return (
    <span className={`act-state ${tone}`} role="status" data-testid="act-state" data-state={s.kind}>
      {s.kind === "sending" ? <i className="spin" aria-hidden="true" /> : null}
      <span className="clip" title={"words" in s ? s.words : undefined}>
        {s.kind === "refused" || s.kind === "stopped"
          ? t(`standing.${s.kind}`, {
              what,
              words: s.why ? t(`why.${s.why}`, { defaultValue: s.words }) : s.words || t("standing.noWords"),
            })
          : s.kind === "faster"
            ? t("standing.faster", { what, by: who(s.by), at: s.at > 0 ? clockSeconds(s.at, zone) : "" })
            : t(`standing.${s.kind}`, { what })}
      </span>
      {over ? (
        <button type="button" className="link" onClick={() => dismiss(order.id)}>
          {t("do.noted")}
        </button>
      ) : null}
    </span>
  );
}
