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
