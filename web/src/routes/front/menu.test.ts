import { expect, test } from "vitest";
import {
  addSku,
  begin,
  call,
  chooseOptions,
  dropSku,
  flipGone,
  found,
  readOptions,
  readPrice,
  readSpans,
  readTimes,
  typedOptions,
  typedSku,
  typedTimes,
  typeInto,
  wanted,
  wantedCategories,
  weigh,
  weighCategories,
  wishFor,
  wishForCategory,
  without,
  writePrice,
} from "./menu";

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

test("fields of an item and its boxes are in the draft while they differ", () => {
  const live = { code: "T", name: "奶茶", sequence: 3, skus: [tea] };
  let d = typeInto({}, live, "description", "当天现煮");
  d = typeInto(d, live, "sequence", "x");
  expect(weigh(d, 2)).toEqual({ count: 2, wrong: true });
  d = typeInto(d, live, "sequence", "3");
  d = wishFor(d, "T", tea, { box_price: "1.5", box_count: "1" }, 2);
  expect(weigh(d, 2)).toEqual({ count: 3, wrong: false });
  expect(wanted(d, 2)).toEqual([{ code: "T", description: "当天现煮", skus: [{ code: "T-L", box_price: 150, box_count: 1 }] }]);
  d = wishFor(d, "T", tea, { box_price: "", box_count: "" }, 2);
  expect(wanted(typeInto(d, live, "description", ""), 2)).toEqual([]);
  expect(weigh(typeInto({}, live, "name", " "), 2).wrong).toBe(true);
});

test("a new item needs its name, its category and a price", () => {
  const live = { code: "N" };
  let d = begin({}, "N");
  expect(weigh(d, 2)).toEqual({ count: 1, wrong: true });
  d = typeInto(typeInto(d, live, "name", "豆花"), live, "category", "小吃");
  d = wishFor(d, "N", { code: "N" }, { price: "12" }, 2);
  expect(weigh(d, 2)).toEqual({ count: 1, wrong: false });
  expect(wanted(d, 2)).toEqual([{ code: "N", name: "豆花", category: "小吃", skus: [{ code: "N", price: 1200 }] }]);
  expect(weigh(wishFor(d, "N", { code: "N" }, { price: "" }, 2), 2).wrong).toBe(true);
  expect(without(d, "N")).toEqual({});
});

test("categories are ordered, renamed, made and deleted", () => {
  const live = [
    { name: "热饮", sequence: 1 },
    { name: "药", sequence: 2, code: "7" },
  ];
  let d = wishForCategory({}, "热饮", live[0], { sequence: "5" });
  d = wishForCategory(d, "热饮", live[0], { name: "热茶" });
  d = wishForCategory(d, "药", live[1], { sequence: "1" });
  d = wishForCategory(d, "小吃", undefined, { fresh: true, sequence: "9" });
  expect(weighCategories(d)).toEqual({ count: 3, wrong: false });
  expect(wantedCategories(d, live)).toEqual([
    { name: "热茶", was: "热饮", sequence: 5 },
    { name: "药", sequence: 1, code: "7" },
    { name: "小吃", sequence: 9 },
  ]);
  expect(weighCategories(wishForCategory(d, "热饮", live[0], { name: "" })).wrong).toBe(true);
  d = wishForCategory(wishForCategory(d, "热饮", live[0], { name: "热饮", sequence: "1" }), "药", live[1], { gone: true });
  expect(wantedCategories(d, live)).toEqual([
    { name: "药", delete: true },
    { name: "小吃", sequence: 9 },
  ]);
});

test("stock of a SKU is a number, or not counted", () => {
  const told = { ...tea, stock: 7 };
  expect([typedSku("stock", told, 2), typedSku("stock", { ...tea, stock: -1 }, 2), typedSku("stock", tea, 2)]).toEqual(["7", "", ""]);
  let d = wishFor({}, "T", told, { stock: "12" }, 2);
  expect(wanted(d, 2)).toEqual([{ code: "T", skus: [{ code: "T-L", stock: 12 }] }]);
  d = wishFor(d, "T", told, { stock: " " }, 2);
  expect(wanted(d, 2)).toEqual([{ code: "T", skus: [{ code: "T-L", stock: -1 }] }]);
  expect(wishFor(d, "T", told, { stock: "7" }, 2)).toEqual({});
  expect(weigh(wishFor({}, "T", told, { stock: "-3" }, 2), 2).wrong).toBe(true);
});

