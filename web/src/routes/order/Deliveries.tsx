import { useNow } from "../../data/clock";
import type { Delivery, Order } from "../../data/model";
import { moment } from "../../format/time";
import { Icon } from "../../ui/icons";
import { useWords, word } from "../../words";
import { Section } from "./Section";

// The stations on the way, for a rider and for a parcel.
const stations: Record<string, string[]> = {
  rider: ["sought", "assigned", "at_store", "on_the_way", "delivered"],
  parcel: ["assigned", "on_the_way", "delivered"],
};
const lost = ["failed", "returned", "cancelled"];

export function Deliveries({ order: o, zone }: { order: Order; zone: string }) {
  const { t } = useWords();
  return (
    <Section title={t("order.deliveries")}>
      {o.deliveries.map((d) => (
        <OneDelivery key={d.key} delivery={d} zone={zone} logistics={o.logistics} />
      ))}
    </Section>
  );
}

/** How far a delivery is. A station that nobody told us of counts as passed once a later one was reached. */
function Way({ delivery: d, zone }: { delivery: Delivery; zone: string }) {
  const { t } = useWords();
  const now = useNow();
  const all = stations[d.kind] ?? stations.rider ?? [];
  const at = all.indexOf(d.state);
  if (at < 0) return null;
  const since = (s: string) => d.updates.filter((u) => u.state === s).at(-1)?.at ?? 0;
  return (
    <ol className="way" aria-label={t("order.way")}>
      {all.map((s, i) => (
        <li key={s} className={i < at ? "passed" : i === at ? "here" : ""} aria-current={i === at ? "step" : undefined}>
          <i aria-hidden="true">{i < at || (i === at && s === "delivered") ? <Icon name="check" size={12} /> : null}</i>
          <span>{word(t, "deliveryState", s)}</span>
          <small className="quiet num">{i <= at && since(s) > 0 ? moment(since(s), now, zone) : ""}</small>
        </li>
      ))}
    </ol>
  );
}

function OneDelivery({ delivery: d, zone, logistics }: { delivery: Delivery; zone: string; logistics: string }) {
  const { t } = useWords();
  const now = useNow();
  return (
    <div className="delivery" data-testid="delivery" data-state={d.state}>
      <p>
        <b className={lost.includes(d.state) ? "bad" : undefined}>{word(t, "deliveryState", d.state)}</b>{" "}
        {d.theirs ? <small className="quiet">{/^-?\d+$/.test(d.theirs) ? t("order.code", { code: d.theirs }) : d.theirs}</small> : null}
      </p>
      <Way delivery={d} zone={zone} />
      {d.rider ? (
        <p>
          {t("order.rider")} {d.rider.name}{" "}
          <a className="num" href={`tel:${d.rider.phone}`}>
            {d.rider.phone}
          </a>
        </p>
      ) : null}
      {d.tracking || d.carrier ? (
        <p className="num">
          {d.carrier} <span className="mono">{d.tracking}</span>{" "}
          {d.tracking_url ? (
            <a href={d.tracking_url} target="_blank" rel="noreferrer">
              {t("order.track")}
            </a>
          ) : null}{" "}
          {logistics === "me2" || logistics === "full" ? <small className="quiet">{t("order.trackingByPlatform")}</small> : null}
        </p>
      ) : null}
      {d.ship_by_at > 0 ? <p className="num">{t("order.shipBy", { at: moment(d.ship_by_at, now, zone) })}</p> : null}
      {d.updates.length > 0 ? (
        <details className="updates-box">
          <summary>{t("order.updates", { count: d.updates.length })}</summary>
          <ul className="updates">
            {d.updates.map((u) => (
              <li key={`${u.at}/${u.state}/${u.theirs}`}>
                <time>{moment(u.at, now, zone)}</time> {u.theirs || word(t, "deliveryState", u.state)}
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </div>
  );
}
