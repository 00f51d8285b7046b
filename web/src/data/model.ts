// What the console works with, and how it reads it from the wire. The service grows: fields come, words are added, an empty list
// may arrive as null. All of that ends here; behind this door every list is a list and every absent text is "".

import type { Money } from "../format/money";
import { type Coded, inWords } from "../words/reasons";

export type { Money };

/** The wire form of T: anything may be missing or null, and a word may be one that we do not know yet. */
export type Loose<T> = T extends string
  ? string | number
  : T extends number | boolean
    ? T
    : T extends (infer E)[]
      ? Loose<E>[]
      : T extends object
        ? { [K in keyof T]?: Loose<T[K]> | null }
        : T;

export type Deadline = { kind: string; at: number; for: string };
export type Issue = { severity: string; code: string; path: string; message: string; why?: Coded };
export type Pending = { effect_id: string; kind: string; state: string; since_at: number; held_until: number; words: string; why?: Coded };

/** A line as a list shows it. `pocket` is 0 where there is one bag. */
export type Item = { name: string; quantity: number; options: string; note: string; refunded: number; pocket: number };

export type OrderSummary = {
  id: string;
  channel: string;
  ref: string;
  display_ref: string;
  /** The platform's daily number at the store; "" where it has none. */
  day_seq: string;
  pack_ref: string;
  kind: string;
  logistics: string;
  /** Of an order that was entered here: phone, counter, other. */
  origin: string;
  /** Where it is eaten. */
  table: string;
  /** mode: watch or goods when its orders ring for nobody and no act is sent for them; "" = everything is. */
  shop: { id: string; name: string; mode: string } | null;
  store: { id: string; name: string; zone: string } | null;
  account_id: string;
  status: string;
  flags: string[];
  axes: { payment: string; work: string; delivery: string; after_sale: string };
  theirs: Record<string, string>;
  placed_at: number;
  paid_at: number;
  /** Since when the kitchen makes it, and who said so; 0 and "" = nobody has. */
  making_at: number;
  making_by: string;
  /** What the store's rule for accepting has done, or why it waits; null = nothing. */
  auto: { state: string; grounds: Ground[] } | null;
  promised_at: number;
  /** When the platform tells the customer that it will come; 0 = not told. */
  estimated_at: number;
  /** Since when a rider waits at the store; 0 = none does. */
  rider_at: number;
  changed_at: number;
  seq: number;
  /** 最晚出餐, and when making it must begin; 0 = it is not to be made. */
  ready_by_at: number;
  begin_at: number;
  deadline: Deadline | null;
  total: Money | null;
  paid: Money | null;
  line_count: number;
  quantity: number;
  summary: string;
  /** The first lines with what was chosen; empty for orders that were last told before this was kept. */
  items: Item[];
  remark: string;
  customer: { name: string; phone_tail: string; city: string } | null;
  issues: Issue[];
  pending: Pending[];
  actions: string[];
};

