// What browsers of early 2018 lack and the libraries of these screens ask for. First of all imports, so that it is there in time.
// oldest.test.ts and the scenes in e2e, which take newer things away from a new browser, say whether something is missing.

type Loose = Record<string, unknown>;

function lend(where: object, name: string, what: unknown): void {
  if (!(name in where)) Object.defineProperty(where, name, { value: what, writable: true, configurable: true });
}

lend(self, "globalThis", self);
lend(self, "queueMicrotask", (f: () => void) => void Promise.resolve().then(f));
lend(Object, "fromEntries", (pairs: Iterable<[string, unknown]>) => {
  const out: Loose = {};
  for (const [k, v] of pairs) out[k] = v;
  return out;
});
lend(Array.prototype, "flatMap", function (this: unknown[], f: (v: unknown, i: number, all: unknown[]) => unknown) {
  return ([] as unknown[]).concat(...(this.map(f) as unknown[][]));
});
lend(Array.prototype, "at", function (this: unknown[], n: number) {
  return this[n < 0 ? this.length + n : n];
});
