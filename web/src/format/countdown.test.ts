import { describe, expect, test } from "vitest";
import { countdown } from "./countdown";

const start = 1_700_000_000_000;
const minutes = (n: number) => n * 60_000;

describe("five minutes to accept", () => {
  const at = start + minutes(5);
  test.each([
    [0, "5:00", "calm"],
    [minutes(2), "3:00", "calm"],
    [minutes(2.5), "2:30", "amber"],
    [minutes(4) - 1, "1:01", "amber"],
    [minutes(4), "1:00", "red"],
    [minutes(5), "0:00", "red"],
    [minutes(5) + 1, "0:01", "over"],
    [minutes(6.5), "1:30", "over"],
  ])("after %i ms shows %s in %s", (passed, text, tone) => {
    expect(countdown(at, start, start + passed)).toMatchObject({ text, tone });
  });
});

test("three days to ship show a date, then turn amber at half and red in the last hour", () => {
  const at = start + minutes(3 * 24 * 60);
  expect(countdown(at, start, start)).toMatchObject({ text: undefined, tone: "calm" });
  expect(countdown(at, start, at - minutes(30 * 60))).toMatchObject({ text: undefined, tone: "amber" });
  expect(countdown(at, start, at - minutes(90))).toMatchObject({ text: "1:30:00", tone: "amber" });
  expect(countdown(at, start, at - minutes(59))).toMatchObject({ text: "59:00", tone: "red" });
});

test("where nobody knows when the time began, amber starts five minutes before the end", () => {
  const at = start + minutes(30);
  expect(countdown(at, 0, start).tone).toBe("calm");
  expect(countdown(at, 0, at - minutes(4)).tone).toBe("amber");
});
