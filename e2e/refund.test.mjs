// Money back and orders cancelled: asked once, plainly, and done once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, count, phone, row, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea } from "./stage.mjs";
import { until } from "./until.mjs";

const look = async (page, name) => {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true });
};

scenes("refunds and cancels", (s) => {
  const accepted = async (cups, more) => {
    const o = await s.d.meituan.place(tea(cups, more));
    return s.d.act(o.id, { kind: "accept" });
  };
  const asked = async (o, reason, items = []) => {
    await s.d.meituan.act(o.ref, "ask_refund", { reason, items });
    return until("the request is here", async () => {
      const now = await s.d.order(o.id);
      return now.flags.includes("refund") ? now : null;
    });
  };
  const final = (page) => page.getByRole("dialog").getByTestId("final");
  const choose = async (page, reason) => {
    const many = page.getByRole("dialog").getByRole("combobox"); // more than eight reasons are a list to search in
    if ((await many.count()) === 0) return page.getByRole("dialog").getByText(reason, { exact: true }).click();
    await many.fill(reason);
    await page.keyboard.press("Enter");
  };
  const yuan = (m) => `¥${(m.minor / 100).toFixed(2)}`;

  test("a refund is found, read, agreed to with one plain question, and paid back once", async () => {
    const { d, t } = s;
    const page = await s.open("/orders");
    const o = await asked(await accepted(2), "商品少送");
    await count(page, "refund", 1);
    await page.getByTestId("tab-refund").click();
    await row(page, o).getByRole("link", { name: t("act.refund") }).click();
    const panel = page.getByTestId("order-panel");
    const sale = panel.getByTestId("after-sale");
    await says(sale, t("saleKind.full"), t("saleState.asked"), "商品少送", yuan(o.paid ?? o.total));
    await sale.getByRole("button", { name: t("act.refund_approve") }).click();
    await says(final(page), s.zh ? "不可撤销" : t("ask.final"), yuan(o.paid ?? o.total));
    assert.equal(await d.meituan.changes(o.ref, "order/refund/agree"), 0, "nothing is sent before the answer");
    await page.getByRole("dialog").getByRole("button", { name: t("ask.finalDo", { what: t("act.refund_approve") }) }).click();
    await says(sale, t("saleState.refunded"));
    await count(page, "refund", 0);
    const book = await d.meituan.book(o.ref);
    assert.equal(book.tally["order/refund/agree"].changes, 1);
    assert.equal(book.order.status, 9);
  });

  test("a picture of spoilt food is taken beside the case, shown again, and removed", async () => {
    const { d, t } = s;
    const o = await asked(await accepted(1), "洒了");
    const page = await s.open(`/orders/${o.id}?tab=refund`);
    const evidence = page.getByTestId("evidence");
    await says(evidence, t("evidence.kept"));
    const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    await page.getByTestId("evidence-file").setInputFiles({ name: "spilt.png", mimeType: "image/png", buffer: Buffer.from(png, "base64") });
    const image = evidence.locator("img");
    await image.waitFor();
    await until("the picture is drawn", () => image.evaluate((el) => el.complete && el.naturalWidth === 1));
    const kept = (await d.get(`/orders/${o.id}/evidence`)).pictures;
    assert.deepEqual(kept.map((p) => [p.type, p.by_name]), [["image/jpeg", "demo"]], "it is drawn anew before it is sent");
    assert.deepEqual(await barriers(page), []);
    await evidence.getByRole("button", { name: t("evidence.remove", { n: 1 }) }).click();
    await until("it is gone", async () => (await d.get(`/orders/${o.id}/evidence`)).pictures.length === 0);
    await d.meituan.act(o.ref, "withdraw_refund", { reason: "算了" });
    await until("nothing is asked any more", async () => !(await d.order(o.id)).flags.includes("refund"));
  });

  test("a refund is refused with a reason, which the platform gets", async () => {
    const { d, t } = s;
    const o = await asked(await accepted(1), "不想要了");
    const page = await s.open(`/orders/${o.id}?tab=refund`);
    const sale = page.getByTestId("after-sale");
    await sale.getByRole("button", { name: t("act.refund_refuse") }).click();
    const dialog = page.getByRole("dialog");
    await final(page).waitFor();
    const go = dialog.getByRole("button", { name: t("ask.finalDo", { what: t("act.refund_refuse") }) });
    const wanted = dialog.locator(".ant-form-item-explain-error").first();
    await until("a reason is wanted", async () => {
      await go.click(); // a press while the dialog is still growing is nobody's
      return wanted.isVisible();
    });
    assert.equal(await d.meituan.changes(o.ref, "order/refund/reject"), 0);
    await dialog.getByRole("textbox").fill("餐品已经送达，顾客已签收");
    await go.click();
    await says(sale, t("saleState.refused"));
    await count(page, "refund", 0);
    const book = await d.meituan.book(o.ref);
    assert.equal(book.tally["order/refund/reject"].changes, 1);
    assert.ok(JSON.stringify(book.order).includes("餐品已经送达"), "the platform has the reason");
  });

  test("a withdrawn request asks for nothing any more", async () => {
    const { d, t } = s;
    const o = await asked(await accepted(1), "点错了");
    const page = await s.open(`/orders/${o.id}?tab=refund`);
    await count(page, "refund", 1);
    await d.meituan.act(o.ref, "withdraw_refund");
    await says(page.getByTestId("after-sale"), t("saleState.withdrawn"));
    await count(page, "refund", 0);
    assert.equal(await page.getByTestId("after-sale").getByRole("button").count(), 0);
  });

  test("a refund that nobody answers in time is told as lost, counted with its money, and noted once", async () => {
    const { d, t } = s;
    await d.meituan.call("POST", "config", { refund_within: 2 });
    const o = await accepted(2);
    await d.meituan.act(o.ref, "ask_refund", { reason: "太慢了" });
    await d.meituan.call("POST", "config", { refund_within: 1800 });
    const lost = await until("it is lost", async () => {
      const now = await d.order(o.id);
      return now.flags.includes("lost") ? now : null;
    });
    assert.equal(await d.meituan.changes(o.ref, "order/refund/agree"), 0, "nobody agreed");
    const page = await s.open("/refunds");
    const panel = page.getByTestId("lost");
    await says(panel, t("rules.lost"), t("rules.lostToday"), t("rules.lostWeek"), yuan(lost.paid));
    assert.deepEqual(await barriers(page), []);
    await look(page, `refunds-lost-${s.language}`);
    const hand = await s.open("/refunds", { screen: phone });
    await says(hand.getByTestId("lost"), yuan(lost.paid));
    assert.ok(await hand.evaluate(() => document.documentElement.scrollWidth <= Math.min(innerWidth, screen.width)), "it fits a phone");
    await look(hand, `refunds-lost-phone-${s.language}`);
    await page.goto(`${d.url}/messages`);
    await says(page.locator('[data-testid="concern"][data-kind="lost"]'), t("msg.kind.lost"));
    await page.goto(`${d.url}/orders/${o.id}?tab=refund`);
    await says(page.getByTestId("case-lost"), t("rules.lostSaid"));
    await says(page.getByTestId("timeline"), t("timeline.case_lost"));
    await look(page, `refunds-lost-order-${s.language}`);

    await page.goto(`${d.url}/refunds`);
    const one = panel.getByTestId("lost-refund");
    await one.getByRole("button", { name: t("do.noted") }).click();
    await until("it is noted", async () => (await one.getAttribute("data-seen")) === "true");
    assert.deepEqual((await d.get("/messages?kind=lost")).messages, [], "the message has gone");
    await until("the other screen knows", async () => (await hand.getByTestId("lost-refund").getByRole("button").count()) === 0);
    const { stores } = await d.get("/refunds/lost");
    assert.deepEqual([stores[0].today.n, stores[0].week.n, stores[0].today.sum], [1, 1, [lost.paid]], "it stays counted");
    await page.goto(`${d.url}/orders/${o.id}?tab=refund`);
    await says(page.getByTestId("timeline"), t("act.refund_seen"));
  });

  test("a large chain has three hours, and the countdown of what waits follows", async () => {
    const { d, t } = s;
    const o = await asked(await accepted(1), "不想要了");
    const left = async () => (await d.order(o.id)).after_sales[0].answer_by_at - (await d.order(o.id)).after_sales[0].asked_at;
    assert.equal(await left(), 30 * 60_000);
    const page = await s.open("/connections");
    const account = page.getByTestId("channel-meituan").getByTestId("account").first();
    const change = async (option) => {
      await account.locator("header").getByRole("button").first().click();
      const dialog = page.getByRole("dialog");
      await says(dialog, t("form.refundTime"));
      await dialog.getByText(option, { exact: true }).click();
      await look(page, `refunds-chain-${s.language}`);
      await dialog.getByRole("button", { name: t("do.save") }).click();
      await dialog.waitFor({ state: "detached" });
    };
    const chain = t("form.chain", { time: t("time.hours_other", { count: 3 }) });
    await change(chain);
    await account.getByTestId("chain").waitFor();
    await until("what waits has three hours", async () => (await left()) === 3 * 3600_000);
    await page.goto(`${d.url}/refunds`);
    const due = page.getByTestId("refund").first().getByTestId("due").first();
    await until("the countdown follows", async () => /2:5\d:\d\d/.test((await due.textContent()) ?? ""));
    await look(page, `refunds-chain-due-${s.language}`);
    await page.goto(`${d.url}/connections`);
    await change(t("time.minutes_other", { count: 30 }));
    await account.getByTestId("chain").waitFor({ state: "detached" });
    await until("what waits has half an hour", async () => (await left()) === 30 * 60_000);
    await d.meituan.act(o.ref, "withdraw_refund");
    await until("nothing is asked any more", async () => !(await d.order(o.id)).flags.includes("refund"));
  });

  test("a part is given back by lines, to the cent, and not more than was bought", async () => {
    const { d, t } = s;
    const o = await accepted(3);
    const page = await s.open(`/orders/${o.id}`);
    await page.getByTestId("order-panel").getByRole("button", { name: t("act.refund_partial") }).click();
    const dialog = page.getByRole("dialog");
    const quantity = dialog.getByRole("spinbutton").first();
    await quantity.fill("7");
    await quantity.blur();
    assert.equal(await quantity.inputValue(), "3", "no more than there is");
    await quantity.fill("2");
    await quantity.blur();
    await until("the sum is shown", async () => /¥\d/.test(await dialog.getByTestId("refund-sum").textContent()));
    const sum = await dialog.getByTestId("refund-sum").textContent();
    await says(final(page), sum);
    const text = dialog.getByRole("textbox");
    if (await text.count()) await text.first().fill("少做了两杯");
    await dialog.getByRole("button", { name: t("ask.finalDo", { what: t("act.refund_partial") }) }).click();
    const refunded = await until("it is refunded", async () => {
      const now = await d.order(o.id);
      return now.money.refunded?.minor > 0 ? now : null;
    });
    assert.equal(yuan(refunded.money.refunded), sum, "the dialog promised what the platform paid");
    const book = await d.meituan.book(o.ref);
    const tries = Object.entries(book.tally).filter(([k, v]) => /[rR]efund/.test(k) && v.changes > 0);
    assert.deepEqual(tries.map(([, v]) => v.changes), [1]);
    await says(page.getByTestId("order-panel"), t("order.refundedCount_other", { count: 2 }));
  });

  test("an order is cancelled with one of the platform's reasons", async () => {
    const { d, t } = s;
    const o = await accepted(1);
    const page = await s.open(`/orders/${o.id}`);
    await page.getByTestId("order-panel").getByRole("button", { name: t("act.cancel") }).click();
    const dialog = page.getByRole("dialog");
    await says(final(page), s.zh ? "不可撤销" : t("ask.final"));
    await dialog.getByRole("button", { name: t("ask.finalDo", { what: t("act.cancel") }) }).waitFor();
    await choose(page, s.zh ? "商品已售完" : "Sold out");
    await dialog.getByRole("button", { name: t("ask.finalDo", { what: t("act.cancel") }) }).click();
    await until("the order is cancelled", async () => (await d.order(o.id)).status === "cancelled");
    await says(page.getByTestId("order-panel"), t("status.cancelled"));
    const book = await d.meituan.book(o.ref);
    assert.equal(book.order.status, 9);
    assert.equal(book.tally["order/cancel"].changes, 1);
    assert.ok(JSON.stringify(book.order).includes("2009"));
  });

  test("what the platform refuses is shown in its own words", async () => {
    const { d, t } = s;
    const o = await accepted(2);
    const page = await s.open(`/orders/${o.id}`);
    const panel = page.getByTestId("order-panel");
    await panel.getByRole("button", { name: t("act.cancel") }).click();
    const dialog = page.getByRole("dialog");
    await final(page).waitFor();
    await choose(page, s.zh ? "商品已售完" : "Sold out");
    // Meanwhile the order is finished at the platform, and we are not told.
    await d.meituan.fault("push_lost", 5);
    await d.meituan.act(o.ref, "complete");
    await dialog.getByRole("button", { name: t("ask.finalDo", { what: t("act.cancel") }) }).click();
    await says(panel.getByTestId("act-state"), "该订单已完成，无法取消");
    assert.equal(await d.meituan.changes(o.ref, "order/cancel"), 0);
    await says(panel, t("status.done"));
  });
});
