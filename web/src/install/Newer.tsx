import { useEffect, useRef } from "react";
import { useConnection } from "../data/live";
import { Icon } from "../ui/icons";
import { useWords } from "../words";
import { lookForNewer, renew, useNewer } from "./newer";
import "./newer.css";

const often = 30 * 60_000;

/** A quiet word when the service has a newer console: the person says when, since only they know what they are in the middle of. */
export function Newer() {
  const { t } = useWords();
  const newer = useNewer();
  const { state } = useConnection();
  // A new binary ends all streams, so whoever is connected again looks at once.
  const fresh = useRef(true); // a page that has just been loaded is new
  useEffect(() => {
    if (state !== "live") return;
    if (!fresh.current) void lookForNewer();
    fresh.current = false;
  }, [state]);
  useEffect(() => {
    const look = () => document.visibilityState === "visible" && void lookForNewer();
    const timer = setInterval(look, often);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  if (!newer) return null;
  return (
    <div className="newer" role="status" data-testid="newer">
      <Icon name="check" size={16} />
      <span>{t("install.newer")}</span>
      <button type="button" className="btn small" onClick={() => void renew()}>
        {t("install.renew")}
      </button>
    </div>
  );
}
