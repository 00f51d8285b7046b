import { beforeAll, expect, test } from "vitest";
import { readIn } from "./reader";
import { inWords } from "./reasons";
import { words as zh } from "./zh-CN";

beforeAll(() => readIn("zh-CN", zh));

test.each([
  ["ours, with what it names", { code: "line_left", args: { name: "宫保鸡丁", count: "1" } }, "“宫保鸡丁”最多还能退 1 件"],
  ["after the platform's own words", { code: "order_completed", said: "该订单已完成，无法取消" }, "该订单已完成，无法取消 · 订单已完成"],
  ["with a word of ours in it", { code: "other_act_sent", args: { act: "refund_partial" } }, "请稍等，这一单正在发送“部分退款”"],
  ["one that we do not know yet", { code: "made_tomorrow" }, "English"],
  ["the platform's alone", undefined, "English"],
  ["without a code", { args: { name: "x" } }, "English"],
])("a reason: %s", (_what, why, want) => expect(inWords("English", why)).toBe(want));

test("a name that looks like a call of ours stays a name", () => {
  expect(inWords("English", { code: "line_refunded", args: { name: "$t(brand) {{count}}" } })).toBe("“$t(brand) {{count}}”已经全部退款");
});
