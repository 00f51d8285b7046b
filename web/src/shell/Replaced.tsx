import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { status } from "../data/queries";
import { recall, remember } from "../ui/device";
import { Icon } from "../ui/icons";
import { inLanguage, listed, useWords } from "../words";

const day = 24 * 3_600_000;

/** Says for a day that the database was replaced by its standby, and what that has cost. */
export function Replaced() {
  const { t, language } = useWords();
  const { data } = useQuery(status);
  const [seen, setSeen] = useState(() => Number(recall("replaced")));
  const r = data?.replaced;
  if (!r || r.at <= seen || Date.now() - r.at > day) return null;
  const facts = listed(
    language,
    r.push_only.map((f) => inLanguage(language, f.zh, f.en)),
  );
  return (
    <div className="stale" role="status" data-testid="replaced">
      <Icon name="warn" size={18} />
      <b>{t("replaced.title", { at: new Date(r.at).toLocaleTimeString(language) })}</b>
      <span>
        {r.found > 0 ? t("replaced.found", { n: r.found }) : t("replaced.none")} {t("replaced.lost", { facts })}
      </span>
      <button
        type="button"
        className="btn small"
        onClick={() => {
          remember("replaced", String(r.at));
          setSeen(r.at);
        }}
      >
        {t("replaced.ok")}
      </button>
    </div>
  );
}
