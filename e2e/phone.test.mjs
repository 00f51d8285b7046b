// One hand, 360 px wide.

import assert from "node:assert/strict";
import { test } from "node:test";
import { becomes, phone, row, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea } from "./stage.mjs";
import { until } from "./until.mjs";
import { go } from "./walk.mjs";

/** Draws a finger over the screen, one step a frame, and rests at the end: a flung finger's next tap only ends the fling. */
async function swipe(page, from, to) {
  const touch = await page.context().newCDPSession(page);
  const at = (p) => [{ x: p.x, y: p.y, id: 1 }];
  await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: at(from) });
  for (let k = 1; k <= 12; k++) {
    const part = Math.min(1, k / 8);
    const p = { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
    await touch.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(p) });
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await touch.detach();
}

/** What can be pressed on the page and is smaller than a thumb wants: name and size. */
const small = (page) =>
  page.evaluate(() => {
    const out = [];
    for (const el of document.querySelectorAll("button, a[href], select, input:not([type=hidden]), summary, [role=tab]")) {
      const r = el.getBoundingClientRect();
      if (r.width === 0 || r.height === 0 || el.closest("[inert], .sr-only, .skip") || el.matches(".sr-only, .skip")) continue;
      if (getComputedStyle(el).visibility === "hidden") continue;
      if (el.matches(".card .number, .row .number")) continue; // the whole card does the same
      // A link inside a sentence is as high as its line.
      if (el.matches("a, .link") && getComputedStyle(el).display === "inline") continue;
      const label = el.matches("input[type=checkbox], input[type=radio]") ? el.closest("label")?.getBoundingClientRect() : undefined;
      const [w, h] = [Math.max(r.width, label?.width ?? 0), Math.max(r.height, label?.height ?? 0)];
      if (h < 44 || w < 44) out.push(`${el.className || el.tagName} “${(el.ariaLabel || el.textContent || "").trim().slice(0, 30)}” ${Math.round(w)}×${Math.round(h)}`);
    }
    return out;
  });

