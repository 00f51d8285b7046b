import type { components } from "../../data/schema";

export type Item = components["schemas"]["FrontItem"];
export type Sku = components["schemas"]["FrontSKU"];
export type Category = components["schemas"]["FrontCategory"];
export type Option = components["schemas"]["FrontProperty"];
export type Span = components["schemas"]["FrontSpan"];

/** The fields of a SKU that are typed in a form, in the order in which they stand there. */
export const skuFields = ["spec", "stock", "box_count", "box_price", "weight_g", "shelf", "upc"] as const;
export type SkuField = "price" | (typeof skuFields)[number];

/** What somebody has changed of one SKU and not sent yet, as it was typed. times: of each day, Monday first. fresh: it is not there yet; gone: it is to be deleted. */
export type Wish = Partial<Record<SkuField, string>> & { on_sale?: boolean; times?: readonly string[]; fresh?: true; gone?: true };

/** The fields of an item that a form changes, in the order in which they stand there. */
export const itemFields = ["name", "category", "description", "unit", "min_order", "sequence", "approval", "code", "picture"] as const;
export type ItemField = (typeof itemFields)[number];

/**
 * gone: it is to be deleted; fresh: it is not there yet; called: it is there under this name and has no code, which it is given.
 * options: as they were typed.
 */
