import { expect, test } from "vitest";
import { holds, layOut, outermost, readShape, squareMetres } from "./shape";

const china = { south_west: { lat: 18, lon: 73.8 }, north_east: { lat: 54, lon: 135 } };
const square = [
  { lat: 30.18, lon: 120.09 },
  { lat: 30.18, lon: 120.11 },
  { lat: 30.2, lon: 120.11 },
  { lat: 30.2, lon: 120.09 },
];
const ring = [...square, square[0]].map((p) => [p?.lon, p?.lat]);
const read = (x: unknown) => readShape(typeof x === "string" ? x : JSON.stringify(x), china);

test("an area is read from whatever people have of one", () => {
  const open = { shape: square, closed: false, order: "lat" };
  expect(read(square.map((p) => `${p.lat}, ${p.lon}`).join("\n"))).toEqual(open);
  expect(read(square.map((p) => `${p.lon},${p.lat}`).join("；"))).toEqual({ ...open, order: "lon" });
  expect(read(square)).toEqual(open);
  expect(read(square.map((p) => ({ latitude: p.lat, longitude: p.lon })))).toEqual(open);
  expect(read(square.map((p) => [p.lat, p.lon]))).toEqual(open);
  expect(read("[30.18 120.09] [30.18 120.11] [30.2 120.11] [30.2 120.09]")).toEqual(open);
  const polygon = { type: "Polygon", coordinates: [ring] };
  const closed = { shape: square, closed: true, order: "lon" };
  expect(read(polygon)).toEqual(closed);
  expect(read({ type: "FeatureCollection", features: [{ type: "Feature", properties: {}, geometry: polygon }] })).toEqual(closed);
  expect(read({ type: "MultiPolygon", coordinates: [[ring]] })).toEqual(closed);
  expect(read([...square, square[0], square[0]])).toEqual({ ...closed, order: "lat" });
});

test("what is no area says why", () => {
  const flaws: [unknown, string][] = [
    [" ", "empty"],
    ["[]", "empty"],
    ["here", "text"],
    ['{"type":', "text"],
    [[{ lat: 30 }], "text"],
    [{ type: "Point", coordinates: [120, 30] }, "kind"],
    [{ type: "FeatureCollection", features: [] }, "kind"],
    [{ type: "MultiPolygon", coordinates: [[ring], [ring]] }, "several"],
    [{ type: "Polygon", coordinates: [ring, ring] }, "holes"],
    [{ type: "Polygon", coordinates: [["x"]] }, "text"],
    ["30.1 120.1 30.2", "odd"],
    ["48.8 2.3, 48.9 2.3, 48.9 2.4", "outside"],
    ["30.1 120.1, 30.2 120.2", "few"],
    ["30.1 120.1, 30.1 120.1, 30.2 120.2, 30.1 120.1", "few"],
    ["1 ".repeat(100_001), "large"],
  ];
  for (const [typed, flaw] of flaws) expect([typed, read(typed)]).toEqual([typed, { flaw }]);
});

test("a shape is measured, and holds what lies in it", () => {
  expect(squareMetres(square) / 1e6).toBeCloseTo(4.275, 2); // 2.224 km by 1.922 km
  expect(squareMetres(square.slice(0, 2))).toBe(0);
  expect([holds(square, { lat: 30.19, lon: 120.1 }), holds(square, { lat: 30.21, lon: 120.1 })]).toEqual([true, false]);
});

test("a drawing keeps lengths and has north up", () => {
  const sheet = layOut(square, 640);
  if (!sheet) throw new Error("nothing is drawn");
  const [sw, se, ne] = square.map(sheet.at);
  if (!sw || !se || !ne) throw new Error("no corners");
  expect(ne[1]).toBeLessThan(se[1]);
  const perMetre = sheet.bar.length / sheet.bar.metres;
  expect((se[0] - sw[0]) / perMetre).toBeCloseTo(1922, -1);
  expect((se[1] - ne[1]) / perMetre).toBeCloseTo(2224, -1);
  expect(sheet.bar.length).toBeLessThanOrEqual(160);
  expect([1000, 500, 200]).toContain(sheet.bar.metres);
  for (const [x, y] of square.map(sheet.at)) expect(x >= 0 && x <= 640 && y >= 0 && y <= sheet.height).toBe(true);
  expect(layOut([], 640)).toBeUndefined();
  expect(layOut([{ lat: 30, lon: 120 }], 640)?.at({ lat: 30, lon: 120 })[0]).toBe(320);
});

test("areas are named at different corners", () => {
  expect([0, 2, 4, 6].map((n) => outermost(square, n))).toEqual([square[2], square[1], square[0], square[0]]);
});
