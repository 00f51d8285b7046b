import type { ReactNode } from "react";
import { Icon } from "../../ui/icons";
import { useWords } from "../../words";

export type Verdict = "fine" | "todo" | "notYet";

/** One line of the check: what it is about, whether it is fine, and what there is to say and to press. */
export function Line({ title, verdict, children }: { title: string; verdict: Verdict; children: ReactNode }) {
  const { t } = useWords();
  return (
    <li className="opening-line" data-testid="opening-line" data-verdict={verdict}>
      <div className="opening-title">
        <h2>{title}</h2>
        <span className={`opening-verdict ${verdict}`}>
          {verdict === "notYet" ? null : <Icon name={verdict === "fine" ? "check" : "warn"} size={16} />} {t(`opening.${verdict}`)}
        </span>
      </div>
      <div className="opening-body">{children}</div>
    </li>
  );
}
