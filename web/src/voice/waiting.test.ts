import { expect, test } from "vitest";
import { type OrderSummary, readSummary } from "../data/model";
import { announcement } from "./announcement";
import { halted, resting, silent, stuck, waitingFor } from "./waiting";

const now = 1_700_000_000_000;
const order = (id: string, more: Partial<OrderSummary>): OrderSummary => ({
  ...readSummary({ id, status: "new", kind: "takeaway", channel: "meituan", day_seq: "12", quantity: 3, changed_at: now - 1000 }),
  ...more,
});
const due = (kind: string, minutes: number) => ({ kind, at: now + minutes * 60_000, for: "" });
const kinds = (orders: OrderSummary[], seen: string[] = []) =>
  waitingFor(orders, new Set(seen), now, (c) => c).map((w) => `${w.id} ${w.kind}`);

test("the most urgent comes first, those without a deadline last", () => {
  const got = kinds([
    order("a", {}),
    order("b", { deadline: due("accept", 4) }),
    order("c", { flags: ["refund"], status: "accepted", deadline: due("answer_refund", 2) }),
  ]);
  expect(got).toEqual(["c refund", "b new", "a new"]);
});

test("it stops ringing as soon as somebody has acted, and starts again when the platform refuses", () => {
  const pending = (state: string) => [{ effect_id: "eff_1", kind: "accept", state, since_at: now, held_until: 0, words: "" }];
  expect(kinds([order("a", { pending: pending("sending") })])).toEqual([]);
  expect(kinds([order("a", { pending: pending("unknown") })])).toEqual([]);
  expect(kinds([order("a", { pending: pending("refused") })])).toEqual(["a new"]);
});

test("accepted orders and web-shop orders do not ring", () => {
  expect(kinds([order("a", { status: "accepted" }), order("b", { kind: "ecommerce" })])).toEqual([]);
});

test("a refund of a web shop rings only near its end", () => {
  const refund = (hours: number) =>
    order("a", { kind: "ecommerce", status: "done", flags: ["refund"], deadline: due("answer_refund", hours * 60) });
  expect(kinds([refund(48)])).toEqual([]);
  expect(kinds([refund(5)])).toEqual(["a refund"]);
});

test("a reminder that was opened here is quiet, and an old one falls silent by itself", () => {
  const reminded = order("a", { status: "accepted", flags: ["reminder"] });
  expect(kinds([reminded])).toEqual(["a reminder"]);
  expect(kinds([reminded], ["a"])).toEqual([]);
  expect(kinds([{ ...reminded, changed_at: now - 3600_000 }])).toEqual([]);
});

test("a rider who waits is spoken of at three, six and nine minutes, each time once", () => {
  const at = (seconds: number) => kinds([order("a", { status: "accepted", rider_at: now - seconds * 1000 })]);
  expect(at(179)).toEqual([]);
  expect(at(180)).toEqual(["a/rider3 rider"]);
  expect(at(215)).toEqual([]);
  expect(at(361)).toEqual(["a/rider6 rider"]);
  expect(at(545)).toEqual(["a/rider9 rider"]);
  expect(at(720)).toEqual([]);
});

test("a printer that cannot print is spoken of, with what waits", () => {
  const p = { id: "prn_1", name: "后厨", waiting: 3, since_at: now, off: false };
  const waiting = silent([p, { ...p, id: "prn_2", since_at: 0 }, { ...p, id: "prn_3", off: true }]);
  expect(waiting.map((w) => w.id)).toEqual(["prn_1"]);
  expect(announcement(waiting, new Set(), now, "zh-CN")).toBe("打印机后厨打不出，三张未打印");
  expect(announcement(waiting, new Set(), now, "en")).toBe("printer 后厨 cannot print, 3 tickets wait");
});

test("a printer for which another one prints is spoken of once more, and not again and again", () => {
  const p = { id: "prn_1", name: "后厨", waiting: 0, since_at: now, off: false, stand_in_name: "前台" };
  const waiting = silent([p]);
  expect(waiting.map((w) => [w.id, w.once])).toEqual([["prn_1/standin", true]]); // not the one of the printer: it is news
  const said = (language: string) => announcement(waiting, new Set(), now, language);
  expect(said("zh-CN")).toBe("打印机后厨打不出，已改由前台打印");
  expect(said("en")).toBe("printer 后厨 cannot print, 前台 prints instead");
  expect(said("es")).toBe("la impresora 后厨 no imprime, los tickets salen en 前台");
  expect(said("pt-BR")).toBe("a impressora 后厨 não imprime, os tíquetes saem na 前台");
  const two = [...waiting, ...silent([{ ...p, id: "prn_2", waiting: 2, stand_in_name: undefined }])];
  expect(announcement(two, new Set(), now, "zh-CN")).toBe("一台打印机打不出，一台打印机已改由备用打印机打印");
});

test("a rule that has paused is spoken of once, with its store", () => {
  const waiting = halted(
    [
      { key: "rule/sto_1/accept/7", kind: "rule", subject: "accept", store_id: "sto_1" },
      { key: "rule/sto_2/refund/7", kind: "rule", subject: "refund", store_id: "sto_2" },
      { key: "late/ord_1", kind: "late", store_id: "sto_1" },
    ],
    (id) => (id === "sto_1" ? "望京店" : ""),
  );
  expect(waiting.map((w) => [w.id, w.once])).toEqual([["rule/sto_1/accept/7", true]]);
  expect(announcement(waiting, new Set(), now, "zh-CN")).toBe("望京店，自动接单已暂停，请人工接单");
  expect(announcement(waiting, new Set(), now, "en")).toBe("望京店, automatic accepting has paused, accept by hand");
});

test("orders of a shop that another system works do not ring", () => {
  const shop = (mode: string) => ({ id: "shp_1", name: "望京店", mode });
  expect(
    kinds([order("a", { shop: shop("watch") }), order("b", { shop: shop("goods"), flags: ["refund"] }), order("c", { shop: shop("") })]),
  ).toEqual(["c new"]);
});

test("a shop that rests in its hours is spoken until somebody takes it on", () => {
  const one = { kind: "resting", key: "resting/shp_1", channel: "美团", store_id: "sto_1" };
  const list = resting(
    [one, { ...one, key: "b", taken_by: "usr_1" }, { ...one, kind: "full" }],
    (c) => c,
    () => "望京店",
  );
  expect(list.map((w) => w.id)).toEqual(["resting/shp_1"]);
  expect(announcement(list, new Set(), now, "zh-CN")).toBe("望京店美团还没有营业，请检查");
  expect(announcement(list, new Set(), now, "en")).toBe("美团 of 望京店 takes no orders, please look");
});

test("a delivery that stands still is said once, with its minutes, until somebody has taken it on", () => {
  const order = { id: "ord_1", day_seq: "12", display_ref: "", status: "ready", summary: "", actions: [] } as never;
  const one = { kind: "stuck", key: "stuck/ord_1/platform/sought/x", channel: "meituan", order, still_at: now - 12 * 60_000 } as const;
  const said = stuck([one, { ...one, kind: "rider" }, { ...one, taken_by: "usr_1" }], now, () => "美团");
  expect(said).toEqual([{ id: one.key, kind: "stuck", channel: "美团", number: "12", quantity: 1, at: 0, once: true, minutes: 12 }]);
});
