// How a deadline is shown: minutes and seconds where minutes matter, a date where days do. Amber from half of the time that was
// given, red in the last minute; for deadlines of hours, red in the last hour.

export type Tone = "calm" | "amber" | "red" | "over";
export type Countdown = {
  tone: Tone;
  /** Whole seconds left, negative once it has passed. */
  seconds: number;
  /** 4:05 or 1:04:05; undefined when more than a day is left and the date says more. */
  text: string | undefined;
};

const minute = 60;
const hour = 3600;

/** @param from when the time began to run; 0 when unknown, which leaves out amber except near the end */
export function countdown(at: number, from: number, now: number): Countdown {
  const left = at - now;
  const seconds = left >= 0 ? Math.ceil(left / 1000) : Math.floor(left / 1000);
  const given = from > 0 && from < at ? (at - from) / 1000 : 0;
  const long = given > 4 * hour || (given === 0 && seconds > 4 * hour);
  const size = Math.abs(seconds);
  return { tone: toneOf(seconds, given, long), seconds, text: size < 24 * hour ? clockText(size) : undefined };
}

function toneOf(seconds: number, given: number, long: boolean): Tone {
  if (seconds < 0) return "over";
  if (seconds <= (long ? hour : minute)) return "red";
  if (given > 0 ? seconds <= given / 2 : seconds <= 5 * minute) return "amber";
  return "calm";
}

function clockText(size: number): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const h = Math.floor(size / hour);
  const m = Math.floor((size % hour) / minute);
  return h > 0 ? `${h}:${two(m)}:${two(size % minute)}` : `${m}:${two(size % minute)}`;
}
