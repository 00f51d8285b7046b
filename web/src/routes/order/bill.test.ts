import { expect, test } from "vitest";
import type { Bill, Money } from "../../data/model";
import { subsidy, unexplained, withheld } from "./bill";

const yuan = (minor: number): Money => ({ minor, digits: 2, currency: "CNY" });
const bill = (more: Partial<Bill>): Bill => ({
  goods: yuan(6300),
  packing: yuan(200),
  delivery: yuan(300),
  discounts: [{ name: "满25减5", kind: "activity", amount: yuan(500), merchant: yuan(300), platform: yuan(200), in_price: false }],
  fees: [],
  tip: null,
  tax: null,
  total: yuan(6300),
  income: null,
  refunded: null,
  ...more,
});

test("a bill that adds up leaves nothing", () => expect(unexplained(bill({}))).toBeUndefined());

test("a cent that is missing is shown", () => expect(unexplained(bill({ total: yuan(6299) }))).toEqual(yuan(-1)));

test("a discount that is in the prices is not taken off again", () => {
  const inPrice = { name: "秒杀", kind: "activity", amount: yuan(900), merchant: yuan(900), platform: null, in_price: true };
  expect(unexplained(bill({ discounts: [inPrice], total: yuan(6800) }))).toBeUndefined();
});

test("what cannot be said is not said", () => {
  expect(unexplained(bill({ total: null }))).toBeUndefined();
  expect(unexplained(bill({ goods: null }))).toBeUndefined();
  expect(unexplained(bill({ tip: { minor: 5, digits: 2, currency: "BRL" } }))).toBeUndefined();
});

test("the platform's part of the discounts is money for the store", () => {
  expect(subsidy(bill({}))).toEqual(yuan(200));
  expect(subsidy(bill({ discounts: [] }))).toBeUndefined();
});

test("paid, plus subsidy, less the fees that are listed, less what is not broken down, is the income", () => {
  const m = bill({ income: yuan(5880), fees: [{ name: "服务费", amount: yuan(300) }] });
  expect(withheld(m)).toEqual(yuan(5880 - (6300 + 200 - 300)));
  expect(withheld(bill({ income: yuan(6500) }))).toBeUndefined();
  expect(withheld(bill({ income: null }))).toBeUndefined();
});
