// Times are UTC milliseconds and are shown in a zone: the store's where there is one, else the device's.

// The newer way to ask a browser about zones, where there is one: the first question to Intl takes up to twenty milliseconds, to this one half of one.
type Zones = {
  Now: { timeZoneId: () => string };
  Instant: { fromEpochMilliseconds: (at: number) => { toZonedDateTimeISO: (zone: string) => { offsetNanoseconds: number } } };
};
const newer = () => (globalThis as { Temporal?: Zones }).Temporal;

let own = "";
/** The device's zone. Asking for it may take long, so it is no constant of a module. */
export function ownZone(): string {
  own ||= newer()?.Now.timeZoneId() ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  return own;
}

const parts = new Map<string, Intl.DateTimeFormat>();

function fields(zone: string): Intl.DateTimeFormat {
  let f = parts.get(zone);
  if (!f) {
    const shape = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
    try {
      f = new Intl.DateTimeFormat("en-GB", { ...shape, hourCycle: "h23", timeZone: zone || undefined });
    } catch {
      f = new Intl.DateTimeFormat("en-GB", { ...shape, hourCycle: "h23" }); // a zone that this browser does not know
    }
    parts.set(zone, f);
  }
  return f;
}

type Wall = { year: number; month: number; day: number; hour: number; minute: number; second: number };

const quarter = 15 * 60_000; // clocks are changed on a quarter of an hour, wherever they are
const offsets = new Map<string, Map<number, number>>();

/** How far the clocks of a zone are ahead of UTC. Asking the browser takes some ten microseconds, and a list asks for hundreds of moments. */
function ahead(at: number, zone: string): number {
  const known = offsets.get(zone) ?? new Map<number, number>();
  offsets.set(zone, known);
  const part = Math.floor(at / quarter);
  const found = known.get(part);
  if (found !== undefined) return found;
  const offset = newerAhead(at, zone) ?? intlAhead(at, zone);
  if (known.size > 4000) known.clear();
  known.set(part, offset);
  return offset;
}

function newerAhead(at: number, zone: string): number | undefined {
  try {
    const moment = newer()?.Instant.fromEpochMilliseconds(Math.floor(at));
    return moment && moment.toZonedDateTimeISO(zone || ownZone()).offsetNanoseconds / 1_000_000;
  } catch {
    return undefined; // a zone that this browser does not know
  }
}

function intlAhead(at: number, zone: string): number {
  const w: Record<string, number> = {};
  for (const p of fields(zone).formatToParts(at)) if (p.type !== "literal") w[p.type] = Number(p.value);
  const shown = w as Wall;
  const asIfUtc = Date.UTC(shown.year, shown.month - 1, shown.day, shown.hour, shown.minute, shown.second);
  return asIfUtc - Math.floor(at / 1000) * 1000;
}

function wall(at: number, zone: string): Wall {
  const d = new Date(at + ahead(at, zone));
  return {
    year: d.getUTCFullYear(),
    month: d.getUTCMonth() + 1,
    day: d.getUTCDate(),
    hour: d.getUTCHours(),
    minute: d.getUTCMinutes(),
    second: d.getUTCSeconds(),
  };
}

const two = (n: number) => String(n).padStart(2, "0");

/** 12:03 */
export function clock(at: number, zone: string): string {
  const w = wall(at, zone);
  return `${two(w.hour)}:${two(w.minute)}`;
}

/** 12:03:07 */
export function clockSeconds(at: number, zone: string): string {
  return `${clock(at, zone)}:${two(wall(at, zone).second)}`;
}

/** 2026-11-21, the calendar day in the zone */
export function dayOf(at: number, zone: string): string {
  const w = wall(at, zone);
  return `${w.year}-${two(w.month)}-${two(w.day)}`;
}

/** 12:03 on the same day as now, else 11-22 12:03, else with the year. One order of digits in every language: nothing to misread. */
export function moment(at: number, now: number, zone: string): string {
  const w = wall(at, zone);
  const n = wall(now, zone);
  const time = `${two(w.hour)}:${two(w.minute)}`;
  if (w.year === n.year && w.month === n.month && w.day === n.day) return time;
  const day = `${two(w.month)}-${two(w.day)} ${time}`;
  return w.year === n.year ? day : `${w.year}-${day}`;
}

/** The first millisecond of a calendar day in a zone, summer time and all. */
export function startOfDay(day: string, zone: string): number {
  const [y = 1970, m = 1, d = 1] = day.split("-").map(Number);
  const asIfUtc = Date.UTC(y, m - 1, d);
  let at = asIfUtc;
  // Twice: the first guess may lie on the other side of a change of the clocks.
  for (let i = 0; i < 2; i++) {
    const w = wall(at, zone);
    at += asIfUtc - Date.UTC(w.year, w.month - 1, w.day, w.hour, w.minute, w.second);
  }
  return at;
}

/** The day that lies `count` days after another, as text. */
export function addDays(day: string, count: number): string {
  const [y = 1970, m = 1, d = 1] = day.split("-").map(Number);
  return new Date(Date.UTC(y, m - 1, d + count)).toISOString().slice(0, 10);
}
