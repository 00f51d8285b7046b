import { useEffect } from "react";
import { noted, useWaiting } from "../data/act";
import { useNow } from "../data/clock";
import type { Piece } from "../data/outbox";
import { clockSeconds } from "../format/time";
import { actLabel } from "../routes/orders/acts";
import { Due } from "../ui/Due";
import { Icon } from "../ui/icons";
import { Mark } from "../ui/Mark";
import { useWho } from "../ui/who";
import { useWords } from "../words";
import { useZone } from "./Shell";
import "./unsent.css";

const atOnce = 3;

/** Presses that wait for a network, each with the time that is left for it, and afterwards what became of them. */
export function Unsent() {
  const { t } = useWords();
  const all = useWaiting().filter((p) => p.waited);
  if (all.length === 0) return null;
  // What asks for a look comes before what waits by itself.
  const shown = [...all].sort((a, b) => Number(Boolean(b.end)) - Number(Boolean(a.end)) || a.due - b.due).slice(0, atOnce);
  return (
    <section className="unsent" aria-label={t("unsent.title")} data-testid="unsent">
      <div role="status">
        <ul>
          {shown.map((p) => (
            <One key={p.key} piece={p} />
          ))}
        </ul>
      </div>
      {all.length > shown.length ? <p className="quiet">{t("unsent.more", { count: all.length - shown.length })}</p> : null}
    </section>
  );
}

function One({ piece: p }: { piece: Piece }) {
  const { t } = useWords();
  const who = useWho();
  const zone = useZone();
  const what = actLabel(t, p.kind, p.orderKind, p.logistics);
  // That the same goods were handed out twice stays until somebody has noted it.
  const well = p.end === "done" || (p.end === "faster" && p.kind !== "dispatch");
  useEffect(() => {
    if (!well) return;
    const gone = setTimeout(() => noted(p.key), 15_000);
    return () => clearTimeout(gone);
  }, [well, p.key]);
  return (
    <li data-testid="unsent-act" data-id={p.id} data-state={p.end ?? (p.sent ? "sent" : "waiting")} className={p.end && !well ? "bad" : ""}>
      <Mark channel={p.channel} />
      <b className="num">{p.number}</b>
      <span className="unsent-words">
        {p.end ? (
          <Came piece={p} what={what} by={who(p.words ?? "")} zone={zone} />
        ) : (
          t(p.sent ? "standing.sending" : "unsent.waits", { what })
        )}
      </span>
      {!p.end && !p.sent && p.due > 0 ? <Due at={p.due} from={p.at} zone={zone} label={t("unsent.left", { what })} /> : null}
      {p.end ? (
        <button type="button" className="btn small" onClick={() => noted(p.key)}>
          {t("do.noted")}
        </button>
      ) : (
        <Icon name={p.sent ? "check" : "offline"} size={16} />
      )}
    </li>
  );
}

function Came({ piece: p, what, by, zone }: { piece: Piece; what: string; by: string; zone: string }) {
  const { t } = useWords();
  const now = useNow();
  const words = p.words || t("standing.noWords");
  switch (p.end) {
    case "done":
      return t("standing.done", { what });
    case "faster":
      // Both moments, since two people have handed the same goods out.
      return p.theirs && p.kind === "dispatch"
        ? t("unsent.faster", { what, by, at: clockSeconds(p.theirs, zone), pressed: clockSeconds(p.at, zone) })
        : t("standing.faster", { what, by, at: "" });
    case "cancelled":
      // A deadline that passed while the press waited is why.
      return t(p.due > 0 && now > p.due ? "unsent.tooLate" : "unsent.cancelled", { what, words });
    case "expired":
      return t("unsent.expired", { what });
    default:
      return t("standing.refused", { what, words });
  }
}
