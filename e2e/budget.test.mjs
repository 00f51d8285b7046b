// What the first screen and a press may cost, counted: bytes, files, questions, how far things move, which rows are drawn, and the work of
// the page's thread by its own clock. None of it depends on who else has the processor; how long things take is measured by `make speed` and
// `make lighthouse`.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { becomes, desk, enter, open, openBrowser, person, phone, row } from "./browser.mjs";
import { demo, tea } from "./stage.mjs";
import { until } from "./until.mjs";

const kilobytes = 250; // of JavaScript, as it goes over the line
const files = 8; // scripts and style sheets: on a thin line each waits its turn
const moved = 0.05; // layout shift; Lighthouse takes points from 0.1 on
const slower = 4; // a phone's processor beside this one, as Lighthouse reckons
const blocked = 600; // milliseconds that presses would wait on it while the page loads; aimed at are 200, the rest is for a busy machine

/** What the page's own thread worked while something was done: each task by the thread's clock, in milliseconds. */
async function tasksOf(browser, page, act) {
  await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"] });
  await act();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const calls = new Map();
  for (const e of traceEvents) if (e.name === "FunctionCall") calls.set(`${e.pid}/${e.tid}`, (calls.get(`${e.pid}/${e.tid}`) ?? 0) + 1);
  const [main] = [...calls].sort((a, b) => b[1] - a[1])[0];
  const tasks = traceEvents.filter((e) => e.ph === "X" && e.name === "RunTask" && `${e.pid}/${e.tid}` === main && e.tdur !== undefined);
  assert.ok(tasks.length > 20, "the page was traced");
  return tasks.map((e) => e.tdur / 1000);
}

const watchMoves = () => {
  window.moved = 0;
  window.movers = [];
  new PerformanceObserver((list) => {
    for (const e of list.getEntries()) {
      if (e.hadRecentInput) continue;
      window.moved += e.value;
      for (const { node, previousRect: a, currentRect: b } of e.sources) window.movers.push(`${node?.className || node?.nodeName} from ${a.y} (${a.height} high) to ${b.y} (${b.height})`);
    }
  }).observe({ type: "layout-shift", buffered: true });
};

/** Waits until the page has drawn what it was about to, and has nothing to do. */
const settled = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestIdleCallback(() => done())))));

