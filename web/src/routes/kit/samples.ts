// What the kit shows: orders that nobody placed, one for each thing that a row can have to say.

import type { Standing } from "../../data/act";
import { Failure } from "../../data/api";
import { type OrderSummary, readSummary } from "../../data/model";

const yuan = (minor: number) => ({ minor, digits: 2, currency: "CNY" });
const minute = 60_000;

function sample(id: string, now: number, more: Parameters<typeof readSummary>[0]): OrderSummary {
  return readSummary({
    id,
    ref: `2600000000${id}`,
    display_ref: `2600000000${id}`,
    channel: "meituan",
    kind: "takeaway",
    logistics: "platform",
    status: "new",
    store: { id: "sto_1", name: "山间茶事(湖滨店)", zone: "Asia/Shanghai" },
    placed_at: now - minute,
    paid_at: now - minute,
    total: yuan(5800),
    quantity: 3,
    items: [{ name: "山间鲜奶茶", quantity: 3, options: "大杯 · 半糖 · 少冰", note: "" }],
    customer: { name: "张(女士)", phone_tail: "2285", city: "" },
    seq: 1,
    ...more,
  });
}

/** The rows: fresh, urgent, with a refund, a parcel, cancelled, and one that is only held in its place. */
export function samples(now: number): { order: OrderSummary; leaving?: boolean; chosen?: boolean }[] {
  return [
    {
      order: sample("1", now, {
        day_seq: "12",
        actions: ["accept", "refuse"],
        deadline: { kind: "accept", at: now + 4 * minute, for: "" },
        items: [
          { name: "山间鲜奶茶", quantity: 2, options: "大杯 · 半糖 · 少冰", note: "花生过敏" },
          { name: "茉莉奶绿", quantity: 1, options: "中杯", note: "" },
        ],
        remark: "不要吸管，到了打电话",
      }),
    },
    {
      order: sample("2", now, {
        day_seq: "11",
        actions: ["accept", "refuse"],
        placed_at: now - 4.2 * minute,
        paid_at: now - 4.2 * minute,
        deadline: { kind: "accept", at: now + 0.8 * minute, for: "" },
        flags: ["preorder", "reminder"],
        promised_at: now + 90 * minute,
        pending: [{ effect_id: "eff_1", kind: "accept", state: "refused", since_at: now, words: "门店已置休" }],
      }),
    },
    {
      order: sample("3", now, {
        day_seq: "9",
        status: "accepted",
        actions: ["refund_approve", "refund_refuse"],
        flags: ["refund"],
        deadline: { kind: "answer_refund", at: now + 27 * minute, for: "" },
      }),
      chosen: true,
    },
    {
      order: sample("4", now, {
        channel: "mercadolibre",
        kind: "ecommerce",
        logistics: "me2",
        status: "accepted",
        actions: ["ready", "ship"],
        total: { minor: 15630, digits: 2, currency: "BRL" },
        quantity: 1,
        items: [{ name: "Chaleira Elétrica 1,7 Litros", quantity: 1, options: "Preta", note: "" }],
        deadline: { kind: "ship", at: now + 30 * 60 * minute, for: "" },
        issues: [{ severity: "warn", code: "line_without_code", path: "", message: "" }],
      }),
    },
    { order: sample("5", now, { day_seq: "7", status: "cancelled", actions: [] }) },
    { order: sample("6", now, { day_seq: "6", status: "delivering", actions: [] }), leaving: true },
  ];
}

/** Everywhere an act can stand, with the platform's words where it has some. */
export const standings = (now: number): Standing[] => [
  { kind: "sending", act: "accept" },
  { kind: "done", act: "accept" },
  { kind: "slow", act: "accept" },
  { kind: "unsent", act: "accept" },
  { kind: "unknown", act: "refund_approve" },
  { kind: "person", act: "refund_partial" },
  { kind: "refused", act: "accept", words: "订单已取消" },
  { kind: "stopped", act: "ready", words: "请先接单" },
  { kind: "faster", act: "accept", by: "收银台", at: now },
];

/** Deadlines of five minutes in every tone, and one that is days away. */
export const deadlines = (now: number): [at: number, from: number][] =>
  [4.5, 2, 0.6, -1.5, 3 * 24 * 60].map((left) => [now + left * minute, left > 60 ? now : now + left * minute - 5 * minute]);

export const failures = [
  new Failure("offline", 0, ""),
  new Failure("unavailable", 503, "", "req_7F3K"),
  new Failure("forbidden", 403, ""),
  new Failure("not_found", 404, ""),
];
