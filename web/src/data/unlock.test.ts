import { expect, test } from "vitest";
import { idle } from "./unlock";

const turn = { id: "unl_1", name: "小王", touched: 1_000_000 };

test("a screen locks itself after the minutes that were chosen, and never for none", () => {
  expect(idle(turn, 5, 1_000_000 + 299_000)).toBe(false);
  expect(idle(turn, 5, 1_000_000 + 300_000)).toBe(true);
  expect(idle(turn, 0, 1_000_000 + 86_400_000)).toBe(false);
});