export type Line = {
  key: string;
  name: string;
  sku: string;
  ref: string;
  quantity: number;
  unit: string;
  price: Money | null;
  original_price: Money | null;
  total: Money | null;
  options: string[];
  spec: string;
  note: string;
  packing: Money | null;
  pocket: string;
  refunded_quantity: number;
  /** Made, and not back in stock since the order was cancelled before they left. */
  wasted_quantity: number;
  image: string;
};
/** `in_price`: the lines' prices are after it already; it is told for who pays and not subtracted again. */
export type Discount = {
  name: string;
  kind: string;
  amount: Money | null;
  merchant: Money | null;
  platform: Money | null;
  in_price: boolean;
};
export type Bill = {
  goods: Money | null;
  packing: Money | null;
  delivery: Money | null;
  discounts: Discount[];
  fees: { name: string; amount: Money | null }[];
  tip: Money | null;
  tax: Money | null;
  total: Money | null;
  income: Money | null;
  refunded: Money | null;
};
export type Customer = {
  name: string;
  phone: string;
  phone_kind: string;
  address: string;
  address_detail: string;
  city: string;
  state: string;
  zip: string;
  country: string;
  note: string;
  /** The platform's id of the buyer. */
  user_ref: string;
  masked: boolean;
  /** What is hidden until it is asked for, which is recorded: phone, address. */
  covered: string[];
};
export type Delivery = {
  key: string;
  kind: string;
  state: string;
  theirs: string;
  rider: { name: string; phone: string } | null;
  carrier: string;
  tracking: string;
  ship_by_at: number;
  tracking_url: string;
  updates: { state: string; theirs: string; at: number }[];
  /** Who brings it: platform, own, courier, parcel. */
  way: string;
  make: string;
  planned: boolean;
  fee: Money | null;
  tip: Money | null;
  penalty: Money | null;
  /** What went wrong: failed, returned, cancelled, late; "" where nothing did. */
  wrong: string;
  liable: { party: string; why: string; by_name: string } | null;
  last_at: number;
  /** What the store's rule did about it, or left to a person. */
  steps: { step: string; at: number; yes: boolean; tip: Money | null; way: string; name: string; grounds: Ground[] }[];
};
/** One condition of a decision by rule. */
export type Ground = { met: boolean; why: Coded & { text: string } };
export type AfterSale = {
  key: string;
  kind: string;
  state: string;
  theirs: string;
  amount: Money | null;
  reason: string;
  pictures: string[];
  lines: { line: string; name: string; quantity: number; amount: Money | null }[];
  asked_at: number;
  answer_by_at: number;
  answerable: boolean;
  /** When the platform agreed to it by itself, since nobody had answered in time; 0 = it did not. */
  lost_at: number;
  seen_by: string;
  /** What the platform decided of the customer's appeal: upheld, rejected, "". */
  ruled: string;
  /** How the merchant's own appeal stands: made, upheld, rejected, "". */
  appeal: string;
  appeal_at: number;
  appeal_by: string;
  /** What the store's rule has decided; null = nothing. */
  decision: { yes: boolean; at: number; grounds: Ground[] } | null;
  /** What the rule would say now of one that waits for an answer. */
  advice: { agree: boolean; grounds: Ground[] } | null;
};
/** What the platform holds against how an order was made (出餐慢). */
export type Slow = {
  /** unreported, late, untrue, spared */
  state: string;
  can_appeal: boolean;
  /** made, upheld, rejected, "" */
  appeal: string;
  appeal_at: number;
  appeal_by: string;
  seen_by: string;
};
export type Choice = { value: string; label_zh: string; label_en: string };
export type ActField = {
  name: string;
  type: string;
  required: boolean;
  max: number;
  label: { zh: string; en: string };
  choices: Choice[];
};
export type Act = {
  kind: string;
  allowed: boolean;
  why: (Coded & { code: string; text: string }) | null;
  final: boolean;
  for: string;
  note: { zh: string; en: string };
  fields: ActField[];
};
export type TimelineEntry = {
  at: number;
  kind: string;
  axis: string;
  text_code: string;
  params: Record<string, unknown>;
  by: string;
  by_name: string;
  took_ms: number;
  journal_id: string;
  grounds: Ground[];
};

export type Order = OrderSummary & {
  lines: Line[];
  money: Bill;
  full_customer: Customer | null;
  notes: { text: string; by: string; at: number; visible: string }[];
  invoice: { title: string; tax_id: string } | null;
  payments: { key: string; state: string; theirs: string; method: string; amount: Money | null; at: number }[];
  deliveries: Delivery[];
  after_sales: AfterSale[];
  slow: Slow | null;
  reminders: { key: string; at: number; answered_at: number }[];
  deadlines: Deadline[];
  action_list: Act[];
  timeline: TimelineEntry[];
  same_pack: { id: string; ref: string }[];
  cancel_why: string;
  /** Of an order that was entered here: another one after each change. */
  entry_version: number;
};

export type JournalEntry = {
  id: string;
  at: number;
  direction: string;
  what: string;
  method: string;
  status: number;
  took_ms: number;
  body: string;
  /** What the platform answered to a call. */
  answer: string;
  masked: boolean;
  by: string;
  by_name: string;
  size: number;
  outcome: string;
  error: string;
};

export type Attempt = { n: number; at: number; ended_at: number; outcome: string; words: string; why?: Coded };
export type Effect = {
  id: string;
  order_id: string;
  kind: string;
  nature: string;
  state: string;
  attempts: Attempt[];
  next_at: number;
  deadline_at: number;
  words: string;
  why?: Coded;
};

export type Parked = {
  id: string;
  at: number;
  channel: string;
  account_id: string;
  what: string;
  reason: string;
  why?: Coded;
  size: number;
  preview: string;
  body: string;
  attempts: number;
  state: string;
};

