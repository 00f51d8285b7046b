// The shop floor's bundle is built and held to the oldest Chromium that it is for: 64, of January 2018. Syntax and style that came
// later fail here; functions that came later are taken away from a new browser by a scene in e2e (kitchen.test.mjs).

import { parseAst } from "rolldown/parseAst";
import { build } from "vite";
import { beforeAll, expect, test } from "vitest";
import { oldest } from "../../vite.floor.config";

type Output = { fileName: string; code?: string; source?: string | Uint8Array };
let files: Output[] = [];

beforeAll(async () => {
  const root = new URL("../..", import.meta.url).pathname;
  process.env.NODE_ENV = "production"; // React as it is served
  const built = await build({
    root,
    configFile: `${root}vite.floor.config.ts`,
    logLevel: "error",
    mode: "production",
    build: { write: false },
  });
  files = (Array.isArray(built) ? built : [built]).flatMap((b) => ("output" in b ? (b.output as Output[]) : []));
}, 60_000);

type Node = { type: string; [key: string]: unknown };

/** What a node needs that Chromium 64 has not; "" when it has all. */
function newer(n: Node): string {
  if (n.type === "ChainExpression") return "?. (80)";
  if (n.type === "LogicalExpression" && n.operator === "??") return "?? (80)";
  if (n.type === "AssignmentExpression" && /^(\?\?|\|\||&&)=$/.test(String(n.operator))) return `${n.operator} (85)`;
  if (n.type === "PropertyDefinition" || n.type === "AccessorProperty") return "class field (72)";
  if (n.type === "PrivateIdentifier") return "private name (74)";
  if (n.type === "StaticBlock") return "static block (94)";
  if (n.type === "CatchClause" && !n.param) return "catch without a name (66)";
  if (n.type === "AwaitExpression" && n.topLevel) return "await at the top (89)";
  if (n.type === "ExportAllDeclaration" && n.exported) return "export * as (72)";
  if (n.type === "Literal" && typeof n.bigint === "string") return "big integer (67)";
  if (n.type === "Literal" && /^[\d.]+_/.test(String(n.raw ?? ""))) return "1_000 (75)";
  if (n.type === "Literal" && n.regex && /[dv]/.test((n.regex as { flags: string }).flags)) return "flag of a regular expression (90)";
  return "";
}

function walk(node: unknown, found: Set<string>): void {
  if (Array.isArray(node)) for (const n of node) walk(n, found);
  else if (node && typeof node === "object") {
    const n = node as Node;
    if (typeof n.type === "string" && newer(n)) found.add(newer(n));
    for (const key of Object.keys(n)) if (key !== "type" && key !== "parent") walk(n[key], found);
  }
}

function tooNew(code: string): string[] {
  const found = new Set<string>();
  walk(parseAst(code), found);
  return [...found];
}

test("the measure finds what is too new", () => {
  const samples = [
    "a?.b",
    "a ?? b",
    "a ||= b",
    "class A { x = 1 }",
    "class A { #x(){} }",
    "try { a() } catch { b() }",
    "1_000",
    "1n",
    "/a/v",
  ];
  for (const s of samples) expect([s, tooNew(s)]).not.toEqual([s, []]);
  expect(tooNew("async function* f() { const {a, ...b} = {...c}; for await (const x of y) try { a ** b } catch (e) {} }")).toEqual([]);
});

test("no script has syntax that came after it", () => {
  expect(oldest).toBe("chrome64");
  const scripts = files.filter((f) => f.fileName.endsWith(".js"));
  expect(scripts.length).toBeGreaterThan(0);
  for (const f of scripts) expect([f.fileName, tooNew(f.code ?? "")]).toEqual([f.fileName, []]);
});

test("no style asks for layout that came after it", () => {
  const later =
    /[;{](gap|row-gap|column-gap|inset|aspect-ratio|accent-color)\s*:|clamp\(|\bmin\(|:is\(|:where\(|:has\(|:focus-visible|color-mix|\d[dsl]vh|@layer|@container|&/;
  expect(".a{display:flex;gap:4px}").toMatch(later);
  const styles = files.filter((f) => f.fileName.endsWith(".css"));
  expect(styles.length).toBeGreaterThan(0);
  for (const f of styles) expect(String(f.source)).not.toMatch(later);
});

test("nothing of the console's forms and routes is in it", () => {
  const size = files.filter((f) => f.fileName.endsWith(".js")).reduce((sum, f) => sum + (f.code ?? "").length, 0);
  expect(size).toBeLessThan(330_000); // bytes before compression; React is 190,000 of them
  expect(files.filter((f) => /ant-modal|tanstack/i.test(f.code ?? "")).map((f) => f.fileName)).toEqual([]);
});
