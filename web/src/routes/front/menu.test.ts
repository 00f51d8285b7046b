import { expect, test } from "vitest";
import { flipGone, found, readPrice, wanted, weigh, wishFor, writePrice } from "./menu";

const tea = { code: "T-L", price: 1800, on_sale: true };

test("a price is read to the cent, or not at all", () => {
  expect(["18", "18.5", "18,50", " 0.05 ", "0"].map((x) => readPrice(x, 2))).toEqual([1800, 1850, 1850, 5, 0]);
  expect(["", "18.555", "-1", "1e3", "x", "1234567"].map((x) => readPrice(x, 2))).toEqual(Array(6).fill(undefined));
  expect(readPrice("1800", 0)).toBe(1800);
  expect([writePrice(5, 2), writePrice(1850, 2), writePrice(1800, 0), writePrice(undefined, 2)]).toEqual(["0.05", "18.50", "1800", ""]);
});

test("a draft holds only what differs from what is live, and sends only that", () => {
  let d = wishFor({}, "T", tea, { price: "18.5" }, 2);
  d = wishFor(d, "T", tea, { on_sale: false }, 2);
  expect(weigh(d, 2)).toEqual({ count: 2, wrong: false });
  expect(wanted(d, 2)).toEqual([{ code: "T", skus: [{ code: "T-L", price: 1850, on_sale: false }] }]);
  d = wishFor(d, "T", tea, { price: "18.00" }, 2);
  expect(wanted(d, 2)).toEqual([{ code: "T", skus: [{ code: "T-L", on_sale: false }] }]);
  expect(wishFor(d, "T", tea, { on_sale: true }, 2)).toEqual({});
  expect(weigh(wishFor(d, "T", tea, { price: "" }, 2), 2).wrong).toBe(true);
});

test("an item that goes takes its other wishes with it, and has them again when it stays", () => {
  const d = flipGone(wishFor({}, "T", tea, { price: "9" }, 2), "T");
  expect(weigh(d, 2).count).toBe(1);
  expect(wanted(d, 2)).toEqual([{ code: "T", delete: true }]);
  expect(wanted(flipGone(d, "T"), 2)).toEqual([{ code: "T", skus: [{ code: "T-L", price: 900 }] }]);
});

test("search looks at names, codes, categories and specifications", () => {
  const items = [
    { code: "A", name: "奶茶", skus: [{ code: "A-L", spec: "大杯" }] },
    { code: "B", category: "Snacks" },
  ];
  expect(["大杯", "snack", "a-l", ""].map((q) => found(items, q).length)).toEqual([1, 1, 1, 2]);
});
