import { useTranslation } from "react-i18next";
import { useNow } from "../data/clock";
import { countdown } from "../format/countdown";
import { moment } from "../format/time";

/** The time that is left, ticking. Screen readers get the moment itself: a number that changes every second would be read for ever. */
export function Due({ at, from, zone, label }: { at: number; from: number; zone: string; label?: string }) {
  const { t } = useTranslation();
  const now = useNow();
  const c = countdown(at, from, now);
  const when = moment(at, now, zone);
  const spoken = c.tone === "over" ? t("due.over", { when }) : t("due.by", { when });
  return (
    <span className={`due ${c.tone}`} data-testid="due" data-tone={c.tone}>
      <span aria-hidden="true">
        {c.tone === "over" ? <small>{t("due.late")} </small> : null}
        {c.text ?? when}
      </span>
      <span className="sr-only">
        {label} {spoken}
      </span>
    </span>
  );
}
