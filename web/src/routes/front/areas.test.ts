import { expect, test } from "vitest";
import { type Draft, wanted, weigh, wishFor, without } from "./areas";

const live = { code: "A1", min_price: 2000, fee: 350 };
const shape = [
  { lat: 30, lon: 120 },
  { lat: 30.1, lon: 120 },
  { lat: 30.1, lon: 120.1 },
];

test("a draft of areas holds what differs and sends only that", () => {
  let d: Draft = wishFor({}, "A1", live, { min: "25" }, 2);
  d = wishFor(d, "A1", live, { fee: "4" }, 2);
  expect(wanted(d, 2)).toEqual([{ code: "A1", min_price: 2500, fee: 400 }]);
  d = wishFor(d, "A1", live, { min: "20.00" }, 2);
  expect(wanted(d, 2)).toEqual([{ code: "A1", fee: 400 }]);
  expect(wishFor(d, "A1", live, { fee: "3.5" }, 2)).toEqual({});
  expect(weigh(wishFor({}, "A1", live, { fee: "x" }, 2), 2)).toEqual({ count: 1, wrong: true });
  d = wishFor({}, "A1", live, { shape, system: "wgs84" }, 2);
  expect(wanted(d, 2)).toEqual([{ code: "A1", shape, system: "wgs84" }]);
  expect(wishFor(d, "A1", live, { shape: undefined }, 2)).toEqual({});
});

test("an area that goes takes its other wishes with it, and has them again when it stays", () => {
  const d = wishFor(wishFor({}, "A1", live, { fee: "4" }, 2), "A1", live, { gone: true }, 2);
  expect(wanted(d, 2)).toEqual([{ code: "A1", delete: true }]);
  expect(wanted(wishFor(d, "A1", live, { gone: undefined }, 2), 2)).toEqual([{ code: "A1", fee: 400 }]);
});

test("a new area needs its shape and what the smallest order is", () => {
  let d: Draft = wishFor({}, "B", undefined, { fresh: true, shape, system: "gcj02" }, 2);
  expect(weigh(d, 2).wrong).toBe(true);
  d = wishFor(d, "B", undefined, { min: "30" }, 2);
  expect(weigh(d, 2)).toEqual({ count: 1, wrong: false });
  expect(wanted(d, 2)).toEqual([{ code: "B", min_price: 3000, shape, system: "gcj02" }]);
  expect(without(d, "B")).toEqual({});
});

test("hours of an area are one piece of a day, which may pass midnight", () => {
  const night = { ...live, hours: { from: "22:00", to: "02:00" } };
  expect(wishFor({}, "A1", night, { hours: "22:00-02:00" }, 2)).toEqual({});
  expect(wanted(wishFor({}, "A1", live, { hours: "9:00 - 21:30" }, 2), 2)).toEqual([{ code: "A1", hours: { from: "09:00", to: "21:30" } }]);
  expect(wishFor({}, "A1", live, { hours: "" }, 2)).toEqual({});
  for (const hours of ["", "9", "09:00-09:00", "09:00-10:00, 11:00-12:00"])
    expect(weigh(wishFor({}, "A1", night, { hours }, 2), 2), hours).toEqual({ count: 1, wrong: true });
});
