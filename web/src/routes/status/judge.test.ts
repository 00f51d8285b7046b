import { expect, test } from "vitest";
import type { Health } from "../../data/model";
import { bars, headline, share, spoken, toneOf } from "./judge";

const board = (states: string[], more: Partial<Health> = {}): Health => ({
  at: 0,
  armed: true,
  accounts: states.map((state, i) => ({
    account_id: `acc_${i}`,
    channel: "meituan",
    name: "",
    state,
    cause: "ok",
    kinds: [],
    since_at: 0,
    push_at: 0,
    pull_at: 0,
    calls: [],
    failed: [],
  })),
  queue: [],
  follower: { behind: 0, since_at: 0 },
  lanes: [],
  calls: [],
  parked: 0,
  database: { engine: "sqlite", size_bytes: 0, wal_bytes: 0, free_bytes: 0 },
  nodes: [],
  checks: [],
  version: "",
  ...more,
});

test("the headline says the worst, and how much of it", () => {
  expect(headline(board([]))).toMatchObject({ key: "good", tone: "good" });
  expect(headline(board(["good", "paused"]))).toMatchObject({ key: "good" });
  expect(headline(board(["good", "slow", "slow"]))).toMatchObject({ key: "slow", tone: "warn", params: { count: 2 } });
  expect(headline(board(["down", "slow"]))).toMatchObject({ key: "down", tone: "bad", params: { count: 1 } });
  expect(headline(board(["a word of tomorrow"]))).toMatchObject({ key: "slow" });
  expect(headline(board(["good"], { armed: false }))).toMatchObject({ key: "disarmed", tone: "bad" });
  expect(headline(board(["slow"], { checks: [{ name: "backups", ok: false, at: 1, good_at: 0, about_at: 0, words: "" }] }))).toMatchObject({
    key: "check",
  });
  expect(headline(board(["good"], { queue: [{ class: "pushes", waiting: 9, oldest_ms: 6000 }] }))).toMatchObject({ key: "queue" });
});

test("a minute is one stroke", () => {
  const a = { calls: [0, 3, 3, 2], failed: [0, 0, 1, 2] };
  expect(bars(a)).toEqual(["none", "good", "some", "all"]);
  expect(spoken(a)).toEqual({ calls: 8, failed: 3, minutes: 2 });
});

test("a share never hides that something failed or went well", () => {
  expect([share(0, 0), share(0, 9), share(1, 1000), share(999, 1000), share(5, 5), share(1, 4)]).toEqual([
    "0%",
    "0%",
    "1%",
    "99%",
    "100%",
    "25%",
  ]);
});

test("an unknown state is a warning", () => expect([toneOf("good"), toneOf("x"), toneOf("paused")]).toEqual(["good", "warn", "off"]));
