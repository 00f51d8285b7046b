import { expect, test } from "vitest";
import { merged } from "./merged";

const v = (name: string, tab = "new") => ({ name, filter: { tab } });

test("two devices change the views of one person: both changes stay", () => {
  const base = [v("a"), v("b"), v("c")];
  expect(merged(base, [v("a"), v("b"), v("c"), v("mine")], [v("a"), v("b"), v("c"), v("theirs")])).toEqual([
    ...base,
    v("theirs"),
    v("mine"),
  ]);
  expect(merged(base, [v("a", "done"), v("b"), v("c")], [v("a"), v("b", "refund"), v("c")])).toEqual([
    v("a", "done"),
    v("b", "refund"),
    v("c"),
  ]);
  expect(merged(base, [v("a"), v("c")], [v("a"), v("b"), v("c"), v("d")])).toEqual([v("a"), v("c"), v("d")]);
  expect(merged(base, base, [v("a"), v("c")])).toEqual([v("a"), v("c")]);
});

test("of one view the press here holds, and a change outlives a drop", () => {
  expect(merged([v("a")], [v("a", "done")], [v("a", "refund")])).toEqual([v("a", "done")]);
  expect(merged([v("a")], [], [v("a", "refund")])).toEqual([v("a", "refund")]);
  expect(merged([v("a")], [v("a", "done")], [])).toEqual([v("a", "done")]);
});

test("without a base nothing is lost; what has no names is the one that was pressed", () => {
  expect(merged(undefined, [v("a")], [v("b")])).toEqual([v("b"), v("a")]);
  expect(merged(["x"], ["y"], ["z"])).toEqual(["y"]);
  expect(merged(undefined, [v("a")], undefined)).toEqual([v("a")]);
});
