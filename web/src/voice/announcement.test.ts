import { expect, test } from "vitest";
import { announcement, type Waiting, zhNumber } from "./announcement";

const now = 1_700_000_000_000;
const left = (seconds: number) => now + seconds * 1000;
const w = (more: Partial<Waiting>): Waiting => ({
  kind: "new",
  id: "ord_1",
  channel: "美团",
  number: "12",
  quantity: 3,
  at: left(290),
  ...more,
});
const fresh = new Set(["ord_1"]);
const heard = new Set<string>();

test.each([
  ["a new order says what is in it", [w({})], fresh, "美团，十二号，新订单，三件"],
  ["two of something are 两", [w({ quantity: 2 })], fresh, "美团，十二号，新订单，两件"],
  ["heard before, it says what is left", [w({})], heard, "美团，十二号，新订单，还剩四分钟"],
  ["in the last minute it counts seconds", [w({ at: left(41) })], heard, "美团，十二号，新订单，还剩四十一秒"],
  ["a reminder", [w({ kind: "reminder", at: 0 })], fresh, "美团，十二号，顾客催单"],
  ["a refund says at once what is left", [w({ kind: "refund", at: left(27 * 60) })], fresh, "美团，十二号，申请退款，还剩二十七分钟"],
  ["several are joined", [w({ id: "1" }), w({ id: "2", at: left(250) }), w({ id: "3" })], fresh, "三个新订单，最早的剩四分钟"],
  ["two orders are 两个", [w({ id: "1" }), w({ id: "2" })], fresh, "两个新订单，最早的剩四分钟"],
  ["kinds are joined too", [w({ id: "1" }), w({ id: "2", kind: "refund" })], fresh, "一个退款申请，一个新订单，最早的剩四分钟"],
  ["without any deadline there is none to name", [w({ id: "1", at: 0 }), w({ id: "2", at: 0 })], fresh, "两个新订单"],
  ["an order without a number is named by its channel", [w({ number: "" })], fresh, "美团，新订单，三件"],
  ["overdue is nought, never negative", [w({ at: left(-30) })], heard, "美团，十二号，新订单，还剩零秒"],
  ["a rider who waits", [w({ kind: "rider", at: 0, minutes: 6 })], fresh, "骑手已等六分钟，美团，十二号"],
  ["a delivery that stands still", [w({ kind: "stuck", at: 0, minutes: 12 })], fresh, "美团，十二号，配送十二分钟没有动静"],
  ["a cancel, to the kitchen", [w({ kind: "cancel", at: 0 })], fresh, "美团，十二号，顾客取消，停止制作"],
  ["what is to be made", [w({ kind: "make", at: 0 })], fresh, "美团，十二号，三件，请制作"],
  [
    "a cancel comes before all",
    [w({ id: "1", kind: "make", at: 0 }), w({ id: "2", kind: "cancel", at: 0 })],
    fresh,
    "一单取消，停止制作，一单要做",
  ],
  ["nothing waits, nothing is said", [], fresh, ""],
])("%s", (_name, waiting, news, text) => expect(announcement(waiting, news, now, "zh-CN")).toBe(text));

test.each([
  [[w({ channel: "Meituan" })], fresh, "Meituan 12, new order, 3 items"],
  [[w({ channel: "Meituan", kind: "rider", at: 0, minutes: 3 })], fresh, "a rider has been waiting for 3 minutes, Meituan 12"],
  [[w({ channel: "Meituan", at: left(61) })], heard, "Meituan 12, new order, 1 minute left"],
  [[w({ id: "1" }), w({ id: "2", kind: "reminder", at: 0 })], fresh, "1 reminder, 1 new order, the first has 4 minutes left"],
])("in English: %j", (waiting, news, text) => expect(announcement(waiting, news, now, "en")).toBe(text));

test.each([
  ["es", [w({ channel: "Mercado Libre" })], fresh, "Mercado Libre 12, pedido nuevo, 3 productos"],
  [
    "es",
    [w({ channel: "Mercado Libre", kind: "refund", at: left(61) })],
    heard,
    "Mercado Libre 12, piden un reembolso, tiempo restante 1 minuto",
  ],
  ["pt-BR", [w({ channel: "Mercado Livre", quantity: 1 })], fresh, "Mercado Livre 12, pedido novo, 1 item"],
  ["pt-BR", [w({ id: "1" }), w({ id: "2", kind: "reminder", at: 0 })], fresh, "1 cobrança, 1 pedido novo, o primeiro tem 4 minutos"],
])("in %s: %j", (language, waiting, news, text) => expect(announcement(waiting, news, now, language)).toBe(text));

test.each([
  ["0", "零"],
  ["7", "七"],
  ["10", "十"],
  ["12", "十二"],
  ["20", "二十"],
  ["105", "一百零五"],
  ["110", "一百一十"],
  ["1001", "一千零一"],
  ["2010", "二千零一十"],
  ["12345", "一二三四五"],
  ["A3", "A3"],
])("%s is read %s", (figures, text) => expect(zhNumber(figures)).toBe(text));
