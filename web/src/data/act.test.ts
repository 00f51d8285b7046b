import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { act, busy, type Doing, standing, takeUp } from "./act";
import { readSummary } from "./model";

const now = 1_700_000_000_000;
const pending = (state: string, since = now - 1000, words = "") =>
  readSummary({ id: "ord_1", seq: 5, pending: [{ effect_id: "eff_1", kind: "accept", state, since_at: since, words }] });
const quiet = readSummary({ id: "ord_1", seq: 5 });
const pressed = (state: Doing["state"], more: Partial<Doing> = {}): Doing => ({
  kind: "accept",
  state,
  since: now - 1000,
  words: "",
  by: "",
  at: 0,
  seq: 0,
  ...more,
});

describe("where an act stands", () => {
  const held = (until: number) =>
    readSummary({
      id: "ord_1",
      seq: 5,
      pending: [{ effect_id: "eff_1", kind: "ready", state: "waiting", since_at: now - 60_000, held_until: until, words: "" }],
    });
  test("what is held back counts its seconds, then it is being sent", () => {
    expect(standing(held(now + 7200), undefined, now)).toEqual({ kind: "held", act: "ready", effect: "eff_1", left: 8 });
    expect(standing(held(now - 100), undefined, now).kind).toBe("sending");
    expect(busy(standing(held(now + 7200), undefined, now))).toBe(true);
  });

  test.each([
    ["nothing pressed", quiet, undefined, "idle"],
    ["just pressed", quiet, pressed("sending"), "sending"],
    ["no network", quiet, pressed("unsent"), "unsent"],
    ["taken by the service, the order has not moved yet", quiet, pressed("sent", { seq: 6 }), "sending"],
    ["taken, and the order has moved", quiet, pressed("sent", { seq: 5 }), "done"],
    ["taken, and the platform refused it", pending("refused"), pressed("sent", { seq: 5 }), "refused"],
    ["the platform is being called", pending("sending"), undefined, "sending"],
    ["for more than ten seconds", pending("waiting", now - 11_000), undefined, "slow"],
    ["nobody knows what happened", pending("unknown"), undefined, "unknown"],
    ["the platform refused", pending("refused"), undefined, "refused"],
    ["the service did not take it", quiet, pressed("refused", { words: "the order is cancelled" }), "stopped"],
    ["it was too late to send", pending("void"), undefined, "stopped"],
    ["a person has to look", pending("person"), undefined, "person"],
    ["somebody was faster", quiet, pressed("faster", { by: "收银台" }), "faster"],
  ])("%s", (_name, o, d, kind) => expect(standing(o, d, now).kind).toBe(kind));
});

test("the platform's own words are kept", () => {
  expect(standing(pending("refused", now, "订单已取消"), undefined, now)).toMatchObject({ words: "订单已取消" });
});

test("an act whose outcome is unknown cannot be pressed again, a refused one can", () => {
  expect(busy(standing(pending("unknown"), undefined, now))).toBe(true);
  expect(busy(standing(pending("refused"), undefined, now))).toBe(false);
});

describe("a press", () => {
  const frames: (() => void)[] = [];
  const kept = new Map<string, string>();
  const sent: Request[] = [];
  let user = 0;
  beforeEach(() => {
    vi.useFakeTimers();
    frames.length = 0;
    sent.length = 0;
    kept.clear();
    vi.stubGlobal("document", { hidden: false });
    vi.stubGlobal("location", new URL("http://localhost/orders"));
    vi.stubGlobal("localStorage", {
      getItem: (k: string) => kept.get(k) ?? null,
      setItem: (k: string, v: string) => void kept.set(k, v),
    });
    vi.stubGlobal("requestAnimationFrame", (then: () => void) => frames.push(then));
    vi.stubGlobal("cancelAnimationFrame", () => {});
    vi.stubGlobal("fetch", async (r: Request) => {
      sent.push(r);
      return Response.json({ seq: 6 }, { status: 202 });
    });
    takeUp(`usr_${++user}`);
  });
  afterEach(() => {
    vi.runAllTimers();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
  const order = (id: string) => ({ order: readSummary({ id, seq: 5, actions: ["accept"] }), number: "#1" });
  const paint = async () => {
    for (const then of frames.splice(0)) then();
    await vi.advanceTimersByTimeAsync(0);
  };

  test("is written down and shown at once, and leaves when that is on the screen", async () => {
    const end = act(order("ord_a"), { kind: "accept" });
    expect([...kept.values()].join()).toContain("ord_a");
    await vi.advanceTimersByTimeAsync(50);
    expect(sent).toHaveLength(0);
    expect(await act(order("ord_a"), { kind: "accept" })).toMatchObject({ kind: "accept", state: "sending" });
    await paint();
    expect(sent).toHaveLength(1);
    expect(await end).toMatchObject({ kind: "accept", state: "sent", seq: 6 });
    expect([...kept.values()].join()).not.toContain("ord_a");
  });

  test("leaves soon where no picture comes, and at once where nobody can see one", async () => {
    void act(order("ord_b"), { kind: "accept" });
    await vi.advanceTimersByTimeAsync(100);
    expect(sent).toHaveLength(1);
    vi.stubGlobal("document", { hidden: true });
    void act(order("ord_c"), { kind: "accept" });
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toHaveLength(2);
    await paint();
    expect(sent).toHaveLength(2);
  });
});
