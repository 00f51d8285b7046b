// The live menu of a shop: changes are collected, looked at as a plan, agreed to where they take something away, and sent; what became
// of each stands below. A plan that is out of date is refused and looked at again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, becomes, phone, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { until } from "./until.mjs";

scenes(
  "front",
  (s) => {
    const look = (page, name) => process.env.TONGDAN_LOOK && page.screenshot({ path: `shots/${name}-${s.language}.png`, fullPage: true });
    const shop = async (ref) => (await s.d.get("/shops")).shops.find((x) => x.external_id === ref && x.channel === "meituan");
    const sku = async (id, item, code) =>
      (await s.d.get(`/shops/${id}/front/menu`)).items.find((i) => i.code === item)?.skus.find((k) => k.code === code);
    const item = (page, code) => page.locator(`[data-testid="front-item"][data-code="${code}"]`);
    const row = (page, code) => page.locator(`[data-testid="front-sku"][data-sku="${code}"]`);
    const lookAt = (page, count) => page.getByRole("button", { name: s.t("front.look", { count }) });

    test("a price and a sale are changed by keyboard, seen as before and after, and sent once", async () => {
      const { d, t } = s;
      const one = await shop("TEA001");
      const before = await sku(one.id, "T001", "T001-L");
      const page = await s.open("/connections");
      await page.getByRole("link", { name: t("front.open", { name: one.name || one.external_id }) }).click();
      await page.getByLabel(t("front.search")).fill("T001-L");
      await until("one dish is left", async () => (await page.getByTestId("front-item").count()) === 1);
      await item(page, "T001").waitFor();
      const price = row(page, "T001-L").getByRole("textbox");
      await price.fill("abc");
      assert.ok(await lookAt(page, 1).isDisabled(), "what is no price cannot be sent");
      await price.fill("26.5");
      await row(page, "T001-L").getByRole("combobox").selectOption("false");
      assert.deepEqual(await barriers(page), []);
      await look(page, "front");
      await lookAt(page, 2).focus();
      await page.keyboard.press("Enter");
      const plan = page.getByTestId("front-plan");
      await says(plan, `¥${(before.price / 100).toFixed(2)}`, "¥26.50", t("front.off"));
      assert.deepEqual(await barriers(page), []);
      await look(page, "front-plan");
      // Meanwhile the menu changes elsewhere: what was looked at is not what would happen.
      const other = await d.ask("PUT", `/shops/${one.id}/front/menu`, { items: [{ code: "T001", skus: [{ code: "T001-L", price: 2400 }] }] });
      assert.equal(other.status, 202, other.text);
      await until("the other edit is done", async () => (await d.get(`/edits/${other.json.id}`)).state === "done");
      await page.getByRole("button", { name: t("front.send") }).click();
      await says(page.getByRole("alert"), t("why.front_changed"));
      await page.getByRole("button", { name: t("front.again") }).click();
      await says(plan, "¥24.00", "¥26.50");
      await page.getByRole("button", { name: t("front.send") }).focus();
      await page.keyboard.press("Enter");
      const edit = page.getByTestId("front-edit").first();
      await becomes(edit, "data-state", "done");
      await says(edit, "¥26.50", t("front.state.done"), t("front.far", { done: 2, of: 2 }));
      const after = await sku(one.id, "T001", "T001-L");
      assert.deepEqual([after.price, after.on_sale], [2650, false]);
      assert.equal((await d.get(`/shops/${one.id}/edits`)).edits.length, 2);
      // The menu is read again by itself, and nothing is left to send.
      await becomes(row(page, "T001-L"), "data-changed", "false");
      assert.equal(await price.inputValue(), "26.50");
    });

    test("on a phone a deletion is agreed to first, and nothing is wider than the screen", async () => {
      const { d, t } = s;
      const one = await shop("TEA002");
      const page = await s.open(`/shops/${one.id}/menu`, { screen: phone });
      const narrow = async () => assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= Math.min(innerWidth, screen.width)));
      await item(page, "T002").waitFor();
      await narrow();
      assert.deepEqual(await barriers(page), []);
      await look(page, "front-phone");
      await item(page, "T002").getByRole("button", { name: t("front.delete"), exact: false }).last().click();
      await lookAt(page, 1).click();
      await says(page.getByTestId("front-plan"), t("front.deleted"));
      const send = page.getByRole("button", { name: t("front.send") });
      assert.ok(await send.isDisabled(), "nobody has agreed yet");
      await narrow();
      await look(page, "front-plan-phone");
      await page.getByRole("checkbox").check();
      assert.deepEqual(await barriers(page), []);
      await send.click();
      await becomes(page.getByTestId("front-edit").first(), "data-state", "done");
      await item(page, "T002").waitFor({ state: "detached" });
      await narrow();
      await look(page, "front-edits-phone");
      assert.ok(!(await d.get(`/shops/${one.id}/front/menu`)).items.some((i) => i.code === "T002"));
    });

    test("a draft is not lost without a question", async () => {
      const { t } = s;
      const one = await shop("TEA003");
      const page = await s.open("/connections");
      await page.getByRole("link", { name: t("front.open", { name: one.name || one.external_id }) }).click();
      const price = page.getByTestId("front-sku").first().getByRole("textbox");
      const was = await price.inputValue();
      await price.fill("31.5");
      await page.goBack();
      await says(page.getByRole("dialog"), t("front.leave_other", { count: 1 }));
      assert.deepEqual(await barriers(page), []);
      await look(page, "front-leave");
      await page.getByRole("button", { name: t("front.leaveStay") }).click();
      assert.equal(await price.inputValue(), "31.5");
      assert.match(page.url(), /\/menu$/);
      await page.getByRole("link", { name: t("front.back") }).click();
      await page.getByRole("button", { name: t("front.leaveDo") }).click();
      await page.getByTestId("account").first().waitFor();
      await page.goBack();
      await item(page, "T001").waitFor();
      assert.equal(await page.getByTestId("front-sku").first().getByRole("textbox").inputValue(), was);
    });
  },
  { languages: ["zh-CN"] },
);
