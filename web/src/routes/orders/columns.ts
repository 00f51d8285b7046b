// The columns of the list on a desk: which there are, how wide, and which of them a person wants to see.

export const columns = ["due", "promise", "placed", "customer", "ref", "total"] as const;
export type Column = (typeof columns)[number];

export const usual: readonly Column[] = ["due", "promise", "customer", "total"];

// What is in the order takes what the others leave.
const widths: Record<Column, string> = {
  due: "96px",
  promise: "124px",
  placed: "92px",
  customer: "96px",
  ref: "minmax(96px, 150px)",
  total: "112px",
};
/** Left to right: when, what, then the rest. */
const before: readonly Column[] = ["due"];

export function readColumns(stored: unknown): readonly Column[] {
  return Array.isArray(stored) ? columns.filter((c) => stored.includes(c)) : usual;
}

/** wide: a desk · middle: a small one · narrow: beside an open order */
export type Room = "wide" | "middle" | "narrow";

/** What fits: beside an open order only when it is due and what is in it, on a small desk no customer. */
export function fitting(chosen: readonly Column[], room: Room): readonly Column[] {
  return chosen.filter((c) => room === "wide" || (room === "middle" ? c !== "customer" && c !== "ref" : c === "due"));
}

/** The grid of head and rows. */
export function gridOf(shown: readonly Column[], room: Room): string {
  const w = (list: readonly Column[]) => list.map((c) => widths[c]).join(" ");
  const left = w(shown.filter((c) => before.includes(c)));
  const right = w(shown.filter((c) => !before.includes(c)));
  const [order, what, acts] = {
    wide: ["minmax(150px, 200px)", "minmax(180px, 1fr)", "132px"],
    middle: ["minmax(130px, 170px)", "minmax(140px, 1fr)", "132px"],
    narrow: ["minmax(120px, 172px)", "minmax(100px, 1fr)", "84px"],
  }[room];
  return `28px ${order} ${left} ${what} ${right} ${acts}`.replace(/ +/g, " ");
}