test("a SKU is added with its price, deleted, and taken back", () => {
  let d = addSku({}, "T", "T-S");
  expect(weigh(d, 2)).toEqual({ count: 1, wrong: true });
  d = wishFor(d, "T", { code: "T-S" }, { price: "12", spec: "小杯", weight_g: "250", shelf: "B2" }, 2);
  expect(weigh(d, 2)).toEqual({ count: 1, wrong: false });
  d = wishFor(d, "T", tea, { gone: true, price: "x" }, 2);
  expect(weigh(d, 2)).toEqual({ count: 2, wrong: false });
  expect(wanted(d, 2)).toEqual([
    {
      code: "T",
      skus: [
        { code: "T-S", price: 1200, spec: "小杯", weight_g: 250, shelf: "B2" },
        { code: "T-L", delete: true },
      ],
    },
  ]);
  d = wishFor(d, "T", tea, { gone: undefined, price: "18" }, 2);
  expect(dropSku(d, "T", "T-S")).toEqual({});
  d = addSku(begin({}, "N"), "N", "N-2");
  expect(Object.keys(dropSku(d, "N", "N-2").N?.skus ?? {})).toEqual(["N"]);
});

test("times of sale are read by day, and none means whenever the shop is open", () => {
  expect(readSpans("9:00-14:00，17:00 至 21:30")).toEqual([
    { from: "09:00", to: "14:00" },
    { from: "17:00", to: "21:30" },
  ]);
  expect([readSpans(""), readSpans("9-14")]).toEqual([[], undefined]);
  const told = { ...tea, times: [{ day: 2, from: "09:00", to: "14:00" }] };
  expect(typedTimes(told)).toEqual(["", "09:00-14:00", "", "", "", "", ""]);
  expect(wishFor({}, "T", told, { times: ["", "9:00-14:00", "", "", "", "", " "] }, 2)).toEqual({});
  let d = wishFor({}, "T", told, { times: Array(7).fill("10:00-11:00") }, 2);
  expect(readTimes(Array(7).fill("10:00-11:00"))?.map((x) => x.day)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect([weigh(d, 2), wanted(d, 2)[0]?.skus?.[0]?.times?.length]).toEqual([{ count: 1, wrong: false }, 7]);
  d = wishFor(d, "T", told, { times: Array(7).fill("") }, 2);
  expect(wanted(d, 2)).toEqual([{ code: "T", skus: [{ code: "T-L", times: [] }] }]);
  expect(weigh(wishFor(d, "T", told, { times: ["x", "", "", "", "", "", ""] }, 2), 2).wrong).toBe(true);
});

test("options are a line each", () => {
  const hot = [{ name: "辣度", values: ["不辣", "微辣"] }];
  expect(readOptions("辣度：不辣、 微辣\n\n")).toEqual(hot);
  expect([readOptions(""), readOptions("辣度"), readOptions(": a"), readOptions("a: b\na: c")]).toEqual([
    [],
    undefined,
    undefined,
    undefined,
  ]);
  expect(chooseOptions({}, "T", hot, typedOptions(hot))).toEqual({});
  const d = chooseOptions({}, "T", hot, "辣度: 不辣\n甜度: 半糖");
  expect(weigh(d, 2)).toEqual({ count: 1, wrong: false });
  expect(wanted(d, 2)).toEqual([
    {
      code: "T",
      properties: [
        { name: "辣度", values: ["不辣"] },
        { name: "甜度", values: ["半糖"] },
      ],
    },
  ]);
  expect(weigh(chooseOptions(d, "T", hot, "辣度"), 2).wrong).toBe(true);
  expect(chooseOptions(d, "T", hot, "辣度: 不辣, 微辣")).toEqual({});
});

test("an item without a code is given one, and another code takes the place of the old one", () => {
  expect(weigh(call({}, "N", "豆花"), 2)).toEqual({ count: 1, wrong: false });
  expect(wanted(call({}, "N", "豆花"), 2)).toEqual([{ code: "N", name: "豆花" }]);
  const d = typeInto({}, { code: "T", name: "奶茶" }, "code", "T9");
  expect(wanted(typeInto(d, { code: "T", name: "奶茶" }, "description", "现煮"), 2)).toEqual([
    { code: "T9", was: "T", description: "现煮" },
  ]);
  expect(typeInto(d, { code: "T" }, "code", "T")).toEqual({});
});
