import { inLanguage, useWords } from "../../words";
import type { Joining } from "./guide";

/** What is to be done at the platform itself, in its order; folded, since most of it is done once. */
export function There({ joining: j }: { joining: Joining | null }) {
  const { t, language } = useWords();
  return j ? (
    <details>
      <summary>{t("guide.there")}</summary>
      <ol className="guide-list">
        {j.steps.map((s) => (
          <li key={s.en}>{inLanguage(language, s.zh, s.en)}</li>
        ))}
      </ol>
    </details>
  ) : null;
}
