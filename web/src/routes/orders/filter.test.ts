import { expect, test } from "vitest";
import { readSummary } from "../../data/model";
import { countOf, matches, readFilter, sortOf, tabOf, tabs, tabsOf, tallyOf, toQuery, whole } from "./filter";

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

const tally = (statuses: Record<string, number>, flags: Record<string, number> = {}) => ({ statuses, flags });

test("a way of work counts only the channels that work that way", () => {
  const channels = { meituan: tally({ new: 2, accepted: 1 }, { refund: 1 }), mercadolibre: tally({ accepted: 5 }), odd: tally({ new: 9 }) };
  const kindOf = (c: string) => ({ meituan: "takeaway", mercadolibre: "ecommerce" })[c] ?? "";
  expect(tallyOf(channels, kindOf, "takeaway")).toEqual(tally({ new: 2, accepted: 1 }, { refund: 1 }));
  expect(countOf("toship", tallyOf(channels, kindOf, "ecommerce"))).toBe(5);
  expect(countOf("all", tallyOf(channels, kindOf, ""))).toBe(17);
});

test("a store sees the tabs that its channels can fill, what has something in it, and the one that is open", () => {
  expect(tabsOf("ecommerce", tally({ new: 3, accepted: 4 }), "toship")).not.toContain("new"); // they are under "toship"
  expect(tabsOf("ecommerce", tally({}, { reminder: 1 }), "toship")).toContain("reminder");
  expect(tabsOf("takeaway", tally({}), "new")).not.toContain("unpaid");
  expect(tabsOf("takeaway", tally({ unpaid: 1 }), "new")).toContain("unpaid");
  expect(tabsOf("ecommerce", undefined, "new")).toContain("new");
  for (const way of ["", "takeaway", "ecommerce"] as const) expect(tabsOf(way, tally({ accepted: 1 }), "all")).toContain("all");
});

test("pickups and labels have tabs where a channel has them, and each order is counted once", () => {
  expect(tabsOf("takeaway", tally({}), "new")).not.toContain("pickup");
  expect(tabsOf("takeaway", tally({}), "new", ["pickup"])).toContain("pickup");
  expect(tabsOf("takeaway", tally({ ready: 1 }, { pickup: 1 }), "new")).toContain("pickup"); // there is one, whatever the channel says
  expect(tabsOf("ecommerce", tally({}), "toship", ["labels"]).slice(0, 4)).toEqual(["toship", "tolabel", "labelled", "handover"]);
  const some = tally({ ready: 5 }, { pickup: 2, to_label: 3 });
  expect([countOf("ready", some), countOf("pickup", some), countOf("tolabel", some)]).toEqual([3, 2, 3]);
  const pickup = readSummary({ status: "ready", flags: ["pickup"], placed_at: 1 });
  expect(matches(whole({ tab: "ready" }), pickup, zone)).toBe(false);
  expect(matches(whole({ tab: "pickup" }), pickup, zone)).toBe(true);
  expect(tabOf("ready", "takeaway", ["pickup"])).toBe("pickup");
  expect(toQuery(whole({ tab: "ready" }), zone)).toMatchObject({ status: "ready", without: "pickup" });
});

test("every order that counts is in a tab of each way that shows it", () => {
  for (const way of ["", "takeaway", "ecommerce"] as const)
    for (const status of ["unpaid", "new", "accepted", "ready", "delivering", "delivered", "done", "cancelled", "replaced"]) {
      const shown = tabsOf(way, tally({ [status]: 1 }), "all").filter((t) => t !== "all" && t !== "active");
      expect([way, status, shown.some((t) => countOf(t, tally({ [status]: 1 })) === 1)]).toEqual([way, status, true]);
    }
});

test("a row that leaves says the tab of its own way of work", () => {
  expect(tabOf("ready", "takeaway")).toBe("ready");
  expect(tabOf("ready", "ecommerce")).toBe("toship");
});

test("the address says which way of work, and the service is asked for it", () => {
  expect(toQuery(whole(readFilter({ kind: "ecommerce" }), "ecommerce"), zone)).toMatchObject({
    kind: "ecommerce",
    status: "new,accepted,ready",
  });
  expect(readFilter({ kind: "nonsense" }).kind).toBeUndefined();
});
