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
    await until("the way is long again", async () => (await rule.getAttribute("class")) === "" && (await rule.textContent()).includes(t("radar.share", { share: 0 })), { deadline: 20_000 });
    assert.equal((await rule.textContent()).includes(said(danger.remedy)), false, "what is far away asks for nothing");
  });
});