export type Text = { zh: string; en: string };
export type Power = { name: string; nature: string; limits: { logistics: string[]; local: boolean }; note_zh: string; note_en: string };
export type CredentialField = { name: string; label_zh: string; label_en: string; secret: boolean; required: boolean };
export type Reason = { code: string; label_zh: string; label_en: string };
/** What of a shop's front a channel lets one change. A limit that is 0 limits nothing. */
export type FrontPower = {
  /** The fields of a profile that can be changed. */
  profile: string[];
  areas: boolean;
  area_hours: boolean;
  /** The coordinate system of its maps, and the rectangle in which its places lie. */
  system: string;
  south_west: { lat: number; lon: number };
  north_east: { lat: number; lon: number };
  corners: number;
  /** Families whose categories have a code each. */
  codes: string[];
  /** What the goods of some families do not have. */
  lacks: { family: string; what: string }[];
  item_name: number;
  words: number;
  /** Kinds of picture files, by their ends, and the bytes of one. */
  pictures: string[];
  picture_max: number;
  /** Limits in words, of each part that has any. */
  notes: { part: string; note_zh: string; note_en: string }[];
};
export type Channel = {
  name: string;
  label_zh: string;
  label_en: string;
  mark: string;
  realm: string;
  kind: string;
  /** Customers may come for their orders. */
  pickup: boolean;
  /** Parcels tell whether their label is printed. */
  labels: boolean;
  /** Nobody is on the other side: its orders are entered here, and there is nothing to connect. */
  own: boolean;
  currencies: string[];
  /** The families of goods whose menus can be read and changed, the usual one first. */
  menus: string[];
  /** What of a shop's front can be read and changed; null = nothing of it. */
  front: FrontPower | null;
  /** Where its shops are, as long as nobody has said otherwise. */
  zone: string;
  /** How an account is connected; null = there is nothing to connect. */
  joining: { for: Text; takes: Text; needs: Text[]; steps: Text[] } | null;
  powers: Power[];
  /** Facts that are lost with the message that tells them. */
  push_only: Text[];
  /** What it costs to have no public address. */
  pull_only: Text;
  /** What a shop's id is on this platform. */
  shop_id: Text;
  credential_fields: { app: CredentialField[]; account: CredentialField[] };
  callback_paths: { path: string; what_zh: string; what_en: string }[];
  reasons: Record<string, Reason[]>;
  pull_every_s: number;
  /** Seconds to answer a refund, and those of large chains; 0 = no such thing. */
  refund_s: number;
  chain_refund_s: number;
};
export type Store = {
  id: string;
  name: string;
  zone: string;
  cutoff_minutes: number;
  address: string;
  /** How long an order takes to make, and a rider to bring it. */
  prepare_minutes: number;
  travel_minutes: number;
  hours: string;
};
export type App = {
  id: string;
  channel: string;
  name: string;
  base_url: string;
  public_url: string;
  /** came_at: when a message last came there, 0 = never; probed_at: when the platform last looked whether it is alive. */
  callback_urls: { url: string; what_zh: string; what_en: string; came_at: number; probed_at: number }[];
  /** Ports of the public address that the platform can call; empty = any. */
  ports: number[];
  refused_24h: number;
};
export type Account = {
  id: string;
  app_id: string;
  name: string;
  external_id: string;
  paused: boolean;
  /** A large chain, which has longer to answer a refund. */
  big_chain: boolean;
  state: string;
  authorise_by_at: number;
  authorise_why: string;
  authorise_url: string;
  last_push_at: number;
  last_pull_at: number;
  last_error: { at: number; code: string; words: string; why?: Coded } | null;
  backlog: { effects: number; parked: number; hints: number };
  pull_lag_s: number;
};
export type Shop = { id: string; account_id: string; channel: string; external_id: string; store_id: string; name: string; mode: string };
/** What a store has of a SKU, and where it is for sale. */
export type Level = {
  code: string;
  on_hand: number;
  reserved: number;
  sellable: number;
  offers: { shop_id: string; item: string; variation: string }[];
};
/** stores: those that the user is limited to; empty = all of the merchant. */
/** The paired screen that this browser is. */
export type OwnDevice = { id: string; name: string; kind: string; store_id: string; pin: boolean; lock_minutes: number };
export type User = {
  id: string;
  name: string;
  role: string;
  locale: string;
  stores: string[];
  rights: string[];
  /** Sees customers' data in full. */
  personal: boolean;
  device: OwnDevice | null;
};
export type Said = { zh: string; en: string };
/** Whether a platform counts as many orders of a shop and day as there are here. */
export type Statement = {
  id: string;
  channel: string;
  shop_id: string;
  /** The platform's id of the shop. */
  shop: string;
  day: string;
  closed: boolean;
  made_at: number;
  verdict: string;
  platform: { orders: number; means: Said; hash: string } | null;
  cannot: Said | null;
  ours: { orders: number; hash: string };
  missing: string[];
  extra: string[];
  empty: string[];
  repaired_count: number;
  repaired: { order: string; how: string }[];
  push_only: Said[];
  audit: Head;
  document: string;
  signature: string;
  public_key: string;
  good: boolean;
};
/** Where the audit chain ends. */
export type Head = { number: number; hash: string; at: number };
type Tally = { statuses: Record<string, number>; flags: Record<string, number> };
/** `channels` has every channel that a shop in sight is bound to, also one without orders. */
export type Counts = Tally & { channels: Record<string, Tally>; as_of: number; seq: number };
export type Batch = {
  id: string;
  kind: string;
  total: number;
  done: number;
  failed: number;
  results: { order_id: string; state: string; error: { code: string; words: string; why?: Coded } | null }[];
};

const text = (v: string | number | null | undefined): string => (v === null || v === undefined ? "" : String(v));
const count = (v: number | null | undefined): number => (typeof v === "number" && Number.isFinite(v) ? v : 0);
const list = <T, R>(v: (T | null)[] | null | undefined, read: (item: T) => R): R[] =>
  (v ?? []).filter((item): item is T => item !== null && item !== undefined).map(read);
const texts = (v: (string | number | null)[] | null | undefined): string[] => list(v, text);
const maybe = <T, R>(v: T | null | undefined, read: (item: T) => R): R | null => (v === null || v === undefined ? null : read(v));

