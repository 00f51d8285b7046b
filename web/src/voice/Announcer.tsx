import { Link } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNow } from "../data/clock";
import { useLiveOrders } from "../data/live";
import type { OrderSummary } from "../data/model";
import { useWaitingOrders } from "../data/queries";
import { countdown } from "../format/countdown";
import { Icon } from "../ui/icons";
import { useChannelName } from "../ui/Mark";
import { announcement } from "./announcement";
import { say, switchOn, unlockOnPress, useSpeaker } from "./speaker";
import { waitingFor } from "./waiting";

const again = 20_000;
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
  const heard = useRef(new Set<string>());
  const spokeAt = useRef(0);
  const mine = useSpeakingTab();
  const [shown, setShown] = useState("");

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

  useEffect(() => {
    const ids = new Set(waiting.map((w) => w.id));
    for (const id of heard.current) if (!ids.has(id)) heard.current.delete(id);
    if (waiting.length === 0) {
      setShown("");
      document.title = t("brand");
      return;
    }
    document.title = `(${waiting.length}) ${t("brand")}`;
    const fresh = new Set([...ids].filter((id) => !heard.current.has(id)));
    const since = now - spokeAt.current;
    // Fresh ones wait a moment for company, so that five at once are one sentence.
    if (!(fresh.size > 0 ? since > 3000 : since >= again)) return;
    spokeAt.current = now;
    // What just came is said for itself; the repetition speaks of everything that waits.
    const topic = fresh.size > 0 ? waiting.filter((w) => fresh.has(w.id)) : waiting;
    for (const id of ids) heard.current.add(id);
    const text = announcement(topic, fresh, now, i18n.language);
    setShown(text);
    const [first] = topic;
    if (mine && first) void say(text, first.kind, i18n.language);
  }, [waiting, now, i18n.language, t, mine]);

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

/** Whether this tab is the one that speaks: two tabs on one counter computer must not talk over each other. */
function useSpeakingTab(): boolean {
  const [mine, setMine] = useState(!("locks" in navigator));
  useEffect(() => {
    if (!("locks" in navigator)) return;
    const stop = new AbortController();
    navigator.locks
      .request("tongdan.voice", { signal: stop.signal }, () => {
        setMine(true);
        return new Promise<void>((done) => stop.signal.addEventListener("abort", () => done()));
      })
      .catch(() => {
        // the page is closing
      });
    return () => stop.abort();
  }, []);
  return mine;
}
