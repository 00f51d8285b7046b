import { useMinute } from "../../data/clock";
import type { Order } from "../../data/model";
import { moment } from "../../format/time";
import { useWho } from "../../ui/who";
import { useWords, word } from "../../words";
import { ActButton } from "./ActBar";

/** What the customer asked for and, beside it, what the store wrote down itself. */
export function Remarks({ order: o, zone }: { order: Order; zone: string }) {
  const { t } = useWords();
  const now = useMinute();
  const who = useWho();
  const add = o.action_list.find((a) => a.kind === "note" && a.allowed);
  if (!o.remark && o.notes.length === 0 && !add) return null;
  return (
    <div className="remarks">
      {o.remark ? (
        <section className="theirs" aria-label={t("order.remark")}>
          <h3>{t("order.remark")}</h3>
          <p>{o.remark}</p>
        </section>
      ) : null}
      {o.notes.length > 0 || add ? (
        <section className="ours" aria-label={t("order.ourNotes")}>
          <header>
            <h3>{t("order.ourNotes")}</h3>
            {add ? <ActButton order={o} act={add} small /> : null}
          </header>
          <ul>
            {o.notes.map((n) => (
              <li key={`${n.at}/${n.text}`}>
                {n.text}{" "}
                <small className="quiet">
                  {moment(n.at, now, zone)} {who(n.by)} · {word(t, "visible", n.visible)}
                </small>
              </li>
            ))}
          </ul>
        </section>
      ) : null}
    </div>
  );
}
