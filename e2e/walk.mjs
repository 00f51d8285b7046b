// A walk through every screen of the console, with something to see on each, for what has to hold on all of them.

import { row } from "./browser.mjs";
import { push, tea } from "./stage.mjs";
import { until } from "./until.mjs";

/** Makes something for every screen: orders in several states, a refund, a parcel, a message that cannot be read. */
export async function furnish(d) {
  const [fresh, accepted, gone, parcel] = await Promise.all([
    d.meituan.place(tea(2, { caution: "少冰", has_invoiced: 1, invoice_title: "山间茶事" })),
    d.meituan.place(tea(3)),
    d.meituan.place(tea(1)),
    d.mercado.place({ site: "MLB" }),
  ]);
  await d.act(accepted.id, { kind: "accept" });
  await d.meituan.act(accepted.ref, "remind");
  await d.meituan.act(accepted.ref, "ask_refund", { items: [{ app_food_code: "T001", sku_id: "T001-L", count: 1 }] });
  await d.meituan.act(gone.ref, "buyer_cancel");
  const app = (await d.get("/apps")).apps.find((a) => a.channel === "meituan");
  await push(app.callback_urls.map((u) => u.url ?? u).find((u) => u.endsWith("/order/paid")), { status: "2", caution: "an order without its number" });
  const refund = await until("the refund is here", async () => {
    const o = await d.order(accepted.id);
    return o.flags.includes("refund") ? o : null;
  });
  await until("it is parked", async () => (await d.get("/parked")).parked.length === 1);
  return { fresh, refund, parcel };
}

/** Takes from a page what moves: a colour on its way to another is nobody's. */
async function still(page) {
  const stop = () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important; }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  };
  await page.addInitScript(stop);
  await page.evaluate(stop);
}

/** Goes to a place of the console without loading it anew. */
export const go = (page, path) => page.evaluate((to) => window.history.pushState({}, "", to), path);

/** Calls look(where) at every screen that a page of somebody signed in, and one of a stranger, can show. */
export async function everyScreen({ d, t, page, stranger, made, desk }, look) {
  await Promise.all([still(page), still(stranger)]);
  for (const [where, path, title] of [
    ["sign-in", "/sign-in", t("enter.title")],
    ["setup", "/setup?token=x", t("setup.title")],
  ]) {
    await stranger.goto(d.url + path);
    await stranger.getByRole("heading", { name: title }).waitFor();
    await look(where, stranger);
  }
  const visit = async (path, shown) => {
    await go(page, path);
    await shown.first().waitFor();
  };
  await visit("/orders?tab=all", row(page, made.fresh));
  await look("orders", page);
  if (desk) {
    await row(page, made.fresh).getByRole("checkbox").check();
    await look("a chosen order", page);
    await page.keyboard.press("Escape");
    for (const name of [t("view.title"), t("view.columns")]) {
      await page.getByRole("button", { name }).click();
      await page.getByRole("dialog", { name }).waitFor();
      await look(name, page);
      await page.keyboard.press("Escape");
    }
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: t("keys.title") }).waitFor();
    await look("the sheet of keys", page);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    await page.getByRole("listbox").getByRole("option").first().waitFor();
    await look("the command palette", page);
    await page.keyboard.press("Escape");
  }
  await visit("/orders?tab=unpaid", page.getByText(t("empty.unpaid")));
  await look("an empty list", page);
  await visit(`/orders/${made.refund.id}?tab=all`, page.getByTestId("after-sale"));
  await look("an order with a refund", page);
  await page.getByRole("tab", { name: t("order.tab.journal") }).click();
  await page.locator(".journal summary").first().click();
  await look("the journal", page);
  await visit(`/orders/${made.parcel.id}?tab=all`, page.getByTestId("order-panel").locator(".act-bar"));
  await look("a parcel", page);
  await page.getByTestId("order-panel").getByRole("button", { name: t("act.cancel") }).click();
  await page.getByTestId("final").waitFor();
  await look("a dialog", page);
  await page.keyboard.press("Escape");
  const { account_id: account, id: shop, store_id: store } = (await d.get("/shops")).shops.find((x) => x.channel === "meituan");
  for (const [where, shown] of [
    ["/connections", page.getByTestId("account")],
    ["/guide", page.getByTestId("way-meituan")],
    [`/guide/${account}`, page.getByTestId("guide-shop")],
    [`/shops/${shop}/menu`, page.getByTestId("front-item")],
    [`/shops/${shop}/profile`, page.getByTestId("front-field")],
    [`/shops/${shop}/areas`, page.getByText(t("front.noAreas"))],
    [`/opening?store=${store}`, page.getByTestId("opening-line")],
    [`/opening?store=${store}&part=closing`, page.getByTestId("closing")],
    ["/parked", page.getByTestId("parked")],
    ["/unclear", page.getByText(t("unclear.none"))],
    ["/statements", page.getByRole("heading", { name: t("nav.statements") })],
    ["/history", page.getByTestId("history").first()],
    ["/comments", page.getByText(t("cmt.noneWaits"))],
    ["/status", page.getByRole("heading", { name: t("pulse.title") })],
    ["/board", page.getByTestId("store")],
    ["/messages", page.getByTestId("concern")],
    ["/people", page.getByText(t("people.all"))],
    ["/devices", page.getByRole("heading", { name: t("nav.devices") })],
    ["/printers", page.getByText(t("printer.none"))],
    ["/intakes", page.getByTestId("control-store")],
    ["/rules", page.getByTestId("rule")],
    ["/refunds", page.getByTestId("refund")],
    ["/deliveries", page.getByRole("heading", { name: t("nav.deliveries") })],
    ["/money", page.getByRole("heading", { name: t("nav.money") })],
    ["/me", page.getByText(t("me.signOut"))],
    ["/_kit", page.getByTestId("kit-contrast")],
    ["/nowhere", page.getByText(t("state.noPage"))],
  ]) {
    await visit(where, shown);
    await look(where, page);
  }
}
