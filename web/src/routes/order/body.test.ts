import { expect, test } from "vitest";
import { bodyOf } from "./body";
import { addressesIn } from "./pictures";

test("pictures go by what they are named, addresses as they were typed", () => {
  expect(addressesIn(" https://a.example/1.jpg，https://a.example/2.jpg,\n")).toEqual([
    "https://a.example/1.jpg",
    "https://a.example/2.jpg",
  ]);
  expect(bodyOf("slow_appeal", "slow", { reason_code: "1" }, [], ["pic_1"])).toEqual({
    kind: "slow_appeal",
    for: "slow",
    reason_code: "1",
    pictures: ["pic_1"],
  });
});

test("only what was filled in is sent", () => {
  expect(bodyOf("refuse", "", { reason_code: "12", reason: "  " }, [])).toEqual({ kind: "refuse", reason_code: "12" });
});

test("an answer names the case that it answers", () => {
  expect(bodyOf("refund_approve", "as_1", {}, [])).toEqual({ kind: "refund_approve", for: "as_1" });
});

test("a courier's name and phone travel together", () => {
  expect(bodyOf("dispatch", "", { courier_name: "李强", "courier.phone": "13800000000" }, [])).toEqual({
    kind: "dispatch",
    courier: { name: "李强", phone: "13800000000" },
  });
});

test("picked lines go with their quantities", () => {
  expect(bodyOf("refund_partial", "", { reason: "缺货" }, [{ line: "l1", quantity: 2 }])).toEqual({
    kind: "refund_partial",
    reason: "缺货",
    lines: [{ line: "l1", quantity: 2 }],
  });
});
