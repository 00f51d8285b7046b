// The store board and the message centre: which store needs help, its cause in two presses, and who sees to it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, desk, phone, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea } from "./stage.mjs";
import { until } from "./until.mjs";

scenes("the store board", (s) => {
  for (const [look, screen] of [
    ["desk", desk],
    ["phone", phone],
  ]) {
    test(`from the worst store to its cause, and out of the list again, ${look}`, async () => {
      const { d, t } = s;
      const asked = await d.meituan.place(tea(3, { app_poi_code: "TEA002" }));
      await d.act(asked.id, { kind: "accept" });
      await d.meituan.act(asked.ref, "ask_refund", {});
      await until("the refund waits", async () => (await d.get("/messages")).counts.refund === 1);
      const page = await s.open("/board", { screen });
      const worst = page.getByTestId("store").first();
      await says(worst, asked.store.name, t("msg.kind.refund"));
      await says(page.getByTestId("total-refund"), "1");
      assert.deepEqual(await barriers(page), []);
      await worst.getByRole("button").first().click();
      const cause = worst.getByTestId("concern");
      await says(cause, t("msg.kind.refund"));
      assert.deepEqual(await barriers(page), []);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= screen.viewport.width, "nothing scrolls sideways");
      await cause.getByRole("link").click();
      await page.getByTestId("after-sale").waitFor();
      assert.equal(new URL(page.url()).pathname, `/orders/${asked.id}`);

      await page.goto(`${d.url}/messages`);
      const message = page.locator(`[data-testid="concern"][data-kind="refund"]`);
      await message.getByRole("button", { name: new RegExp(t("do.noted")) }).click();
      await says(message, t("msg.takenBy", { who: t("by.me") }));
      assert.deepEqual(await barriers(page), []);
      await d.meituan.act(asked.ref, "agree_in_app");
      await message.waitFor({ state: "detached" });
    });
  }

  test("a delivery that stands still is in the messages, on its row and in its details, and goes when it moves", async () => {
    const { d, t } = s;
    const o = await d.meituan.place(tea(2));
    await d.act(o.id, { kind: "accept" });
    await until("a rider is sought", async () => (await d.order(o.id)).deliveries.some((x) => x.state === "sought"));
    await d.meituan.call("PUT", "clock", { advance: "10m30s" });
    const said = s.zh ? /\d+ 分钟没有骑手接单/ : /no rider has taken it for \d+ min/;
    for (const screen of [desk, phone]) {
      const page = await s.open("/messages", { screen });
      const message = page.locator(`[data-testid="concern"][data-kind="stuck"]`).filter({ hasText: `#${o.day_seq}` });
      await message.waitFor();
      assert.match(await message.textContent(), said);
      await page.goto(`${d.url}/orders?tab=all`);
      const row = page.locator(`[data-testid="order-row"][data-id="${o.id}"]`);
      const chip = row.getByTestId("stuck");
      await chip.waitFor();
      assert.match(await chip.textContent(), said);
      if (process.env.TONGDAN_LOOK) await page.screenshot({ path: `shots/stuck-row-${s.language}-${screen.viewport.width}.png` });
      await page.goto(`${d.url}/orders/${o.id}`);
      const notice = page.getByTestId("stuck-notice");
      await notice.waitFor();
      assert.match(await notice.textContent(), said);
      assert.deepEqual(await barriers(page), []);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= screen.viewport.width, "nothing scrolls sideways");
      if (process.env.TONGDAN_LOOK) {
        await notice.scrollIntoViewIfNeeded();
        await page.screenshot({ path: `shots/stuck-${s.language}-${screen.viewport.width}.png` });
      }
    }
    const page = await s.open("/messages", { screen: phone });
    const message = page.locator(`[data-testid="concern"][data-kind="stuck"]`).filter({ hasText: `#${o.day_seq}` });
    await message.waitFor();
    await d.meituan.act(o.ref, "rider_accept", { name: "王师傅" });
    await message.waitFor({ state: "detached" });
  });

  test("how near a penalty is stands on the board with what keeps away from it, and goes once that is done", async () => {
    const { d, t } = s;
    const late = await d.meituan.place(tea(1));
    await d.meituan.call("PUT", "clock", { advance: "4m10s" }); // of the five minutes that there are to accept
    const page = await s.open("/board", { screen: phone });
    const worst = page.getByTestId("store").filter({ hasText: late.store.name });
    await worst.getByRole("button").first().click();
    const rule = worst.locator('[data-testid="radar"] [data-rule="cancel_late"]');
    const danger = (await d.get("/radar")).dangers.find((x) => x.rule === "cancel_late" && x.store_id === late.store.id);
    const said = (x) => (s.zh ? x.zh : x.en);
    await says(rule, said(danger.text), said(danger.remedy));
    assert.match(await rule.getAttribute("class"), /bad/);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= phone.viewport.width, "nothing scrolls sideways");
    assert.deepEqual(await barriers(page), []);
    if (process.env.TONGDAN_LOOK) await page.screenshot({ path: `shots/radar-${s.language}.png`, fullPage: true });
    await d.act(late.id, { kind: "accept" });
    await until("the way is long again", async () => (await rule.getAttribute("class")) === "" && (await rule.textContent()).includes(t("radar.share", { share: 0 })));
    assert.equal((await rule.textContent()).includes(said(danger.remedy)), false, "what is far away asks for nothing");
  });
});
