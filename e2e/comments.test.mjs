// Comments: a bad one is found by itself, stands in the message centre, and is replied to by keyboard.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, phone, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { demo, tea } from "./stage.mjs";
import { until } from "./until.mjs";

scenes(
  "comments",
  (s) => {
    const say = async (score, reason) => {
      const ref = await s.d.meituan.sell(tea(1));
      for (const [act, args] of [["accept_in_app"], ["complete"], ["comment", { score, reason }]]) await s.d.meituan.act(ref, act, args);
      return until("the comment is here", async () => (await s.d.get("/comments")).comments.find((c) => c.text === reason));
    };

    test("a bad comment is told, and a reply goes out by keyboard, once", async () => {
      const { d, t } = s;
      const bad = await say(1, "送来已经凉了");
      const page = await s.open("/messages");
      const concern = page.locator('[data-testid="concern"][data-kind="comment"]').first();
      await says(concern, t("msg.kind.comment"));
      await concern.getByRole("link").click();
      const one = page.locator(`[data-testid="comment"][data-id="${bad.id}"]`);
      await says(one, "送来已经凉了");
      await one.getByRole("button", { name: t("cmt.reply") }).focus();
      await page.keyboard.press("Enter");
      const template = one.getByRole("group").getByRole("button").first();
      const text = await template.textContent();
      await template.focus();
      await page.keyboard.press("Enter");
      assert.equal(await one.getByLabel(t("cmt.yours")).inputValue(), text);
      assert.deepEqual(await barriers(page), []);
      await one.getByLabel(t("cmt.yours")).fill("抱歉，已退还餐费");
      await one.getByRole("button", { name: t("cmt.send") }).focus();
      await page.keyboard.press("Enter");
      await until("the platform has it", async () => (await d.get("/comments")).comments.find((c) => c.id === bad.id)?.ours?.state === "done");
      await page.getByLabel(t("cmt.all")).check();
      await says(page.locator(`[data-testid="comment"][data-id="${bad.id}"]`), "抱歉，已退还餐费");
    });

    test("the templates are the merchant's to change, and nobody writes over what another has kept", async () => {
      const { d, t } = s;
      const bad = await say(2, "饮料洒了");
      const page = await s.open("/comments");
      await page.getByRole("button", { name: t("cmt.templatesTitle") }).click();
      const sheet = page.getByRole("dialog");
      const low = sheet.locator('[data-testid="templates"][data-of="low"]');
      await says(sheet, t("cmt.templatesUsual"));
      await low.getByRole("button", { name: t("cmt.dropTemplate", { number: 1 }) }).click();
      await low.getByRole("button", { name: t("cmt.addTemplate") }).click();
      await low.getByRole("textbox").last().fill("抱歉洒了，下次多套一层袋");
      assert.deepEqual(await barriers(page), []);
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/templates-${s.language}.png` });
      // Somebody else keeps theirs meanwhile.
      const other = await d.ask("PUT", "/comments/templates", { low: ["别人的模板"], good: ["谢谢"] });
      assert.equal(other.status, 200, other.text);
      await sheet.getByRole("button", { name: t("cmt.keep"), exact: true }).click();
      await says(sheet.getByRole("alert"), t("why.preference_changed"));
      await sheet.getByRole("button", { name: t("cmt.readAgain") }).click();
      await says(sheet, t("cmt.templatesOwn"));
      assert.equal(await low.getByRole("textbox").first().inputValue(), "别人的模板");
      await low.getByRole("textbox").first().fill("抱歉洒了，下次多套一层袋");
      await sheet.getByRole("button", { name: t("cmt.keep"), exact: true }).click();
      await sheet.waitFor({ state: "detached" });
      assert.deepEqual((await d.get("/comments/templates")).low, ["抱歉洒了，下次多套一层袋"]);
      const one = page.locator(`[data-testid="comment"][data-id="${bad.id}"]`);
      await one.getByRole("button", { name: t("cmt.reply") }).click();
      await one.getByRole("group").getByRole("button", { name: "抱歉洒了，下次多套一层袋" }).click();
      assert.equal(await one.getByLabel(t("cmt.yours")).inputValue(), "抱歉洒了，下次多套一层袋");
      await page.getByRole("button", { name: t("cmt.templatesTitle") }).click();
      await page.setViewportSize(phone.viewport);
      await low.getByRole("textbox").first().waitFor();
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= Math.min(innerWidth, screen.width)));
      const box = await low.getByRole("textbox").first().boundingBox();
      assert.ok(box.x + box.width <= phone.viewport.width, "a template fits beside its button");
      assert.deepEqual(await barriers(page), []);
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/templates-phone-${s.language}.png` });
      await sheet.getByRole("button", { name: t("cmt.usual") }).click();
      await sheet.waitFor({ state: "detached" });
      assert.equal((await d.get("/comments/templates")).own, false);
    });

    test("on a phone nothing is wider than the screen, and nothing keeps anybody out", async () => {
      const bad = await say(2, "分量越来越少");
      const page = await s.open("/comments", { screen: phone });
      const one = page.locator(`[data-testid="comment"][data-id="${bad.id}"]`);
      await one.getByRole("button", { name: s.t("cmt.reply") }).click();
      await one.getByLabel(s.t("cmt.yours")).waitFor();
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= Math.min(innerWidth, screen.width)));
      assert.deepEqual(await barriers(page), []);
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/comments-${s.language}.png` });
    });
  },
  { stage: () => demo("--speed", "60") },
);
