import { expect, test } from "vitest";
import { type Draft, fields, readTyped, typedOf, typeInto, wanted, weigh } from "./profile";

const live = {
  name: "山间茶事(云栖店)",
  phone: "0571-00000000",
  notice: "",
  place: { lat: 30.1872, lon: 120.0931 },
  hours: [{ from: "08:00", to: "23:00" }],
  tags: ["甜品饮品"],
  delivery_fee: 400,
  pre_orders: true,
  pre_order_days: 1,
};

test("every field that is told is read back as it was", () => {
  for (const name of fields) {
    const typed = typedOf(name, live, 2);
    if (live[name as keyof typeof live] !== undefined)
      expect([name, readTyped(name, typed, 2)]).toEqual([name, live[name as keyof typeof live]]);
    else expect([name, typed]).toEqual([name, ""]);
    expect([name, typeInto({}, live, name, typed, 2)]).toEqual([name, {}]);
  }
});

test("what people type is understood, or named as wrong", () => {
  expect(readTyped("hours", "9:00至14:00，17:00–21:30", 2)).toEqual([
    { from: "09:00", to: "14:00" },
    { from: "17:00", to: "21:30" },
  ]);
  expect(readTyped("tags", "奶茶、甜品饮品 ", 2)).toEqual(["奶茶", "甜品饮品"]);
  expect(readTyped("place", "30.18，120.09", 2)).toEqual({ lat: 30.18, lon: 120.09 });
  expect(readTyped("notice", " ", 2)).toBe("");
  for (const [name, typed] of [
    ["hours", "9-14"],
    ["hours", "09:00-14:00,"],
    ["place", "120.09"],
    ["delivery_fee", "4.555"],
    ["rider_delay_s", "5 min"],
    ["phone", " "],
  ] as const)
    expect([name, typed, readTyped(name, typed, 2)]).toEqual([name, typed, undefined]);
});

test("a draft holds what differs, says when something in it is wrong, and sends only that", () => {
  let d: Draft = typeInto({}, live, "notice", "今日第二杯半价", 2);
  d = typeInto(d, live, "delivery_fee", "4.5", 2);
  expect(weigh(d, 2)).toEqual({ count: 2, wrong: false });
  expect(wanted(d, 2)).toEqual({ notice: "今日第二杯半价", delivery_fee: 450 });
  d = typeInto(d, live, "delivery_fee", "4.00", 2);
  d = typeInto(d, live, "hours", "8:00 - 23:00", 2);
  expect(wanted(d, 2)).toEqual({ notice: "今日第二杯半价" });
  expect(weigh(typeInto(d, live, "hours", "8", 2), 2)).toEqual({ count: 2, wrong: true });
  const moved = { ...typeInto({}, live, "place", "30.19, 120.1", 2), system: "wgs84" as const };
  expect(wanted(moved, 2)).toEqual({ place: { lat: 30.19, lon: 120.1 }, system: "wgs84" });
  expect(typeInto(moved, live, "place", "30.1872, 120.0931", 2)).toEqual({});
});
