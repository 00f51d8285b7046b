import { useEffect, useRef, useState } from "react";
import { serverNow } from "../data/clock";
import { clockSeconds, ownZone } from "../format/time";
import { useWords } from "../words";
import { Icon } from "./icons";
import { toast } from "./toast";
import "./pull.css";

const enough = 72; // pixels of the finger's way

/**
 * Reading everything again because a person wants it, with a word at the end.
 * @param read reads, and tells whether that worked
 */
export function useAgain(read: () => Promise<boolean>): { busy: boolean; again: () => void } {
  const { t } = useWords();
  const [busy, setBusy] = useState(false);
  const run = async () => {
    if (busy) return;
    setBusy(true);
    const well = await read().catch(() => false);
    setBusy(false);
    toast(well ? t("list.refreshed", { at: clockSeconds(serverNow(), ownZone()) }) : t("list.notRefreshed"));
  };
  return { busy, again: () => void run() };
}

/** Pull the page down at its top to read everything again. Who cannot pull needs a button for the same. */
export function Pull({ busy, again }: { busy: boolean; again: () => void }) {
  const { t } = useWords();
  const [way, setWay] = useState(0);
  const latest = useRef(again);
  useEffect(() => {
    latest.current = again;
  });

  useEffect(() => {
    document.documentElement.classList.add("pulls"); // the browser's own pull would load the whole page anew
    let from: { x: number; y: number } | undefined;
    let far = 0;
    const start = (e: TouchEvent) => {
      const one = e.touches[0];
      const free = !(e.target as Element).closest("dialog, .order-panel, .ant-modal-wrap, .tabs, .filters");
      from = one && e.touches.length === 1 && window.scrollY <= 0 && free ? { x: one.clientX, y: one.clientY } : undefined;
      far = 0;
    };
    const move = (e: TouchEvent) => {
      const one = e.touches[0];
      if (!from || !one) return;
      const down = one.clientY - from.y;
      if (window.scrollY > 0 || Math.abs(one.clientX - from.x) > Math.max(12, down)) {
        from = undefined; // it is a swipe or a scroll after all
        far = 0;
      } else far = Math.max(0, down);
      setWay(far);
    };
    const end = () => {
      if (from && far >= enough) latest.current();
      from = undefined;
      setWay(0);
    };
    window.addEventListener("touchstart", start, { passive: true });
    window.addEventListener("touchmove", move, { passive: true });
    window.addEventListener("touchend", end);
    window.addEventListener("touchcancel", end);
    return () => {
      document.documentElement.classList.remove("pulls");
      window.removeEventListener("touchstart", start);
      window.removeEventListener("touchmove", move);
      window.removeEventListener("touchend", end);
      window.removeEventListener("touchcancel", end);
    };
  }, []);

  if (way < 12 && !busy) return null;
  const ready = way >= enough;
  return (
    <div className="pull" aria-hidden="true" style={{ translate: `0 ${busy ? 24 : Math.min(way, 110) / 3}px` }}>
      {busy ? <i className="spin" /> : <Icon name={ready ? "check" : "more"} size={16} />}
      <span>{busy ? t("state.loading") : ready ? t("list.letGo") : t("list.pull")}</span>
    </div>
  );
}
