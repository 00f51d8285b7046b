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

/** What the platform pays of the discounts; undefined where nothing or where nobody says. */
export function subsidy(m: Bill): Money | undefined {
  const all = sum(m.discounts.flatMap((d) => (d.platform ? [d.platform] : [])));
  return all && all.minor !== 0 ? all : undefined;
}

/**
 * What lies between what the customer paid and the income that the platform names, beyond its subsidy and the fees that it lists:
 * commission, delivery and whatever else it does not break down. Undefined where it is nothing or cannot be said.
 */
export function withheld(m: Bill): Money | undefined {
  if (!m.total || !m.income) return undefined;
  const fees = m.fees.flatMap((f) => (f.amount ? [less(f.amount)] : []));
  const paid = subsidy(m);
  const expected = sum([m.total, ...(paid ? [paid] : []), ...fees]);
  if (!expected || expected.currency !== m.income.currency || expected.digits !== m.income.digits) return undefined;
  const minor = m.income.minor - expected.minor;
  return minor === 0 ? undefined : { ...m.income, minor };
}

/** An amount that is taken off. */
export const less = (a: Money): Money => ({ ...a, minor: -Math.abs(a.minor) });
