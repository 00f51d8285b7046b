import { expect, test } from "vitest";
import { readSummary } from "../../data/model";
import { pressMaking, settleMaking, type Word } from "./making";

const now = 1_700_000_000_000;
const word = (more: Partial<Word>): Word => ({ id: "ord_1", on: true, pressed: now, turn: "unl_1", key: "k1", seq: -1, ...more });
const order = (more: object) => new Map([["ord_1", readSummary({ id: "ord_1", status: "accepted", seq: 7, ...more })]]);

test("of several presses on one order the last is sent", () => {
  expect(pressMaking([word({})], word({ on: false, key: "k2" })).map((w) => [w.key, w.on])).toEqual([["k2", false]]);
});

test("a press stays until the service knows and the order tells it", () => {
  expect(settleMaking([word({})], order({ seq: 99 }), now + 3600_000)).toHaveLength(1); // not sent yet
  expect(settleMaking([word({ seq: 9 })], order({ seq: 8 }), now)).toHaveLength(1);
  expect(settleMaking([word({ seq: 9 })], order({ seq: 9 }), now)).toEqual([]);
  expect(settleMaking([word({ seq: 9 })], order({ status: "cancelled" }), now)).toEqual([]);
  expect(settleMaking([word({})], order({}), now + 12 * 3600_000)).toEqual([]);
});
