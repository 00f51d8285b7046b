// Screens for everybody: what axe calls serious or critical exists on none of them, in no look, on desk or phone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, desk, open, phone, row } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { push, tea } from "./stage.mjs";
import { until } from "./until.mjs";

scenes("no barriers", (s) => {
  let refund;
  let parcel;
  let fresh;

  test("something is on every screen", async () => {
    const { d } = s;
    fresh = await d.meituan.place(tea(2, { caution: "少冰", has_invoiced: 1, invoice_title: "山间茶事" }));
    const accepted = await d.meituan.place(tea(3));
    await d.act(accepted.id, { kind: "accept" });
    await d.meituan.act(accepted.ref, "remind");
    await d.meituan.act(accepted.ref, "ask_refund", { items: [{ app_food_code: "T001", sku_id: "T001-L", count: 1 }] });
    refund = await until("the refund is here", async () => {
      const o = await d.order(accepted.id);
      return o.flags.includes("refund") ? o : null;
    });
    const gone = await d.meituan.place(tea(1));
    await d.meituan.act(gone.ref, "buyer_cancel");
    parcel = await d.mercado.place({ site: "MLB" });
    const app = (await d.get("/apps")).apps.find((a) => a.channel === "meituan");
    await push(app.callback_urls.map((u) => u.url ?? u).find((u) => u.endsWith("/order/paid")), { status: "2", caution: "an order without its number" });
    await until("it is parked", async () => (await d.get("/parked")).parked.length === 1);
  });

  for (const [look, screen] of [
    ["desk", desk],
    ["phone", phone],
  ]) {
    // The looks follow what the system asks for.
    for (const theme of ["light", "dark", "contrast"]) {
      test(`${look}, ${theme}`, async () => {
        const { d, t } = s;
        const found = [];
        const check = async (page, where) => {
          for (const b of await barriers(page)) found.push(`${where}: ${b}`);
        };
        const options = { screen, dark: theme === "dark", contrast: theme === "contrast" };
        const stranger = await (await s.stranger(options)).newPage();
        for (const [where, path, title] of [
          ["sign-in", "/sign-in", t("enter.title")],
          ["setup", "/setup?token=x", t("setup.title")],
        ]) {
          await stranger.goto(d.url + path);
          await stranger.getByRole("heading", { name: title }).waitFor();
          await check(stranger, where);
        }
        const person = await s.person(options);
        const page = await open(person, d, "/orders?tab=all");
        await row(page, fresh).waitFor();
        assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), theme);
        await check(page, "orders");
        if (look === "desk") {
          await row(page, fresh).getByRole("checkbox").check();
          await check(page, "a chosen order");
          await page.keyboard.press("Escape");
          for (const name of [t("view.title"), t("view.columns")]) {
            await page.getByRole("button", { name }).click();
            await page.getByRole("dialog", { name }).waitFor();
            await check(page, name);
            await page.keyboard.press("Escape");
          }
          await page.keyboard.press("?");
          await page.getByRole("dialog", { name: t("keys.title") }).waitFor();
          await check(page, "the sheet of keys");
          await page.keyboard.press("Escape");
          await page.keyboard.press("Control+k");
          await page.getByRole("listbox").getByRole("option").first().waitFor();
          await check(page, "the command palette");
          await page.keyboard.press("Escape");
        }
        const visit = async (path, shown) => {
          await page.goto(d.url + path);
          await shown.first().waitFor();
        };
        await visit("/orders?tab=unpaid", page.getByText(t("empty.unpaid")));
        await check(page, "an empty list");
        await visit(`/orders/${refund.id}?tab=all`, page.getByTestId("after-sale"));
        await check(page, "an order with a refund");
        await page.getByRole("tab", { name: t("order.tab.journal") }).click();
        await page.locator(".journal summary").first().click();
        await check(page, "the journal");
        await visit(`/orders/${parcel.id}?tab=all`, page.getByTestId("order-panel").locator(".act-bar"));
        await check(page, "a parcel");
        await page.getByTestId("order-panel").getByRole("button", { name: t("act.cancel") }).click();
        await page.getByTestId("final").waitFor();
        await check(page, "a dialog");
        for (const [where, shown] of [
          ["/connections", page.getByTestId("account")],
          ["/parked", page.getByTestId("parked")],
          ["/unclear", page.getByText(t("unclear.none"))],
          ["/board", page.getByTestId("store")],
          ["/messages", page.getByTestId("concern")],
          ["/people", page.getByText(t("people.all"))],
          ["/me", page.getByText(t("me.signOut"))],
          ["/_kit", page.getByTestId("kit-contrast")],
          ["/nowhere", page.getByText(t("state.noPage"))],
        ]) {
          await visit(where, shown);
          await check(page, where);
        }
        assert.deepEqual(found, []);
      });
    }
  }
});
