import type { components } from "../../data/schema";

export type Item = components["schemas"]["FrontItem"];
export type Sku = components["schemas"]["FrontSKU"];
export type Category = components["schemas"]["FrontCategory"];

/** What somebody has changed of one SKU and not sent yet, as it was typed. */
export type Wish = { price?: string; on_sale?: boolean; spec?: string; box_count?: string; box_price?: string; stock?: string };
export type SkuField = Exclude<keyof Wish, "on_sale">;

/** The fields of an item that a form changes, in the order in which they stand there. */
export const itemFields = ["name", "category", "description", "unit", "min_order", "sequence", "picture"] as const;
export type ItemField = (typeof itemFields)[number];

/** gone: it is to be deleted; fresh: it is not there yet. */
export type ItemWish = {
  gone?: boolean;
  fresh?: true;
  fields?: Readonly<Partial<Record<ItemField, string>>>;
  skus: Readonly<Record<string, Wish>>;
};

/** By item. */
export type Draft = Readonly<Record<string, ItemWish>>;

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

const readCount = (typed: string) => (/^\d{1,5}$/.test(typed.trim()) ? Number(typed) : undefined);

/** What was typed of a SKU as the service takes it; undefined when it is no value of this field. */
export function readSku(name: SkuField, typed: string, digits: number): string | number | undefined {
  if (name === "price" || name === "box_price") return readPrice(typed, digits);
  return name === "spec" ? typed.trim() : readCount(typed);
}

/** A value of a SKU as it stands in its field. */
export function typedSku(name: SkuField, sku: Sku, digits: number): string {
  const v = sku[name];
  return typeof v === "number" && (name === "price" || name === "box_price") ? writePrice(v, digits) : String(v ?? "");
}

/** What was typed of an item as the service takes it; undefined when it is no value of this field. */
export function readItem(name: ItemField, typed: string): string | number | undefined {
  if (name === "min_order" || name === "sequence") return readCount(typed);
  const text = typed.trim();
  return text === "" && (name === "name" || name === "category") ? undefined : text;
}

export const typedItem = (name: ItemField, item: Item): string => String(item[name] ?? "");

/** Lays a wish over a SKU's. What is as it is live is no wish, and an item without any is not in the draft. */
export function wishFor(draft: Draft, item: string, sku: Sku, wish: Wish, digits: number): Draft {
  const old = draft[item] ?? { skus: {} };
  const now = { ...old.skus[sku.code], ...wish };
  for (const name of ["price", "spec", "box_count", "box_price", "stock"] as const) {
    const typed = now[name];
    if (typed === undefined) continue;
    const value = readSku(name, typed, digits);
    if (value === undefined ? sku[name] === undefined && typed.trim() === "" : value === (sku[name] ?? "")) delete now[name];
  }
  if (now.on_sale === sku.on_sale) delete now.on_sale;
  const skus = { ...old.skus, [sku.code]: now };
  if (Object.keys(now).length === 0 && !old.fresh) delete skus[sku.code];
  return keep(draft, item, { ...old, skus });
}

/** Lays what was typed over an item's. */
export function typeInto(draft: Draft, item: Item, name: ItemField, typed: string): Draft {
  const old = draft[item.code] ?? { skus: {} };
  const fields = { ...old.fields, [name]: typed };
  if (typed.trim() === typedItem(name, item).trim()) delete fields[name];
  return keep(draft, item.code, { ...old, fields });
}

/** A new item with one SKU of the same code, which a form fills in. */
export const begin = (draft: Draft, code: string): Draft => ({ ...draft, [code]: { fresh: true, skus: { [code]: {} } } });

/** Takes everything back that somebody has changed of an item. */
export function without(draft: Draft, item: string): Draft {
  const { [item]: _, ...rest } = draft;
  return rest;
}

/** Marks an item for deletion, or takes the mark away. */
export function flipGone(draft: Draft, item: string): Draft {
  const old = draft[item] ?? { skus: {} };
  return keep(draft, item, { ...old, gone: !old.gone });
}

function keep(draft: Draft, item: string, one: ItemWish): Draft {
  const next = { ...draft, [item]: one };
  if (!one.gone && !one.fresh && Object.keys(one.skus).length === 0 && Object.keys(one.fields ?? {}).length === 0) delete next[item];
  return next;
}

