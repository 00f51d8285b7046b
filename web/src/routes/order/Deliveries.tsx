import { useNow } from "../../data/clock";
import type { Delivery, Order } from "../../data/model";
import { formatMoney } from "../../format/money";
import { moment } from "../../format/time";
import { Icon } from "../../ui/icons";
import { useWords, word } from "../../words";
import { minutes, useStuck } from "../board/concerns";
import { Grounds } from "./Grounds";
import { RideActs, Rides } from "./Rides";
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
      <Stuck id={o.id} />
      {o.deliveries.map((d) => (
        <OneDelivery key={d.key} order={o} delivery={d} zone={zone} logistics={o.logistics} />
      ))}
      <Rides order={o} />
    </Section>
  );
}

/** That it stands still, for how long, and what to do. */
function Stuck({ id }: { id: string }) {
  const { t } = useWords();
  const c = useStuck(id);
  const now = useNow();
  if (!c) return null;
  return (
    <p className="notice warn" data-testid="stuck-notice">
      <Icon name="warn" /> {t(`stuck.${c.cause}`, { count: minutes(c.still_at ?? 0, now), defaultValue: word(t, "msg.kind", "stuck") })}{" "}
      {t("stuck.do")}
    </p>
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

function OneDelivery({ order: o, delivery: d, zone, logistics }: { order: Order; delivery: Delivery; zone: string; logistics: string }) {
  const { t } = useWords();
  const now = useNow();
  return (
    <div className="delivery" data-testid="delivery" data-state={d.state}>
      <p>
        <b className={lost.includes(d.state) ? "bad" : undefined}>{d.planned ? t("ride.planned") : word(t, "deliveryState", d.state)}</b>{" "}
        {d.way === "own" || d.way === "courier" ? <small className="chip">{t(`ride.${d.way}`)}</small> : null}{" "}
        {d.theirs ? <small className="quiet">{/^-?\d+$/.test(d.theirs) ? t("order.code", { code: d.theirs }) : d.theirs}</small> : null}
      </p>
      <Way delivery={d} zone={zone} />
      {d.fee || d.tip || d.penalty ? (
        <p className="num">
          {[
            d.fee ? `${t("ride.fee")} ${formatMoney(d.fee)}` : "",
            d.tip ? `${t("ride.tip")} ${formatMoney(d.tip)}` : "",
            d.penalty ? `${t("ride.penalty")} ${formatMoney(d.penalty)}` : "",
          ]
            .filter(Boolean)
            .join(" · ")}
        </p>
      ) : null}
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
      {d.last_at > 0 && (d.state === "sought" || d.state === "assigned" || d.state === "on_the_way") ? (
        <p className="quiet num">{t("ride.heard", { at: moment(d.last_at, now, zone) })}</p>
      ) : null}
      <ByRule delivery={d} zone={zone} />
      <RideActs order={o} delivery={d} />
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

/** What the store's rule did about a delivery that nobody took or that came to nothing, each step with its conditions. */
function ByRule({ delivery: d, zone }: { delivery: Delivery; zone: string }) {
  const { t } = useWords();
  const now = useNow();
  return d.steps.map((s) => {
    const at = moment(s.at, now, zone);
    const who = s.name || (s.way ? word(t, "rules.way", s.way) : "");
    const title = !s.yes
      ? t("rules.didNot", { at })
      : s.tip
        ? t("rules.didTip", { at, sum: formatMoney(s.tip) })
        : t("rules.didSwitch", { at, who });
    return <Grounds key={`${s.step}/${s.at}`} title={title} good={s.yes} grounds={s.grounds} />;
  });
}
