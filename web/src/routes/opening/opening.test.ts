import { expect, test } from "vitest";
import { readSummary } from "../../data/model";
import { endOfDay, preorders, unfinished } from "./opening";

const minute = 60_000;
const now = Date.UTC(2026, 2, 1, 1, 30); // 09:30 in Shanghai
const order = (id: string, promised: number, more: object = {}) =>
  readSummary({ id, status: "accepted", kind: "takeaway", promised_at: promised, placed_at: now - 1000, ...more });

test("pre-orders of the day come by when preparation must begin", () => {
  const day = endOfDay(now, "Asia/Shanghai");
  const got = preorders(
    [
      order("late", now + 300 * minute, { begin_at: now + 255 * minute }),
      order("soon", now + 120 * minute, { begin_at: now + 75 * minute }),
      order("pickup", now + 60 * minute, { begin_at: now + 45 * minute }),
      order("tomorrow", day + minute),
      order("done", now + 60 * minute, { status: "done" }),
      order("asap", 0),
    ],
    day,
  );
  expect(got.map((x) => [x.order.id, (x.begin - now) / minute])).toEqual([
    ["pickup", 45],
    ["soon", 75],
    ["late", 255],
  ]);
});

test("what is unfinished at closing leaves out what is over and what is for another day", () => {
  expect(unfinished({ new: 1, accepted: 3, ready: 1, delivering: 2, done: 40, cancelled: 2, unpaid: 5 }, 2)).toBe(5);
  expect(unfinished({}, 0)).toBe(0);
  expect(unfinished({ accepted: 1 }, 2)).toBe(0); // the two are counted a moment apart
});

test("the day ends at midnight of the store", () => {
  expect(new Date(endOfDay(now, "Asia/Shanghai")).toISOString()).toBe("2026-03-01T16:00:00.000Z");
  expect(new Date(endOfDay(now, "America/Mexico_City")).toISOString()).toBe("2026-03-01T06:00:00.000Z");
});