describe("budgets", () => {
  let d, browser, orders, store;
  before(async () => {
    [d, browser] = await Promise.all([demo(), openBrowser()]);
    orders = [];
    for (let i = 0; i < 30; i++) orders.push(await d.meituan.sell(tea(1 + (i % 3))));
    orders = [];
    await until("all orders are here", async () => (orders = (await d.get("/orders?status=new&sort=newest&limit=50")).orders).length === 30);
    [store] = (await d.get("/stores")).stores;
  });
  after(() => Promise.all([browser?.close(), d?.stop()]));

  for (const [kind, screen] of Object.entries({ desk, phone })) {
    test(`the order centre opens on a ${kind} with few files and questions, and blocks no hand`, async (context) => {
      const somebody = await person(browser, "en", { screen });
      await enter(somebody, d);
      const page = await somebody.newPage();
      await page.goto("about:blank");
      const got = [];
      page.on("response", (r) => got.push(r));
      const tasks = await tasksOf(browser, page, async () => {
        await page.goto(`${d.url}/orders?tab=all`);
        await row(page, orders[0]).waitFor();
        await page.locator('[data-testid="network"][data-state="live"]').waitFor();
      });
      const of = (ends) => got.filter((r) => ends.test(new URL(r.url()).pathname));
      const assets = of(/\.(js|css)$/);
      const sizes = await Promise.all(of(/\.js$/).map((r) => r.request().sizes()));
      const bytes = sizes.reduce((n, s) => n + s.responseBodySize, 0);
      const late = tasks.reduce((n, ms) => n + Math.max(0, ms * slower - 50), 0);
      context.diagnostic(`${(bytes / 1000).toFixed(0)} KB of JavaScript, ${assets.length} scripts and style sheets, ${Math.round(late)} ms blocked at ${slower} times slower (longest task ${Math.max(...tasks).toFixed(0)} ms of work)`);
      assert.ok(bytes < kilobytes * 1000, `${bytes} bytes of JavaScript`);
      assert.ok(assets.length <= files, assets.map((r) => r.url()).join("\n"));
      for (const r of assets) {
        assert.match(r.headers()["cache-control"] ?? "", /immutable/, r.url());
        if (Number(r.headers()["content-length"]) > 2000) assert.match(r.headers()["content-encoding"] ?? "", /br|gzip/, r.url());
      }
      const lists = of(/\/api\/v1\/orders$/).filter((r) => /limit=50/.test(r.url()));
      assert.equal(lists[0]?.headers()["content-encoding"], "gzip", "the list comes compressed");
      // Asked for by the small script at the head of the page, and not a second time by the page itself; once more when the stream begins.
      for (const what of ["channels", "stores"]) assert.equal(of(new RegExp(`/api/v1/${what}$`)).length, 1, what);
      const asked = (r) => r.request().timing().startTime;
      const words = of(/\/en-[^/]*\.js$/)[0];
      const [console] = of(/\/index-[^/]*\.js$/);
      assert.ok(asked(lists[0]) <= asked(words) + 500 && lists.length <= 2, `the list is asked for ${asked(lists[0]) - asked(words)} ms after the texts, ${lists.length} times`);
      assert.ok(console, "the console is there");
      assert.ok(late < blocked, `${late} ms`);
      await somebody.close();
    });

    test(`nothing moves while pages load on a ${kind}`, async () => {
      for (const [name, path] of Object.entries({ "sign-in": "/sign-in", "order centre": "/orders", "an order": `/orders/${orders[3].id}?tab=all`, kitchen: `/kitchen?store=${store.id}` })) {
        const somebody = await person(browser, "en", { screen });
        if (name !== "sign-in") await enter(somebody, d);
        const page = await somebody.newPage();
        await page.addInitScript(watchMoves);
        await page.goto(d.url + path);
        if (name === "sign-in") await page.locator("form").first().waitFor();
        else await page.locator('[data-testid="network"][data-state="live"]').waitFor();
        if (name === "an order") await page.getByTestId("order-panel").locator(".lines").waitFor();
        await settled(page);
        const { far, movers } = await page.evaluate(() => ({ far: window.moved, movers: window.movers }));
        assert.ok(far < moved, `${name} moved by ${far}: ${movers.join(", ")}`);
        await somebody.close();
      }
    });

    test(`a press on a ${kind} is answered before rows are drawn, and an order opens without drawing the others`, async (context) => {
      const somebody = await person(browser, "en", { screen });
      await enter(somebody, d);
      const page = await open(somebody, d, "/orders?tab=all&sort=newest");
      await row(page, orders[0]).waitFor();
      const tab = (name) => page.getByTestId(`tab-${name}`);
      for (const name of ["new", "all"]) {
        await tab(name).click(); // both lists have been read
        await becomes(tab(name), "aria-current", "page");
        await row(page, orders[0]).waitFor();
      }
      let drawnBefore = -1;
      await until("the rows around are there", async () => {
        await settled(page);
        const now = await page.getByTestId("order-row").count();
        const same = now === drawnBefore;
        drawnBefore = now;
        return same;
      });
      // What changes in one go: the moment in which the tab is marked, and that in which rows come.
      await page.evaluate(() => {
        window.goes = [];
        new MutationObserver((list) => {
          const rows = new Set();
          let marked = false;
          let added = 0;
          for (const m of list) {
            if (m.type === "attributes" && m.attributeName === "aria-current" && m.target.dataset.testid === "tab-new" && m.target.ariaCurrent) marked = true;
            for (const n of m.addedNodes) if (n.nodeType === 1) added += n.matches("[data-testid=order-row]") ? 1 : n.querySelectorAll("[data-testid=order-row]").length;
            const el = m.target.nodeType === 1 ? m.target : m.target.parentElement;
            const one = el?.closest("[data-testid=order-row]");
            if (one && !el.closest(".due-cell")) rows.add(one.dataset.id); // its seconds tick
          }
          window.goes.push({ marked, added, rows: [...rows] });
        }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
      });
      await tab("new").click();
      await until("the other list is there", () => page.evaluate(() => window.goes.some((g) => g.added > 0) && document.querySelectorAll("[data-testid=order-row]").length > 0));
      const goes = await page.evaluate(() => window.goes);
      const marked = goes.findIndex((g) => g.marked);
      const drawn = goes.findIndex((g) => g.added > 0);
      const sight = await page.evaluate(() => Math.ceil(window.innerHeight / document.querySelector("[data-testid=order-row]").offsetHeight));
      context.diagnostic(`tab marked in go ${marked}, ${goes[drawn].added} rows drawn in go ${drawn}, ${sight} fit the screen`);
      assert.ok(marked >= 0 && marked < drawn, "the tab is marked before the rows are drawn");
      assert.ok(goes[drawn].added <= sight, `${goes[drawn].added} rows are drawn at first, ${sight} can be seen`);

      await until("the rows around are there", async () => (await page.getByTestId("order-row").count()) > goes[drawn].added);
      await page.evaluate(() => (window.goes.length = 0));
      await row(page, orders[1]).locator(screen === phone ? ".card-what" : ".what").click();
      await page.getByTestId("order-panel").locator(".lines").waitFor();
      const touched = new Set((await page.evaluate(() => window.goes)).flatMap((g) => g.rows));
      context.diagnostic(`opening touched ${touched.size} rows`);
      assert.ok(touched.size <= 3, `opening an order drew ${touched.size} rows`);
      assert.deepEqual(page.mistakes, []);
      await somebody.close();
    });
  }
});
