import { describe, expect, test } from "vitest";
import { readOrder, readSummary } from "../../data/model";
import { byTurn, exactly, handed, judge, perhaps, waitsFor } from "./judge";

const base = {
  id: "ord_1",
  channel: "meituan",
  ref: "240188001",
  display_ref: "240188001",
  day_seq: "12",
  kind: "takeaway",
  logistics: "pickup",
  status: "ready",
  store: { id: "sto_1", name: "中山路店" },
  axes: { payment: "paid", work: "ready", delivery: "none", after_sale: "none" },
  actions: ["dispatch"],
  flags: [],
  placed_at: 1000,
};
const order = (more = {}) => readSummary({ ...base, ...more });
const paying = (payment: string) => ({ axes: { ...base.axes, payment } });

describe("what is said of an order", () => {
  test.each([
    ["it may go", {}, "go"],
    ["also before it is said to be ready", { status: "accepted" }, "go"],
    ["the money comes first", paying("pay_later"), "collect"],
    ["the customer has not paid at the platform", { ...paying("unpaid"), status: "unpaid" }, "unpaid"],
    ["cancelled", { status: "cancelled", actions: [] }, "cancelled"],
    ["cancelled and of another store: the first is what matters", { status: "cancelled", store: { id: "sto_2", name: "" } }, "cancelled"],
    ["of another store", { store: { id: "sto_2", name: "" } }, "store"],
    ["a rider brings it", { logistics: "platform" }, "brought"],
    ["eaten here", { logistics: "none" }, "go"],
    ["a parcel", { kind: "ecommerce", logistics: "none" }, "brought"],
    ["handed over", { status: "delivered", actions: [] }, "done"],
    ["closed by the platform", { status: "done", actions: [] }, "done"],
    ["a refund is asked for", { flags: ["refund"], actions: [] }, "refund"],
    ["nobody has accepted it", { status: "new", actions: ["accept"] }, "new"],
    ["the service allows nothing now", { actions: [] }, "shut"],
  ])("%s", (_name, more, want) => expect(judge(order(more), "sto_1")).toBe(want));
});

test("a whole number means its order; a daily one of yesterday only while it waits", () => {
  const old = order({ id: "ord_2", ref: "9", status: "done" });
  const now = order({ id: "ord_3", ref: "240188003", placed_at: 100_000_000 });
  const all = [old, now];
  expect(exactly(all, "#012", 100_000_000).map((o) => o.id)).toEqual(["ord_3"]);
  expect(exactly(all, "9", 100_000_000).map((o) => o.id)).toEqual(["ord_2"]);
  expect(exactly(all, "ord_2", 100_000_000).map((o) => o.id)).toEqual(["ord_2"]);
  expect(exactly(all, "2401880", 100_000_000)).toEqual([]);
  expect(exactly(all, " ", 100_000_000)).toEqual([]);
  expect(exactly([order({ status: "done", placed_at: 99_999_000 }), now], "12", 100_000_000).map((o) => o.id)).toEqual(["ord_3", "ord_1"]);
});

test("a part of a number, a phone's end, a name and a dish are looked for", () => {
  const o = order({ summary: "珍珠奶茶 ×2", customer: { name: "张女士", phone_tail: "5501", city: "" } });
  for (const text of ["88001", "5501", "张", "奶茶", "12"]) expect(perhaps([o], text)).toEqual([o]);
  expect(perhaps([o], "6602")).toEqual([]);
});

test("what waits is sorted by who is served next", () => {
  const a = order({ id: "a", status: "accepted", placed_at: 1 });
  const b = order({ id: "b", placed_at: 3 });
  const c = order({ id: "c", placed_at: 9, promised_at: 2 });
  expect([a, b, c].sort(byTurn).map((o) => o.id)).toEqual(["c", "b", "a"]);
  expect([a, order({ status: "done" }), order({ logistics: "self" })].map((o) => waitsFor(o, "sto_1"))).toEqual([true, false, false]);
});

test("who handed it over is told, with why there was no code", () => {
  const act = { at: 50, kind: "act", text_code: "dispatch", by: "usr_1", by_name: "小王", params: {} };
  const fact = { at: 50, kind: "fact", axis: "delivery", text_code: "delivered", params: { why: "手机没电" } };
  expect(handed(readOrder({ ...base, timeline: [fact, act] }))).toEqual({ at: 50, by: "usr_1", name: "小王", why: "手机没电" });
  const done = { at: 70, kind: "fact", axis: "work", text_code: "done", params: {} };
  expect(handed(readOrder({ ...base, timeline: [done] }))).toEqual({ at: 70, by: "meituan", name: "", why: "" });
});