export type ItemWish = {
  gone?: boolean;
  fresh?: true;
  called?: string;
  fields?: Readonly<Partial<Record<ItemField, string>>>;
  options?: string;
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

/** What was typed of a SKU as the service takes it; undefined when it is no value of this field. A stock of nothing is not counted. */
export function readSku(name: SkuField, typed: string, digits: number): string | number | undefined {
  const text = typed.trim();
  if (name === "price" || name === "box_price") return readPrice(text, digits);
  if (name === "stock" && text === "") return -1;
  return name === "spec" || name === "shelf" || name === "upc" ? text : readCount(text);
}

/** A value of a SKU as it stands in its field. */
export function typedSku(name: SkuField, sku: Sku, digits: number): string {
  const v = sku[name];
  if (name === "stock" && v === -1) return "";
  return typeof v === "number" && (name === "price" || name === "box_price") ? writePrice(v, digits) : String(v ?? "");
}

/** Pieces of a day, "9:00-14:00, 17:00-21:30"; undefined when it is no such list, none when nothing was typed. */
export function readSpans(typed: string): Span[] | undefined {
  if (typed.trim() === "") return [];
  const list = typed.split(/[,，;；\n]/).map((s) => /^\s*(\d{1,2}:\d{2})\s*[-–—~至到]\s*(\d{1,2}:\d{2})\s*$/.exec(s));
  const pad = (time = "") => time.padStart(5, "0");
  return list.every((m) => m !== null) ? list.map((m) => ({ from: pad(m[1]), to: pad(m[2]) })) : undefined;
}
export const writeSpans = (list: readonly Span[]): string => list.map((s) => `${s.from}-${s.to}`).join(", ");

export const days = [1, 2, 3, 4, 5, 6, 7] as const;

/** When a SKU is sold, as it stands in the fields of the days. */
export const typedTimes = (sku: Sku): string[] => days.map((d) => writeSpans((sku.times ?? []).filter((x) => x.day === d)));

/** Typed times as the service takes them; undefined when some are none. Nothing at all: whenever the shop is open. */
export function readTimes(typed: readonly string[]): NonNullable<Sku["times"]> | undefined {
  const all = typed.map(readSpans);
  return all.every((x) => x !== undefined) ? all.flatMap((list, n) => list.map((s) => ({ day: n + 1, ...s }))) : undefined;
}

/** Options of an item, a line each: 辣度: 不辣, 微辣. Undefined when a line is none or a name stands twice. */
export function readOptions(typed: string): Option[] | undefined {
  const list: Option[] = [];
  for (const line of typed.split("\n").filter((l) => l.trim() !== "")) {
    const [, name = "", rest = ""] = /^([^:：]+)[:：](.*)$/.exec(line) ?? [];
    const values = rest
      .split(/[,，、/;；]/)
      .map((v) => v.trim())
      .filter(Boolean);
    if (name.trim() === "" || values.length === 0 || list.some((o) => o.name === name.trim())) return undefined;
    list.push({ name: name.trim(), values });
  }
  return list;
}
export const typedOptions = (list: readonly Option[]): string => list.map((o) => `${o.name}: ${o.values.join(", ")}`).join("\n");

/** What was typed of an item as the service takes it; undefined when it is no value of this field. */
export function readItem(name: ItemField, typed: string): string | number | undefined {
  if (name === "min_order" || name === "sequence") return readCount(typed);
  const text = typed.trim();
  return text === "" && (name === "name" || name === "category" || name === "code") ? undefined : text;
}

export const typedItem = (name: ItemField, item: Item): string => String(item[name] ?? "");

/** Lays a wish over a SKU's. What is as it is live is no wish, and an item without any is not in the draft. */
export function wishFor(draft: Draft, item: string, sku: Sku, wish: Wish, digits: number): Draft {
  const old = draft[item] ?? { skus: {} };
  const now = { ...old.skus[sku.code], ...wish };
  for (const name of ["price", ...skuFields] as const) {
    const typed = now[name];
    if (typed === undefined) continue;
    const value = readSku(name, typed, digits);
    if (value === undefined ? sku[name] === undefined && typed.trim() === "" : value === (sku[name] ?? (name === "stock" ? -1 : "")))
      delete now[name];
  }
  if (now.on_sale === sku.on_sale) delete now.on_sale;
  if (now.times && JSON.stringify(readTimes(now.times)) === JSON.stringify(readTimes(typedTimes(sku)))) delete now.times;
  if (now.gone === undefined) delete now.gone;
  const skus = { ...old.skus, [sku.code]: now };
  if (Object.keys(now).length === 0 && !old.fresh) delete skus[sku.code];
  return keep(draft, item, { ...old, skus });
}

/** Adds a SKU to an item, which a form fills in. */
export function addSku(draft: Draft, item: string, code: string): Draft {
  const old = draft[item] ?? { skus: {} };
  return keep(draft, item, { ...old, skus: { ...old.skus, [code]: { fresh: true } } });
}

/** Takes everything back that somebody has changed of a SKU, or the SKU itself where it was added. */
export function dropSku(draft: Draft, item: string, code: string): Draft {
  const { [code]: _, ...skus } = draft[item]?.skus ?? {};
  return keep(draft, item, { ...draft[item], skus });
}

/** Lays typed options over those that are live. */
export function chooseOptions(draft: Draft, item: string, live: readonly Option[], typed: string): Draft {
  const old = draft[item] ?? { skus: {} };
  const same = JSON.stringify(readOptions(typed)) === JSON.stringify(live.map(({ name, values }) => ({ name, values })));
  const { options: _, ...rest } = old;
  return keep(draft, item, same ? rest : { ...old, options: typed });
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

/** Gives a code to an item that has none: by its name it is found. */
export const call = (draft: Draft, code: string, name: string): Draft => ({ ...draft, [code]: { called: name, skus: {} } });

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
  const some = one.gone || one.fresh || one.called || one.options !== undefined;
  if (!some && Object.keys(one.skus).length === 0 && Object.keys(one.fields ?? {}).length === 0) delete next[item];
  return next;
}

const notTyped = new Set(["on_sale", "times", "fresh", "gone"]);
const typedOf = (w: Wish) => Object.entries(w).filter((e): e is [SkuField, string] => !notTyped.has(e[0]));
const fieldsOf = (i: ItemWish) => Object.entries(i.fields ?? {}) as [ItemField, string][];

/** How many things a draft changes, and whether something in it is no value, or is missing of what is new. */
export function weigh(draft: Draft, digits: number): { count: number; wrong: boolean } {
  const all = Object.values(draft);
  const stay = all.filter((i) => !i.gone);
  const wishes = stay.flatMap((i) => Object.values(i.skus)).filter((w) => !w.gone);
  const lacks = (i: ItemWish) => !i.fields?.name || !i.fields.category || Object.values(i.skus).some((w) => w.price === undefined);
  const ofSku = (w: Wish) => (w.gone || w.fresh ? 1 : Object.keys(w).length);
  return {
    count:
      all.filter((i) => i.gone || i.fresh || i.called).length +
      stay
        .filter((i) => !i.fresh)
        .reduce(
          (n, i) => n + (i.options === undefined ? 0 : 1) + fieldsOf(i).length + Object.values(i.skus).reduce((m, w) => m + ofSku(w), 0),
          0,
        ),
    wrong:
      wishes.some(
        (w) =>
          typedOf(w).some(([name, typed]) => readSku(name, typed, digits) === undefined) ||
          (w.times !== undefined && readTimes(w.times) === undefined) ||
          (w.fresh && w.price === undefined),
      ) ||
      stay.some(
        (i) =>
          fieldsOf(i).some(([name, typed]) => readItem(name, typed) === undefined) ||
          (i.options !== undefined && readOptions(i.options) === undefined) ||
          (i.fresh && lacks(i)),
      ),
  };
}

/** A draft as the service takes it: only what changes. */
export function wanted(draft: Draft, digits: number): Item[] {
  return Object.entries(draft).map(([code, one]) => {
    if (one.gone) return { code, delete: true };
    if (one.called !== undefined) return { code, name: one.called };
    const skus = Object.entries(one.skus).map(([sku, w]): Sku => {
      if (w.gone) return { code: sku, delete: true };
      return {
        code: sku,
        ...Object.fromEntries(typedOf(w).map(([name, typed]) => [name, readSku(name, typed, digits)])),
        ...(w.on_sale === undefined ? {} : { on_sale: w.on_sale }),
        ...(w.times === undefined ? {} : { times: readTimes(w.times) }),
      };
    });
    const { code: recoded, ...fields } = Object.fromEntries(fieldsOf(one).map(([name, typed]) => [name, readItem(name, typed)]));
    return {
      code: recoded === undefined ? code : String(recoded),
      ...(recoded === undefined ? {} : { was: code }),
      ...fields,
      ...(skus.length > 0 ? { skus } : {}),
      ...(one.options === undefined ? {} : { properties: readOptions(one.options) }),
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
