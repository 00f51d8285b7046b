import { useMinute } from "../../data/clock";
import type { Money, Order } from "../../data/model";
import { formatMoney } from "../../format/money";
import { moment } from "../../format/time";
import { useWords, word } from "../../words";
import { less, subsidy, unexplained, withheld } from "./bill";
import { Section } from "./Section";

/** The order's money to the cent: what the customer pays and who carries the discounts, then what is left for the store, then the payments. */
export function MoneyTable({ order: o, zone }: { order: Order; zone: string }) {
  const { t } = useWords();
  const m = o.money;
  const row = (label: string, amount: Money | null | undefined, more = "", note?: string) =>
    amount && (amount.minor !== 0 || more === "total") ? (
      <tr className={more} key={label}>
        <th scope="row">
          {label}
          {note ? <small className="quiet">{note}</small> : null}
        </th>
        <td className="num">{formatMoney(amount)}</td>
      </tr>
    ) : null;
  const fees = m.fees.map((f) => row(f.name, f.amount ? less(f.amount) : null, "fee")).filter(Boolean);
  return (
    <Section title={t("order.money")}>
      <table className="money">
        <caption className="sr-only">{t("money.customerPays")}</caption>
        <tbody>
          {row(t("money.goods"), m.goods)}
          {row(t("money.packing"), m.packing)}
          {row(t("money.delivery"), m.delivery)}
          {row(t("money.tax"), m.tax)}
          {row(t("money.tip"), m.tip)}
          {m.discounts.map((d, i) => {
            const who = [
              d.merchant && d.merchant.minor !== 0 ? t("money.byMerchant", { amount: formatMoney(d.merchant) }) : "",
              d.platform && d.platform.minor !== 0 ? t("money.byPlatform", { amount: formatMoney(d.platform) }) : "",
              d.in_price ? t("money.inPrice") : "",
            ].filter(Boolean);
            return d.amount ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: two discounts may be alike in everything
              <tr key={i} className={d.in_price ? "fee" : "less"}>
                <th scope="row">
                  {d.name || word(t, "discount", d.kind)}
                  <small className="quiet">{who.join(" · ")}</small>
                </th>
                <td className="num">{d.in_price ? formatMoney(d.amount) : formatMoney(less(d.amount))}</td>
              </tr>
            ) : null;
          })}
          {row(t("money.unexplained"), unexplained(m), "odd", t("money.unexplainedHelp"))}
          {row(t("money.total"), m.total, "total")}
          {m.refunded && m.refunded.minor !== 0 ? row(t("money.refunded"), less(m.refunded), "less") : null}
        </tbody>
      </table>
      {m.income || fees.length > 0 ? (
        <table className="money" data-testid="store-money">
          <caption>{t("money.store")}</caption>
          <tbody>
            {row(t("money.total"), m.total, "fee")}
            {row(t("money.subsidy"), subsidy(m), "fee")}
            {fees}
            {row(t("money.withheld"), withheld(m), "fee", t("money.withheldHelp"))}
            {row(t("money.income"), m.income, "income")}
          </tbody>
        </table>
      ) : null}
      <Payments order={o} zone={zone} />
    </Section>
  );
}

function Payments({ order: o, zone }: { order: Order; zone: string }) {
  const { t } = useWords();
  const now = useMinute();
  if (o.payments.length === 0) return null;
  return (
    <table className="payments">
      <caption>{t("money.payments")}</caption>
      <tbody>
        {o.payments.map((p) => (
          <tr key={p.key}>
            <th scope="row">{word(t, "payMethod", p.method)}</th>
            <td>
              <span className={`chip ${p.state === "paid" ? "good" : p.state === "unpaid" ? "warn" : ""}`}>
                {word(t, "payState", p.state)}
              </span>{" "}
              {p.theirs && p.theirs !== p.state && !/^-?\d+$/.test(p.theirs) ? <small className="quiet">{p.theirs}</small> : null}
            </td>
            <td className="quiet num">{p.at > 0 ? moment(p.at, now, zone) : ""}</td>
            <td className="num right">{p.amount ? formatMoney(p.amount) : "—"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
