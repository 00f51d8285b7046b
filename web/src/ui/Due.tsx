import { useNow } from "../data/clock";
import { countdown } from "../format/countdown";
import { moment } from "../format/time";
import { useWords } from "../words";

type Props = { at: number; from: number; zone: string; label?: string; caption?: boolean };

/**
 * The time that is left, ticking, with what it is for below it when asked. Screen readers get the moment itself: a number that changes
 * every second would be read for ever.
 */
export function Due({ at, from, zone, label, caption }: Props) {
  const { t } = useWords();
  const now = useNow();
  const c = countdown(at, from, now);
  const when = moment(at, now, zone);
  const late = c.tone === "over";
  const text = c.text ?? when;
  return (
    <span className={`due ${c.tone} ${text.length > 7 ? "long" : ""}`} data-testid="due" data-tone={c.tone}>
      <span aria-hidden="true" className="due-time">
        {late && !caption ? <small>{t("due.late")} </small> : null}
        {text}
      </span>
      {caption ? (
        <small aria-hidden="true" className="due-for">
          {late ? t("due.lateFor", { what: label }) : label}
        </small>
      ) : null}
      <span className="sr-only">
        {label} {late ? t("due.over", { when }) : t("due.by", { when })}
      </span>
    </span>
  );
}
