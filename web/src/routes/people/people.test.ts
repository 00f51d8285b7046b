import { expect, test } from "vitest";
import { bodyOf, givable, linkOf, type Person } from "./people";

const clerk: Person = {
  id: "usr_1",
  name: "小王",
  role: "clerk",
  all_stores: false,
  stores: ["sto_1"],
  personal: true,
  suspended: false,
  joined: true,
  link_until: 0,
  sessions: 1,
  seen_at: 0,
  made_at: 0,
  locale: "zh-CN",
  phone: "",
  may_change: true,
};

test("a change keeps what it does not name", () => {
  expect(bodyOf(clerk, { suspended: true })).toEqual({
    name: "小王",
    role: "clerk",
    personal: true,
    suspended: true,
    all_stores: false,
    stores: ["sto_1"],
  });
});

test("no stores are sent for a role that has all, and none beside all", () => {
  expect(bodyOf(clerk, { role: "headquarters" })).toMatchObject({ all_stores: true, stores: undefined });
  expect(bodyOf(clerk, { all_stores: true })).toMatchObject({ all_stores: true, stores: undefined });
});

test("only an owner makes owners", () => {
  expect(givable("owner")).toContain("owner");
  expect(givable("headquarters")).not.toContain("owner");
});

test("the token is behind the hash", () => expect(linkOf("tdi_x", "https://a.example")).toBe("https://a.example/join#tdi_x"));
