// The kitchen's screen and the one that calls numbers: on a wall, on an old tablet, without network.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, becomes, enter, floorWordsOf, phone, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea, wire } from "./stage.mjs";
import { until } from "./until.mjs";

const wall = { viewport: { width: 1920, height: 1080 } };
const tablet = { viewport: { width: 1024, height: 600 }, hasTouch: true };

/** Takes away what Chromium 64 had not: a new browser plays an old one. Syntax and style are looked at by the build's test. */
function grow() {
  for (const name of ["AbortController", "AbortSignal", "TextDecoderStream", "CompressionStream", "structuredClone", "queueMicrotask", "reportError", "WeakRef", "FinalizationRegistry", "AggregateError", "OffscreenCanvas"]) {
    delete window[name];
  }
  for (const name of ["fromEntries", "hasOwn", "groupBy"]) delete Object[name];
  for (const name of ["flat", "flatMap", "at", "findLast", "findLastIndex", "toSorted", "toReversed", "toSpliced", "with"]) delete Array.prototype[name];
  for (const name of ["matchAll", "replaceAll", "at", "trimStart", "trimEnd", "isWellFormed"]) delete String.prototype[name];
  for (const name of ["allSettled", "any", "withResolvers", "try"]) delete Promise[name];
  for (const name of ["union", "intersection", "difference"]) delete Set.prototype[name];
  delete Promise.prototype.finally; // 63 had it, but nothing here may need it
  delete Element.prototype.replaceChildren;
  delete crypto.randomUUID;
  delete Navigator.prototype.locks;
  delete window.scheduler;
}

