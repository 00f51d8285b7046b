import { expect, test } from "vitest";
import * as reader from "./reader";

const { onLanguage, readIn } = reader;
const read = reader.read as (key: string, blanks?: Record<string, unknown>) => string; // of other texts than the console's

const words = {
  list: { count_one: "{{count}} order", count_other: "{{count}} orders", name: "list of {{name}}" },
  act: { ship: "Ship" },
  busy: "wait for “$t(act.{{act}})” of {{name}}",
};

test("a text is found by its key, and a key without a text is itself or what was said for it", () => {
  readIn("en", words);
  expect(read("act.ship")).toBe("Ship");
  for (const key of ["act.sell", "act", "act.ship.more", "constructor", "toString.name", ""]) {
    expect(read(key)).toBe(key);
    expect(read(key, { defaultValue: "none" })).toBe("none");
  }
  expect(read("act.sell", { defaultValue: "" })).toBe("");
});

test("a number picks its form, one that the text lacks is the form of most", () => {
  readIn("en", words);
  expect([0, 1, 2].map((count) => read("list.count", { count }))).toEqual(["0 orders", "1 order", "2 orders"]);
  readIn("es", { count_one: "uno", count_other: "muchos" });
  expect(read("count", { count: 1_000_000 })).toBe("muchos"); // "many" in Spanish
  readIn("zh-CN", { count_other: "{{count}} 单", bare: "{{count}} 件" });
  expect([read("count", { count: 1 }), read("bare", { count: 1 })]).toEqual(["1 单", "1 件"]);
});

test("what is filled in is not read for blanks", () => {
  readIn("en", words);
  expect(read("list.name", { name: "$t(act.ship) {{count}} $&", count: 3 })).toBe("list of $t(act.ship) {{count}} $&");
  expect(read("busy", { act: "ship", name: "{{act}}" })).toBe("wait for “Ship” of {{act}}");
  expect(read("busy", { act: "x) $t(act.ship", name: "A" })).toBe("wait for “act.x) $t(act.ship” of A");
  expect(read("list.name", {})).toBe("list of ");
});

test("another language is told to whoever draws", () => {
  let told = 0;
  const end = onLanguage(() => told++);
  readIn("es", { act: { ship: "Enviar" } });
  expect([read("act.ship"), told]).toEqual(["Enviar", 1]);
  end();
  readIn("en", words);
  expect(told).toBe(1);
});
