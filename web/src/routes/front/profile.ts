// What somebody has typed into the fields of a shop's profile, and what the service is sent of it.

import type { components } from "../../data/schema";
import { readPrice, readSpans, writePrice, writeSpans } from "./menu";
import type { System } from "./shape";

export type Profile = components["schemas"]["FrontProfile"];

/** The fields, in the order in which they stand on the screen. */
export const fields = [
  "notice",
  "phone",
  "name",
  "address",
  "place",
  "tags",
  "picture",
  "hours",
  "pre_orders",
  "pre_order_days",
  "delivery_fee",
  "rider_delay_s",
  "invoices",
  "online",
] as const;
export type Name = (typeof fields)[number];

export const yesNo: ReadonlySet<Name> = new Set(["pre_orders", "invoices", "online"]);
export const figures: ReadonlySet<Name> = new Set(["pre_order_days", "rider_delay_s"]);

/** What has been changed and not sent yet, as it was typed; system is that of a place. */
export type Draft = Readonly<Partial<Record<Name, string>> & { system?: System }>;

/** A value as it stands in its field; "" where the platform does not tell it. */
export function typedOf(name: Name, p: Profile, digits: number): string {
  const v = p[name];
  if (v === undefined || v === null) return "";
  if (name === "delivery_fee") return writePrice(p.delivery_fee, digits);
  if (name === "place") return p.place ? `${p.place.lat}, ${p.place.lon}` : "";
  if (name === "hours") return writeSpans(p.hours ?? []);
  if (name === "tags") return (p.tags ?? []).join(", ");
  return String(v);
}

/** What was typed as the service takes it; undefined when it is no value of this field. */
export function readTyped(name: Name, typed: string, digits: number): Profile[Name] {
  const text = typed.trim();
  if (name === "notice") return text;
  if (text === "") return undefined;
  switch (name) {
    case "delivery_fee":
      return readPrice(text, digits);
    case "place": {
      const [, lat, lon] = /^(-?\d{1,2}(?:\.\d+)?)[\s,，]+(-?\d{1,3}(?:\.\d+)?)$/.exec(text) ?? [];
      return lat === undefined || lon === undefined ? undefined : { lat: Number(lat), lon: Number(lon) };
    }
    case "hours":
      return readSpans(text);
    case "tags":
      return text
        .split(/[,，、;；]/)
        .map((s) => s.trim())
        .filter(Boolean);
    default:
      if (yesNo.has(name)) return text === "true";
      if (figures.has(name)) return /^\d{1,5}$/.test(text) ? Number(text) : undefined;
      return text;
  }
}

/** Lays what was typed over a draft. What is as it is live is no change. */
export function typeInto(draft: Draft, live: Profile, name: Name, typed: string, digits: number): Draft {
  const next = { ...draft, [name]: typed };
  const value = readTyped(name, typed, digits);
  const told = live[name];
  const alike = value === undefined ? typed.trim() === typedOf(name, live, digits) : JSON.stringify(value) === JSON.stringify(told ?? "");
  if (alike) delete next[name];
  if (next.place === undefined) delete next.system;
  return next;
}

/** What a platform needs to make a shop. */
export const needed: readonly Name[] = ["name", "address", "phone", "place", "hours", "delivery_fee", "tags"];

/** How many fields a draft changes, and whether something in it is no value. */
export function weigh(draft: Draft, digits: number): { count: number; wrong: boolean } {
  const names = fields.filter((n) => draft[n] !== undefined);
  return { count: names.length, wrong: names.some((n) => readTyped(n, draft[n] ?? "", digits) === undefined) };
}

/** A draft as the service takes it: only what changes. */
export function wanted(draft: Draft, digits: number): Profile {
  const given = fields.filter((n) => draft[n] !== undefined).map((n) => [n, readTyped(n, draft[n] ?? "", digits)]);
  return { ...Object.fromEntries(given), ...(draft.place !== undefined && draft.system ? { system: draft.system } : {}) };
}
