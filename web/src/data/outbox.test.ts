import { expect, test } from "vitest";
import { readSummary } from "./model";
import { endOf } from "./outbox";
import { belongs, first } from "./picture";

const p = (state: string, words = "") => ({ effect_id: "eff_1", kind: "accept", state, since_at: 1, held_until: 0, words });

test.each([
  ["it is done", { status: "accepted", pending: [], cancel_why: "" }, { end: "done", words: "" }],
  ["the platform is being asked", { status: "new", pending: [p("sending")], cancel_why: "" }, undefined],
  ["nobody knows yet", { status: "new", pending: [p("unknown")], cancel_why: "" }, undefined],
  [
    "refused in its words",
    { status: "new", pending: [p("refused", "订单状态不对")], cancel_why: "" },
    { end: "refused", words: "订单状态不对" },
  ],
  [
    "it was too late",
    { status: "cancelled", pending: [p("refused", "订单已取消")], cancel_why: "超时未确认" },
    { end: "cancelled", words: "超时未确认" },
  ],
  ["cancelled without a call", { status: "cancelled", pending: [], cancel_why: "超时未确认" }, { end: "cancelled", words: "超时未确认" }],
  [
    "another act is on its way",
    { status: "accepted", pending: [{ ...p("sending"), kind: "ready" }], cancel_why: "" },
    { end: "done", words: "" },
  ],
])("what became of a press: %s", (_name, order, want) => expect(endOf(order, "accept")).toEqual(want));

const order = (id: string, status: string, seq: number, more = {}) =>
  readSummary({ id, status, seq, channel: "meituan", kind: "takeaway", customer: { name: "张", phone_tail: "1234", city: "" }, ...more });

test("a kept list is as the stream last told it, without its customers", () => {
  const data = { pages: [{ orders: [order("a", "new", 1), order("b", "new", 1)], next: "x" }], pageParams: [1, 2] };
  const live = new Map([
    ["a", order("a", "accepted", 2)],
    ["b", order("b", "new", 0)],
    ["c", order("c", "new", 3)],
    ["d", order("d", "done", 3)],
  ]);
  const kept = first(data, { status: "new" }, live);
  expect(kept.pages[0]?.orders.map((o) => o.id)).toEqual(["b", "c"]);
  expect(JSON.stringify(kept)).not.toContain("1234");
});

test("an order belongs where the list's question says so", () => {
  const o = order("a", "new", 1, { flags: ["refund"], store: { id: "sto_1", name: "" }, placed_at: 10 });
  for (const [q, want] of [
    [{}, true],
    [{ status: "new,accepted" }, true],
    [{ status: "accepted" }, false],
    [{ flag: "refund" }, true],
    [{ flag: "reminder" }, false],
    [{ store: "sto_2" }, false],
    [{ channel: "meituan", kind: "takeaway" }, true],
    [{ kind: "ecommerce" }, false],
    [{ from: 10, to: 11 }, true],
    [{ to: 10 }, false],
    [{ q: "茶" }, false],
  ] as const)
    expect(belongs(q, o), JSON.stringify(q)).toBe(want);
});
