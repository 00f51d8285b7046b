import { act, busy, dismiss, type Standing, standing, useDoing } from "../../data/act";
import { serverNow, useNow } from "../../data/clock";
import type { OrderSummary } from "../../data/model";
import { clockSeconds } from "../../format/time";
import { Icon } from "../../ui/icons";
import { useWho } from "../../ui/who";
import { useWords } from "../../words";
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
  const now = useNow();
  const s = standing(order, useDoing(order.id), now);
  return (
    <ActWords
      standing={s}
      kind={order.kind}
      zone={zone}
      noted={() => dismiss(order.id)}
      takeBack={(effect) => {
        dismiss(order.id);
        void act(order.id, { kind: "void", for: effect });
      }}
    />
  );
}

type WordsProps = {
  standing: Standing;
  /** takeaway or ecommerce: a kitchen and a shop call the same act by different words */
  kind: string;
  zone: string;
  noted: () => void;
  takeBack?: (effect: string) => void;
};

/** Where an act stands, in words. */
export function ActWords({ standing: s, kind, zone, noted, takeBack }: WordsProps) {
  const { t } = useWords();
  const who = useWho();
  if (s.kind === "idle") return null;
  const what = actLabel(t, s.act, kind);
  const over = s.kind === "refused" || s.kind === "stopped";
  const tone =
    over || s.kind === "person" ? "bad" : ["unknown", "slow", "unsent"].includes(s.kind) ? "warn" : s.kind === "done" ? "good" : "";
  return (
    <span className={`act-state ${tone}`} role="status" data-testid="act-state" data-state={s.kind}>
      {s.kind === "sending" ? <i className="spin" aria-hidden="true" /> : null}
      {s.kind === "done" ? <Icon name="check" size={14} /> : null}
      {over || s.kind === "person" || s.kind === "unknown" ? <Icon name="warn" size={14} /> : null}
      <span className="clip" title={"words" in s ? s.words : undefined}>
        {s.kind === "refused" || s.kind === "stopped"
          ? t(`standing.${s.kind}`, {
              what,
              words: s.words || t("standing.noWords"),
            })
          : s.kind === "faster"
            ? t("standing.faster", { what, by: who(s.by), at: s.at > 0 ? clockSeconds(s.at, zone) : "" })
            : t(`standing.${s.kind}`, { what, left: s.kind === "held" ? s.left : 0 })}
      </span>
      {s.kind === "held" && takeBack ? (
        <button
          type="button"
          className="btn small"
          data-testid="take-back"
          onClick={(e) => {
            e.stopPropagation();
            takeBack(s.effect);
          }}
        >
          {t("standing.takeBack")}
          <span className="sr-only"> {what}</span>
        </button>
      ) : null}
      {over ? (
        <button type="button" className="link" onClick={noted}>
          {t("do.noted")}
        </button>
      ) : null}
    </span>
  );
}
