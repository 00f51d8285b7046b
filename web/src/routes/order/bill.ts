// A bill as sums that can be added up by hand.

import type { Bill, Money } from "../../data/model";
import { sum } from "../../format/money";

/**
 * What the parts of a bill leave unexplained: its total less goods, packing, delivery, tax and tip, plus discounts that are not in the
 * prices already. Undefined where nothing is left, or where the platform does not give enough to say.
 */
export function unexplained(m: Bill): Money | undefined {
  if (!m.total || !m.goods) return undefined;
  const discounts = m.discounts.filter((d) => !d.in_price && d.amount).map((d) => less(d.amount as Money));
  const parts = [m.goods, m.packing, m.delivery, m.tax, m.tip].filter((a): a is Money => a !== null);
  const explained = sum([...parts, ...discounts]);
  if (!explained || explained.currency !== m.total.currency || explained.digits !== m.total.digits) return undefined;
  const minor = m.total.minor - explained.minor;
  return minor === 0 ? undefined : { ...m.total, minor };
}

/** The discounts by who pays for them; undefined where nobody says. */
export function shares(m: Bill): { merchant: Money | undefined; platform: Money | undefined } {
  const of = (who: "merchant" | "platform") => {
    const all = sum(m.discounts.flatMap((d) => (d[who] ? [d[who] as Money] : [])));
    return all && all.minor !== 0 ? all : undefined;
  };
  return { merchant: of("merchant"), platform: of("platform") };
}

/** An amount that is taken off. */
export const less = (a: Money): Money => ({ ...a, minor: -Math.abs(a.minor) });