const readText = (t: Loose<Text> | null | undefined): Text => ({ zh: text(t?.zh), en: text(t?.en) });

export function readMoney(m: Loose<Money> | null | undefined): Money | null {
  if (!m || typeof m.minor !== "number" || !m.currency) return null;
  return { minor: m.minor, digits: count(m.digits), currency: text(m.currency) };
}

export const readGround = (g: Loose<Ground>): Ground => ({
  met: Boolean(g.met),
  why: {
    text: text(g.why?.text),
    code: text(g.why?.code),
    args: Object.fromEntries(Object.entries(g.why?.args ?? {}).map(([k, v]) => [k, text(v)])),
  },
});
const readDeadline = (d: Loose<Deadline>): Deadline => ({ kind: text(d.kind), at: count(d.at), for: text(d.for) });

const readReason = (r: Loose<Reason>): Reason => ({ code: text(r.code), label_zh: text(r.label_zh), label_en: text(r.label_en) });

let mayAct = (_kind: string): boolean => true;

/** From now on orders offer only the acts that these rights (docs/roles.md) allow; an order's own page says of the others why not. */
export function offerActs(rights: string[]): void {
  mayAct = (kind) => rights.length === 0 || rights.includes(`act.${kind}`);
}

export function readSummary(o: Loose<OrderSummary> & { since?: Record<string, number> | null }): OrderSummary {
  return {
    id: text(o.id),
    channel: text(o.channel),
    ref: text(o.ref),
    display_ref: text(o.display_ref),
    day_seq: text(o.day_seq).replace(/^0$/, ""),
    pack_ref: text(o.pack_ref),
    kind: text(o.kind),
    logistics: text(o.logistics) || "unknown",
    origin: text(o.origin),
    table: text(o.table),
    shop: maybe(o.shop, (s) => ({ id: text(s.id), name: text(s.name), mode: text(s.mode) })),
    store: maybe(o.store, (s) => ({ id: text(s.id), name: text(s.name), zone: text(s.zone) })),
    account_id: text(o.account_id),
    status: text(o.status),
    flags: texts(o.flags),
    axes: {
      payment: text(o.axes?.payment),
      work: text(o.axes?.work),
      delivery: text(o.axes?.delivery),
      after_sale: text(o.axes?.after_sale),
    },
    theirs: Object.fromEntries(Object.entries(o.theirs ?? {}).map(([k, v]) => [k, text(v)])),
    placed_at: count(o.placed_at),
    paid_at: count(o.paid_at),
    making_at: count(o.making_at),
    making_by: text(o.making_by),
    auto: o.auto?.state ? { state: text(o.auto.state), grounds: list(o.auto.grounds, readGround) } : null,
    promised_at: count(o.promised_at),
    estimated_at: count(o.estimated_at),
    rider_at: count(o.since?.rider ?? o.rider_at), // the second in what a device has kept
    changed_at: count(o.changed_at),
    seq: count(o.seq) || count(o.changed_at),
    ready_by_at: count(o.ready_by_at),
    begin_at: count(o.begin_at),
    deadline: o.deadline?.at ? readDeadline(o.deadline) : null,
    total: readMoney(o.total),
    paid: readMoney(o.paid),
    line_count: count(o.line_count),
    quantity: count(o.quantity),
    summary: text(o.summary),
    items: list(o.items, (i) => ({
      name: text(i.name),
      quantity: count(i.quantity),
      options: text(i.options),
      note: text(i.note),
      refunded: count(i.refunded),
      pocket: count(i.pocket),
    })),
    remark: text(o.remark),
    customer: maybe(o.customer, (c) => ({ name: text(c.name), phone_tail: text(c.phone_tail), city: text(c.city) })),
    issues: list(o.issues, (i) => ({
      severity: text(i.severity),
      code: text(i.code),
      path: text(i.path),
      message: inWords(text(i.message), i.why),
    })),
    pending: list(o.pending, (p) => ({
      effect_id: text(p.effect_id),
      kind: text(p.kind),
      state: text(p.state),
      since_at: count(p.since_at),
      held_until: count(p.held_until),
      words: inWords(text(p.words), p.why),
    })),
    actions: texts(o.actions).filter(mayAct),
  };
}

export type WireOrder = Loose<Omit<Order, "full_customer" | "customer">> & {
  customer?: (Loose<Customer> & { phone_tail?: string | null }) | null;
  masked?: boolean | null;
};

export function readCustomer(c: Loose<Customer>): Customer {
  return {
    name: text(c.name),
    phone: text(c.phone),
    phone_kind: text(c.phone_kind),
    address: text(c.address),
    address_detail: text(c.address_detail),
    city: text(c.city),
    state: text(c.state),
    zip: text(c.zip),
    country: text(c.country),
    note: text(c.note),
    user_ref: text(c.user_ref),
    masked: Boolean(c.masked),
    covered: list(c.covered, (part) => text(part)),
  };
}

