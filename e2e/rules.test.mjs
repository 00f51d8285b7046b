// What a store decides by itself: tried before it is switched on, paused while nobody would hear, and refunds in one list.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, phone, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea } from "./stage.mjs";
import { until } from "./until.mjs";

const look = async (page, name) => {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
};

scenes("rules", (s) => {
  const storeOf = async () => (await s.d.get("/stores")).stores[0];
  const ruleOf = async (kind) => (await s.d.get("/rules")).rules.find((r) => r.kind === kind && r.store_id === store.id);
  let store;

  test("accepting is tried, switched on, pauses while nobody would hear, and goes on with a kitchen screen", async () => {
    const { d, t } = s;
    const before = await d.meituan.place(tea(1));
    store = before.store ?? (await storeOf());
    const page = await s.open("/rules");
    const rule = page.getByRole("region", { name: store.name }).locator('[data-testid="rule"][data-kind="accept"]');
    await says(rule, t("rules.accept"), t("rules.off"), t("rules.does_accept"));
    await rule.getByRole("button", { name: t("rules.set") }).click();
    const sheet = page.getByRole("dialog");
    const on = sheet.getByRole("button", { name: t("rules.turnOn") });
    assert.ok(await on.isDisabled(), "nobody switches on what was not tried");
    await sheet.getByRole("textbox", { name: t("rules.most") }).fill("300");
    await sheet.getByRole("button", { name: t("rules.try") }).click();
    await says(sheet.getByTestId("trial"), s.zh ? "过去 7 天" : "Last 7 days");
    assert.deepEqual(await barriers(page), []);
    await look(page, `rules-sheet-${s.language}`);
    await on.click();
    await until("it has paused", async () => (await rule.getAttribute("data-state")) === "paused");
    await says(rule, t("rules.paused"));
    const held = await d.meituan.place(tea(1));
    await until("it is held", async () => (await d.order(held.id)).auto?.state === "held");
    await page.goto(`${d.url}/messages`);
    await says(page.locator('[data-testid="concern"][data-kind="rule"]').first(), t("msg.kind.rule"), t("rules.paused"));

    const kitchen = await (await s.stranger({ screen: { viewport: { width: 1024, height: 600 }, hasTouch: true } })).newPage();
    kitchen.mistakes = [];
    await kitchen.goto(`${d.url}/kitchen`);
    let code = "";
    await until("it shows a code", async () => {
      code = ((await kitchen.getByTestId("pair-code").textContent({ timeout: 1000 })) ?? "").replace(/\s/g, "");
      return /^[0-9A-Z]{6}$/.test(code);
    });
    const paired = await d.ask("POST", "/devices", { code, name: "后厨平板", store_id: store.id });
    assert.ok(paired.status < 300, JSON.stringify(paired));
    await until("it is accepted by itself", async () => (await d.order(held.id)).status === "accepted");
    assert.equal(await d.meituan.changes(held.ref, "order/confirm"), 1);
    assert.equal((await d.order(before.id)).status, "new", "what came before is left to people");
    await page.goto(`${d.url}/orders/${held.id}`);
    await says(page.getByTestId("timeline"), t("act.rule_accept"), "✓", t("by.rule"));
    await look(page, `rules-timeline-${s.language}`);
    await page.goto(`${d.url}/rules`);
    await until("it works", async () => (await rule.getAttribute("data-state")) === "on");
    await rule.getByRole("button", { name: t("rules.turnOff") }).click();
    await until("it is off", async () => !(await ruleOf("accept")).on);
  });

  test("refunds stand in one list with what a rule says; one is agreed to there, and the rule agrees by itself", async () => {
    const { d, t } = s;
    const asked = async (reason) => {
      const o = await d.meituan.place(tea(1));
      await d.act(o.id, { kind: "accept" });
      await until("it is accepted", async () => (await d.order(o.id)).status === "accepted");
      await d.meituan.act(o.ref, "ask_refund", { reason });
      return o;
    };
    const one = await asked("点错了");
    store = store ?? (await storeOf());
    const page = await s.open("/refunds", { screen: phone });
    const row = (o) => page.locator(`[data-testid="refund"][data-id="${o.id}"]`);
    await says(row(one), "点错了", t("rules.adviceYes"));
    assert.deepEqual(await barriers(page), []);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= Math.min(innerWidth, screen.width)));
    await look(page, `refunds-${s.language}`);
    await row(one).getByRole("button", { name: t("act.refund_approve") }).click();
    await page.getByRole("dialog").getByRole("button", { name: t("ask.finalDo", { what: t("act.refund_approve") }) }).click();
    await row(one).waitFor({ state: "detached" });
    assert.equal(await d.meituan.changes(one.ref, "order/refund/agree"), 1);

    const r = await ruleOf("refund");
    const put = await d.ask("PUT", `/stores/${store.id}/rules/refund`, { version: r.version, on: true, refund: { ...r.refund, words: "未出餐，已退款" } });
    assert.ok(put.status < 300, JSON.stringify(put));
    const two = await asked("不想要了");
    await until("the money is back", async () => (await d.order(two.id)).after_sales[0]?.state === "refunded");
    assert.ok(JSON.stringify((await d.meituan.book(two.ref)).order).includes("未出餐，已退款"), "the customer is told");
    await page.goto(`${d.url}/orders/${two.id}?tab=refund`);
    await says(page.getByTestId("after-sale").getByTestId("grounds"), t("rules.decided"), s.zh ? "未出餐" : "nobody has said that it is ready");
    await page.goto(`${d.url}/rules`);
    await page.locator('[data-testid="rule"][data-state="on"]').first().waitFor();
    assert.deepEqual(await barriers(page), []);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= Math.min(innerWidth, screen.width)));
    await look(page, `rules-${s.language}`);
  });
});
