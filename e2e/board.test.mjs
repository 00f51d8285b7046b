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
});
