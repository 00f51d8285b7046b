import type { components } from "../../data/schema";

export type Item = components["schemas"]["FrontItem"];
export type Sku = components["schemas"]["FrontSKU"];
export type Change = components["schemas"]["FrontChange"];
export type Edit = components["schemas"]["Edit"];

/** What somebody has changed of one SKU and not sent yet; a price as it was typed. */
export type Wish = { price?: string; on_sale?: boolean };

/** By item; gone: it is to be deleted. */
export type Draft = Readonly<Record<string, { gone?: boolean; skus: Readonly<Record<string, Wish>> }>>;

/** A typed price in minor units; undefined when it is none. */
export function readPrice(typed: string, digits: number): number | undefined {
  const [, whole, part = ""] = /^(\d{1,6})(?:[.,](\d*))?$/.exec(typed.trim()) ?? [];
  if (whole === undefined || part.length > digits) return undefined;
  return Number(whole + part.padEnd(digits, "0"));
}

/** A price as it stands in its field. */
export function writePrice(minor: number | undefined, digits: number): string {
  if (minor === undefined) return "";
  const figures = String(minor).padStart(digits + 1, "0");
  return digits > 0 ? `${figures.slice(0, -digits)}.${figures.slice(-digits)}` : figures;
}

/** Lays a wish over a SKU's. What is as it is live is no wish, and an item without any is not in the draft. */
export function wishFor(draft: Draft, item: string, sku: Sku, wish: Wish, digits: number): Draft {
  const old = draft[item] ?? { skus: {} };
  const now = { ...old.skus[sku.code], ...wish };
  if (now.price !== undefined && readPrice(now.price, digits) === sku.price && sku.price !== undefined) delete now.price;
  if (now.on_sale === sku.on_sale) delete now.on_sale;
  const skus = { ...old.skus, [sku.code]: now };
  if (Object.keys(now).length === 0) delete skus[sku.code];
  return keep(draft, item, { ...old, skus });
}

/** Marks an item for deletion, or takes the mark away. */
export function flipGone(draft: Draft, item: string): Draft {
  const old = draft[item] ?? { skus: {} };
  return keep(draft, item, { ...old, gone: !old.gone });
}

function keep(draft: Draft, item: string, one: Draft[string]): Draft {
  const next = { ...draft, [item]: one };
  if (!one.gone && Object.keys(one.skus).length === 0) delete next[item];
  return next;
}

/** How many things a draft changes, and whether a price in it is none. */
export function weigh(draft: Draft, digits: number): { count: number; wrong: boolean } {
  const all = Object.values(draft);
  const wishes = all.filter((i) => !i.gone).flatMap((i) => Object.values(i.skus));
  return {
    count: all.filter((i) => i.gone).length + wishes.reduce((n, w) => n + Object.keys(w).length, 0),
    wrong: wishes.some((w) => w.price !== undefined && readPrice(w.price, digits) === undefined),
  };
}

/** A draft as the service takes it: only what changes. */
export function wanted(draft: Draft, digits: number): Item[] {
  return Object.entries(draft).map(([code, one]) =>
    one.gone
      ? { code, delete: true }
      : {
          code,
          skus: Object.entries(one.skus).map(([sku, w]) => ({
            code: sku,
            ...(w.price === undefined ? {} : { price: readPrice(w.price, digits) }),
            ...(w.on_sale === undefined ? {} : { on_sale: w.on_sale }),
          })),
        },
  );
}

/** Items in which what was typed stands: in a name, a code, a category or a specification. */
export function found(items: readonly Item[], typed: string): Item[] {
  const q = typed.trim().toLowerCase();
  const texts = (i: Item) => [i.name, i.code, i.category, ...(i.skus ?? []).flatMap((s) => [s.spec, s.code])];
  return items.filter((i) => !q || texts(i).some((x) => x?.toLowerCase().includes(q)));
}
