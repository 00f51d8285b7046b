import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { words as en } from "./en";
import { words as es } from "./es";
import { en as floorEn } from "./floor/en";
import { es as floorEs } from "./floor/es";
import { pt as floorPt } from "./floor/pt-BR";
import { zh as floorZh } from "./floor/zh-CN";
import { words as pt } from "./pt-BR";
import { said as saidEs } from "./said/es";
import { said as saidPt } from "./said/pt-BR";
import { words as zh } from "./zh-CN";

type Tree = { [key: string]: string | Tree };

function flat(tree: Tree, before = ""): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") out.set(before + key, value);
    else for (const [k, v] of flat(value, `${before}${key}.`)) out.set(k, v);
  }
  return out;
}

const languages = { "zh-CN": flat(zh), en: flat(en), es: flat(es), "pt-BR": flat(pt) };
const reference = languages["zh-CN"];
const blanks = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1]).sort();

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return /\.tsx?$/.test(name) && !/\.test\.|\.d\.ts$/.test(name) ? [path] : [];
  });
}
const all = sources(new URL("..", import.meta.url).pathname).filter((path) => !path.includes("/src/words/"));
const onFloor = (path: string) => /\/src\/(floor|routes\/(kitchen|callout))\//.test(path);
const read = (paths: string[]) => paths.map((path) => readFileSync(path, "utf8")).join("\n");
const code = read(all.filter((path) => !onFloor(path)));

test("the shop floor's screens have every text in every language, and none too many", () => {
  const zhFloor = flat(floorZh);
  for (const other of [flat(floorEn), flat(floorEs), flat(floorPt)]) {
    expect([...other.keys()].sort()).toEqual([...zhFloor.keys()].sort());
    for (const [key, text] of other) expect([key, text !== "", blanks(text)]).toEqual([key, true, blanks(zhFloor.get(key) ?? "")]);
  }
  const floor = read(all.filter(onFloor));
  const asked = [...floor.matchAll(/\bt\(((?:[^()]|\([^()]*\))*)\)/g)].flatMap((m) =>
    [...(m[1] ?? "").matchAll(/"(\w+)"/g)].map((k) => k[1] ?? ""),
  );
  expect(asked.length).toBeGreaterThan(50);
  const others = ["shut", "live", "loading", "lost", "unknown", "heard", "en"]; // states that stand beside a text's name
  expect([...new Set(asked)].filter((key) => !zhFloor.has(key) && !others.includes(key))).toEqual([]);
});

describe.each(Object.entries(languages))("%s", (_language, words) => {
  test("has every text and none too many", () => expect([...words.keys()].sort()).toEqual([...reference.keys()].sort()));

  test("leaves the same blanks to fill in", () => {
    for (const [key, text] of words) expect([key, blanks(text)]).toEqual([key, blanks(reference.get(key) ?? "")]);
  });

  test("has no empty text", () => expect([...words].filter(([, text]) => text.trim() === "")).toEqual([]));
});

test("every text that the code asks for is there", () => {
  const known = new Set([...reference.keys()].map((k) => k.replace(/_(one|other)$/, "")));
  const asked = [...code.matchAll(/\bt\(\s*(?:[^"`?()]+\?\s*)?"([\w.]+)"/g)].map((m) => m[1] ?? "");
  expect(asked.length).toBeGreaterThan(150);
  expect([...new Set(asked)].filter((key) => !known.has(key) && !reference.has(key))).toEqual([]);
});

test("every set of words that the code chooses from is there", () => {
  const sets = [...code.matchAll(/(?:\bt\(`([\w.]+)\.\$\{|\bword\(\s*\w+,\s*"([\w.]+)")/g)].map((m) => m[1] ?? m[2] ?? "");
  expect(sets.length).toBeGreaterThan(20);
  expect([...new Set(sets)].filter((set) => ![...reference.keys()].some((k) => k.startsWith(`${set}.`)))).toEqual([]);
});

/** The texts of one language beside the English that they say: the console's, the shop floor's and the connectors'. */
function besideEnglish(
  words: Map<string, string>,
  floor: Tree,
  said: Record<string, string>,
): { key: string; english: string; text: string }[] {
  const english = new Map([...languages.en, ...flat(floorEn, "floor.")]);
  return [
    ...[...words, ...flat(floor, "floor.")].map(([key, text]) => ({ key, english: english.get(key) ?? "", text })),
    ...Object.entries(said).map(([english, text]) => ({ key: english, english, text })),
  ];
}

// A store is where stock lies and people work, a shop its presence on a channel: docs/glossary.md. Who reads "loja" for both sees two
// lists that differ and does not know why.
test.each([
  { language: "es", texts: besideEnglish(languages.es, floorEs, saidEs), store: /\blocal(es)?\b/i, shop: /\btiendas?\b/i },
  { language: "pt-BR", texts: besideEnglish(languages["pt-BR"], floorPt, saidPt), store: /\bunidades?\b/i, shop: /\blojas?\b/i },
])("$language has one word for a store and another one for a shop", ({ texts, store, shop }) => {
  const inShop = /\bshop floor|(bridge|computer) in the shop/i; // the place, in English
  const of = (english: string) => ({ store: /\bstores?\b/i.test(english), shop: /\bshops?\b/i.test(english.replace(inShop, "")) });
  const mixed = texts.filter(({ english, text }) => {
    const meant = of(english);
    return (meant.store && !meant.shop && shop.test(text)) || (meant.shop && !meant.store && store.test(text));
  });
  expect(mixed).toEqual([]);
  expect(texts.filter(({ english, text }) => of(english).store && store.test(text)).length).toBeGreaterThan(60);
  expect(texts.filter(({ english, text }) => of(english).shop && shop.test(text)).length).toBeGreaterThan(20);
});
