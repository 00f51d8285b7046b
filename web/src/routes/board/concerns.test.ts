import { expect, test } from "vitest";
import { levelOf, minutes } from "./concerns";

test("minutes are whole and never below none", () => {
  expect(minutes(0, 119_999)).toBe(1);
  expect(minutes(1000, 0)).toBe(0);
});

test("a state that is not known yet is no alarm", () => {
  expect(["down", "bad", "slow", "warn", "good", "paused", "new word"].map(levelOf)).toEqual([
    "bad",
    "bad",
    "warn",
    "warn",
    "good",
    "good",
    "good",
  ]);
});
