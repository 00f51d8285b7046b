import { expect, test } from "vitest";
import { windowOf } from "./sight";

test.each([
  ["at the top", 0, 900, 10_000],
  ["in the middle", 320_000, 900, 10_000],
  ["above the list, which begins below the fold", -700, 900, 10_000],
  ["at the end", 640_000 - 900, 900, 10_000],
  ["a short list", 0, 900, 3],
])("%s, every row that can be seen exists, and few others", (_name, above, seen, count) => {
  const { from, to } = windowOf(above, seen, 64, count);
  const first = Math.max(0, Math.floor(above / 64));
  const last = Math.min(count, Math.ceil((above + seen) / 64));
  expect(from).toBeLessThanOrEqual(first);
  expect(to).toBeGreaterThanOrEqual(Math.max(0, last));
  expect(to).toBeLessThanOrEqual(count);
  expect(to - from).toBeLessThanOrEqual(60);
});

test("scrolling by a pixel mostly changes nothing", () => {
  const seen = new Set<string>();
  for (let y = 0; y < 640; y++) seen.add(JSON.stringify(windowOf(64_000 + y, 900, 64, 10_000)));
  expect(seen.size).toBeLessThanOrEqual(5);
});
