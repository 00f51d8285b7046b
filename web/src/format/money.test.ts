import { describe, expect, test } from "vitest";
import { formatMoney, type Money, refundOf, sum, writeMoneyIn } from "./money";

const cny = (minor: number): Money => ({ minor, digits: 2, currency: "CNY" });

describe("an amount", () => {
  test.each([
    [cny(3250), "¥32.50"],
    [cny(5), "¥0.05"],
    [cny(0), "¥0.00"],
    [cny(-350), "−¥3.50"],
    [cny(123456789), "¥1,234,567.89"],
    [{ minor: 12990, digits: 0, currency: "CLP" }, "CL$12,990"],
    [{ minor: 1299, digits: 0, currency: "COP" }, "COL$1,299"],
    [{ minor: 99950, digits: 2, currency: "BRL" }, "R$999.50"],
    [{ minor: 1500, digits: 3, currency: "KWD" }, "KWD 1.500"],
  ])("%j is written %s", (m, text) => expect(formatMoney(m)).toBe(text));
});

test.each([
  ["pt-BR", "BRL", "R$1.032,50"],
  ["pt-BR", "MXN", "MX$1.032,50"],
  ["es", "MXN", "MX$1,032.50"],
  ["es", "ARS", "AR$1.032,50"],
  ["en", "BRL", "R$1,032.50"],
  ["zh-CN", "CNY", "¥1,032.50"],
])("in %s %s is written %s", (language, currency, text) => {
  writeMoneyIn(language);
  expect(formatMoney({ minor: 103250, digits: 2, currency })).toBe(text);
  writeMoneyIn("");
});

test("amounts of two currencies have no sum", () => {
  expect(sum([cny(100), cny(250)])).toEqual(cny(350));
  expect(sum([cny(100), { minor: 100, digits: 2, currency: "BRL" }])).toBeUndefined();
  expect(sum([])).toBeUndefined();
});

describe("a partial refund", () => {
  const line = { total: cny(1000), packing: null, quantity: 3, refunded_quantity: 0 };

  test("in parts adds up to the whole line", () => {
    const parts = [0, 1, 2].map((n) => refundOf({ ...line, refunded_quantity: n }, 1).minor);
    expect(parts).toEqual([333, 333, 334]);
    expect(refundOf(line, 3).minor).toBe(1000);
  });

  test("never gives back more than is left of the line", () => {
    expect(refundOf({ ...line, refunded_quantity: 2 }, 5).minor).toBe(334);
    expect(refundOf({ ...line, refunded_quantity: 3 }, 1).minor).toBe(0);
    expect(refundOf(line, -1).minor).toBe(0);
  });

  test("takes the packing along", () => expect(refundOf({ ...line, packing: cny(200), quantity: 2 }, 1).minor).toBe(600));

  test("of a line without quantity is nothing", () => expect(refundOf({ ...line, quantity: 0 }, 1).minor).toBe(0));
});
