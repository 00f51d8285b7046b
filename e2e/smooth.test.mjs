// Ten thousand orders in the list, fifty more each second, and a hand on one of them. TONGDAN_RUSH_SECONDS=60 plays the whole minute.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { desk, enter, open, openBrowser, person, phone } from "./browser.mjs";
import { crowd } from "./crowd.mjs";
import { demo } from "./stage.mjs";
import { until } from "./until.mjs";

const seconds = Number(process.env.TONGDAN_RUSH_SECONDS || 10);
const longest = 200; // milliseconds of work in one task of the page

describe("ten thousand orders", () => {
  let d, many, browser;
  before(async () => {
    [d, browser] = await Promise.all([demo(), openBrowser()]);
    many = await crowd(d.url);
  });
  after(async () => {
    many?.close();
    await Promise.all([browser?.close(), d?.stop()]);
  });

  for (const [kind, screen] of Object.entries({ desk, phone })) {
    test(`stay under the hand on a ${kind}, in short tasks and the same memory, while 50 a second come in for ${seconds} s`, async (context) => {
      const there = { ...d, url: many.url };
      const somebody = await person(browser, "zh-CN", { screen });
      const hand = { x: Math.round(screen.viewport.width / 2), y: 400 };
      await enter(somebody, there);
      const page = await open(somebody, there, "/orders?tab=all");
      await page.getByTestId("order-row").first().waitFor();
      // To the very end, so that all of them are loaded.
      await until(
        "all rows are loaded",
        () =>
          page.evaluate(() => {
            window.scrollTo(0, document.documentElement.scrollHeight);
            return document.querySelector('[data-testid="order-row"]')?.ariaSetSize === "10000";
          }),
        { every: 20 },
      );
      assert.ok((await page.getByTestId("order-row").count()) < 80, "only rows in sight exist");

      await page.evaluate(() => window.scrollTo(0, 320_000));
      const devtools = await somebody.newCDPSession(page);
      const used = async () => {
        await devtools.send("HeapProfiler.collectGarbage");
        const { metrics } = await devtools.send("Performance.getMetrics");
        return Object.fromEntries(metrics.map((m) => [m.name, m.value]));
      };
      await devtools.send("Performance.enable");
      await page.mouse.move(hand.x, hand.y);
      const held = await page.evaluate(({ x, y }) => document.elementFromPoint(x, y)?.closest("[data-id]")?.dataset.id, hand);
      assert.ok(held, "a row is under the hand");
      const first = await used();

      await browser.startTracing(page, { categories: ["toplevel", "disabled-by-default-devtools.timeline"] });
      // Where the held row is, frame by frame.
      await page.evaluate((id) => {
        const row = document.querySelector(`[data-id="${id}"]`);
        window.places = new Set();
        const look = () => {
          window.places.add(row.isConnected ? Math.round(row.getBoundingClientRect().top) : "gone");
          window.looking = requestAnimationFrame(look);
        };
        look();
      }, held);
      const stop = many.pour(50);
      await new Promise((done) => setTimeout(done, seconds * 1000)); // the time that is measured
      const came = stop();
      await until("the last ones are announced", async () => (await page.getByTestId("arrived").textContent()).includes(String(came)));
      const places = await page.evaluate(() => {
        cancelAnimationFrame(window.looking);
        return [...window.places];
      });
      const trace = JSON.parse((await browser.stopTracing()).toString());
      const last = await used();

      assert.equal(places.length, 1, `the row under the hand was at ${places.join(", ")}`);
      assert.ok(came >= seconds * 45, `${came} came`);
      const tasks = trace.traceEvents.filter((e) => e.ph === "X" && e.name === "RunTask" && e.dur > 0);
      assert.ok(tasks.length > 100, "the page was traced");
      // Work, not waiting: on a busy machine a task also stands in the queue for a processor.
      const work = Math.max(...tasks.map((e) => e.tdur ?? e.dur)) / 1000;
      const wall = Math.max(...tasks.map((e) => e.dur)) / 1000;
      const grown = (last.JSHeapUsedSize - first.JSHeapUsedSize) / 1e6;
      context.diagnostic(`${came} orders in ${seconds} s: longest task ${work.toFixed(0)} ms of work, ${wall.toFixed(0)} ms on the clock; heap ${(first.JSHeapUsedSize / 1e6).toFixed(0)} MB, ${grown.toFixed(1)} MB more; nodes ${first.Nodes} to ${last.Nodes}`);
      assert.ok(work < longest, `the longest task took ${work} ms`);
      assert.ok(grown < 25, `the heap grew by ${grown} MB`);
      assert.ok(last.Nodes < first.Nodes + 2000, `there are ${last.Nodes} nodes, ${first.Nodes} before`);

      // The button brings them, at the top.
      await page.getByTestId("arrived").click();
      await until("the newest is in sight", () => page.locator(`[data-id="ord_crowd${many.last()}"]`).isVisible());
      assert.deepEqual(page.mistakes, []);
      await somebody.close();
    });
  }
});
