// How long the console takes to answer a hand, as the browser measures it (Event Timing: from the event to the next picture), on a processor
// that is slowed down four times. `make bench` prints it; it is no test, since a busy machine would decide.

import { desk, enter, open, openBrowser, person, phone, row } from "./browser.mjs";
import { demo, tea } from "./stage.mjs";
import { until } from "./until.mjs";

const slower = 4;
const repeats = Number(process.env.TONGDAN_REPEATS || 9);
const aim = 100; // milliseconds

const [d, browser] = await Promise.all([demo(), openBrowser()]);
try {
  console.log(`| what, at ${slower} times slower | desk, median | worst | phone, median | worst |\n| --- | ---: | ---: | ---: | ---: |`);
  const found = { desk: {}, phone: {} };
  for (const [name, screen] of Object.entries({ desk, phone })) {
    const orders = [];
    for (let i = 0; i < 40; i++) orders.push(await d.meituan.place(tea(1 + (i % 3))));
    const somebody = await person(browser, "zh-CN", { screen });
    await enter(somebody, d);
    const page = await open(somebody, d, "/orders?tab=new&sort=newest");
    await row(page, orders.at(-1)).waitFor();
    const devtools = await somebody.newCDPSession(page);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: slower });
    await page.evaluate(() => {
      window.answers = [];
      // Entries of less than 16 ms are not told; they are good.
      new PerformanceObserver((list) => {
        for (const e of list.getEntries()) if (e.interactionId) window.answers.push(e.duration);
      }).observe({ type: "event", durationThreshold: 16 });
    });
    const quiet = () => page.evaluate(() => new Promise((done) => requestIdleCallback(() => requestAnimationFrame(() => setTimeout(done, 250)))));
    const press = (l) => (screen === phone ? l.tap() : l.click());
    const measure = async (what, act) => {
      await quiet();
      await page.evaluate(() => (window.answers.length = 0));
      await act();
      await quiet();
      const all = await page.evaluate(() => window.answers);
      (found[name][what] ??= []).push(Math.max(16, ...all));
    };
    const panel = page.getByTestId("order-panel");
    for (let i = 0; i < repeats; i++) {
      const o = orders.at(-1 - i);
      await measure("a tab", () => press(page.getByTestId("tab-all")));
      await row(page, o).waitFor();
      await measure("back to a tab", () => press(page.getByTestId("tab-new")));
      await row(page, o).waitFor();
      await measure("opening an order", () => press(row(page, o).locator(screen === phone ? ".card-what" : ".what")));
      await panel.waitFor();
      await measure("closing it", () => press(panel.locator(".order-head button")));
      await panel.waitFor({ state: "detached" });
      await measure("accepting", () => press(row(page, o).locator("button.primary")));
      await until("it is accepted", async () => (await d.order(o.id)).status === "accepted", { deadline: 20_000 });
      const box = page.locator(".search-box input");
      await press(box);
      for (const key of ["1", "2"]) await measure("a key in the search", () => page.keyboard.press(key));
      await box.fill("");
      await until("the list is back", async () => (await page.getByTestId("order-row").count()) > 2);
    }
    await somebody.close();
  }
  const mid = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
  for (const what of Object.keys(found.desk)) {
    const [a, b] = [found.desk[what], found.phone[what]];
    console.log(`| ${what} | ${mid(a)} ms | ${Math.max(...a)} ms | ${mid(b)} ms | ${Math.max(...b)} ms |`);
    if (mid(a) > aim || mid(b) > aim) console.log(`  over the aim of ${aim} ms: ${what}`);
  }
} finally {
  await browser.close();
  await d.stop();
}
