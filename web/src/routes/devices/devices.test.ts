import { expect, test } from "vitest";
import { away, type Device, grouped, plain } from "./devices";

test.each([
  ["k7m 4qx", "K7M4QX"],
  ["K7M-4QX\n", "K7M4QX"],
  ["K7M4QXZZ", "K7M4QX"],
])("%j is the code %s", (typed, code) => expect(plain(typed)).toBe(code));

test("a code is shown in two groups", () => expect(grouped("K7M4QX")).toBe("K7M 4QX"));

test("a screen that was not seen for three minutes is off", () => {
  const d = { seen_at: 1_000_000 } as Device;
  expect([away(d, 1_000_000 + 170_000), away(d, 1_000_000 + 190_000), away({ seen_at: 0 } as Device, 2_000_000)]).toEqual([
    false,
    true,
    true,
  ]);
});
