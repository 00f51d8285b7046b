// Nobody takes a delivery: the rule that was set on its screen raises the tip, then asks an own rider; who answers for what went wrong is
// chosen in the order and stands under settlement.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea } from "./stage.mjs";
import { until } from "./until.mjs";

const look = async (page, name) => {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true });
};

scenes("deliveries", (s) => {
  test("a rider does not come: the rule raises the tip, asks an own rider, and who answers is kept", async () => {
    const { d, t } = s;
    const shop = (await d.get("/shops")).shops.find((x) => x.external_id === "TEA001");
    const store = (await d.get("/stores")).stores.find((x) => x.id === shop.store_id);
    const rider = await d.ask("POST", "/riders", { store_id: store.id, name: "老李", phone: "13600000001" });
    assert.ok(rider.status < 300, rider.text);
    const page = await s.open("/rules");
    const rule = page.getByRole("region", { name: store.name }).locator('[data-testid="rule"][data-kind="ride"]');
    await says(rule, t("rules.ride"), t("rules.off"));
    await rule.getByRole("button", { name: t("rules.set") }).click();
    const sheet = page.getByRole("dialog");
    await sheet.getByRole("spinbutton", { name: t("rules.tipAfter") }).fill("5");
    await sheet.getByRole("textbox", { name: t("rules.tipMost") }).fill("2");
    await sheet.getByRole("combobox", { name: t("rules.addWay") }).selectOption({ label: t("rules.way.own") });
    await says(sheet.getByTestId("rule-way"), t("rules.way.own"));
    await sheet.getByRole("spinbutton", { name: t("rules.switchAfter") }).fill("10");
    await sheet.getByRole("button", { name: t("rules.try") }).click();
    await sheet.getByTestId("trial").waitFor();
    assert.deepEqual(await barriers(page), []);
    await look(page, `ride-rule-${s.language}`);
    await sheet.getByRole("button", { name: t("rules.turnOn") }).click();
    await until("it works", async () => (await rule.getAttribute("data-state")) === "on");

    const o = await d.meituan.place(tea(1, { logistics_code: "1003" }));
    await d.act(o.id, { kind: "accept" });
    await until("the crowd brings it", async () => (await d.order(o.id)).logistics === "crowd");
    await d.act(o.id, { kind: "call_rider", amount: "50" });
    const delivery = async (i) => (await d.order(o.id)).deliveries[i];
    await until("a rider is sought", async () => (await delivery(0))?.state === "sought");
    await d.meituan.call("PUT", "clock", { advance: "5m10s" });
    await until("the tip is raised", async () => (await delivery(0)).tip?.minor === 200);
    await d.meituan.call("PUT", "clock", { advance: "5m10s" });
    await until("an own rider has it", async () => (await d.order(o.id)).deliveries.some((x) => x.way === "own" && x.state === "assigned"));
    assert.equal(await d.meituan.changes(o.ref, "order/zhongbao/update/tip"), 1);
    assert.equal(await d.meituan.changes(o.ref, "order/logistics/change/poi_self"), 1);

    await page.goto(`${d.url}/orders/${o.id}?tab=all`);
    const first = page.getByTestId("delivery").first();
    await says(first, s.zh ? "自动加价" : "tip raised by rule", s.zh ? "自动换给 老李" : "given to 老李");
    await says(page.getByTestId("timeline"), t("act.rule_ride_tip"), t("act.rule_ride_switch"), t("by.rule"));
    await look(page, `ride-steps-${s.language}`);

    const own = (await d.order(o.id)).deliveries.find((x) => x.way === "own");
    const problem = await d.ask("POST", `/orders/${o.id}/rides/${own.key}/step`, { step: "problem", words: "车坏了" });
    assert.ok(problem.status < 300, problem.text);
    await until("nobody is left, and that is said", async () => (await d.order(o.id)).no_way_at > 0);
    await page.goto(`${d.url}/messages`);
    await says(page.locator('[data-testid="concern"][data-kind="problem"]').first(), t("msg.noWay"));
    await page.goto(`${d.url}/orders/${o.id}?tab=all`);
    const failed = page.locator('[data-testid="delivery"][data-state="failed"]');
    await failed.getByRole("combobox", { name: t("ride.liable") }).selectOption("merchant");
    await until("it is kept", async () => (await d.order(o.id)).deliveries.find((x) => x.key === own.key)?.liable?.party === "merchant");

    const day = new Date(o.placed_at + 8 * 3600_000).toISOString().slice(0, 10); // in Shanghai
    const csv = `订单号,下单时间,商家实收\n${o.ref},${day},1.00\n`;
    const read = await d.ask("POST", "/bills", { channel: "meituan", name: "day.csv", content: Buffer.from(csv).toString("base64") });
    assert.ok(read.status < 300, read.text);
    await page.goto(`${d.url}/money`);
    const line = page.getByTestId("money-order").first();
    await says(line, t("ride.wrong.failed"), t("ride.party.merchant"));
    assert.deepEqual(await barriers(page), []);
    await look(page, `ride-money-${s.language}`);
    const file = await d.ask("GET", `/money/export?from=${day}&to=${day}&all=true`);
    assert.match(file.text, /failed: merchant/);
  });
});
