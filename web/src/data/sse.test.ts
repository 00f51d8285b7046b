import { expect, test } from "vitest";
import { sseParser } from "./sse";

const stream = 'id: 1-7\r\nevent: change\r\ndata: {"seq":7}\r\n\r\n: still here\n\nid: 1-8\ndata: a\ndata: b\n\nevent: gone\n\n';

const whole = [
  { id: "1-7", event: "change", data: '{"seq":7}' },
  { id: "1-8", event: "message", data: "a\nb" },
  { id: "1-8", event: "gone", data: "" },
];

test("events are the same however the bytes are cut", () => {
  for (let size = 1; size <= stream.length; size++) {
    const parse = sseParser();
    const got = [];
    for (let i = 0; i < stream.length; i += size) got.push(...parse(stream.slice(i, i + size)));
    expect(got, `cut every ${size} characters`).toEqual(whole);
  }
});

test("a heartbeat is no event", () => expect(sseParser()(": ping\n\n")).toEqual([]));

test("half an event is kept until the rest comes", () => {
  const parse = sseParser();
  expect(parse("data: x\n")).toEqual([]);
  expect(parse("\n")).toEqual([{ id: "", event: "message", data: "x" }]);
});

test("an endless line is refused instead of filling the memory", () => {
  const parse = sseParser();
  expect(() => {
    for (let i = 0; i < 20; i++) parse("x".repeat(100_000));
  }).toThrow(/longer/);
});
