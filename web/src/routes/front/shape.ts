// Delivery areas as shapes: read from what somebody pastes, measured, and laid out for a drawing. What a shape is worth is the service's to
// say (it crosses itself, it lies outside the maps); here it is only understood and shown.

export type Point = { lat: number; lon: number };
export type Shape = readonly Point[];
export const systems = ["gcj02", "wgs84", "bd09"] as const;
export type System = (typeof systems)[number];

/** A rectangle of a platform's maps; both corners alike: it has none. */
export type Box = { south_west: Point; north_east: Point };

/** Why a text is no shape. */
export type Flaw = "empty" | "large" | "text" | "kind" | "several" | "holes" | "odd" | "outside" | "few";
export type Read = { shape: Point[]; closed: boolean; order: "lat" | "lon" } | { flaw: Flaw };

/** So many characters are read: an area of a few hundred corners needs a tenth of it. */
export const mostText = 200_000;

/**
 * Reads the corners of one area: GeoJSON (a polygon, alone or as the only feature), a JSON list of pairs, or figures in a text, two for each
 * corner. In a text and a list it is found out by the platform's maps which of the two is the latitude; GeoJSON has the longitude first.
 */
export function readShape(typed: string, box: Box): Read {
  const text = typed.trim();
  if (!text) return { flaw: "empty" };
  if (text.length > mostText) return { flaw: "large" };
  if (/^[[{]/.test(text)) {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return text.startsWith("{") ? { flaw: "text" } : readFigures(text, box);
    }
    return Array.isArray(json) ? readList(json, box) : readGeoJSON(json, box);
  }
  return readFigures(text, box);
}

function readFigures(text: string, box: Box): Read {
  if (/[^\d\s.,;:|()[\]，；、：（）|+-]/.test(text)) return { flaw: "text" };
  const figures = (text.match(/[+-]?\d+(?:\.\d+)?/g) ?? []).map(Number);
  if (figures.length % 2 === 1) return { flaw: "odd" };
  return turned(
    Array.from({ length: figures.length / 2 }, (_, i) => [figures[2 * i] ?? 0, figures[2 * i + 1] ?? 0]),
    box,
  );
}

type Pair = readonly [number, number];
const isPair = (v: unknown): v is Pair => Array.isArray(v) && v.length >= 2 && typeof v[0] === "number" && typeof v[1] === "number";

function readList(list: unknown[], box: Box): Read {
  if (list.every(isPair)) return turned(list, box);
  const points = list.map((v) => {
    const o = typeof v === "object" && v !== null ? (v as Record<string, unknown>) : {};
    return { lat: Number(o.lat ?? o.latitude), lon: Number(o.lon ?? o.lng ?? o.longitude) };
  });
  if (points.some((p) => !Number.isFinite(p.lat) || !Number.isFinite(p.lon))) return { flaw: "text" };
  return whole(points, "lat", box);
}

function readGeoJSON(json: unknown, box: Box): Read {
  const found: unknown[][] = [];
  const look = (v: unknown): boolean => {
    const o = v as { type?: unknown; features?: unknown[]; geometry?: unknown; geometries?: unknown[]; coordinates?: unknown[] } | null;
    switch (o?.type) {
      case "FeatureCollection":
        return (o.features ?? []).every(look);
      case "Feature":
        return look(o.geometry);
      case "GeometryCollection":
        return (o.geometries ?? []).every(look);
      case "Polygon":
        return found.push(o.coordinates ?? []) > 0;
      case "MultiPolygon":
        return (o.coordinates ?? []).every((c) => found.push(c as unknown[]) > 0);
      default:
        return false;
    }
  };
  if (!look(json)) return { flaw: "kind" };
  const [rings, other] = found;
  if (!rings || other) return { flaw: rings ? "several" : "kind" };
  if (rings.length > 1) return { flaw: "holes" };
  const ring = rings[0];
  if (!Array.isArray(ring) || !ring.every(isPair)) return { flaw: "text" };
  return whole(
    ring.map(([lon, lat]) => ({ lat, lon })),
    "lon",
    box,
  );
}

function within({ south_west: a, north_east: b }: Box, p: Point): boolean {
  if (a.lat === b.lat && a.lon === b.lon) return Math.abs(p.lat) <= 90 && Math.abs(p.lon) <= 180;
  return p.lat >= a.lat && p.lat <= b.lat && p.lon >= a.lon && p.lon <= b.lon;
}

/** Pairs in the order in which they lie in the maps: latitude first where both would do. */
function turned(pairs: readonly Pair[], box: Box): Read {
  const first = pairs.map(([lat, lon]) => ({ lat, lon }));
  if (first.every((p) => within(box, p))) return whole(first, "lat", box);
  return whole(
    pairs.map(([lon, lat]) => ({ lat, lon })),
    "lon",
    box,
  );
}

const same = (a: Point | undefined, b: Point | undefined) => a !== undefined && a.lat === b?.lat && a.lon === b.lon;

function whole(points: Point[], order: "lat" | "lon", box: Box): Read {
  if (points.length === 0) return { flaw: "empty" };
  if (!points.every((p) => within(box, p))) return { flaw: "outside" };
  const closed = points.length > 1 && same(points[0], points.at(-1));
  const shape = points.filter((p, i) => !same(p, points[i - 1])).slice(0, closed ? -1 : undefined);
  return shape.length < 3 ? { flaw: "few" } : { shape, closed, order };
}

const degree = 111_195.08; // metres
const rad = (d: number) => (d * Math.PI) / 180;

/** How much a shape of some kilometres encloses, as package geo says it. */
export function squareMetres(g: Shape): number {
  const [o] = g;
  if (!o || g.length < 3) return 0;
  let twice = 0;
  g.forEach((p, i) => {
    const q = g[(i + 1) % g.length] ?? o;
    twice += (p.lon - o.lon) * (q.lat - o.lat) - (q.lon - o.lon) * (p.lat - o.lat);
  });
  return (Math.abs(twice) / 2) * degree * degree * Math.cos(rad(o.lat));
}

/** Whether a place lies inside; on an edge it may be either. */
export function holds(g: Shape, p: Point): boolean {
  let inside = false;
  g.forEach((a, i) => {
    const b = g[(i + 1) % g.length] ?? a;
    if (a.lat > p.lat !== b.lat > p.lat && p.lon < ((b.lon - a.lon) * (p.lat - a.lat)) / (b.lat - a.lat) + a.lon) inside = !inside;
  });
  return inside;
}

/** A drawing without a map: north is up, a metre is as long in every direction. */
export type Sheet = { width: number; height: number; at: (p: Point) => [number, number]; bar: { metres: number; length: number } };

const edge = 34; // for what is written beside the outermost lines

/** Lays everything that is to be drawn on a sheet of a width; undefined when there is nothing. */
export function layOut(points: Shape, width: number): Sheet | undefined {
  if (points.length === 0) return undefined;
  const lats = points.map((p) => p.lat);
  const lons = points.map((p) => p.lon);
  const [south, north, west, east] = [Math.min(...lats), Math.max(...lats), Math.min(...lons), Math.max(...lons)];
  const flat = Math.cos(rad((south + north) / 2));
  const wide = Math.max((east - west) * flat * degree, 200); // a lone point has some ground round it
  const high = Math.max((north - south) * degree, 200);
  const height = Math.round(Math.min(width * 0.9, Math.max(width * 0.5, (high / wide) * width)));
  const perMetre = Math.min((width - 2 * edge) / wide, (height - 2 * edge) / high);
  const middle = { lat: (south + north) / 2, lon: (west + east) / 2 };
  const at = (p: Point): [number, number] => [
    width / 2 + (p.lon - middle.lon) * flat * degree * perMetre,
    height / 2 - (p.lat - middle.lat) * degree * perMetre,
  ];
  const most = width / 4 / perMetre;
  const ten = 10 ** Math.floor(Math.log10(most));
  const metres = [5, 2, 1].map((n) => n * ten).find((m) => m <= most) ?? ten;
  return { width, height, at, bar: { metres, length: metres * perMetre } };
}

/** The corner of a shape that lies furthest in one of eight directions: areas that lie in one another are named at different ones. */
export function outermost(g: Shape, n: number): Point | undefined {
  const a = (n % 8) * (Math.PI / 4);
  const flat = Math.cos(rad(g[0]?.lat ?? 0));
  const far = (p: Point) => p.lat * Math.cos(a) + p.lon * flat * Math.sin(a);
  return g.reduce<Point | undefined>((best, p) => (best === undefined || far(p) > far(best) ? p : best), undefined);
}
