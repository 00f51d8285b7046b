import { expect, test } from "vitest";
import { columns, fitting, gridOf, readColumns } from "./columns";
import { readViews } from "./views";

test("what is stored is read with suspicion", () => {
  for (const nonsense of [undefined, null, 7, "x", { a: 1 }, [1, null, { name: "" }, { name: "a" }, { name: "b", filter: 3 }]]) {
    expect(readViews(nonsense)).toEqual([]);
  }
  expect(readViews([{ name: "午高峰", filter: { tab: "new", channel: "meituan", evil: "<x>" } }])).toEqual([
    { name: "午高峰", filter: { tab: "new", channel: "meituan" } },
  ]);
  expect(readViews(Array.from({ length: 99 }, (_, i) => ({ name: `v${i}`, filter: {} }))).length).toBe(20);
});

test("no columns is a choice; nonsense is the usual ones", () => {
  expect(readColumns([])).toEqual([]);
  expect(readColumns(["total", "evil", "due"])).toEqual(["due", "total"]);
  expect(readColumns("x")).toEqual(readColumns(undefined));
});

test("the grid has a track for each column that is shown, and four more", () => {
  for (const room of ["wide", "middle", "narrow"] as const) {
    const shown = fitting(columns, room);
    const tracks = gridOf(shown, room).match(/minmax\([^)]*\)|\S+/g) ?? [];
    expect([room, tracks.length]).toEqual([room, shown.length + 4]);
  }
});