const typedOf = (w: Wish) => Object.entries(w).filter((e): e is [SkuField, string] => e[0] !== "on_sale");
const fieldsOf = (i: ItemWish) => Object.entries(i.fields ?? {}) as [ItemField, string][];

/** How many things a draft changes, and whether something in it is no value, or is missing of what is new. */
export function weigh(draft: Draft, digits: number): { count: number; wrong: boolean } {
  const all = Object.values(draft);
  const stay = all.filter((i) => !i.gone);
  const wishes = stay.flatMap((i) => Object.values(i.skus));
  const lacks = (i: ItemWish) => !i.fields?.name || !i.fields.category || Object.values(i.skus).some((w) => w.price === undefined);
  return {
    count:
      all.filter((i) => i.gone || i.fresh).length +
      stay
        .filter((i) => !i.fresh)
        .reduce((n, i) => n + fieldsOf(i).length + Object.values(i.skus).reduce((m, w) => m + Object.keys(w).length, 0), 0),
    wrong:
      wishes.some((w) => typedOf(w).some(([name, typed]) => readSku(name, typed, digits) === undefined)) ||
      stay.some((i) => fieldsOf(i).some(([name, typed]) => readItem(name, typed) === undefined) || (i.fresh && lacks(i))),
  };
}

/** A draft as the service takes it: only what changes. */
export function wanted(draft: Draft, digits: number): Item[] {
  return Object.entries(draft).map(([code, one]) => {
    if (one.gone) return { code, delete: true };
    const skus = Object.entries(one.skus).map(([sku, w]) => ({
      code: sku,
      ...Object.fromEntries(typedOf(w).map(([name, typed]) => [name, readSku(name, typed, digits)])),
      ...(w.on_sale === undefined ? {} : { on_sale: w.on_sale }),
    }));
    return {
      code,
      ...Object.fromEntries(fieldsOf(one).map(([name, typed]) => [name, readItem(name, typed)])),
      ...(skus.length > 0 ? { skus } : {}),
    };
  });
}

/** Items in which what was typed stands: in a name, a code, a category or a specification. */
export function found(items: readonly Item[], typed: string): Item[] {
  const q = typed.trim().toLowerCase();
  const texts = (i: Item) => [i.name, i.code, i.category, ...(i.skus ?? []).flatMap((s) => [s.spec, s.code])];
  return items.filter((i) => !q || texts(i).some((x) => x?.toLowerCase().includes(q)));
}

/** What somebody has changed of a category and not sent yet; name: it is renamed. */
export type CategoryWish = { fresh?: true; gone?: true; name?: string; sequence?: string };
export type Categories = Readonly<Record<string, CategoryWish>>;

/** Lays a wish over a category's. */
export function wishForCategory(draft: Categories, name: string, live: Category | undefined, wish: CategoryWish): Categories {
  const now = { ...draft[name], ...wish };
  if (now.name?.trim() === name) delete now.name;
  if (now.sequence !== undefined && now.sequence.trim() === String(live?.sequence ?? "")) delete now.sequence;
  if (now.gone === undefined) delete now.gone;
  const next = { ...draft, [name]: now };
  if (Object.keys(now).length === 0) delete next[name];
  return next;
}

export function weighCategories(draft: Categories): { count: number; wrong: boolean } {
  const all = Object.values(draft);
  const bad = (w: CategoryWish) => w.name?.trim() === "" || (w.sequence !== undefined && readCount(w.sequence) === undefined);
  return { count: all.length, wrong: all.some((w) => !w.gone && bad(w)) };
}

/** Changed categories as the service takes them. code: where the platform's have one, it goes with every change. */
export function wantedCategories(draft: Categories, live: readonly Category[]): Category[] {
  return Object.entries(draft).map(([name, w]) => {
    if (w.gone) return { name, delete: true };
    const code = live.find((c) => c.name === name)?.code;
    return {
      name: w.name?.trim() ?? name,
      ...(w.name === undefined ? {} : { was: name }),
      ...(w.sequence === undefined ? {} : { sequence: readCount(w.sequence) }),
      ...(code === undefined ? {} : { code }),
    };
  });
}
