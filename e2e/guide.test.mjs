// A merchant connects a platform for the first time: which way, is the secret right, which shop is which store, what is missing, go live.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, becomes, phone, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { push } from "./stage.mjs";
import { until } from "./until.mjs";

const secret = "3d8f1c5e7a9b2d4f6081a3c5e7f90b1d"; // of the simulated platform

scenes("connecting a platform", (s) => {
  let account = "";

  test("a wrong secret is called wrong; corrected it works, and shops are bound by one press", async () => {
    const { d, t } = s;
    await d.meituan.call("POST", "stores", { app_poi_code: "TEA009", name: "山间茶事(临平店)", address: "杭州市临平区望梅路9号", logistics_code: "1001" });
    const base = (await d.get("/apps")).apps.find((a) => a.channel === "meituan").base_url;
    const page = await s.open("/connections");
    await page.getByRole("link", { name: t("guide.start"), exact: true }).first().click();
    await says(page.getByTestId("way-meituan"), await d.channelName("meituan", s.language), t("guide.needs"), t("guide.takes"));
    assert.deepEqual(await barriers(page), []);
    await page.getByTestId("way-meituan").getByRole("button").click();
    await page.waitForURL(/\/guide\?channel=meituan$/);
    await page.goBack();
    await page.getByTestId("way-mercadolibre").waitFor();
    await page.goForward();
    await page.getByLabel(t("guide.accountName")).waitFor();
    await page.reload();
    await page.locator(".guide-form select").selectOption("");
    await page.getByLabel(t("guide.appName")).fill("第二个应用");
    await page.getByLabel(/app_id/).fill("4321");
    await page.getByLabel(/consumer_secret/).fill("copied-wrongly");
    await page.getByLabel(t("form.publicUrl")).fill(d.url);
    await page.getByLabel(t("form.baseUrl")).fill(base);
    await page.getByLabel(t("guide.accountName")).fill("临平");
    await page.getByRole("button", { name: t("guide.save") }).click();
    await page.getByText(s.zh ? "这个应用已录入过" : /this application is entered already/i).first().waitFor(); // it would never hear anything
    await page.getByLabel(t("form.baseUrl")).fill(base.replace("127.0.0.1", "localhost")); // another platform, which has the same numbers
    await page.getByRole("button", { name: t("guide.save") }).click();
    await page.waitForURL(/\/guide\/acc_/);
    account = page.url().split("/").pop();

    const tested = page.getByTestId("tested");
    const step = page.getByTestId("step-test");
    await step.getByRole("button", { name: t("guide.testDo"), exact: true }).click();
    await says(tested, t("guide.cause.secret"), "703");
    await step.getByRole("button", { name: t("guide.edit") }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/consumer_secret/).fill(secret);
    await dialog.getByRole("button", { name: t("do.save") }).click();
    await dialog.waitFor({ state: "detached" });
    await step.getByRole("button", { name: t("guide.testDo"), exact: true }).click();
    await says(tested, t("guide.cause.ok"));
    await until("the step is done", async () => (await step.getAttribute("data-state")) === "done");

    const shops = page.getByTestId("step-shops");
    await shops.getByRole("button", { name: t("guide.find") }).click();
    const found = shops.locator('[data-external="TEA009"]');
    await says(found, "山间茶事(临平店)");
    await says(shops.locator('[data-external="TEA001"]'), t("guide.boundTo", { store: "" }).trim());
    assert.equal(await found.getByRole("combobox").inputValue(), "new", "a store that is missing is proposed, and made by no one but whoever presses");
    const stores = (await d.get("/stores")).stores.length;
    await shops.getByRole("button", { name: t(s.zh ? "guide.bind_other" : "guide.bind_one", { count: 1 }) }).click();
    await until("the shop is bound to a store of its own, and only watched", async () => {
      const shop = (await d.get("/shops")).shops.find((x) => x.external_id === "TEA009");
      return shop?.mode === "watch" && shop.account_id === account;
    });
    assert.equal((await d.get("/stores")).stores.length, stores + 1);
    assert.deepEqual(await barriers(page), []);
  });

  test("the checklist follows what happens, and one shop goes live as a pilot", async () => {
    const { d, t } = s;
    const page = await s.open(`/guide/${account}`, { screen: phone });
    const shop = page.locator('[data-testid="guide-shop"][data-shop="TEA009"]');
    const state = (key) => shop.locator(`[data-key="${key}"]`).getAttribute("data-state");
    await shop.waitFor();
    await until("no order has come", async () => (await state("order")) === "open");
    await becomes(page.getByTestId("address"), "data-cause", "private");
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= phone.viewport.width, "nothing scrolls sideways");
    assert.deepEqual(await barriers(page), []);

    const app = (await d.get("/apps")).apps.find((a) => a.name === "第二个应用");
    const url = app.callback_urls.map((u) => u.url).find((u) => u.endsWith("/order/paid"));
    // The simulated platform pushes to its first app, so this one is signed here.
    const answer = await push(url, { order_id: "27058820000009999", app_poi_code: "TEA009", status: "2", detail: "[]", total: "12.5" });
    assert.equal(answer.status, 200);
    await until("the order is seen", async () => (await state("order")) === "done");
    await until("the message is seen", async () => page.locator('.guide-urls [data-came="true"]').count());

    for (const key of ["heard", "knock"]) {
      if ((await state(key)) !== "open") continue; // the demonstration has a robot
      await shop.locator(`[data-key="${key}"]`).getByRole("button", { name: t("guide.waive") }).click();
      await until(`${key} is waived`, async () => (await state(key)) === "waived");
    }
    await shop.getByRole("checkbox").check();
    const live = page.getByRole("button", { name: t(s.zh ? "guide.pilot_other" : "guide.pilot_one", { count: 1 }) });
    if ((await shop.getAttribute("data-ready")) !== "true") {
      assert.ok(await live.isDisabled(), "what must be is open");
      await page.getByLabel(t("guide.anyway")).check();
    }
    await live.click();
    await until("it is live", async () => (await shop.getAttribute("data-mode")) === "full");
    const mine = (await d.get("/shops")).shops.filter((x) => x.account_id === account);
    assert.deepEqual(mine.map((x) => x.mode), ["full"]);
  });

  test("what is gone says so, and the guide of a seller abroad asks for consent", async () => {
    const { d, t } = s;
    const page = await s.open("/guide/acc_0000000000000");
    await says(page.getByRole("alert"), t("state.notFound"));
    const a = (await d.get("/accounts")).accounts.find((x) => x.channel === "mercadolibre");
    await page.goto(`${d.url}/guide/${a.id}`);
    const step = page.getByTestId("step-authorise");
    await step.getByRole("button", { name: t("guide.qr") }).click();
    await until("the code is drawn", async () => step.locator("img").evaluate((i) => i.naturalWidth > 0));
    await page.getByTestId("step-test").getByRole("button", { name: t("guide.testDo"), exact: true }).click();
    await says(page.getByTestId("tested"), t("guide.cause.ok"));
  });
});