scenes("the phone in one hand", (s) => {
  const open = (path) => s.open(path, { screen: phone });

  test("a swipe to the left uncovers what can be done, and the press does it", async () => {
    const { d, t } = s;
    const page = await open("/orders?tab=new");
    const o = await d.meituan.place(tea(2));
    const card = row(page, o);
    await card.waitFor();
    const box = await card.boundingBox();
    await swipe(page, { x: box.x + box.width - 60, y: box.y + 30 }, { x: box.x + 40, y: box.y + 34 });
    const accept = card.locator(".swipe-acts").getByRole("button", { name: t("act.accept") });
    await until("the acts are uncovered", () => accept.isVisible().then(async (v) => v && (await card.locator(".swipe-acts").getAttribute("aria-hidden")) === "false"));
    assert.equal(await d.meituan.changes(o.ref, "order/confirm"), 0, "a swipe alone does nothing");
    await accept.tap();
    await until("it is accepted", async () => (await d.order(o.id)).status === "accepted");
    assert.equal(await d.meituan.changes(o.ref, "order/confirm"), 1);
  });

  test("a swipe also asks where the rider is: his number, and a note that somebody asked", async () => {
    const { d, t } = s;
    const page = await open("/orders?tab=all");
    const o = await d.meituan.place(tea());
    await d.act(o.id, { kind: "accept" });
    await d.meituan.act(o.ref, "rider_accept", { name: "王师傅" });
    const card = row(page, o);
    await until("the rider is known", async () => (await d.order(o.id)).deliveries.some((x) => x.rider));
    const urge = card.locator(".swipe-acts").getByRole("button", { name: t("act.urge") });
    await card.waitFor();
    const box = await card.boundingBox();
    await swipe(page, { x: box.x + box.width - 60, y: box.y + 30 }, { x: box.x + 40, y: box.y + 34 });
    await urge.tap();
    const sheet = page.getByRole("dialog");
    await says(sheet, "王师傅");
    assert.match(await sheet.locator("a[href^='tel:']").getAttribute("href"), /^tel:\d+/);
    await sheet.getByRole("button", { name: t("urge.write") }).tap();
    await until("the note is on the order", async () => (await d.order(o.id)).notes.some((n) => n.text.includes("王师傅")));
  });

  test("the list keeps its place, and a pull at its top reads it again", async () => {
    const { d, t } = s;
    await Promise.all(Array.from({ length: 5 }, () => d.meituan.place(tea())));
    const page = await open("/orders?tab=all");
    await until("the list is long", async () => (await page.getByTestId("order-row").count()) >= 5);
    const read = page.waitForRequest((r) => /\/api\/v1\/orders\?/.test(r.url()));
    await swipe(page, { x: 180, y: 330 }, { x: 184, y: 560 });
    await read;
    await says(page.locator(".toasts"), t("list.refreshed", { at: "" }).trim());
    await page.evaluate(() => window.scrollTo({ top: 300 }));
    await until("it is scrolled", () => page.evaluate(() => window.scrollY === 300));
    const bar = page.getByRole("navigation", { name: t("nav.label") });
    await bar.getByRole("link", { name: new RegExp(`^${t("nav.messages")}`) }).tap();
    await page.waitForURL((u) => u.pathname === "/messages");
    await bar.getByRole("link", { name: new RegExp(`^${t("nav.orders")}`) }).tap();
    await page.waitForURL((u) => u.pathname === "/orders" && u.searchParams.get("tab") === "all");
    await until("it is where it was", () => page.evaluate(() => Math.abs(window.scrollY - 300) < 2));
    await d.calm();
  });

  test("a list that is known to be empty stays so when it cannot be read again", async () => {
    const { d, t } = s;
    const page = await open("/orders?tab=problem");
    await page.getByText(t("empty.problem")).waitFor();
    const lists = (url) => url.pathname === "/api/v1/orders";
    await page.route(lists, (r) => r.fulfill({ status: 500, json: { title: "Internal Server Error", status: 500 } }));
    await page.getByRole("button", { name: t("list.refresh") }).tap();
    await says(page.locator(".toasts"), t("list.notRefreshed"));
    await page.getByText(t("empty.problem")).waitFor();
    assert.equal(await page.getByText(t("state.failed")).count(), 0);
    await page.unroute(lists);
    await d.calm();
  });

  test("refusing asks first", async () => {
    const { d, t } = s;
    const page = await open("/orders?tab=new");
    const o = await d.meituan.place(tea());
    const card = row(page, o);
    await card.waitFor();
    const box = await card.boundingBox();
    await swipe(page, { x: box.x + box.width - 60, y: box.y + 30 }, { x: box.x + 40, y: box.y + 34 });
    await card.locator(".swipe-acts").getByRole("button", { name: t("act.refuse") }).tap();
    await says(page.getByRole("dialog").getByTestId("final"), s.zh ? "不可撤销" : t("ask.final"));
    assert.equal((await d.order(o.id)).status, "new");
    await page.getByRole("dialog").getByRole("button", { name: t("do.cancel") }).tap();
    await d.act(o.id, { kind: "accept" });
  });

  test("an order fills the screen, and back leads to the list", async () => {
    const { d, t } = s;
    const page = await open("/orders?tab=all");
    const o = await d.meituan.place(tea(3));
    await row(page, o).locator(".card-what").tap();
    const panel = page.getByTestId("order-panel");
    await panel.waitFor();
    const box = await until("it is in its place", async () => {
      const b = await panel.boundingBox();
      return b.x === 0 && b.width === 360 ? b : null;
    });
    assert.ok(box.height >= 640, `it is ${box.height} high`);
    await panel.getByRole("button", { name: t("act.accept") }).tap();
    await says(panel, t("status.accepted"));
    await page.goBack();
    await panel.waitFor({ state: "detached" });
    await row(page, o).waitFor();
  });

  test("the bar below leads everywhere, and nothing is wider than the screen", async () => {
    const { d, t } = s;
    // A parcel that is due in days, of a shop with a long name: the widest that a card has to hold.
    const parcel = await d.mercado.place({ site: "MCO" });
    const page = await open("/orders?tab=all");
    await row(page, parcel).waitFor();
    const bar = page.getByRole("navigation", { name: t("nav.label") });
    const box = await bar.boundingBox();
    assert.equal(Math.round(box.y + box.height), 780, "it is at the thumb");
    for (const [name, path] of [
      [t("nav.messages"), "/messages"],
      [t("nav.board"), "/board"],
      [t("nav.me"), "/me"],
      [t("nav.orders"), "/orders"],
    ]) {
      const link = bar.getByRole("link", { name: new RegExp(`^${name}(\\s|\\d|$)`) }); // a number may stand behind it
      await link.tap();
      await page.waitForURL((u) => u.pathname === path);
      await becomes(link, "aria-current", "page");
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360, `${path} scrolls sideways`);
    }
  });

  test("everything on every page is as big as a wet thumb", async () => {
    const { d, t } = s;
    const o = await d.meituan.place(tea(2));
    const page = await open("/orders?tab=all");
    const found = [];
    for (const [path, shown] of [
      ["/orders?tab=all", row(page, o)],
      ["/connections", page.getByTestId("account")],
      ["/parked", page.getByText(t("parked.none"))],
      ["/unclear", page.getByText(t("unclear.none"))],
      ["/messages", page.getByRole("heading", { name: t("nav.messages") })],
      ["/board", page.getByTestId("store")],
      ["/people", page.getByText(t("people.all"))],
      ["/intakes", page.getByTestId("control-store")],
      ["/rules", page.getByTestId("rule")],
      ["/refunds", page.getByRole("heading", { name: t("nav.refunds") })],
      ["/deliveries", page.getByRole("heading", { name: t("nav.deliveries") })],
      ["/money", page.getByRole("heading", { name: t("nav.money") })],
      ["/me", page.getByText(t("me.signOut"))],
      [`/orders/${o.id}`, page.getByTestId("order-panel").locator(".act-bar")],
    ]) {
      await go(page, path);
      await shown.first().waitFor();
      for (const x of await small(page)) found.push(`${path}: ${x}`);
    }
    assert.deepEqual(found, []);
    await d.act(o.id, { kind: "accept" });
  });
});