export function readOrder(o: WireOrder): Order {
  const { customer, ...rest } = o;
  const summary = readSummary({
    ...rest,
    customer: customer
      ? { name: customer.name, phone_tail: customer.phone_tail ?? text(customer.phone).slice(-4), city: customer.city }
      : null,
  });
  const m = o.money;
  return {
    ...summary,
    lines: list(o.lines, (l) => ({
      key: text(l.key),
      name: text(l.name),
      sku: text(l.sku),
      ref: text(l.ref),
      quantity: count(l.quantity),
      unit: text(l.unit),
      price: readMoney(l.price),
      original_price: readMoney(l.original_price),
      total: readMoney(l.total),
      options: texts(l.options),
      spec: text(l.spec),
      note: text(l.note),
      packing: readMoney(l.packing),
      pocket: text(l.pocket),
      refunded_quantity: count(l.refunded_quantity),
      wasted_quantity: count(l.wasted_quantity),
      image: /^https:\/\//.test(text(l.image)) ? text(l.image) : "",
    })),
    money: {
      goods: readMoney(m?.goods),
      packing: readMoney(m?.packing),
      delivery: readMoney(m?.delivery),
      discounts: list(m?.discounts, (d) => ({
        name: text(d.name),
        kind: text(d.kind),
        amount: readMoney(d.amount),
        merchant: readMoney(d.merchant),
        platform: readMoney(d.platform),
        in_price: Boolean(d.in_price),
      })),
      fees: list(m?.fees, (f) => ({ name: text(f.name), amount: readMoney(f.amount) })),
      tip: readMoney(m?.tip),
      tax: readMoney(m?.tax),
      total: readMoney(m?.total) ?? summary.total,
      income: readMoney(m?.income),
      refunded: readMoney(m?.refunded),
    },
    full_customer: maybe(customer, readCustomer),
    notes: list(o.notes, (n) => ({ text: text(n.text), by: text(n.by), at: count(n.at), visible: text(n.visible) })),
    invoice: maybe(o.invoice, (i) => ({ title: text(i.title), tax_id: text(i.tax_id) })),
    payments: list(o.payments, (p) => ({
      key: text(p.key),
      state: text(p.state),
      theirs: text(p.theirs),
      method: text(p.method),
      amount: readMoney(p.amount),
      at: count(p.at),
    })),
    deliveries: list(o.deliveries, (d) => ({
      key: text(d.key),
      kind: text(d.kind),
      state: text(d.state),
      theirs: text(d.theirs),
      rider: maybe(d.rider, (r) => ({ name: text(r.name), phone: text(r.phone) })),
      carrier: text(d.carrier),
      tracking: text(d.tracking),
      tracking_url: /^https:\/\//.test(text(d.tracking_url)) ? text(d.tracking_url) : "",
      ship_by_at: count(d.ship_by_at),
      way: text(d.way),
      make: text(d.make),
      planned: Boolean(d.planned),
      fee: readMoney(d.fee),
      tip: readMoney(d.tip),
      penalty: readMoney(d.penalty),
      wrong: text(d.wrong),
      liable: maybe(d.liable, (l) => ({ party: text(l.party), why: text(l.why), by_name: text(l.by_name) })),
      last_at: count(d.last_at),
      steps: list(d.steps, (s) => ({
        step: text(s.step),
        at: count(s.at),
        yes: Boolean(s.yes),
        tip: readMoney(s.tip),
        way: text(s.way),
        name: text(s.name),
        grounds: list(s.grounds, readGround),
      })),
      updates: list(d.updates, (u) => ({ state: text(u.state), theirs: text(u.theirs), at: count(u.at) })),
    })),
    after_sales: list(o.after_sales, (a) => ({
      key: text(a.key),
      kind: text(a.kind),
      state: text(a.state),
      theirs: text(a.theirs),
      amount: readMoney(a.amount),
      reason: text(a.reason),
      pictures: texts(a.pictures).filter((url) => /^https:\/\//.test(url)),
      lines: list(a.lines, (l) => ({ line: text(l.line), name: text(l.name), quantity: count(l.quantity), amount: readMoney(l.amount) })),
      asked_at: count(a.asked_at),
      answer_by_at: count(a.answer_by_at),
      answerable: Boolean(a.answerable),
      lost_at: count(a.lost_at),
      seen_by: text(a.seen_by),
      ruled: text(a.ruled),
      appeal: text(a.appeal),
      appeal_at: count(a.appeal_at),
      appeal_by: text(a.appeal_by),
      decision: a.decision
        ? { yes: Boolean(a.decision.yes), at: count(a.decision.at), grounds: list(a.decision.grounds, readGround) }
        : null,
      advice: a.advice ? { agree: Boolean(a.advice.agree), grounds: list(a.advice.grounds, readGround) } : null,
    })),
    slow: maybe(o.slow, (s) => ({
      state: text(s.state),
      can_appeal: Boolean(s.can_appeal),
      appeal: text(s.appeal),
      appeal_at: count(s.appeal_at),
      appeal_by: text(s.appeal_by),
      seen_by: text(s.seen_by),
    })),
    reminders: list(o.reminders, (r) => ({ key: text(r.key), at: count(r.at), answered_at: count(r.answered_at) })),
    deadlines: list(o.deadlines, readDeadline),
    action_list: list(o.action_list, readAct),
    timeline: list(o.timeline, (t) => ({
      at: count(t.at),
      kind: text(t.kind),
      axis: text(t.axis),
      text_code: text(t.text_code),
      params: (t.params as Record<string, unknown> | null) ?? {},
      by: text(t.by),
      by_name: text(t.by_name),
      took_ms: count(t.took_ms),
      journal_id: text(t.journal_id),
      grounds: list(t.grounds, readGround),
    })),
    cancel_why: text(o.cancel_why),
    entry_version: count(o.entry_version),
    same_pack: list(o.same_pack, (s) => ({ id: text(s.id), ref: text(s.ref) })),
  };
}

const readAct = (a: Loose<Act>): Act => ({
  kind: text(a.kind),
  allowed: Boolean(a.allowed),
  why: a.why && (a.why.code || a.why.text) ? { code: text(a.why.code), text: inWords(text(a.why.text), a.why) } : null,
  final: Boolean(a.final),
  for: text(a.for),
  note: readText(a.note),
  fields: list(a.fields, (f) => ({
    name: text(f.name),
    type: text(f.type),
    required: Boolean(f.required),
    max: count(f.max),
    label: readText(f.label),
    choices: list(f.choices, (c) => ({ value: text(c.value), label_zh: text(c.label_zh), label_en: text(c.label_en) })),
  })),
});

export const readJournalEntry = (e: Loose<JournalEntry>): JournalEntry => ({
  id: text(e.id),
  at: count(e.at),
  direction: text(e.direction),
  what: text(e.what),
  method: text(e.method),
  status: count(e.status),
  took_ms: count(e.took_ms),
  body: text(e.body),
  answer: text(e.answer),
  masked: Boolean(e.masked),
  by: text(e.by),
  by_name: text(e.by_name),
  size: count(e.size),
  outcome: text(e.outcome),
  error: text(e.error),
});

export const readEffect = (e: Loose<Effect>): Effect => ({
  id: text(e.id),
  order_id: text(e.order_id),
  kind: text(e.kind),
  nature: text(e.nature),
  state: text(e.state),
  attempts: list(e.attempts, (a) => ({
    n: count(a.n),
    at: count(a.at),
    ended_at: count(a.ended_at),
    outcome: text(a.outcome),
    words: inWords(text(a.words), a.why),
  })),
  next_at: count(e.next_at),
  deadline_at: count(e.deadline_at),
  words: inWords(text(e.words), e.why),
});

export const readParked = (p: Loose<Parked>): Parked => ({
  id: text(p.id),
  at: count(p.at),
  channel: text(p.channel),
  account_id: text(p.account_id),
  what: text(p.what),
  reason: inWords(text(p.reason), p.why),
  size: count(p.size),
  preview: text(p.preview),
  body: text(p.body),
  attempts: count(p.attempts),
  state: text(p.state),
});

const readField = (f: Loose<CredentialField>): CredentialField => ({
  name: text(f.name),
  label_zh: text(f.label_zh),
  label_en: text(f.label_en),
  secret: Boolean(f.secret),
  required: Boolean(f.required),
});

export const readChannel = (c: Loose<Channel>): Channel => ({
  name: text(c.name),
  label_zh: text(c.label_zh) || text(c.name),
  label_en: text(c.label_en) || text(c.name),
  mark: text(c.mark),
  realm: text(c.realm),
  kind: text(c.kind),
  pickup: Boolean(c.pickup),
  labels: Boolean(c.labels),
  own: Boolean(c.own),
  currencies: texts(c.currencies),
  menus: texts(c.menus),
  front: maybe(c.front, (f) => ({
    profile: texts(f.profile),
    areas: Boolean(f.areas),
    area_hours: Boolean(f.area_hours),
    system: text(f.system),
    south_west: { lat: count(f.south_west?.lat), lon: count(f.south_west?.lon) },
    north_east: { lat: count(f.north_east?.lat), lon: count(f.north_east?.lon) },
    corners: count(f.corners),
    codes: texts(f.codes),
    lacks: list(f.lacks, (l) => ({ family: text(l.family), what: text(l.what) })),
    item_name: count(f.item_name),
    words: count(f.words),
    pictures: texts(f.pictures),
    picture_max: count(f.picture_max),
    notes: list(f.notes, (n) => ({ part: text(n.part), note_zh: text(n.note_zh), note_en: text(n.note_en) })),
  })),
  zone: text(c.zone) || "UTC",
  joining: maybe(c.joining, (j) => ({
    for: readText(j.for),
    takes: readText(j.takes),
    needs: list(j.needs, readText),
    steps: list(j.steps, readText),
  })),
  powers: list(c.powers, (p) => ({
    name: text(p.name),
    nature: text(p.nature),
    limits: { logistics: texts(p.limits?.logistics), local: Boolean(p.limits?.local) },
    note_zh: text(p.note_zh),
    note_en: text(p.note_en),
  })),
  push_only: list(c.push_only, readText),
  pull_only: readText(c.pull_only),
  shop_id: readText(c.shop_id),
  credential_fields: { app: list(c.credential_fields?.app, readField), account: list(c.credential_fields?.account, readField) },
  callback_paths: list(c.callback_paths, (p) => ({ path: text(p.path), what_zh: text(p.what_zh), what_en: text(p.what_en) })),
  reasons: Object.fromEntries(Object.entries(c.reasons ?? {}).map(([kind, rs]) => [kind, list(rs as Loose<Reason>[] | null, readReason)])),
  pull_every_s: count(c.pull_every_s),
  refund_s: count(c.refund_s),
  chain_refund_s: count(c.chain_refund_s),
});

export const readStore = (s: Loose<Store>): Store => ({
  id: text(s.id),
  name: text(s.name),
  zone: text(s.zone),
  cutoff_minutes: count(s.cutoff_minutes),
  address: text(s.address),
  prepare_minutes: count(s.prepare_minutes),
  travel_minutes: count(s.travel_minutes),
  hours: text(s.hours),
});
export const readApp = (a: Loose<App>): App => ({
  id: text(a.id),
  channel: text(a.channel),
  name: text(a.name),
  base_url: text(a.base_url),
  public_url: text(a.public_url),
  callback_urls: list(a.callback_urls, (u) => ({
    url: text(u.url),
    what_zh: text(u.what_zh),
    what_en: text(u.what_en),
    came_at: count(u.came_at),
    probed_at: count(u.probed_at),
  })),
  ports: list(a.ports, Number),
  refused_24h: count(a.refused_24h),
});
export const readAccount = (a: Loose<Account>): Account => ({
  id: text(a.id),
  app_id: text(a.app_id),
  external_id: text(a.external_id),
  paused: Boolean(a.paused),
  big_chain: Boolean(a.big_chain),
  name: text(a.name),
  state: text(a.state),
  authorise_by_at: count(a.authorise_by_at),
  authorise_why: text(a.authorise_why),
  authorise_url: text(a.authorise_url),
  last_push_at: count(a.last_push_at),
  last_pull_at: count(a.last_pull_at),
  last_error:
    a.last_error && (a.last_error.code || a.last_error.words)
      ? { at: count(a.last_error.at), code: text(a.last_error.code), words: inWords(text(a.last_error.words), a.last_error.why) }
      : null,
  backlog: { effects: count(a.backlog?.effects), parked: count(a.backlog?.parked), hints: count(a.backlog?.hints) },
  pull_lag_s: count(a.pull_lag_s),
});
export const readShop = (s: Loose<Shop>): Shop => ({
  id: text(s.id),
  account_id: text(s.account_id),
  channel: text(s.channel),
  external_id: text(s.external_id),
  store_id: text(s.store_id),
  name: text(s.name),
  mode: text(s.mode) || "watch",
});
export const readUser = (u: Loose<User>): User => ({
  id: text(u.id),
  name: text(u.name),
  role: text(u.role),
  locale: text(u.locale),
  stores: texts(u.stores),
  rights: texts(u.rights),
  personal: Boolean(u.personal),
  device: u.device ? readOwnDevice(u.device) : null,
});
export const readOwnDevice = (d: Loose<OwnDevice>): OwnDevice => ({
  id: text(d.id),
  name: text(d.name),
  kind: text(d.kind),
  store_id: text(d.store_id),
  pin: d.pin === true,
  lock_minutes: count(d.lock_minutes),
});
const readSaid = (s: Loose<Said> | null | undefined): Said => ({ zh: text(s?.zh), en: text(s?.en) });
export const readHead = (h: Loose<Head> | null | undefined): Head => ({ number: count(h?.number), hash: text(h?.hash), at: count(h?.at) });
export const readStatement = (s: Loose<Statement>): Statement => ({
  id: text(s.id),
  channel: text(s.channel),
  shop_id: text(s.shop_id),
  shop: text(s.shop),
  day: text(s.day),
  closed: s.closed === true,
  made_at: count(s.made_at),
  verdict: text(s.verdict) || "unverifiable",
  platform: s.platform ? { orders: count(s.platform.orders), means: readSaid(s.platform.means), hash: text(s.platform.hash) } : null,
  cannot: s.cannot ? readSaid(s.cannot) : null,
  ours: { orders: count(s.ours?.orders), hash: text(s.ours?.hash) },
  missing: texts(s.missing),
  extra: texts(s.extra),
  empty: texts(s.empty),
  repaired_count: count(s.repaired_count),
  repaired: (s.repaired ?? []).map((r) => ({ order: text(r.order), how: text(r.how) })),
  push_only: (s.push_only ?? []).map(readSaid),
  audit: readHead(s.audit),
  document: text(s.document),
  signature: text(s.signature),
  public_key: text(s.public_key),
  good: s.good === true,
});

const numbers = (v: Record<string, number | null | undefined> | null | undefined): Record<string, number> =>
  Object.fromEntries(Object.entries(v ?? {}).map(([k, n]) => [k, count(n)]));

export const readLevel = (l: Loose<Level>): Level => ({
  code: text(l.code),
  on_hand: count(l.on_hand),
  reserved: count(l.reserved),
  sellable: count(l.sellable),
  offers: list(l.offers, (o) => ({ shop_id: text(o.shop_id), item: text(o.item), variation: text(o.variation) })),
});

type WireTally = { statuses?: Record<string, number | null> | null; flags?: Record<string, number | null> | null };
const readTally = (t: WireTally): Tally => ({ statuses: numbers(t.statuses), flags: numbers(t.flags) });

export const readCounts = (
  c: WireTally & { channels?: Record<string, WireTally> | null; as_of?: number | null; seq?: number | null },
): Counts => ({
  ...readTally(c),
  channels: Object.fromEntries(Object.entries(c.channels ?? {}).map(([name, t]) => [name, readTally(t)])),
  as_of: count(c.as_of),
  seq: count(c.seq),
});

export const readBatch = (b: Loose<Batch>): Batch => ({
  id: text(b.id),
  kind: text(b.kind),
  total: count(b.total),
  done: count(b.done),
  failed: count(b.failed),
  results: list(b.results, (r) => ({
    order_id: text(r.order_id),
    state: text(r.state),
    error:
      r.error && (r.error.code || r.error.words) ? { code: text(r.error.code), words: inWords(text(r.error.words), r.error.why) } : null,
  })),
});

export type CallCounts = { calls: number; failed: number; slow: number; mean_ms: number };
export type Health = {
  at: number;
  armed: boolean;
  accounts: {
    account_id: string;
    channel: string;
    name: string;
    state: string;
    cause: string;
    kinds: string[];
    since_at: number;
    push_at: number;
    pull_at: number;
    /** Of each of the last 60 minutes, the newest last. */
    calls: number[];
    failed: number[];
  }[];
  queue: { class: string; waiting: number; oldest_ms: number }[];
  follower: { behind: number; since_at: number };
  lanes: { account_id: string; node: string; open: number; person: number; due_at: number }[];
  calls: { channel: string; kind: string; quarter: CallCounts; hour: CallCounts }[];
  parked: number;
  database: { engine: string; size_bytes: number; wal_bytes: number; free_bytes: number };
  nodes: {
    name: string;
    host: string;
    version: string;
    started_at: number;
    seen_at: number;
    lanes: number;
    waiting: number;
    me: boolean;
  }[];
  checks: { name: string; ok: boolean; at: number; good_at: number; about_at: number; words: string; why?: Coded }[];
  version: string;
};

const readCalls = (c: Loose<CallCounts> | null | undefined): CallCounts => ({
  calls: count(c?.calls),
  failed: count(c?.failed),
  slow: count(c?.slow),
  mean_ms: count(c?.mean_ms),
});

export const readHealth = (h: Loose<Health>): Health => ({
  at: count(h.at),
  armed: h.armed !== false,
  accounts: list(h.accounts, (a) => ({
    account_id: text(a.account_id),
    channel: text(a.channel),
    name: text(a.name),
    state: text(a.state),
    cause: text(a.cause),
    kinds: texts(a.kinds),
    since_at: count(a.since_at),
    push_at: count(a.push_at),
    pull_at: count(a.pull_at),
    calls: list(a.calls, count),
    failed: list(a.failed, count),
  })),
  queue: list(h.queue, (q) => ({ class: text(q.class), waiting: count(q.waiting), oldest_ms: count(q.oldest_ms) })),
  follower: { behind: count(h.follower?.behind), since_at: count(h.follower?.since_at) },
  lanes: list(h.lanes, (l) => ({
    account_id: text(l.account_id),
    node: text(l.node),
    open: count(l.open),
    person: count(l.person),
    due_at: count(l.due_at),
  })),
  calls: list(h.calls, (c) => ({ channel: text(c.channel), kind: text(c.kind), quarter: readCalls(c.quarter), hour: readCalls(c.hour) })),
  parked: count(h.parked),
  database: {
    engine: text(h.database?.engine),
    size_bytes: count(h.database?.size_bytes),
    wal_bytes: count(h.database?.wal_bytes),
    free_bytes: count(h.database?.free_bytes),
  },
  nodes: list(h.nodes, (n) => ({
    name: text(n.name),
    host: text(n.host),
    version: text(n.version),
    started_at: count(n.started_at),
    seen_at: count(n.seen_at),
    lanes: count(n.lanes),
    waiting: count(n.waiting),
    me: n.me === true,
  })),
  checks: list(h.checks, (c) => ({
    name: text(c.name),
    ok: c.ok === true,
    at: count(c.at),
    good_at: count(c.good_at),
    about_at: count(c.about_at),
    words: inWords(text(c.words), c.why),
  })),
  version: text(h.version),
});
