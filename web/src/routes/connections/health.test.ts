import { expect, test } from "vitest";
import { type Account, readAccount, readChannel } from "../../data/model";
import { healthOf } from "./health";

const now = 1_700_000_000_000;
const channel = readChannel({ name: "x", pull_every_s: 60 });
const account = (more: Partial<Account>): Account => ({ ...readAccount({ state: "ok", last_push_at: now, last_pull_at: now }), ...more });
const words = (a: Account, pushed = true) => healthOf(a, channel, pushed, now).words.map((w) => w.key);

test("an account that works says nothing", () => expect(healthOf(account({}), channel, true, now)).toEqual({ tone: "good", words: [] }));

test("an authorisation is warned of before it ends and named after", () => {
  expect(words(account({ authorise_by_at: now + 86_400_000 }))).toEqual(["expires"]);
  expect(words(account({ authorise_by_at: now - 1 }))).toEqual(["expired"]);
  expect(words(account({ authorise_by_at: now + 30 * 86_400_000 }))).toEqual([]);
});

test("never having had a push is news only where the platform can reach us", () => {
  expect(words(account({ last_push_at: 0 }))).toEqual(["noPush"]);
  expect(words(account({ last_push_at: 0 }), false)).toEqual([]);
});

test("several troubles are all named and the worst gives the colour", () => {
  const got = healthOf(account({ state: "failing", backlog: { effects: 0, parked: 2, hints: 0 } }), channel, true, now);
  expect(got.tone).toBe("bad");
  expect(got.words.map((w) => w.key)).toEqual(["failing", "parked"]);
});
