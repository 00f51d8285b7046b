import { useQuery } from "@tanstack/react-query";
import { act } from "../../data/act";
import { serverNow, useNow } from "../../data/clock";
import { order as orderQuery } from "../../data/queries";
import { clock, moment } from "../../format/time";
import { Bones, Trouble } from "../../ui/Screen";
import { Sheet } from "../../ui/Sheet";
import { toast } from "../../ui/toast";
import { useWords, word } from "../../words";
import { endAsking } from "../orders/asked";
import { useOrderName } from "../orders/OrderRow";
import { PhoneLink } from "./Calls";
import "./calls.css";

/**
 * Asking where a rider is: how far the delivery is and since when, the rider's number, and a note on the order that somebody asked, so that
 * a colleague does not ask again. No platform that is connected takes such a call, which is said.
 */
export function Urge({ id }: { id: string }) {
  const { t } = useWords();
  const name = useOrderName();
  const now = useNow();
  const { data: o, error, refetch } = useQuery(orderQuery(id));
  const zone = o?.store?.zone ?? "";
  const d = o?.deliveries.findLast((x) => x.kind === "rider") ?? o?.deliveries.at(-1);
  const since = d?.updates.at(-1)?.at ?? 0;
  const may = o?.action_list.find((a) => a.kind === "note")?.allowed;
  const note = () => {
    const at = clock(serverNow(), zone);
    void act(id, { kind: "note", text: d?.rider?.name ? t("urge.noteRider", { at, rider: d.rider.name }) : t("urge.note", { at }) });
    toast(t("urge.noted", { at }));
    endAsking();
  };
  return (
    <Sheet
      title={
        <>
          {t("act.urge")} {o ? <span className="num">· {name(o)}</span> : null}
        </>
      }
      close={endAsking}
      footer={
        <button type="button" className="btn primary" disabled={!may} onClick={note}>
          {t("urge.write")}
        </button>
      }
    >
      {error && !o ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : !o ? (
        <Bones rows={3} height={48} />
      ) : (
        <div className="calls-list">
          <p>
            <b>{word(t, "deliveryState", d?.state ?? o.axes.delivery)}</b>{" "}
            {since > 0 ? (
              <span className="num">{t("urge.since", { at: moment(since, now, zone), minutes: Math.floor((now - since) / 60_000) })}</span>
            ) : null}
          </p>
          {d?.rider ? <PhoneLink who={t("urge.rider", { name: d.rider.name })} number={d.rider.phone} /> : <p>{t("urge.noRider")}</p>}
          <p className="quiet">{t("urge.noCall")}</p>
          {o.notes.length > 0 ? (
            <ul>
              {o.notes.slice(-3).map((n) => (
                <li key={`${n.at}/${n.text}`} className="quiet">
                  <time className="num">{moment(n.at, now, zone)}</time> {n.text}
                </li>
              ))}
            </ul>
          ) : null}
        </div>
      )}
    </Sheet>
  );
}
