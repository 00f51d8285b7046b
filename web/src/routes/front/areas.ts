// What somebody has changed of a shop's delivery areas and not sent yet.

import type { components } from "../../data/schema";
import { readPrice, readSpans, type Span, writeSpans } from "./menu";
import type { Point, System } from "./shape";

export type Area = components["schemas"]["FrontArea"];

/** Amounts and hours as they were typed; a shape in the system that was chosen for it. fresh: it is not there yet. */
export type Wish = { fresh?: true; gone?: true; min?: string; fee?: string; hours?: string; shape?: Point[]; system?: System };

/** By code. */
export type Draft = Readonly<Record<string, Wish>>;

/** The hours of an area, which may pass midnight, "22:00-02:00"; undefined when it is none. */
export function readHours(typed: string): Span | undefined {
  const list = readSpans(typed);
  return list?.length === 1 && list[0]?.from !== list[0]?.to ? list[0] : undefined;
}
export const typedHours = (a: Area): string => (a.hours ? writeSpans([a.hours]) : "");

/** Lays a wish over an area's. What is as it is live is no wish, and an area without any is not in the draft. */
export function wishFor(draft: Draft, code: string, live: Area | undefined, wish: Wish, digits: number): Draft {
  const now = { ...draft[code], ...wish };
  const alike = (typed: string | undefined, amount: number | undefined) =>
    typed !== undefined && (amount === undefined ? typed.trim() === "" : readPrice(typed, digits) === amount);
  if (alike(now.min, live?.min_price)) delete now.min;
  if (alike(now.fee, live?.fee)) delete now.fee;
  if (now.hours !== undefined && (now.hours.trim() || "") === (live ? typedHours(live) : "")) delete now.hours;
  if (now.gone === undefined) delete now.gone;
  if (now.shape === undefined) {
    delete now.shape;
    delete now.system;
  }
  const next = { ...draft, [code]: now };
  if (Object.keys(now).length === 0) delete next[code];
  return next;
}

export function without(draft: Draft, code: string): Draft {
  const { [code]: _, ...rest } = draft;
  return rest;
}

const read = (typed: string | undefined, digits: number) => (typed === undefined ? undefined : readPrice(typed, digits));

/** How many areas a draft changes, and whether an amount in it is none or something that is new lacks what it needs. */
export function weigh(draft: Draft, digits: number): { count: number; wrong: boolean } {
  const all = Object.values(draft);
  const bad = (typed: string | undefined) => typed !== undefined && readPrice(typed, digits) === undefined;
  return {
    count: all.length,
    wrong: all.some(
      (w) =>
        !w.gone &&
        (bad(w.min) || bad(w.fee) || (w.hours !== undefined && !readHours(w.hours)) || (w.fresh && (!w.shape || w.min === undefined))),
    ),
  };
}

/** A draft as the service takes it: only what changes. */
export function wanted(draft: Draft, digits: number): Area[] {
  return Object.entries(draft).map(([code, w]) => {
    if (w.gone) return { code, delete: true };
    const [min, fee] = [read(w.min, digits), read(w.fee, digits)];
    return {
      code,
      ...(min === undefined ? {} : { min_price: min }),
      ...(fee === undefined ? {} : { fee }),
      ...(w.hours === undefined ? {} : { hours: readHours(w.hours) }),
      ...(w.shape ? { shape: w.shape, system: w.system } : {}),
    };
  });
}
