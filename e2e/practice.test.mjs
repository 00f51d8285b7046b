// Practising: the real console on orders that are not real, and nothing of it anywhere else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, count, desk, floorWordsOf, open, phone, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { until } from "./until.mjs";

scenes("practising", (s) => {
  test("a new clerk learns to accept, the list ticks itself, and the real store sees nothing", async () => {
    const { d, t } = s;
    const page = await s.open("/me");
    await page.getByRole("button", { name: t("practice.begin") }).click();
    await page.waitForURL(`${d.url}/practice/orders`);
    const band = page.getByTestId("practice");
    await says(band, t("practice.band"));
    const fresh = page.getByTestId("order-row").filter({ has: page.getByRole("button", { name: t("act.accept") }) });
    await fresh.first().getByRole("button", { name: t("act.accept") }).click();
    await until("one lesson is learnt", async () => /1(\/| of )/.test(await band.getByRole("button").first().textContent()));
    await band.getByRole("button").first().click();
    const sheet = page.getByRole("dialog", { name: t("practice.title") });
    await says(sheet, t("practice.lessons.accept"), t("practice.done"));
    assert.deepEqual(await barriers(page), []);
    await sheet.getByRole("button", { name: t("practice.makeKey") }).click();
    const [, key] = await until("the test key is shown", async () => /Bearer (tdk_test_\S+?)"/.exec(await sheet.textContent()));
    const asked = (path) => fetch(d.url + path, { headers: { Authorization: `Bearer ${key}` } });
    assert.equal((await asked("/practice/api/v1/orders")).status, 200);
    assert.equal((await asked("/api/v1/orders")).status, 401);

    assert.deepEqual((await d.get("/orders")).orders, [], "the real store has no order");
    const real = await open(page.context(), d, "/orders?tab=all");
    assert.equal(await real.getByTestId("practice").count(), 0);
    await count(real, "all", 0);

    await sheet.getByRole("button", { name: t("practice.end") }).click();
    await page.waitForURL(`${d.url}/orders`);
    await page.goto(`${d.url}/practice/orders`);
    await page.getByRole("heading", { name: t("practice.over") }).waitFor();
    assert.deepEqual(await barriers(page), []);
    await page.getByRole("link", { name: t("practice.back") }).click();
    await page.getByTestId("tab-new").waitFor();
  });

  test("on a phone and on the kitchen screen it cannot be overlooked either", async () => {
    const { d, t } = s;
    const page = await s.open("/me", { screen: phone });
    await page.getByRole("button", { name: t("practice.begin") }).click();
    await page.getByTestId("practice").waitFor();
    await page.getByTestId("order-row").first().waitFor();
    const box = await page.getByTestId("practice").boundingBox();
    assert.ok(box.x === 0 && box.width === 360 && box.y === 0, JSON.stringify(box));
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    assert.deepEqual(await barriers(page), []);
    await page.goto(`${d.url}/practice/kitchen`);
    await says(page.getByTestId("practice"), (await floorWordsOf(s.language))("practice"));
    assert.deepEqual(await barriers(page), []);
  });

  test("somebody without an account practises from the sign-in page, and comes back to it", async () => {
    const { d, t } = s;
    const page = await (await s.stranger({ screen: phone })).newPage();
    await page.goto(`${d.url}/sign-in`);
    await page.getByRole("button", { name: t("practice.guest") }).click();
    await page.waitForURL(`${d.url}/practice/orders`);
    const band = page.getByTestId("practice");
    await page.getByTestId("order-row").first().waitFor();
    await band.getByRole("button").first().click();
    const sheet = page.getByRole("dialog", { name: t("practice.title") });
    await says(sheet, t("practice.lessons.ship"), t("practice.how.ship"));
    assert.equal(await sheet.getByRole("button", { name: t("practice.restart") }).count(), 0, "others are there too");
    await sheet.getByRole("button", { name: t("practice.end") }).click();
    await page.getByRole("button", { name: t("practice.guest") }).waitFor();
    assert.deepEqual(await barriers(page), []);
  });

  test("starting over drops the orders and signs nobody out", async () => {
    const { d, t } = s;
    const page = await s.open("/me", { screen: desk });
    await page.getByRole("button", { name: t("practice.begin") }).click();
    await page.getByTestId("order-row").first().waitFor();
    const before = await page.getByTestId("order-row").first().getAttribute("data-id");
    await page.getByTestId("practice").getByRole("button").first().click();
    const sheet = page.getByRole("dialog", { name: t("practice.title") });
    await sheet.getByRole("button", { name: t("practice.restart") }).click();
    await sheet.getByRole("button", { name: t("practice.sure") }).click();
    await sheet.waitFor({ state: "hidden" });
    assert.equal((await page.context().request.get(`${d.url}/practice/api/v1/orders/${before}`)).status(), 404);
    await page.getByTestId("order-row").first().waitFor();
    await until("another order is there", async () => (await page.getByTestId("order-row").first().getAttribute("data-id")) !== before);
  });
});
