import { expect, test } from "vitest";
import { readSummary } from "../../data/model";
import { waiting } from "./waiting";

const order = (id: string, seq: number, at: number, flags = ["refund"]) =>
  readSummary({ id, seq, flags, deadline: at ? { kind: "answer_refund", at } : null });

test("the most pressing comes first, what was answered meanwhile is gone, and what was asked meanwhile is there", () => {
  const read = [order("a", 1, 900), order("b", 2, 500), order("c", 3, 0)];
  const heard = [order("b", 4, 500, []), order("d", 5, 700), order("a", 0, 100, [])];
  expect(waiting(read, heard).map((o) => o.id)).toEqual(["d", "a", "c"]);
});
