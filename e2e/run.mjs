// Runs the test files, several at once: the ones that take longest begin, so that the end of a run does not wait for one alone.
// Names of files run only those: node run.mjs refund.test.mjs

import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { run } from "node:test";
import { spec } from "node:test/reporters";

/** Those that take long, the longest first; half of that is waiting for half minutes of real time. */
const long = ["devices", "access", "status", "refund", "intake", "kitchen", "phone", "languages", "desk", "shop", "knock", "pickup", "board", "deliveries", "offline", "people", "labels", "entry", "practice"];

const folder = new URL(".", import.meta.url);
const all = readdirSync(folder).filter((f) => f.endsWith(".test.mjs"));
const rank = (f) => (long.indexOf(f.replace(".test.mjs", "")) + long.length + 1) % (long.length + 1); // the others last
const files = (process.argv.length > 2 ? process.argv.slice(2) : all.toSorted((a, b) => rank(a) - rank(b))).map((f) => fileURLToPath(new URL(f, folder)));

run({ files, concurrency: Number(process.env.TONGDAN_AT_ONCE) || availableParallelism() + 1 })
  .on("test:fail", () => (process.exitCode = 1))
  .compose(spec)
  .pipe(process.stdout);
