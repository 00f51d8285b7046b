import { expect, test } from "vitest";
import { type Printer, stateOf, switched, words } from "./printers";

test("rules are switched without touching the others", () => {
  const rules = [{ ticket: "kitchen" as const, copies: 2 }, { ticket: "cancel" as const }];
  expect(switched(rules, "shop", true)).toEqual([...rules, { ticket: "shop" }]);
  expect(switched(rules, "kitchen", true, { when: "arrive" })[0]).toEqual({ ticket: "kitchen", copies: 2, when: "arrive" });
  expect(switched(rules, "kitchen", false)).toEqual([{ ticket: "cancel" }]);
});

test("words are split as people type them", () => {
  expect(words(" 奶茶，咖啡 果汁、,")).toEqual(["奶茶", "咖啡", "果汁"]);
});

test("a printer that cannot print is in trouble, whatever waits", () => {
  const p = { off: false, since_at: 0, waiting: 0 } as Printer;
  expect(stateOf(p)).toBe("good");
  expect(stateOf({ ...p, waiting: 2 })).toBe("busy");
  expect(stateOf({ ...p, waiting: 2, since_at: 5 })).toBe("bad");
  expect(stateOf({ ...p, off: true, since_at: 5 })).toBe("off");
});
