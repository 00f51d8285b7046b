// What two devices of one person have changed at the same time, brought together.

type Named = { name: string };
const named = (x: unknown): x is Named[] => Array.isArray(x) && x.every((v) => typeof (v as Named | null)?.name === "string");

/**
 * What is kept when mine and theirs both came from base: of a list of things with names what either has changed, and mine where both
 * have changed the same; of anything else mine.
 */
export function merged(base: unknown, mine: unknown, theirs: unknown): unknown {
  if (!named(mine) || !named(theirs)) return mine;
  const was = named(base) ? base : [];
  const find = (list: Named[], name: string) => list.find((v) => v.name === name);
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  const out: Named[] = [];
  for (const v of theirs) {
    const own = find(mine, v.name);
    const old = find(was, v.name);
    if (own) out.push(same(own, old) ? v : own);
    else if (!old || !same(old, v)) out.push(v); // new there, or changed there after it was dropped here
  }
  for (const v of mine) {
    const old = find(was, v.name);
    if (!find(theirs, v.name) && (!old || !same(old, v))) out.push(v); // new here; what was dropped there stays dropped
  }
  return out;
}
