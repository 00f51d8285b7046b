import { expect, test, vi } from "vitest";
import { addDays, clock, dayOf, moment, startOfDay } from "./time";

const at = Date.UTC(2026, 10, 21, 4, 3, 7);

test("a time is shown in the zone of its store", () => {
  expect(clock(at, "Asia/Shanghai")).toBe("12:03");
  expect(clock(at, "America/Mexico_City")).toBe("22:03");
  expect(dayOf(at, "America/Mexico_City")).toBe("2026-11-20");
});

test("the date is left out only on the same day there", () => {
  expect(moment(at, at + 3_600_000, "Asia/Shanghai")).toBe("12:03");
  expect(moment(at, at + 86_400_000, "Asia/Shanghai")).toBe("11-21 12:03");
  expect(moment(at, at + 366 * 86_400_000, "Asia/Shanghai")).toBe("2026-11-21 12:03");
});

test("a day begins at the zone's own midnight, on days when the clocks change too", () => {
  expect(startOfDay("2026-11-21", "Asia/Shanghai")).toBe(Date.UTC(2026, 10, 20, 16));
  expect(startOfDay("2026-03-08", "America/New_York")).toBe(Date.UTC(2026, 2, 8, 5));
  expect(startOfDay("2026-03-09", "America/New_York")).toBe(Date.UTC(2026, 2, 9, 4));
});

test("midnight is 00, never 24", () => expect(clock(Date.UTC(2026, 10, 20, 16), "Asia/Shanghai")).toBe("00:00"));

test("an unknown zone falls back to the device instead of breaking the page", () => {
  expect(clock(at, "Mars/Olympus")).toMatch(/^\d\d:\d\d$/);
});

test("days are added across months", () => expect(addDays("2026-02-27", 2)).toBe("2026-03-01"));

test("a browser that has the newer way is asked in that one, and in the old one about a zone that it does not know", () => {
  const asked: string[] = [];
  const toZonedDateTimeISO = (zone: string) => {
    asked.push(zone);
    if (zone === "Asia/Kathmandu") throw new RangeError(zone);
    return { offsetNanoseconds: -5.5 * 3_600_000 * 1_000_000 };
  };
  vi.stubGlobal("Temporal", { Now: { timeZoneId: () => "UTC" }, Instant: { fromEpochMilliseconds: () => ({ toZonedDateTimeISO }) } });
  try {
    const at = Date.UTC(2026, 10, 22, 12, 0);
    expect(clock(at, "Test/Half")).toBe("06:30");
    expect(clock(at, "Asia/Kathmandu")).toBe("17:45");
    expect(asked).toEqual(["Test/Half", "Asia/Kathmandu"]);
  } finally {
    vi.unstubAllGlobals();
  }
});
