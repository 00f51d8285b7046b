import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { answer, api } from "../data/api";
import { useNow } from "../data/clock";
import { useLiveOrders } from "../data/live";
import type { OrderSummary } from "../data/model";
import { session, stores, useWaitingOrders } from "../data/queries";
import { countdown } from "../format/countdown";
import { messages } from "../routes/board/concerns";
import { printers } from "../routes/printers/printers";
import { Icon } from "../ui/icons";
import { useChannelName } from "../ui/Mark";
import { Popover } from "../ui/Popover";
import { useWords } from "../words";
import { type Door, type Speaking, useSpeakingDevice } from "./post";
import { useRinging, useSpeakingTab } from "./ringing";
import { switchOn, unlockOnPress, useSpeaker } from "./speaker";
import { halted, resting, silent, stuck, waitingFor } from "./waiting";

const seen = new Set<string>();

/** Notes that a person has opened an order on this device. */
export function sawOrder(id: string): void {
  seen.add(id);
}

const door: Door = {
  ask: (id, body) => answer(api.POST("/api/v1/stores/{id}/voices", { params: { path: { id } }, body })),
  letAll: (id, body) => answer(api.PUT("/api/v1/stores/{id}/voices", { params: { path: { id } }, body })),
};

/** The store for which this console speaks. Whoever sees several sits elsewhere: he hears all, and takes the voice from nobody. */
function useOnlyStore(): string | undefined {
  const { data: user } = useQuery(session);
  const { data: all } = useQuery(stores);
  if (user?.device) return user.device.store_id;
  return all?.length === 1 ? all[0]?.id : undefined;
}

/** Who speaks in the store, where that is another device; and how it becomes this one, or all. */
function Post({ speaking }: { speaking: Speaking }) {
  const { t } = useWords();
  if (!speaking.everybody && (speaking.mine || speaking.name === "")) return null;
  const words = speaking.everybody ? t("device.allSpeak") : t("device.speaks", { name: speaking.name });
  return (
    <Popover label={words} face={<span className="clip voice-post">{words}</span>}>
      {(close) => (
        <div className="voice-posts">
          <p className="quiet">{t("device.speaksHelp")}</p>
          <button
            type="button"
            className="btn"
            onClick={() => {
              if (speaking.everybody) speaking.letAll(false);
              speaking.take();
              close();
            }}
          >
            {t("device.speakHere")}
          </button>
          {speaking.everybody ? null : (
            <button
              type="button"
              className="btn"
              onClick={() => {
                speaking.letAll(true);
                close();
              }}
            >
              {t("device.letAll")}
            </button>
          )}
        </div>
      )}
    </Popover>
  );
}

/** Rings and speaks while something waits for a person, and shows the same sentence on the screen. */
export function Announcer() {
  const { t, language } = useWords();
  const now = useNow();
  const name = useChannelName();
  const asked = useWaitingOrders();
  const live = useLiveOrders();
  const speaker = useSpeaker();
  const tab = useSpeakingTab();
  const speaking = useSpeakingDevice(door, useOnlyStore(), "counter", tab, speaker.mode === "on" && speaker.allowed);

  useEffect(unlockOnPress, []);

  const orders = useMemo(() => {
    const all = new Map<string, OrderSummary>();
    for (const o of [...asked, ...live.values()]) {
      const old = all.get(o.id);
      if (!old || old.seq <= o.seq) all.set(o.id, o);
    }
    return [...all.values()];
  }, [asked, live]);
  const { data: paperless } = useQuery(printers);
  const { data: told } = useQuery(messages());
  const { data: places } = useQuery(stores);
  const storeOf = (id: string) => places?.find((s) => s.id === id)?.name ?? "";
  const waiting = [
    ...waitingFor(orders, seen, now, name),
    ...silent(paperless ?? []),
    ...resting(told?.messages ?? [], name, storeOf),
    ...stuck(told?.messages ?? [], now, name),
    ...halted(told?.messages ?? [], storeOf),
  ];

  const shown = useRinging(waiting, now, language, speaking.mine);
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
      {!blocked && speaker.mode === "on" ? <Post speaking={speaking} /> : null}
      {blocked ? (
        <button
          type="button"
          className="btn small primary voice-on"
          onClick={() => void switchOn(t("voice.hello"), language)}
          title={speaker.mode === "on" ? t("voice.blocked") : t("voice.offer")}
        >
          <Icon name="voice" size={16} /> {t("voice.on")}
        </button>
      ) : null}
    </>
  );
}
