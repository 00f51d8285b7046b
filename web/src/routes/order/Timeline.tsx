import { useMinute } from "../../data/clock";
import type { Ground, Order, TimelineEntry } from "../../data/model";
import { clockSeconds, dayOf } from "../../format/time";
import { useWho } from "../../ui/who";
import { useWords, word } from "../../words";
import type { Translate } from "../../words/reader";
import { inWords } from "../../words/reasons";
import { inHand } from "../orders/acts";
import { Section } from "./Section";

/** Everything that happened to an order in one line: the platform's facts, people's acts, decisions made by rule, calls with how long they took. */
export function Timeline({ order: o, zone }: { order: Order; zone: string }) {
  const { t } = useWords();
  const who = useWho();
  const now = useMinute();
  const entries = [...o.timeline].sort((a, b) => b.at - a.at);
  const today = dayOf(now, zone);
  const day = (e: TimelineEntry | undefined) => (e && e.at > 0 ? dayOf(e.at, zone) : "");
  return (
    <Section title={t("order.timeline")}>
      <ol className="timeline" data-testid="timeline">
        {entries.map((e, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the same thing may happen twice in one millisecond
          <li key={i} className={e.kind}>
            {e.at > 0 ? (
              <time className="num" dateTime={new Date(e.at).toISOString()}>
                {day(e) !== day(entries[i - 1]) && day(e) !== today ? <small>{day(e)} </small> : null}
                {clockSeconds(e.at, zone)}
              </time>
            ) : (
              <span className="quiet">—</span>
            )}
            <span className="line-kind chip">{word(t, "happened", kindOf(e))}</span>
            <span>
              {happened(t, e, inHand(o.logistics))}
              {e.by ? <small className="quiet"> {who(e.by, e.by_name)}</small> : null}
              {e.grounds.length > 0 ? <small className="quiet"> {why(e.grounds)}</small> : null}
              {e.took_ms > 0 ? <small className="quiet num"> {e.took_ms} ms</small> : null}
            </span>
          </li>
        ))}
      </ol>
    </Section>
  );
}

/** The conditions of a decision, those that were not met with a cross. */
const why = (grounds: Ground[]): string => grounds.map((g) => `${inWords(g.why.text, g.why)} ${g.met ? "✓" : "✗"}`).join(" · ");

/** Who moved: a person, a rule, our call to the platform, or the platform itself. */
const kindOf = (e: TimelineEntry): string => (["act", "decision", "call"].includes(e.kind) ? e.kind : "fact");

/** What happened, in words: a fact on one of the axes, an act, a call, a decision. The platform's own words stand behind. */
function happened(t: Translate, e: TimelineEntry, handed: boolean): string {
  const what = handed && e.text_code === "dispatch" ? t("act.handOver") : word(t, "act", e.text_code);
  const { theirs, why, outcome } = e.params;
  const code = theirs && /^-?\d+$/.test(String(theirs)) ? t("order.code", { code: theirs }) : theirs;
  const behind = [code, why, e.kind === "call" && outcome ? word(t, "outcome", String(outcome)) : ""].filter(Boolean).join(" · ");
  const said = ["act", "call", "decision"].includes(e.kind)
    ? what
    : handed && e.axis === "delivery" && e.text_code === "delivered"
      ? t("timeline.handed")
      : t(`timeline.${e.axis ? `${e.axis}_` : ""}${e.text_code}`, { defaultValue: e.text_code });
  return behind ? `${said}（${behind}）` : said;
}
