// Exact amounts. An amount is a whole number of minor units, and the number of digits comes with it from the service: browsers
// disagree about some currencies, and a wrong digit here is a wrong refund.

export type Money = { minor: number; digits: number; currency: string };

// Several countries write their peso as $; a merchant who sells in three of them must be able to tell them apart.
const signs: Record<string, string> = {
  CNY: "¥",
  USD: "US$",
  BRL: "R$",
  MXN: "MX$",
  ARS: "AR$",
  CLP: "CL$",
  COP: "COL$",
  UYU: "UY$",
  PEN: "S/",
  EUR: "€",
  HKD: "HK$",
};

// Where Spanish is read a sum is written as its country does: 1,032.50 in Mexico, 1.032,50 in Argentina.
const withComma = ["ARS", "BRL", "CLP", "COP", "EUR", "UYU"];
let reader = "";

/** Whose figures amounts are written in from now on: "pt-BR", "es", "en", "zh-CN". */
export function writeMoneyIn(language: string): void {
  reader = language.split("-")[0] ?? "";
}

/** Text of an amount such as ¥1,032.50, in Portuguese R$1.032,50; a minus goes before the sign. */
export function formatMoney(m: Money): string {
  const sign = signs[m.currency] ?? `${m.currency} `;
  const negative = m.minor < 0;
  const comma = reader === "pt" || (reader === "es" && withComma.includes(m.currency));
  const figures = String(Math.abs(m.minor)).padStart(m.digits + 1, "0");
  const whole = figures.slice(0, figures.length - m.digits).replace(/\B(?=(\d{3})+$)/g, comma ? "." : ",");
  const part = m.digits > 0 ? `${comma ? "," : "."}${figures.slice(-m.digits)}` : "";
  return `${negative ? "−" : ""}${sign}${whole}${part}`;
}

/** Sum of amounts of one currency; undefined when there are none or when they differ, since such a sum means nothing. */
export function sum(amounts: Money[]): Money | undefined {
  const [first] = amounts;
  if (!first) return undefined;
  let minor = 0;
  for (const m of amounts) {
    if (m.currency !== first.currency || m.digits !== first.digits) return undefined;
    minor += m.minor;
  }
  return { ...first, minor };
}

export type Refundable = { total: Money; packing: Money | null; quantity: number; refunded_quantity: number };

/**
 * What `count` more units of a line give back, its packing included. Computed on running totals, so that refunding a line in
 * parts adds up to its total exactly: 10.00 in three parts is 3.33, 3.33 and 3.34.
 */
export function refundOf(line: Refundable, count: number): Money {
  const whole = line.total.minor + (line.packing?.minor ?? 0);
  const before = Math.min(line.refunded_quantity, line.quantity);
  const after = Math.min(before + Math.max(0, count), line.quantity);
  if (line.quantity <= 0) return { ...line.total, minor: 0 };
  const upTo = (n: number) => Number((BigInt(whole) * BigInt(n)) / BigInt(line.quantity));
  return { ...line.total, minor: upTo(after) - upTo(before) };
}
