import { describe, expect, test } from "vitest";
import { type OrderSummary, readSummary } from "../../data/model";
import { combine, comparator, settle } from "./settle";

const order = (n: number, more: Partial<OrderSummary> = {}): OrderSummary => ({
  ...readSummary({ id: `ord_${String(n).padStart(4, "0")}`, status: "new", placed_at: n, seq: n }),
  ...more,
});
const ids = (rows: { order: OrderSummary }[]) => rows.map((r) => r.order.placed_at);
const rows = (...ns: number[]) => ns.map((n) => ({ order: order(n), leaving: false }));
const nobody = () => undefined;
/** The number of the row of an order. */
const at = (shown: { order: OrderSummary }[], n: number) => shown.findIndex((r) => r.order.placed_at === n);

describe("while a row is held", () => {
  test("orders that come above it wait, and are counted", () => {
    const got = settle(
      rows(5, 4, 3),
      [7, 6, 5, 4, 3].map((n) => order(n)),
      1,
      nobody,
    );
    expect(ids(got.rows)).toEqual([5, 4, 3]);
    expect(got.waiting).toBe(2);
  });

  test("a row above it that leaves is shown as leaving, in its new state", () => {
    const accepted = order(5, { status: "accepted" });
    const got = settle(rows(5, 4, 3), [order(4), order(3)], 1, (id) => (id === accepted.id ? accepted : undefined));
    expect(got.rows[0]).toEqual({ order: accepted, leaving: true });
    expect(ids(got.rows)).toEqual([5, 4, 3]);
  });

  test("the held row itself may leave without the next one slipping under the hand", () => {
    const got = settle(rows(5, 4, 3), [order(5), order(3)], 1, nobody);
    expect(ids(got.rows)).toEqual([5, 4, 3]);
    expect(got.rows[1]?.leaving).toBe(true);
  });

  test("rows below it come and go at once", () => {
    const got = settle(rows(5, 4, 3, 2), [order(5), order(4), order(2), order(1)], 0, nobody);
    expect(ids(got.rows)).toEqual([5, 4, 2, 1]);
    expect(got.waiting).toBe(0);
  });

  test("a row from below that now belongs on top stays in sight", () => {
    const urgent = order(2);
    const got = settle(rows(5, 4, 3, 2), [urgent, order(5), order(4), order(3)], 1, nobody);
    expect(ids(got.rows)).toEqual([5, 4, 2, 3]);
    expect(got.waiting).toBe(0);
  });

  test("it never moves, whatever comes, over thousands of random changes", () => {
    let seed = 7;
    const random = (n: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % n;
    };
    let shown = rows(9, 8, 7, 6, 5);
    let wanted = shown.map((r) => r.order);
    const held = 7;
    for (let i = 0; i < 3000; i++) {
      if (random(2) === 0) wanted = wanted.filter(() => random(6) > 0);
      else wanted = [...wanted, order(random(40))].filter((o, k, all) => all.findIndex((x) => x.id === o.id) === k);
      wanted = [...wanted].sort(comparator("newest"));
      const got = settle(shown, wanted, at(shown, held), nobody);
      expect(at(got.rows, held)).toBe(2);
      expect(new Set(ids(got.rows)).size).toBe(got.rows.length);
      const missing = wanted.filter((o) => !got.rows.some((r) => r.order.id === o.id));
      expect(missing.length).toBe(got.waiting);
      shown = got.rows;
    }
    expect(settle(shown, wanted, -1, nobody).rows.map((r) => r.order)).toEqual(wanted);
  });
});

