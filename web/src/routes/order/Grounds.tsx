import type { Ground } from "../../data/model";
import { Icon } from "../../ui/icons";
import { useWords } from "../../words";
import { inWords } from "../../words/reasons";
import "./grounds.css";

/** Why a rule decided, or would decide: every condition with whether it is met, by a mark and a word. */
export function Grounds({ title, good, grounds }: { title: string; good: boolean; grounds: Ground[] }) {
  const { t } = useWords();
  return (
    <div className="grounds" data-testid="grounds" data-good={good}>
      <b>{title}</b>
      <ul>
        {grounds.map((g) => (
          <li key={g.why.text || g.why.code} className={g.met ? "met" : "unmet"}>
            <Icon name={g.met ? "check" : "close"} size={16} />
            <span className="sr-only">{t(g.met ? "rules.met" : "rules.unmet")}: </span>
            {inWords(g.why.text, g.why)}
          </li>
        ))}
      </ul>
    </div>
  );
}
