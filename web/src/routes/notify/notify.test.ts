import { expect, expectTypeOf, test } from "vitest";
import { asMinute, asTime, type Matter, matters, type Rules } from "./notify";

test("a minute of the day and a time field", () => {
  for (const [minute, time] of [
    [0, "00:00"],
    [1350, "22:30"],
    [1439, "23:59"],
  ] as const) {
    expect(asTime(minute)).toBe(time);
    expect(asMinute(time)).toBe(minute);
  }
  expect(asMinute("")).toBe(0);
});

test("a message of three orders tells of two kinds of matters", () => {
  expect(matters({ messages: ["unaccepted/ord_1", "unaccepted/ord_2", "incident/meituan/no_pull"] })).toEqual(["unaccepted", "incident"]);
});

test("all that may knock can be chosen", () => expectTypeOf<Exclude<Rules["kinds"][number], Matter>>().toBeNever());
