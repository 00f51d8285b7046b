import { serverNow } from "../../data/clock";
import { dayOf, startOfDay } from "../../format/time";

/** When a chosen time is: today in the store's zone, or tomorrow when it has passed. 0 = as soon as possible. */
export function promisedAt(at: string, zone: string): number {
  const m = /^(\d{2}):(\d{2})$/.exec(at);
  if (!m) return 0;
  const now = serverNow();
  const after = (Number(m[1]) * 60 + Number(m[2])) * 60_000;
  const today = startOfDay(dayOf(now, zone), zone) + after;
  return today > now - 60_000 ? today : startOfDay(dayOf(now + 24 * 3_600_000, zone), zone) + after;
}
