import type { After, Translate } from "../../words/reader";
// How well an account is, in words. "Nothing arrived" is news too: other systems showed a green light while orders were lost.

import type { Account, Channel } from "../../data/model";

export type Tone = "good" | "warn" | "bad";
export type Word = { key: After<"health">; tone: Tone; params: Record<string, string | number>; seconds?: number };
export type Health = { tone: Tone; words: Word[] };

const day = 86_400_000;

/** @param pushed whether the platform can reach us, so that silence of its pushes means something */
export function healthOf(a: Account, c: Channel, pushed: boolean, now: number): Health {
  const words: Word[] = [];
  const say = (key: Word["key"], tone: Tone, params: Record<string, string | number> = {}, seconds?: number) =>
    words.push({ key, tone, params, ...(seconds === undefined ? {} : { seconds }) });

  const left = a.authorise_by_at - now;
  if (left > 0 && (a.state === "authorise" || left < 3 * day)) say("expires", "warn", {}, Math.round(left / 1000));
  else if (a.state === "authorise") say("authorise", "bad");
  else if (a.authorise_by_at > 0 && left <= 0) say("expired", "bad");
  if (a.state === "failing") say("failing", "bad");
  if (a.state === "paused") say("paused", "warn");
  const behind = Math.max(600, 5 * c.pull_every_s);
  if (a.state === "ok" && a.pull_lag_s > behind) say("lag", "warn", {}, a.pull_lag_s);
  if (a.state === "ok" && pushed && a.last_push_at === 0) say("noPush", "warn");
  if (a.backlog.parked > 0) say("parked", "warn", { count: a.backlog.parked });
  const tone = words.some((w) => w.tone === "bad") ? "bad" : words.some((w) => w.tone === "warn") ? "warn" : "good";
  return { tone, words };
}

/** A length of time in one unit: 40 seconds, 3 minutes, 5 hours, 2 days. */
export function lasted(t: Translate, seconds: number): string {
  if (seconds < 60) return t("time.seconds", { count: seconds });
  if (seconds < 3600) return t("time.minutes", { count: Math.floor(seconds / 60) });
  if (seconds < 86_400) return t("time.hours", { count: Math.floor(seconds / 3600) });
  return t("time.days", { count: Math.floor(seconds / 86_400) });
}
