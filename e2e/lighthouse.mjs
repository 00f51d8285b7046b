// Google's Lighthouse on the screens that are opened most, desk and phone: performance and accessibility, each at least 95. `make lighthouse`.
// Lighthouse itself (186 MB) is no dependency of the tests: npx fetches the fixed version when this is run, or LIGHTHOUSE names one.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { demo, tea } from "./stage.mjs";

const version = "13.5.0";
const least = 95;
const [program, ...before] = process.env.LIGHTHOUSE ? [process.env.LIGHTHOUSE] : ["npx", "--yes", `lighthouse@${version}`];
const run = promisify(execFile);
const repeats = Number(process.env.TONGDAN_REPEATS || 1);

const folder = await mkdtemp(join(tmpdir(), "tongdan-lighthouse-"));
const d = await demo("--seed", "12");
let low = 0;
try {
  const some = [];
  for (let i = 0; i < 12; i++) some.push(await d.meituan.place(tea(1 + (i % 3))));
  await d.act(some[0].id, { kind: "accept" });
  const answer = await fetch(`${d.url}/api/v1/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name: "demo", password: d.password }),
  });
  const Cookie = answer.headers.get("set-cookie").split(";")[0];
  const [store] = (await d.get("/stores")).stores;
  const only = process.argv.slice(2);
  const pages = { "sign-in": "/sign-in", "order centre": "/orders?tab=all", "an order": `/orders/${some[1].id}?tab=all`, kitchen: `/kitchen?store=${store.id}` };
  console.log("| page | screen | performance | accessibility | first paint | largest paint | blocked | moved |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
  for (const [name, path] of Object.entries(pages)) {
    for (const screen of ["phone", "desk"]) {
      if (only.length > 0 && !only.includes(name) && !only.includes(screen)) continue;
      const all = [];
      for (let i = 0; i < repeats; i++) {
        const out = join(folder, "report.json");
        await run(
          program,
          [
            ...before,
            d.url + path,
            "--quiet",
            "--max-wait-for-load=15000", // the stream of changes never ends, so it always waits as long as it may
            "--only-categories=performance,accessibility",
            "--output=json",
            `--output-path=${out}`,
            "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
            ...(name === "sign-in" ? [] : [`--extra-headers=${JSON.stringify({ Cookie })}`]),
            ...(screen === "desk" ? ["--preset=desktop"] : []),
          ],
          { env: { ...process.env, CHROME_PATH: process.env.CHROME_PATH || "/usr/bin/chromium" }, timeout: 180_000 },
        );
        all.push(JSON.parse(await readFile(out)));
      }
      const mid = (of) => all.map(of).sort((a, b) => a - b)[Math.floor(all.length / 2)];
      const score = (c) => Math.round(100 * mid((r) => r.categories[c].score));
      const value = (a) => mid((r) => r.audits[a].numericValue);
      const seconds = (a) => `${(value(a) / 1000).toFixed(1)} s`;
      const [p, a] = [score("performance"), score("accessibility")];
      if (p < least || a < least) low++;
      console.log(
        `| ${name} | ${screen} | ${p} | ${a} | ${seconds("first-contentful-paint")} | ${seconds("largest-contentful-paint")} | ${Math.round(value("total-blocking-time"))} ms | ${value("cumulative-layout-shift").toFixed(3)} |`,
      );
      for (const r of Object.values(all[0].audits)) if (r.score !== null && r.score < 0.9 && process.env.VERBOSE) console.log(`    ${r.id}: ${r.displayValue ?? ""} ${JSON.stringify(r.details?.items ?? []).slice(0, 600)}`);
    }
  }
} finally {
  await d.stop();
  await rm(folder, { recursive: true, force: true });
}
if (low > 0) {
  console.error(`${low} are under ${least}`);
  process.exitCode = 1;
}
