import { Link } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useNow } from "../data/clock";
import { useLiveOrders } from "../data/live";
import type { OrderSummary } from "../data/model";
import { useWaitingOrders } from "../data/queries";
import { countdown } from "../format/countdown";
import { Icon } from "../ui/icons";
import { useChannelName } from "../ui/Mark";
import { useRinging, useSpeakingTab } from "./ringing";
import { switchOn, unlockOnPress, useSpeaker } from "./speaker";
import { waitingFor } from "./waiting";

const seen = new Set<string>();

/** Notes that a person has opened an order on this device. */
export function sawOrder(id: string): void {
  seen.add(id);
}

/** Rings and speaks while something waits for a person, and shows the same sentence on the screen. */
export function Announcer() {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const name = useChannelName();
  const asked = useWaitingOrders();
  const live = useLiveOrders();
  const speaker = useSpeaker();
  const mine = useSpeakingTab();

  useEffect(unlockOnPress, []);

  const orders = useMemo(() => {
    const all = new Map<string, OrderSummary>();
    for (const o of [...asked, ...live.values()]) {
      const old = all.get(o.id);
      if (!old || old.seq <= o.seq) all.set(o.id, o);
    }
    return [...all.values()];
  }, [asked, live]);
  const waiting = waitingFor(orders, seen, now, name);

  const shown = useRinging(waiting, now, i18n.language, mine);
  const asking = waiting.filter((w) => !w.once).length;
  useEffect(() => {
    document.title = asking > 0 ? `(${asking}) ${t("brand")}` : t("brand");
  }, [asking, t]);

  const first = waiting.find((w) => w.at > 0);
  const left = first ? countdown(first.at, 0, now) : undefined;
  const number = (kind: string) => waiting.filter((w) => w.kind === kind).length;
  const blocked = speaker.mode === "off" || (speaker.mode === "on" && !speaker.allowed);

  return (
    <>
      <div className="sr-only" role="status" aria-live="polite" data-testid="announcement">
        {shown}
      </div>
      <div className="calls">
        {(["new", "reminder", "refund"] as const).map((kind) =>
          number(kind) > 0 ? (
            <Link key={kind} to="/orders" search={{ tab: kind }} className={`call ${kind}`}>
              {t(`call.${kind}`)} <b className="num">{number(kind)}</b>
            </Link>
          ) : null,
        )}
        {left?.text ? (
          <span className={`due ${left.tone} call-left`} aria-hidden="true">
            {left.tone === "over" ? t("due.late") : t("call.left")} {left.text}
          </span>
        ) : null}
      </div>
      {blocked ? (
        <button
          type="button"
          className="btn small primary voice-on"
          onClick={() => void switchOn(t("voice.hello"), i18n.language)}
          title={speaker.mode === "on" ? t("voice.blocked") : t("voice.offer")}
        >
          <Icon name="voice" size={16} /> {t("voice.on")}
        </button>
      ) : null}
    </>
  );
}
