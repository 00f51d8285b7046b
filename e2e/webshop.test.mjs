// The other way of work: a web shop, hours instead of minutes, other currencies.

import assert from "node:assert/strict";
import { test } from "node:test";
import { row, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { until } from "./until.mjs";

scenes("a web shop's orders", (s) => {
  test("the detail has the money to the cent, the deadline to ship, and says who numbers the parcel", async () => {
    const { d, t } = s;
    const o = await d.mercado.place({ site: "MLB" });
    const { order } = (await d.mercado.book(o.ref)).order;
    const page = await s.open("/orders?tab=all");
    await row(page, o).click();
    const panel = page.getByTestId("order-panel");
    const reais = (n) => `R$${n.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
    const [item] = order.order_items;
    await says(panel, item.item.title, reais(item.unit_price * item.quantity), t("money.total"), t("order.trackingByPlatform"), t("logistics.me2"));
    const whole = await d.order(o.id);
    const minor = (m) => m?.minor ?? 0;
    assert.equal(minor(whole.money.goods) + minor(whole.money.delivery), minor(whole.total), "the sum adds up");
    await says(panel, reais(whole.total.minor / 100));
    assert.equal(whole.deadline.kind, "ship");
    const there = (at, how) => new Intl.DateTimeFormat("en-CA", { timeZone: "America/Sao_Paulo", ...how }).format(at);
    const day = there(whole.deadline.at);
    const at = day === there(Date.now()) ? there(whole.deadline.at, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }) : day.slice(5);
    await says(panel, t("order.shipBy", { at }));
    assert.equal(await panel.getByRole("button", { name: t("act.ship"), exact: true }).count(), 0, "there is no number to write back");
    await panel.locator("details.why summary").click();
    await says(panel.locator("details.why"), t("act.ship"));
  });

  test("a cancel by feedback says what it costs, is asked once, and is done once", async () => {
    const { d, t } = s;
    const o = await d.mercado.place({ site: "MLM" });
    const page = await s.open(`/orders/${o.id}?tab=all`);
    const panel = page.getByTestId("order-panel");
    await panel.getByRole("button", { name: t("act.cancel") }).click();
    const dialog = page.getByRole("dialog");
    await says(dialog.getByTestId("final"), s.zh ? "不可撤销" : t("ask.final"), (o.total.minor / 100).toLocaleString("en", { minimumFractionDigits: 2 }));
    await says(dialog, s.zh ? "计入卖家取消率" : "it counts in the seller's cancellations");
    await dialog.getByRole("combobox").fill(s.zh ? "无库存" : "Out of stock");
    await page.keyboard.press("Enter");
    await dialog.getByRole("button", { name: t("ask.finalDo", { what: t("act.cancel") }) }).click();
    await says(panel, t("status.cancelled"));
    assert.equal(await d.mercado.changes(o.ref, "cancel"), 1);
  });

  test("an ME1 parcel gets its number and page from us, and the platform has them", async () => {
    const { d, t } = s;
    const o = await d.mercado.place({ site: "MCO" });
    assert.equal(o.logistics, "me1");
    const page = await s.open(`/orders/${o.id}?tab=all`);
    const panel = page.getByTestId("order-panel");
    await says(panel, t("logistics.me1"));
    await panel.getByRole("button", { name: t("act.ship"), exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(s.zh ? "运单号" : "Tracking number").fill("CO123456789");
    await dialog.getByLabel(s.zh ? /查询网址/ : /Tracking page/).fill("https://carrier.example/CO123456789");
    await dialog.getByLabel(s.zh ? "承运商" : "Carrier").fill("Servientrega");
    await dialog.getByRole("button", { name: t("act.ship"), exact: true }).click();
    await until("the order is on its way", async () => (await d.order(o.id)).status === "delivering");
    await says(panel, t("status.delivering"), "CO123456789");
    const book = await d.mercado.book(o.ref);
    assert.equal(book.tally.track_shipped?.changes, 1, JSON.stringify(book.tally));
  });
});
