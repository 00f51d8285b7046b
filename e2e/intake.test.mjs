// A kitchen that is full, and a dish that has run out: what every channel is told, and that it ends by itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, becomes, floorWordsOf, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea } from "./stage.mjs";
import { until } from "./until.mjs";

scenes("intake", (s) => {
  let f;
  const kitchen = async (store) => {
    f ??= await floorWordsOf(s.language);
    const page = await (await s.person({ screen: { viewport: { width: 1920, height: 1080 } } })).newPage();
    page.mistakes = [];
    page.on("pageerror", (e) => page.mistakes.push(String(e)));
    await page.goto(`${s.d.url}/kitchen?store=${store}`);
    return page;
  };
  const there = async () => (await s.d.meituan.call("GET", "stores")).find((x) => x.app_poi_code === "TEA001");
  const look = (page, name) => process.env.TONGDAN_LOOK && page.screenshot({ path: `shots/${name}-${s.language}.png` });

  test("a full kitchen says so, rests on its channels from the kitchen, is extended, and takes orders again", async () => {
    const { d, t } = s;
    const o = await d.act((await d.meituan.place(tea(1))).id, { kind: "accept" });
    assert.equal((await d.ask("PUT", `/stores/${o.store.id}/kitchen`, { slot_minutes: 60, slot_orders: 1 })).status, 200);
    const page = await kitchen(o.store.id);
    const gauge = page.getByTestId("gauge");
    await says(gauge, "1/1", f("full"));
    const office = await s.open("/messages");
    await says(office.locator('[data-testid="concern"][data-kind="full"]').first(), t("msg.kind.full"), "1/1");
    const rest = page.getByTestId("rest");
    const key = (name, n) => rest.getByRole("button", { name: n ? f(name, { n }) : f(name), exact: true });
    const began = Date.now();
    await key("restMinutes", 10).click();
    await becomes(rest.locator("[data-state]").first(), "data-state", "resting");
    assert.equal((await there()).open_level, 3, "Meituan shows the shop as resting");
    assert.ok(Date.now() - began < 10_000);
    const first = (await d.get(`/stores/${o.store.id}/intake`)).until_at;
    await key("restMore", 10).click();
    await until("it is extended", async () => (await d.get(`/stores/${o.store.id}/intake`)).until_at >= first + 590_000);
    assert.deepEqual(await barriers(page), []);
    await look(page, "rest-kitchen");
    // The area manager sees it on the store board and ends it there.
    await office.goto(`${d.url}/board`);
    await office.getByTestId("store").first().locator("button").first().click();
    const intake = office.getByTestId("intake");
    await becomes(intake, "data-resting", "yes");
    await says(intake, "1/1", t("intake.full"));
    assert.deepEqual(await barriers(office), []);
    await look(office, "rest-board");
    await intake.getByRole("button", { name: t("intake.end") }).click();
    await until("Meituan takes orders again", async () => (await there()).open_level === 1);
    await becomes(rest, "data-resting", "no");
    // What the platform refuses stands there in its own words.
    await d.meituan.call("POST", "stores/TEA001/suspend", { reason: "系统置休" });
    await key("restMinutes", 30).click();
    await says(rest, f("restsAlready"));
    await d.meituan.call("POST", "stores/TEA001/release", {});
    await d.ask("PUT", `/stores/${o.store.id}/kitchen`, { slot_minutes: 15, slot_orders: 0 });
    await until("the gauge goes", async () => (await gauge.count()) === 0);
    await d.meituan.act(o.ref, "cancel_in_app");
  });

  test("a dish that is pressed long is sold out on every channel within ten seconds, and comes back by itself", async () => {
    const { d } = s;
    const o = await d.act((await d.meituan.place(tea(1))).id, { kind: "accept" });
    const sku = (await d.ask("POST", "/skus", { code: `OUT-${s.language}`, name: o.items[0].name })).json;
    const shop = (await d.get("/shops")).shops.find((x) => x.external_id === "TEA001");
    assert.equal((await d.ask("POST", "/offers", { shop_id: shop.id, sku_id: sku.id, item: "T001", variation: "T001-L" })).status, 201);
    await d.ask("POST", "/stock/movements", { store_id: o.store.id, sku_id: sku.id, reason: "count", pieces: 40 });
    const shows = async () => Number((await there()).foods.find((x) => x.app_food_code === "T001").skus.find((x) => x.sku_id === "T001-L").stock);
    await until("the platform shows ours", async () => (await shows()) > 0 && (await shows()) <= 40);
    const page = await kitchen(o.store.id);
    const dish = page.locator(`[data-testid="card"][data-id="${o.id}"]`).getByRole("button", { name: o.items[0].name }).first();
    await dish.hover(); // where it comes to rest
    await page.mouse.down();
    await page.getByTestId("sell-out").waitFor();
    await page.mouse.up();
    const began = Date.now();
    await page.getByTestId("sell-out").getByRole("button", { name: f("outToday"), exact: true }).click();
    const list = page.getByTestId("sold-out");
    await becomes(list.locator("[data-state]").first(), "data-state", "done");
    assert.equal(await shows(), 0);
    assert.ok(Date.now() - began < 10_000);
    const out = (await d.get(`/stores/${o.store.id}/soldout`)).dishes[0];
    const zone = (await d.get("/stores")).stores.find((x) => x.id === o.store.id).zone;
    const hour = new Date(out.until_at).toLocaleTimeString("en-GB", { timeZone: zone });
    assert.ok(hour === "00:00:00" || hour === "24:00:00", `today ends at midnight of the store, not at ${hour}`);
    assert.ok(out.until_at > Date.now() && out.until_at - Date.now() <= 24 * 3600_000);
    await look(page, "sold-out");
    // The night passes quickly.
    await d.ask("PUT", `/stores/${o.store.id}/soldout`, { sku_id: sku.id, until_at: Date.now() + 1500 });
    await until("it is sold again", async () => (await shows()) > 0);
    await until("the kitchen's list is empty", async () => (await list.count()) === 0);
    await d.meituan.act(o.ref, "cancel_in_app");
  });
});
