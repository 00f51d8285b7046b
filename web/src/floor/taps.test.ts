import { expect, test } from "vitest";
import { readSummary } from "../data/model";
import { pass, press, refused, sent, settle, type Tap, takeBack, undoFor } from "./taps";

const now = 1_700_000_000_000;
const o = { id: "ord_1", channel: "meituan" };
const one = () => press([], o, "12", now, now - 500, "unl_1", "k1");
const states = (taps: Tap[]) => taps.map((t) => `${t.key} ${t.state}`);
const order = (more: object) => new Map([["ord_1", readSummary({ id: "ord_1", status: "accepted", seq: 7, ...more })]]);

test("a tap waits ten seconds, in which it can be taken back, and is due after", () => {
  expect(states(pass(one(), now + undoFor - 1))).toEqual(["k1 held"]);
  expect(takeBack(one(), "ord_1")).toEqual([]);
  const due = pass(one(), now + undoFor);
  expect(states(due)).toEqual(["k1 due"]);
  expect(states(takeBack(due, "ord_1"))).toEqual(["k1 due"]);
});

test("a second tap on the same order is no second act, and after a refusal it is a new one", () => {
  expect(states(press(one(), o, "12", now + 1000, now, "", "k2"))).toEqual(["k1 held"]);
  expect(states(press(refused(one(), "k1", "no"), o, "12", now + 1000, now, "", "k2"))).toEqual(["k2 held"]);
});

test("without network it stays due, however long the network is away, with the key of the press", () => {
  let taps = pass(one(), now + undoFor);
  for (let h = 0; h < 11; h++) taps = pass(taps, now + h * 3600_000);
  expect(states(taps)).toEqual(["k1 due"]);
  expect(pass(taps, now + 13 * 3600_000)).toEqual([]);
});

test("a clock that was set back holds no tap for ever", () => expect(pass(one(), now - 3600_000)).toEqual([]));

test("it is over when the order says so", () => {
  const gone = sent(pass(one(), now + undoFor), "k1", 9);
  const pending = (state: string) => ({ seq: 9, pending: [{ effect_id: "e", kind: "ready", state, since_at: now, words: "" }] });
  expect(states(settle(gone, order({})))).toEqual(["k1 sent"]); // the picture is older than the act
  expect(states(settle(gone, order(pending("sending"))))).toEqual(["k1 sent"]);
  expect(settle(gone, order(pending("refused")))).toEqual([]); // the card comes back, with the platform's words
  expect(settle(gone, order({ status: "ready", seq: 10 }))).toEqual([]);
  expect(states(settle(one(), order({ status: "cancelled" })))).toEqual(["k1 held"]); // the service decides what a late tap is worth
});

test("a tap keeps whose turn it was and when, for as long as it waits", () => {
  expect(pass(one(), now + undoFor).map((t) => [t.turn, t.pressed])).toEqual([["unl_1", now - 500]]);
});
