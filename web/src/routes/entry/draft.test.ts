import { describe, expect, it } from "vitest";
import { blank, bodyOf, type Draft, find, type Good, lettersOf, minorOf, missing, readBox, readDraft, reckon, typed } from "./draft";

const good = (name: string, code = "", price = 100): Good => ({
  sku: "",
  name,
  code,
  price,
  from: "entered",
  sellable: undefined,
  letters: lettersOf(name),
});

const draft = (more: Partial<Draft>): Draft => ({ ...blank("k"), store: "sto_1", ...more });
const line = (price: string, quantity = 1, id = 1) => ({ id, sku: "", name: "茶", quantity, price, note: "" });

describe("the box for goods", () => {
  it("reads a quantity in front and a price behind", () => {
    expect(readBox("3*奶茶")).toEqual({ quantity: 3, query: "奶茶", price: "" });
    expect(readBox(" 12 x zznc ")).toEqual({ quantity: 12, query: "zznc", price: "" });
    expect(readBox("炒饭 18.5")).toEqual({ quantity: 1, query: "炒饭 18.5", price: "18.5" });
    expect(readBox("2*炒饭 18")).toEqual({ quantity: 2, query: "炒饭 18", price: "18" });
    expect(readBox("7")).toEqual({ quantity: 1, query: "7", price: "" });
  });
  it("knows dishes by the first letters of their pinyin", () => {
    expect(lettersOf("珍珠奶茶")).toBe("zznc");
    expect(lettersOf("红烧牛肉面")).toBe("hsnrm");
    const more = {
      宫保鸡丁: "gbjd",
      酸辣土豆丝: "sltds",
      麻婆豆腐: "mpdf",
      扬州炒饭: "yzcf",
      热干面: "rgm",
      外婆菜: "wpc",
      奥尔良: "ael",
      三明治: "smz",
    };
    for (const [name, letters] of Object.entries(more)) expect([name, lettersOf(name)]).toEqual([name, letters]);
    expect(lettersOf("A套餐 2号")).toBe("atc2h");
  });
  it("finds by name, code and letters, the best first", () => {
    const goods = [good("大珍珠奶茶"), good("珍珠奶茶", "T-1"), good("红茶"), good("Pastel")];
    expect(find(goods, "珍珠").map((g) => g.name)).toEqual(["珍珠奶茶", "大珍珠奶茶"]);
    expect(find(goods, "zz").map((g) => g.name)).toEqual(["珍珠奶茶", "大珍珠奶茶"]);
    expect(find(goods, "t-1")[0]?.name).toBe("珍珠奶茶");
    expect(find(goods, "pas")[0]?.name).toBe("Pastel");
    expect(find(goods, "面")).toEqual([]);
  });
});

describe("money", () => {
  it("reads what is typed exactly, or not at all", () => {
    expect(minorOf("15.5", 2)).toBe(1550);
    expect(minorOf("15,05", 2)).toBe(1505);
    expect(minorOf("990", 0)).toBe(990);
    expect(minorOf("", 2)).toBe(0);
    for (const bad of ["1.555", "-1", "1e3", "abc", "9.9.9"]) expect(minorOf(bad, 2)).toBeUndefined();
    expect(minorOf("1.5", 0)).toBeUndefined();
    for (const v of [0, 5, 1550, 100, 1505]) expect(minorOf(typed(v, 2), 2)).toBe(v);
  });
  it("adds up and gives change back", () => {
    const s = reckon(draft({ lines: [line("15.5", 2), line("1", 1, 2)], discount: "2", tendered: "100" }), 2);
    expect([s.goods, s.total, s.change, s.bad]).toEqual([3200, 3000, 7000, []]);
    expect(reckon(draft({ lines: [line("15.5")], tendered: "10" }), 2).bad).toEqual(["tendered"]);
    expect(reckon(draft({ lines: [line("1")], discount: "2" }), 2).bad).toContain("discount");
  });
  it("leaves the fee out where nothing is delivered", () => {
    expect(reckon(draft({ lines: [line("1")], delivery: "5", serve: "pickup" }), 2).total).toBe(100);
    expect(reckon(draft({ lines: [line("1")], delivery: "5", serve: "delivery" }), 2).total).toBe(600);
  });
});

describe("a draft", () => {
  it("names what is missing, in the order of the form", () => {
    expect(missing(draft({}), 2)).toEqual(["goods"]);
    expect(missing(draft({ serve: "delivery", lines: [line("")] }), 2)).toEqual(["price-1", "phone", "address"]);
    expect(missing(draft({ serve: "table", lines: [line("1")] }), 2)).toEqual(["table"]);
  });
  it("survives being kept, and nonsense", () => {
    const d = draft({ serve: "table", table: "A5", lines: [line("15.5", 2)] });
    expect(readDraft(JSON.parse(JSON.stringify(d)))).toEqual(d);
    for (const bad of [undefined, null, 5, "x", {}, { key: "" }]) expect(readDraft(bad)).toBeUndefined();
    expect(readDraft({ key: "k", lines: [1, {}, { name: "x", quantity: -1 }], pay: "shells" })?.lines).toEqual([]);
  });
  it("becomes a request", () => {
    const b = bodyOf(draft({ lines: [line("15.5", 2)], pay: "later", tendered: "100" }), 2, 0, false);
    expect(b.lines).toEqual([{ sku_id: undefined, name: "茶", quantity: 2, price: 1550, note: undefined }]);
    expect([b.pay, b.tendered, b.short]).toEqual(["later", undefined, undefined]);
  });
});