describe("a list that is scrolled", () => {
  test("stands still above its first row in sight, which may leave itself", () => {
    const got = settle(
      rows(6, 5, 4, 3),
      [7, 6, 3].map((n) => order(n)),
      -1,
      nobody,
      2,
    );
    expect(got.rows.map((r) => [r.order.placed_at, r.leaving])).toEqual([
      [6, false],
      [5, true],
      [4, true],
      [3, false],
    ]);
    expect(got.waiting).toBe(1);
  });

  test("of which everything before one's eyes has left is shown as it is, at once", () => {
    const got = settle(
      rows(6, 5, 4, 3),
      [7, 6].map((n) => order(n)),
      -1,
      nobody,
      2,
    );
    expect(ids(got.rows)).toEqual([7, 6]);
    expect(got.waiting).toBe(0);
  });

  test("still stands still up to the row in hand then", () => {
    const got = settle(
      rows(6, 5, 4, 3),
      [7, 6].map((n) => order(n)),
      1,
      nobody,
      2,
    );
    expect(got.rows.map((r) => [r.order.placed_at, r.leaving])).toEqual([
      [6, false],
      [5, true],
    ]);
  });

  // A page that becomes shorter is scrolled up by the browser, which changes what the first row in sight is, which changes what stands still.
  test.each([1, 2, 9])("comes to rest when a whole batch leaves it at its end, of which %i rows were in sight", (seen) => {
    const all = Array.from({ length: 300 }, (_, i) => 300 - i);
    for (const stays of [
      () => false,
      (n: number) => n === 300,
      (n: number) => n === 1,
      (n: number) => n % 7 === 0,
      (n: number) => n % 2 === 0,
    ]) {
      const wanted = all.filter(stays).map((n) => order(n));
      let shown = rows(...all);
      let drawings = 0;
      for (let count = -1; shown.length !== count; drawings++) {
        count = shown.length;
        shown = settle(shown, wanted, -1, nobody, Math.max(0, count - seen) || -1, seen).rows;
      }
      expect(drawings).toBeLessThan(20); // React gives a page up after fifty
    }
  });
});

describe("the wanted list", () => {
  const view = { matches: (o: OrderSummary) => o.status === "new", compare: comparator("newest"), more: false, insert: true };
  const live = (...os: OrderSummary[]) => new Map(os.map((o) => [o.id, o]));

  test("shows the newest version of an order and drops one that no longer belongs", () => {
    const got = combine([order(3), order(2)], live(order(3, { seq: 9, remark: "x" }), order(2, { seq: 9, status: "done" })), view);
    expect(got.map((o) => [o.placed_at, o.remark])).toEqual([[3, "x"]]);
  });

  test("an older message does not undo a newer page", () => {
    expect(combine([order(3, { seq: 9 })], live(order(3, { seq: 8, status: "done" })), view)).toHaveLength(1);
  });

  test("a live order beyond the last loaded page waits for its page", () => {
    expect(combine([order(5), order(4)], live(order(1)), { ...view, more: true })).toHaveLength(2);
    expect(combine([order(5), order(4)], live(order(6)), { ...view, more: true })).toHaveLength(3);
  });

  test("a text search is neither added to nor sorted by guesswork", () => {
    const got = combine([order(1), order(5)], live(order(6)), { ...view, insert: false });
    expect(got.map((o) => o.placed_at)).toEqual([1, 5]);
  });

  test("what is due first comes first, what is never due last", () => {
    const due = (n: number, at: number) => order(n, { deadline: { kind: "accept", at, for: "" } });
    const got = combine([order(1), due(2, 50), due(3, 20)], live(), { ...view, compare: comparator("due") });
    expect(got.map((o) => o.placed_at)).toEqual([3, 2, 1]);
  });

  test("of those due in the same second the older comes first, so a later one comes in below the row in hand", () => {
    const due = (n: number) => order(n, { deadline: { kind: "accept", at: 50, for: "" } });
    const same = { ...view, compare: comparator("due") };
    const before = combine([due(1)], live(), same);
    const after = combine([due(1)], live(due(2)), same);
    const shown = before.map((o) => ({ order: o, leaving: false }));
    const got = settle(shown, after, at(shown, 1), nobody);
    expect(ids(got.rows)).toEqual([1, 2]);
    expect(got.waiting).toBe(0);
    expect(ids(combine([], live(order(3), order(4)), same).map((o) => ({ order: o })))).toEqual([4, 3]);
  });
});
