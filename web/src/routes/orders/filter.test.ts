import { expect, test } from "vitest";
import { readSummary } from "../../data/model";
import { countOf, matches, readFilter, sortOf, tabs, toQuery, whole } from "./filter";

const zone = "Asia/Shanghai";

test("an address that makes no sense shows the new orders instead of an error", () => {
  expect(whole(readFilter({ tab: "nonsense", from: "yesterday", sort: 7, q: { a: 1 } }))).toEqual(whole({}));
});

test("a search for digits stays text", () => expect(readFilter({ q: 12 }).q).toBe("12"));

test("days go to the service as the store's own midnights, the last day included", () => {
  const q = toQuery(whole({ tab: "all", from: "2026-11-20", to: "2026-11-21" }), zone);
  expect(q.from).toBe(Date.UTC(2026, 10, 19, 16));
  expect(q.to).toBe(Date.UTC(2026, 10, 21, 16));
  expect(q.status).toBeUndefined();
});

test("an order placed at the very edge of a day belongs to the same day here and at the service", () => {
  const f = whole({ tab: "all", from: "2026-11-20", to: "2026-11-20" });
  const q = toQuery(f, zone);
  for (const at of [Number(q.from), Number(q.to) - 1]) expect(matches(f, readSummary({ placed_at: at }), zone)).toBe(true);
  for (const at of [Number(q.from) - 1, Number(q.to)]) expect(matches(f, readSummary({ placed_at: at }), zone)).toBe(false);
});

test("each tab counts exactly the statuses or flags that it lists", () => {
  const counts = { statuses: { new: 3, delivered: 2, done: 5, replaced: 1, cancelled: 4 }, flags: { refund: 6 } };
  const got = Object.fromEntries(tabs.map((t) => [t, countOf(t, counts)]));
  expect(got).toMatchObject({ all: 15, new: 3, done: 7, cancelled: 5, refund: 6, reminder: 0 });
});

test("work is sorted by what is due, history by what is newest, unless the address says otherwise", () => {
  expect(sortOf(whole({ tab: "new" }))).toBe("due");
  expect(sortOf(whole({ tab: "done" }))).toBe("newest");
  expect(sortOf(whole({ tab: "new", sort: "newest" }))).toBe("newest");
});
