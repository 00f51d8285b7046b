// Store control, and the modes of a shop: what the platform shows is seen, many stores are opened with a result for each, and a shop
// that is only watched says so wherever its orders are.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, becomes, phone, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea } from "./stage.mjs";
import { until } from "./until.mjs";

scenes("control", (s) => {
  const look = (page, name) => process.env.TONGDAN_LOOK && page.screenshot({ path: `shots/${name}-${s.language}.png`, fullPage: true });
  const shops = async () => (await s.d.get("/intakes")).stores.flatMap((x) => x.channels.filter((c) => c.channel === "meituan"));

  test("a shop that was closed at the platform is shown, and one press opens every store", async () => {
    const { d, t } = s;
    await until("how the shops stand is read", async () => (await shops()).every((c) => c.shown.state === "open"));
    await d.meituan.call("POST", "stores/TEA001/close", {});
    const page = await s.open("/intakes");
    const row = page.locator('[data-testid="control-shop"][data-shown="resting"]').first();
    await says(row, t("control.shown.resting"));
    await page.getByLabel(t("control.all")).check();
    assert.deepEqual(await barriers(page), []);
    await look(page, "control");
    await page.getByRole("button", { name: t("control.open"), exact: true }).click();
    const n = (await shops()).length;
    await says(page.getByTestId("progress"), t("control.far", { done: n, of: n, failed: 0 }));
    assert.equal((await d.meituan.call("GET", "stores")).find((x) => x.app_poi_code === "TEA001").open_level, 1);
    // What the platform holds is refused in its words, beside those that are done, and can be pressed again.
    await d.meituan.call("POST", "stores/TEA001/suspend", { reason: "系统置休" });
    await says(page.locator('[data-testid="control-shop"][data-shown="resting"]').first(), t("control.held"), "系统置休");
    await page.getByLabel(t("control.all")).check();
    await page.getByRole("button", { name: t("control.open"), exact: true }).click();
    await says(page.getByTestId("progress"), t("control.again", { count: 1 }));
    await d.meituan.call("POST", "stores/TEA001/release", {});
  });

  test("a watched shop says so at its orders, and on a phone nothing is wider than the screen", async () => {
    const { d, t } = s;
    const page = await s.open("/connections");
    const modes = page.getByTestId("channel-meituan").getByTestId("modes").first();
    await modes.locator("summary").click();
    const n = (await shops()).length;
    await modes.getByRole("button", { name: t("connect.modeAll", { count: n, mode: t("mode.watch") }) }).click();
    await becomes(modes.locator("summary [data-mode]").first(), "data-mode", "watch");
    assert.deepEqual(await barriers(page), []);
    await look(page, "modes");
    const id = (await d.meituan.place(tea(1))).id;
    const small = await s.open(`/orders/${id}`, { screen: phone });
    await says(small.getByTestId("order-panel").getByTestId("mode").first(), t("mode.watch"));
    assert.ok(await small.evaluate(() => document.documentElement.scrollWidth <= Math.min(innerWidth, screen.width)));
    const got = await d.ask("POST", `/orders/${id}/actions`, { kind: "accept" });
    assert.equal(got.status, 409);
    assert.equal(got.json.why?.code ?? got.json.code, "only_watched", got.text);
    await small.goto(`${d.url}/intakes`);
    await says(small.getByTestId("control-shop").filter({ hasText: t("mode.watch") }).first(), t("mode.watch"));
    assert.ok(await small.evaluate(() => document.documentElement.scrollWidth <= Math.min(innerWidth, screen.width)));
    await look(small, "control-phone");
    assert.equal((await d.ask("PUT", "/shops/modes", { mode: "full", shop_ids: (await shops()).map((c) => c.shop_id) })).status, 200);
  });

  test("the manager of a store reaches its live menus and comes back", async () => {
    const { d, t } = s;
    const shop = (await d.get("/shops")).shops.find((x) => x.external_id === "TEA001");
    const made = await d.ask("POST", "/people", { name: `店长 ${s.language}`, role: "store_manager", stores: [shop.store_id] });
    assert.equal(made.status, 201, made.text);
    const context = await s.stranger({ screen: phone });
    assert.equal((await context.request.post(`${d.url}/api/v1/join`, { data: { token: made.json.link.token, password: "correct horse" } })).status(), 200);
    const page = await context.newPage();
    await page.goto(`${d.url}/intakes`);
    await page.getByRole("link", { name: t("front.open", { name: "" }).trim() }).click();
    await page.getByTestId("front-item").first().waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= Math.min(innerWidth, screen.width)));
    assert.deepEqual(await barriers(page), []);
    await page.getByRole("link", { name: t("opening.open") }).click();
    await page.getByTestId("control-shop").first().waitFor();
  });
});
