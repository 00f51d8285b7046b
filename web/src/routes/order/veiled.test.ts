import { expect, test } from "vitest";
import { veiledName, veiledPhone, veiledPlace } from "./veiled";

test.each([
  ["张(女士)", "张**"],
  ["Luis Domínguez", "L**"],
  ["", ""],
])("the name %j is shown as %j", (name, shown) => expect(veiledName(name)).toBe(shown));

test.each([
  ["18500002285", "*** 2285"],
  ["18500000000_7391", "*** 7391"],
  ["2285", "***"],
  ["", ""],
])("the phone %j is shown as %j", (phone, shown) => expect(veiledPhone(phone)).toBe(shown));

test("no number of a house or a door is shown", () => {
  for (const address of ["文三路 259 号 3 幢 201", "Rua das Flores 123, apto 45", "99 Main Street"]) {
    expect(veiledPlace("杭州", address)).not.toMatch(/\d/);
  }
  expect(veiledPlace("", "")).toBe("");
});
