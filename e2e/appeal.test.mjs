// Under a service provider (服务商): a store that is bound on Meituan's page, a refund that Meituan agreed to by time, the appeal against it and
// its ruling, which somebody notes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, phone, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { demo, tea } from "./stage.mjs";
import { until } from "./until.mjs";

const look = async (page, name) => {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true });
};

const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** The platform fetches a picture by the address that it was given, without a sign-in. */
async function fetched(address) {
  const got = await fetch(address);
  assert.deepEqual([got.status, got.headers.get("content-type")], [200, "image/jpeg"], address);
  assert.ok((await got.arrayBuffer()).byteLength > 100);
}

scenes(
  "appeals under a service provider",
  (s) => {
    test("a refund that was lost by time is appealed against once, and its ruling is noted", async () => {
      const { d, t } = s;
      const account = await until(
        "the store is bound",
        async () => (await d.get("/accounts")).accounts.find((a) => a.channel === "meituan-partner" && a.state === "ok"),
        { deadline: 60_000 },
      );
      const ref = await d.meituan.sell(tea(2, { app_poi_code: "TEA004" }));
      const o = await d.platform("meituan-partner").arrived(ref);
      await d.act(o.id, { kind: "accept" });
      assert.equal(await d.meituan.changes(ref, "/waimai/order/confirm"), 1, "the provider's platform is called");
      await d.meituan.call("POST", "config", { refund_within: 2 });
      await d.meituan.act(ref, "ask_refund", { reason: "太慢了" });
      await d.meituan.call("POST", "config", { refund_within: 1800 });
      await until("it can be appealed against", async () => (await d.order(o.id)).after_sales.some((a) => a.can_appeal));

      const page = await s.open(`/orders/${o.id}?tab=refund`);
      const sale = page.getByTestId("after-sale");
      await says(sale, t("rules.lostSaid"));
      await look(page, `appeal-before-${s.language}`);
      await sale.getByRole("button", { name: t("act.refund_appeal") }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByTestId("final").waitFor();
      await dialog.getByRole("textbox").nth(0).fill("餐品已经送达，顾客已签收");
      await dialog.getByTestId("evidence-file").setInputFiles({ name: "meal.png", mimeType: "image/png", buffer: Buffer.from(png, "base64") });
      await dialog.getByTestId("pictures-field").locator("img").waitFor();
      await dialog.getByLabel(t("ask.addresses")).fill("https://img.example.com/1.jpg");
      assert.deepEqual(await barriers(page), []);
      await look(page, `appeal-ask-${s.language}`);
      assert.equal(await d.meituan.changes(ref, "/waimai/ng/order/refund/issue/appeal"), 0, "nothing is sent before the answer");
      await dialog.getByRole("button", { name: t("ask.finalDo", { what: t("act.refund_appeal") }) }).click();
      const state = page.getByTestId("appeal");
      await says(state, t("appeal.made"));
      const book = await d.meituan.book(ref);
      assert.equal(book.tally["/waimai/ng/order/refund/issue/appeal"].changes, 1);
      assert.ok(JSON.stringify(book.order).includes("餐品已经送达"), "the platform has the reason");
      const [photo, address] = book.order.refunds[0].merchant_appeal.pictures;
      assert.equal(address, "https://img.example.com/1.jpg", "and the picture's address");
      await fetched(photo);
      assert.equal(await sale.getByRole("button", { name: t("act.refund_appeal"), exact: true }).count(), 0, "once");
      const hand = await s.open(`/orders/${o.id}?tab=refund`, { screen: phone });
      await says(hand.getByTestId("appeal"), t("appeal.made"));
      assert.ok(await hand.evaluate(() => document.documentElement.scrollWidth <= Math.min(innerWidth, screen.width)), "it fits a phone");
      await look(hand, `appeal-made-phone-${s.language}`);

      await d.meituan.act(ref, "rule_merchant_appeal", { agree: true });
      await sale.getByRole("button", { name: t("act.appeal_ruled") }).click();
      await page
        .getByRole("dialog")
        .getByText(s.zh ? "申诉成立" : "Upheld: Meituan found for the store", { exact: true })
        .click();
      await page
        .getByRole("dialog")
        .getByRole("button", { name: t("act.appeal_ruled") })
        .click();
      await says(state, t("appeal.upheld"), "demo");
      await look(page, `appeal-upheld-${s.language}`);
      await page.goto(`${d.url}/connections`);
      await says(page.getByText(account.name).first(), account.name);
      await look(page, `appeal-connections-${s.language}`);
    });

    test("an order that is held slow is appealed against from the list of refunds, with a photo", { timeout: 400_000 }, async () => {
      const { d, t } = s;
      await until("the store is bound", async () => (await d.get("/accounts")).accounts.some((a) => a.channel === "meituan-partner" && a.state === "ok"), {
        deadline: 60_000,
      });
      const ids = [];
      for (const status of [1, 3]) {
        const ref = await d.meituan.sell(tea(1, { app_poi_code: "TEA004" }));
        const o = await d.platform("meituan-partner").arrived(ref);
        await d.meituan.act(ref, "accept_in_app");
        await d.meituan.act(ref, "mark_slow", { status });
        ids.push([o.id, ref]);
      }
      const [[first, ref], [second]] = ids;
      await d.meituan.call("PUT", "clock", { advance: "11m" });
      await until("they are found", async () => (await d.order(first)).slow && (await d.order(second)).slow, { deadline: 240_000 });

      const hand = await s.open("/refunds", { screen: phone });
      const list = hand.getByTestId("slow-orders");
      const one = list.locator(`[data-id="${first}"]`);
      await says(one, t("slow.unreported"));
      await says(list.locator(`[data-id="${second}"]`), t("slow.late"));
      assert.deepEqual(await barriers(hand), []);
      assert.ok(await hand.evaluate(() => document.documentElement.scrollWidth <= Math.min(innerWidth, screen.width)), "it fits a phone");
      await look(hand, `slow-list-phone-${s.language}`);
      await list.locator(`[data-id="${second}"]`).getByRole("button", { name: t("do.noted") }).click();
      await until("what was read leaves the list", async () => (await list.locator(`[data-id="${second}"]`).count()) === 0);

      await one.getByRole("button", { name: t("act.slow_appeal") }).click();
      const dialog = hand.getByRole("dialog");
      await dialog.getByText(s.zh ? "按时出餐，有照片为证" : "It was made in time: pictures prove it", { exact: true }).click();
      await dialog.getByTestId("evidence-file").setInputFiles({ name: "meal.png", mimeType: "image/png", buffer: Buffer.from(png, "base64") });
      await dialog.getByTestId("pictures-field").locator("img").waitFor();
      assert.deepEqual(await barriers(hand), []);
      await look(hand, `slow-ask-phone-${s.language}`);
      await dialog.getByRole("button", { name: t("act.slow_appeal") }).click();
      await until("it leaves the list", async () => (await one.count()) === 0);

      const page = await s.open(`/orders/${first}?tab=all`);
      const mark = page.getByTestId("slow");
      await says(mark, t("slow.unreported"), t("appeal.made"));
      await mark.locator("img").waitFor();
      const appeal = (await d.meituan.book(ref)).order.slow.appeal;
      assert.equal(appeal.appeal_type, 1);
      await fetched(appeal.pictures[0]);
      await mark.getByRole("button", { name: t("act.appeal_ruled") }).click();
      await page
        .getByRole("dialog")
        .getByText(s.zh ? "申诉不成立" : "Rejected", { exact: true })
        .click();
      await page
        .getByRole("dialog")
        .getByRole("button", { name: t("act.appeal_ruled") })
        .click();
      await says(mark, t("appeal.rejected"), "demo");
      assert.deepEqual(await barriers(page), []);
      await look(page, `slow-ruled-${s.language}`);
    });
  },
  { stage: () => demo("--provider") },
);
