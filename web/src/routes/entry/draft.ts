// What is typed on 录单, and what becomes of it. Pure: no network, no screen.

import type { Money } from "../../format/money";

/** Something that can be sold, as the service offers it; the price is the last one, in minor units. */
export type Good = {
  sku: string;
  name: string;
  code: string;
  price: number | undefined;
  from: string;
  sellable: number | undefined;
  letters: string;
};

export type Line = { id: number; sku: string; name: string; quantity: number; price: string; note: string };

export const origins = ["counter", "phone", "other"] as const;
export const serves = ["take_out", "table", "pickup", "delivery"] as const;
export const pays = ["cash", "code", "card", "later"] as const;
export type Origin = (typeof origins)[number];
export type Serve = (typeof serves)[number];
export type Pay = (typeof pays)[number];

export type Draft = {
  /** The Idempotency-Key of this order: however often it is sent, it is one order. */
  key: string;
  store: string;
  origin: Origin;
  serve: Serve;
  table: string;
  /** A chosen time such as 18:30; "" = as soon as possible. */
  at: string;
  lines: Line[];
  delivery: string;
  discount: string;
  pay: Pay;
  tendered: string;
  name: string;
  phone: string;
  address: string;
  remark: string;
};

/** An empty form; what rarely changes from one order to the next stays. */
export function blank(key: string, before?: Draft): Draft {
  return {
    key,
    store: before?.store ?? "",
    origin: before?.origin ?? "counter",
    serve: before?.serve ?? "take_out",
    pay: before?.pay ?? "cash",
    table: "",
    at: "",
    lines: [],
    delivery: "",
    discount: "",
    tendered: "",
    name: "",
    phone: "",
    address: "",
    remark: "",
  };
}

/** How an order usually comes that is served so. */
export const originOf = (serve: Serve): Origin => (serve === "delivery" || serve === "pickup" ? "phone" : "counter");

const word = (v: unknown, most: number): string => (typeof v === "string" ? v.slice(0, most) : "");
const oneOf = <T extends string>(list: readonly T[], v: unknown): T => list.find((x) => x === v) ?? (list[0] as T);

/** Reads a draft that this device kept; whatever is not understood is left out. undefined when there is none. */
export function readDraft(stored: unknown): Draft | undefined {
  if (typeof stored !== "object" || stored === null) return undefined;
  const s = stored as Record<string, unknown>;
  const key = word(s.key, 64);
  if (!key) return undefined;
  return {
    key,
    store: word(s.store, 40),
    origin: oneOf(origins, s.origin),
    serve: oneOf(serves, s.serve),
    pay: oneOf(pays, s.pay),
    table: word(s.table, 20),
    at: word(s.at, 5),
    lines: (Array.isArray(s.lines) ? s.lines : []).slice(0, 100).flatMap((l: unknown, i): Line[] => {
      const x = (typeof l === "object" && l !== null ? l : {}) as Record<string, unknown>;
      const name = word(x.name, 120);
      const quantity = Number(x.quantity);
      if (!name || !Number.isInteger(quantity) || quantity < 1) return [];
      return [{ id: i + 1, sku: word(x.sku, 40), name, quantity, price: word(x.price, 12), note: word(x.note, 200) }];
    }),
    delivery: word(s.delivery, 12),
    discount: word(s.discount, 12),
    tendered: word(s.tendered, 12),
    name: word(s.name, 80),
    phone: word(s.phone, 40),
    address: word(s.address, 300),
    remark: word(s.remark, 500),
  };
}

/** Whether something was typed that would be missed. */
export const started = (d: Draft): boolean =>
  d.lines.length > 0 || [d.table, d.at, d.delivery, d.discount, d.tendered, d.name, d.phone, d.address, d.remark].some((x) => x !== "");

/** Minor units of what was typed; undefined when that is no amount. Empty is nothing. */
export function minorOf(text: string, digits: number): number | undefined {
  const s = text.trim().replace(",", ".");
  if (s === "") return 0;
  const m = /^(\d{1,7})(?:\.(\d*))?$/.exec(s);
  if (!m || (m[2] ?? "").length > digits) return undefined;
  return Number(m[1]) * 10 ** digits + Number((m[2] ?? "").padEnd(digits, "0") || "0");
}

/** An amount as one types it: 15.5, 3. */
export function typed(minor: number, digits: number): string {
  const whole = Math.floor(minor / 10 ** digits);
  const part =
    digits > 0
      ? String(minor % 10 ** digits)
          .padStart(digits, "0")
          .replace(/0+$/, "")
      : "";
  return part ? `${whole}.${part}` : String(whole);
}

/** What was typed into the box for goods: "3*奶茶" is three, "炒饭 18" is a free line with its price. */
export function readBox(text: string): { quantity: number; query: string; price: string } {
  const m = /^\s*(?:(\d{1,4})\s*[*×xX]\s*)?(.*?)\s*$/s.exec(text);
  const quantity = Math.max(1, Number(m?.[1] ?? 1));
  const rest = m?.[2] ?? "";
  const priced = /^(.*\S)\s+(\d{1,7}(?:[.,]\d{1,2})?)$/.exec(rest);
  return { quantity, query: rest, price: priced ? (priced[2] ?? "") : "" };
}

