// What a rider is told of a delivery that has changed.

export const parts = ["name", "phone", "addition", "time"] as const;
export type Change = Partial<Record<(typeof parts)[number], string>>;

type Marks = {
  said: (what: string, words: string) => string;
  and: string;
};

/** One line with what was filled in and nothing else; "" when nothing was. */
export function riderText(order: string, change: Change, label: (part: (typeof parts)[number]) => string, marks: Marks): string {
  const parted = parts.flatMap((p) => (change[p]?.trim() ? [`${label(p)} ${change[p]?.trim()}`] : []));
  return parted.length === 0 ? "" : marks.said(order, parted.join(marks.and));
}