scenes("kitchen", (s) => {
  let f;
  const screen = async (path, options, old) => {
    f ??= await floorWordsOf(s.language);
    const person = await s.person(options);
    if (old) await person.addInitScript(old);
    const page = await person.newPage();
    page.mistakes = [];
    page.on("pageerror", (e) => page.mistakes.push(String(e)));
    await page.goto(s.d.url + path);
    return page;
  };
  const store = async (n = 0) => (await s.d.get("/stores")).stores[n].id;
  /** A tea that the shop has accepted. */
  const accepted = async (cups, more) => s.d.act((await s.d.meituan.place(tea(cups, more))).id, { kind: "accept" });
  const card = (page, o) => page.locator(`[data-testid="card"][data-id="${o.id}"]`);
  const storeOf = (o) => o.store.id;
  const settled = async () => {
    for (const status of ["accepted", "ready"]) for (const o of (await s.d.get(`/orders?status=${status}&channel=meituan&limit=200`)).orders) await s.d.meituan.act(o.ref, "cancel_in_app");
    await until("the kitchen is empty", async () => !(await s.d.get("/orders?status=accepted,ready&channel=meituan")).orders.length);
  };

  test("a tap can be taken back for ten seconds, then the platform hears it once", async () => {
    const { d } = s;
    const o = await accepted(3, { caution: "不要香菜，花生过敏" });
    const page = await screen(`/kitchen?store=${storeOf(o)}`, { screen: wall });
    await says(card(page, o), o.day_seq, "不要香菜，花生过敏", "半糖");
    await says(page.locator("aside"), "×3");
    assert.equal(await page.getByRole("button", { name: /全部出餐|all ready/i }).count(), 0);
    const ready = page.getByRole("button", { name: new RegExp(`^${f("readyOf", { what: "" })}`) });
    await ready.click();
    await becomes(page.getByTestId("tap"), "data-state", "held");
    await page.getByRole("button", { name: new RegExp(`^${f("undoOf", { what: "" })}`) }).click();
    await card(page, o).waitFor();
    await page.keyboard.type(o.day_seq); // a scanner
    await page.keyboard.press("Enter");
    await becomes(page.getByTestId("tap"), "data-state", "held");
    assert.equal((await d.order(o.id)).pending.length, 0, "nothing is sent while it can be taken back");
    await until("the platform has it", async () => (await d.order(o.id)).status === "ready");
    await until("the tray is empty", async () => (await page.getByTestId("tap").count()) === 0);
    await page.keyboard.type(o.ref); // the same ticket comes a second time
    await page.keyboard.press("Enter");
    const again = page.getByTestId("scan");
    await says(again, f("scanDoneBy", { n: o.day_seq, at: "", name: "" }).match(/^\S+ \S+/)[0], "demo");
    assert.match(await again.textContent(), /\d\d:\d\d/);
    assert.deepEqual(await barriers(page), []);
    if (process.env.TONGDAN_LOOK) await page.screenshot({ path: `shots/scan-again-${s.language}.png` });
    assert.equal(await d.meituan.changes(o.ref, "order/preparationMealComplete"), 1, "the platform hears it once");
    await d.meituan.act(o.ref, "cancel_in_app");
    await until("the cancel is here", async () => (await d.order(o.id)).status === "cancelled");
    await page.keyboard.type(o.ref);
    await page.keyboard.press("Enter");
    await says(again, f("scanGone", { n: o.day_seq }));
    const other = await d.meituan.place({ app_poi_code: "TEA002" });
    await page.keyboard.type(other.id); // another store's ticket, by its code
    await page.keyboard.press("Enter");
    await says(again, f("scanStore", { store: other.store.name }));
    await d.meituan.act(other.ref, "buyer_cancel", { reason: "" });
    await settled();
  });

  test("without network it goes on reading and marking, and sends once when the network is back", async () => {
    const { d } = s;
    const o = await accepted(2);
    const line = await wire(d.url);
    try {
      f ??= await floorWordsOf(s.language);
      const person = await s.stranger({ screen: tablet });
      await enter(person, { ...d, url: line.url });
      const page = await person.newPage();
      page.mistakes = [];
      page.on("pageerror", (e) => page.mistakes.push(String(e)));
      await page.goto(`${line.url}/kitchen?store=${storeOf(o)}`);
      await card(page, o).waitFor();
      line.cut();
      await becomes(page.getByTestId("network"), "data-state", "lost");
      await says(page.getByTestId("offline"), f("offline"));
      await page.keyboard.type("999");
      await page.keyboard.press("Enter");
      await says(page.getByTestId("scan"), f("scanOffline", { n: "999" }));
      await card(page, o).getByRole("button", { name: new RegExp(`^${f("readyOf", { what: "" })}`) }).click();
      await becomes(page.getByTestId("tap"), "data-state", "due");
      await says(page.getByTestId("offline"), f("waitingToSend", { n: 1 }));
      assert.equal((await d.order(o.id)).status, "accepted");
      line.mend();
      await until("the platform has it", async () => (await d.order(o.id)).status === "ready");
      await becomes(page.getByTestId("network"), "data-state", "live");
      const book = await d.meituan.book(o.ref);
      const calls = Object.entries(book.tally).filter(([op]) => /prepar|meal|ready/i.test(op));
      assert.deepEqual(calls.map(([, x]) => x.changes), [1], JSON.stringify(book.tally));
    } finally {
      line.close();
    }
    await settled();
  });

  test("what one cook makes all screens show, and the platform is not told", async () => {
    const { d } = s;
    const o = await accepted(1);
    const one = await screen(`/kitchen?store=${storeOf(o)}`, { screen: wall });
    const two = await screen(`/kitchen?store=${storeOf(o)}`, { screen: tablet });
    await card(two, o).waitFor();
    await card(one, o).getByRole("button", { name: new RegExp(`^${f("makeOf", { what: "" })}`) }).click();
    await says(card(one, o).getByTestId("making"), f("making"));
    await says(card(two, o).getByTestId("making"), f("making"), "demo");
    assert.deepEqual(await barriers(one), []);
    if (process.env.TONGDAN_LOOK) await one.screenshot({ path: `shots/making-${s.language}.png` });
    const before = await d.meituan.book(o.ref);
    assert.equal(Object.keys(before.tally).filter((op) => /prepar|meal|ready/i.test(op)).length, 0, JSON.stringify(before.tally));
    await card(two, o).getByRole("button", { name: new RegExp(`^${f("notMakingOf", { what: "" })}`) }).click();
    await until("it is taken back everywhere", async () => (await card(one, o).getByTestId("making").count()) === 0);
    await settled();
  });

  test("what is cancelled while it is made stays until somebody has seen it, and is spoken", async () => {
    const { d } = s;
    const o = await accepted(1);
    const page = await screen(`/kitchen?store=${storeOf(o)}`, { screen: wall, speech: true });
    await card(page, o).waitFor();
    await page.getByRole("button", { name: f("voiceOn") }).click();
    await page.getByRole("button", { name: f("voiceYes") }).click();
    await d.meituan.act(o.ref, "remind");
    await says(card(page, o), f("reminded"));
    await d.meituan.act(o.ref, "rider_accept");
    await d.meituan.act(o.ref, "rider_arrive");
    await says(card(page, o), f("riderNow"));
    await d.meituan.act(o.ref, "cancel_in_app");
    const stopped = page.getByTestId("stopped");
    await says(stopped, f("cancelled"), o.day_seq);
    const words = s.zh ? "停止制作" : "stop making it";
    await until("it is spoken", () => page.evaluate((w) => window.spoken.some((x) => x.includes(w)), words));
    await page.reload();
    await says(stopped, f("cancelled"), o.day_seq);
    assert.deepEqual(await barriers(page), []);
    await stopped.getByRole("button").click();
    await until("it is gone", async () => (await stopped.count()) === 0);
    await page.reload();
    await page.getByText(f("none")).waitFor();
    assert.equal(await stopped.count(), 0);
  });

  test("numbers are called, and nothing of the people behind them is shown", async () => {
    const { d } = s;
    const making = await accepted(1, { caution: "门口有狗" });
    const o = await accepted(1);
    const page = await screen(`/callout?store=${storeOf(o)}`, { screen: wall, speech: true });
    await until("both are being made", async () => (await page.getByTestId("preparing-number").count()) === 2);
    await page.getByRole("button", { name: f("voiceOn") }).click();
    await page.getByRole("button", { name: f("voiceYes") }).click();
    await d.act(o.id, { kind: "ready" });
    await says(page.getByTestId("called"), o.day_seq);
    await until("it is spoken", () => page.evaluate(() => window.spoken.some((x) => /请取餐|please collect/.test(x))));
    const text = await page.locator("body").innerText();
    for (const personal of ["狗", making.customer?.name, making.customer?.phone].filter(Boolean)) assert.ok(!text.includes(personal), personal);
    assert.deepEqual(await barriers(page), []);
    await settled();
  });

  test("a screen that stood still loads itself anew and says so; one that hears nothing says as of when its picture is", async () => {
    const o = await accepted(1);
    f ??= await floorWordsOf(s.language);
    const line = await wire(s.d.url);
    const person = await s.person({ screen: tablet });
    const page = await person.newPage();
    page.mistakes = [];
    await page.clock.install();
    await enter(person, { ...s.d, url: line.url });
    await page.goto(`${line.url}/kitchen?store=${storeOf(o)}`);
    await card(page, o).waitFor();
    await page.evaluate(() => (window.before = true));
    await page.clock.fastForward(30_000); // as after a sleep: half a minute has passed and no timer ran
    await until("the page was loaded anew", () => page.evaluate(() => !window.before && document.body.textContent.length > 0));
    await card(page, o).waitFor();
    await page.getByText(f("recovered", { at: "" }).trim()).waitFor();
    line.cut();
    await until("it says since when", async () => new RegExp(`${f("offline")} .*\\d\\d:\\d\\d`).test(await page.locator("body").textContent()));
    await card(page, o).waitFor(); // the last picture stays
    line.close();
    await page.close();
    await settled();
  });

  test("an old tablet and a phone can do it", async () => {
    const { d } = s;
    const o = await accepted(2, { caution: "少冰" });
    for (const [path, shown] of [
      [`/kitchen?store=${storeOf(o)}`, "card"],
      [`/callout?store=${storeOf(o)}`, "preparing-number"],
    ]) {
      for (const look of [tablet, phone]) {
        const page = await screen(path, { screen: look }, grow);
        await page.getByTestId(shown).first().waitFor();
        await becomes(page.getByTestId("network"), "data-state", "live");
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `${path} is ${wide} px wider than ${look.viewport.width}`);
        assert.deepEqual(await barriers(page), []);
        if (process.env.TONGDAN_LOOK) await page.screenshot({ path: `shots/${shown}-${look.viewport.width}-${s.language}.png` });
      }
    }
    await settled();
  });

  test("who is not known is told what to do", async () => {
    f ??= await floorWordsOf(s.language);
    const page = await (await s.stranger({ screen: tablet })).newPage();
    await page.goto(`${s.d.url}/kitchen`);
    await page.getByRole("heading", { name: f("shut") }).waitFor();
    assert.deepEqual(await barriers(page), []);
    const known = await screen("/kitchen", { screen: tablet });
    await known.getByRole("heading", { name: f("store") }).waitFor();
    assert.deepEqual(await barriers(known), []);
    assert.ok(await store());
  });
});
