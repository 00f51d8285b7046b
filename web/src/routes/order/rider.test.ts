import { expect, test } from "vitest";
import { riderText } from "./rider";

test("the rider is told what was filled in and nothing else", () => {
  const label = (p: string) => ({ name: "收件人", phone: "电话", addition: "地址补充", time: "时间" })[p] ?? p;
  const marks = { said: (what: string, words: string) => `${what}：${words}`, and: "；" };
  expect(riderText("美团 #12", {}, label, marks)).toBe("");
  expect(riderText("美团 #12", { phone: "  " }, label, marks)).toBe("");
  expect(riderText("美团 #12", { addition: " 3 号楼后门", time: "18:30" }, label, marks)).toBe("美团 #12：地址补充 3 号楼后门；时间 18:30");
});