// The first characters of the syllables that begin with each letter, in the order of Chinese dictionaries: a browser that sorts by
// pinyin tells by them where a character belongs.
const bounds = "阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥仨它穵夕丫帀";
const heads = "ABCDEFGHJKLMNOPQRSTWXYZ".toLowerCase();
let collator: Intl.Collator | undefined;

/** First letters by pinyin: 珍珠奶茶 is zznc. Letters and figures stay; characters with several readings have one of them. */
export function lettersOf(name: string): string {
  collator ??= new Intl.Collator("zh-CN-u-co-pinyin");
  let out = "";
  for (const c of name.toLowerCase()) {
    if (/[a-z0-9]/.test(c)) out += c;
    else if (/\p{Script=Han}/u.test(c)) {
      let at = 0;
      while (at + 1 < bounds.length && collator.compare(bounds[at + 1] ?? "", c) <= 0) at++;
      out += heads[at] ?? "";
    }
  }
  return out;
}

/** The goods that somebody may mean, best first: by name, code or first letters. The list comes with the most sold first. */
export function find(goods: Good[], query: string, most = 8): Good[] {
  const q = query.trim().toLowerCase();
  if (q === "") return goods.slice(0, most);
  const latin = q.replace(/\s+/g, "");
  const rank = (g: Good): number => {
    const name = g.name.toLowerCase();
    if (name === q || g.code.toLowerCase() === q) return 0;
    if (name.startsWith(q) || g.letters.startsWith(latin)) return 1;
    if (name.includes(q) || g.code.toLowerCase().startsWith(q)) return 2;
    return /^[a-z0-9]+$/.test(latin) && g.letters.includes(latin) ? 3 : -1;
  };
  return goods
    .map((g, i) => ({ g, i, r: rank(g) }))
    .filter((x) => x.r >= 0)
    .sort((a, b) => a.r - b.r || a.i - b.i)
    .slice(0, most)
    .map((x) => x.g);
}

export type Sum = { goods: number; delivery: number; discount: number; total: number; tendered: number; change: number; bad: string[] };

/** What it all comes to in minor units; `bad` names the fields that cannot be read. */
export function reckon(d: Draft, digits: number): Sum {
  const bad: string[] = [];
  const read = (field: string, text: string) => {
    const v = minorOf(text, digits);
    if (v === undefined) bad.push(field);
    return v ?? 0;
  };
  let goods = 0;
  for (const l of d.lines) {
    if (l.price.trim() === "") bad.push(`price-${l.id}`);
    goods += l.quantity * read(`price-${l.id}`, l.price);
  }
  const delivery = d.serve === "delivery" ? read("delivery", d.delivery) : 0;
  const discount = read("discount", d.discount);
  if (discount > goods + delivery) bad.push("discount");
  const tendered = d.pay === "cash" ? read("tendered", d.tendered) : 0;
  const total = goods + delivery - discount;
  if (tendered > 0 && tendered < total) bad.push("tendered");
  return { goods, delivery, discount, total, tendered, change: tendered > 0 ? tendered - total : 0, bad };
}

/** The fields that are still missing, in the order of the form. */
export function missing(d: Draft, digits: number): string[] {
  const out: string[] = [];
  if (d.serve === "table" && !d.table.trim()) out.push("table");
  if (d.lines.length === 0) out.push("goods");
  out.push(...reckon(d, digits).bad.filter((b) => b.startsWith("price-")));
  if (d.serve === "delivery") {
    if (!d.phone.trim()) out.push("phone");
    if (!d.address.trim()) out.push("address");
  }
  out.push(...reckon(d, digits).bad.filter((b) => !b.startsWith("price-")));
  return out;
}

/** The request. @param promised UTC ms of the chosen time, 0 = as soon as possible */
export function bodyOf(d: Draft, digits: number, promised: number, short: boolean) {
  const s = reckon(d, digits);
  return {
    store_id: d.store,
    origin: d.origin,
    serve: d.serve,
    table: d.serve === "table" ? d.table.trim() : undefined,
    promised_at: promised || undefined,
    lines: d.lines.map((l) => ({
      sku_id: l.sku || undefined,
      name: l.name,
      quantity: l.quantity,
      price: minorOf(l.price, digits) ?? 0,
      note: l.note.trim() || undefined,
    })),
    delivery: s.delivery || undefined,
    discount: s.discount || undefined,
    pay: d.pay,
    tendered: s.tendered || undefined,
    customer: { name: d.name.trim() || undefined, phone: d.phone.trim() || undefined, address: d.address.trim() || undefined },
    remark: d.remark.trim() || undefined,
    short: short || undefined,
  };
}

export const money = (minor: number, digits: number, currency: string): Money => ({ minor, digits, currency });
