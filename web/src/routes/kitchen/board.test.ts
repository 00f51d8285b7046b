import { expect, test } from "vitest";
import { type OrderSummary, readSummary } from "../../data/model";
import { numbersOf } from "../callout/numbers";
import { boardOf, dishesOf, scanned, stops } from "./board";

const now = 1_700_000_000_000;
const minute = 60_000;
const order = (id: string, more: object = {}): OrderSummary =>
  readSummary({
    id,
    status: "accepted",
    kind: "takeaway",
    channel: "meituan",
    day_seq: id,
    display_ref: `7001${id}`,
    placed_at: now,
    ...more,
  });
const board = (...orders: OrderSummary[]) => boardOf(orders, () => false, now);
const ids = (...orders: OrderSummary[]) => board(...orders).cards.map((c) => c.order.id);

test("by 最晚出餐 over all channels, a waiting rider and a reminder first", () => {
  const early = order("1", { ready_by_at: now + 10 * minute });
  const late = order("2", { channel: "eleme", ready_by_at: now + 15 * minute });
  expect(ids(late, early)).toEqual(["1", "2"]);
  expect(ids(late, early, order("3", { since: { rider: now } }))).toEqual(["3", "1", "2"]);
  expect(ids({ ...late, flags: ["reminder"] }, early)).toEqual(["2", "1"]);
});

test("only what is accepted and takeaway is made", () => {
  const others = ["new", "ready", "delivering", "cancelled"].map((status) => order(status, { status }));
  expect(ids(...others, order("9", { kind: "ecommerce" }))).toEqual([]);
});

test("a pre-order appears when preparation must begin", () => {
  const pre = (minutes: number) =>
    order("1", { promised_at: now + minutes * minute, begin_at: now + (minutes - 45) * minute, flags: ["preorder"] });
  expect(board(pre(46))).toMatchObject({ cards: [], later: [{ begin: now + minute }] });
  expect(ids(pre(45))).toEqual(["1"]);
});

test("the same dishes are summed, without what was refunded", () => {
  const items = (quantity: number, refunded = 0) => [
    { name: "珍珠奶茶", quantity, refunded },
    { name: "豆花", quantity: 1 },
  ];
  const { cards } = board(order("1", { items: items(2) }), order("2", { items: items(3, 1) }));
  expect(dishesOf(cards)).toEqual([
    { name: "珍珠奶茶", pieces: 4 },
    { name: "豆花", pieces: 2 },
  ]);
});

test("a scan finds by daily number or whole order number; two channels may have the same", () => {
  const { cards } = board(order("12"), order("13"), { ...order("12b", { day_seq: "12", channel: "eleme" }) });
  expect(scanned(cards, "13").map((c) => c.order.id)).toEqual(["13"]);
  expect(scanned(cards, "#012")).toHaveLength(2);
  expect(scanned(cards, "700113").map((c) => c.order.id)).toEqual(["13"]);
  expect(scanned(cards, "1")).toEqual([]);
  expect(scanned(cards, " ")).toEqual([]);
});

test("what was being made and is cancelled stays until it is noted; what was never made does not appear", () => {
  const gone = order("1", { status: "cancelled" });
  const first = stops([gone, order("2", { status: "cancelled" })], new Set(["1"]), [], new Set());
  expect(first.map((s) => s.id)).toEqual(["1"]);
  expect(stops([gone], new Set(["1"]), first, new Set())).toBe(first);
  expect(stops([gone], new Set(["1"]), [], new Set(["1"]))).toEqual([]);
});

test("the call-out board has the newest ready first, and no pre-order of tonight", () => {
  const orders = [
    order("1", { status: "ready" }),
    order("2", { status: "ready" }),
    order("3"),
    order("4", { flags: ["preorder"] }),
    order("5", { status: "delivering" }),
  ];
  const since = new Map([
    ["1", now - 1],
    ["2", now],
  ]);
  const { ready, preparing } = numbersOf(orders, since);
  expect([ready.map((c) => c.number), preparing.map((c) => c.number)]).toEqual([["2", "1"], ["3"]]);
});
