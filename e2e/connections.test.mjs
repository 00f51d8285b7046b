// How each connection is doing, and the messages that could not be read.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, count, phone, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { push, tea } from "./stage.mjs";
import { until } from "./until.mjs";

scenes("connections and unread messages", (s) => {
  const paid = async () => {
    const app = (await s.d.get("/apps")).apps.find((a) => a.channel === "meituan");
    return app.callback_urls.map((u) => u.url ?? u).find((u) => u.endsWith("/order/paid"));
  };

  test("each account says when it was last pushed to and pulled, and what is waiting", async () => {
    const { d, t } = s;
    await d.meituan.place(tea());
    const page = await s.open("/connections");
    const accounts = (await d.get("/accounts")).accounts;
    assert.equal(accounts.length, 4);
    await until("all four are on the page", async () => (await page.getByTestId("account").count()) === 4);
    for (const a of accounts) {
      const card = page.locator(`[data-testid="account"][data-id="${a.id}"]`);
      await says(card, a.name, t("conn.lastPush"), t("conn.lastPull"), t("conn.backlog"), t("accountState.ok"));
    }
    const meituan = page.getByTestId("channel-meituan");
    await until("the push is there", async () => !(await meituan.locator(".account-facts dd").first().textContent()).includes(t("conn.never")));
    await says(meituan, await paid());
    await meituan.locator("details.powers summary").click();
    await says(meituan, t("power.refund_partial"), t("nature.guarded"));
  });

  test("a forged push is refused, leaves nothing, and the connection says so", async () => {
    const { d, t } = s;
    const known = (await d.get("/orders?limit=200")).orders.map((o) => o.id); // of the test before: something of it may still be under way
    const before = (await d.get("/counts")).seq;
    const answer = await fetch(await paid(), {
      method: "POST",
      body: new URLSearchParams({ app_id: "4321", timestamp: "1", order_id: "4711", status: "2", sig: "0".repeat(32) }),
    });
    assert.equal(answer.status, 401);
    assert.equal((await d.get("/parked")).parked.length, 0);
    const { changes } = await d.get(`/changes?after=${before}&limit=500`);
    assert.deepEqual(changes.filter((c) => !known.includes(c.id)), [], "nothing was learnt from it");
    const page = await s.open("/connections");
    await says(page.getByTestId("channel-meituan").getByTestId("refused"), t(s.zh ? "conn.refused_other" : "conn.refused_one", { count: 1 }));
  });

  test("a signed push that cannot be read is kept, says why, is read again on a press, and dropped on two", async () => {
    const { d, t } = s;
    const page = await s.open("/parked");
    await page.getByText(t("parked.none")).waitFor();
    const answer = await push(await paid(), { status: "2", caution: "an order without its number" });
    assert.equal(answer.status, 200, "what is kept is acknowledged");
    const item = page.getByTestId("parked");
    await says(item, "order.paid", await d.channelName("meituan", s.language));
    await says(item.locator(".parked-reason"), t("why.message_names_no_order"));
    await says(page.getByRole("navigation", { name: t("nav.label") }), `${t("nav.parked")}1`);

    await item.getByRole("button", { name: t("parked.show") }).click();
    await says(item, "status=2", t("parked.masked"));
    await item.getByRole("button", { name: t("parked.retry") }).click();
    await says(item.getByRole("alert"), t("why.still_unread"));
    await says(item, t(s.zh ? "parked.attempts_other" : "parked.attempts_one", { count: 1 }));

    await item.getByRole("button", { name: t("parked.drop") }).click();
    await page.getByRole("dialog").getByRole("button", { name: t("parked.sayDrop") }).click();
    await page.getByText(t("parked.none")).waitFor();
    await page.getByLabel(t("parked.state")).selectOption("dropped");
    await says(item, "order.paid", t("parked.states.dropped"));
    assert.equal((await d.get("/parked?state=dropped")).parked.length, 1);
  });

  test("a store's pace and the merchant's name are changed; what is in use is not deleted", async () => {
    const { d, t } = s;
    const page = await s.open("/connections");
    const store = (await d.get("/stores")).stores.find((x) => x.name.includes("TEA") || x.zone === "Asia/Shanghai");
    await page.getByRole("button", { name: t("conn.change", { what: store.name }) }).last().click();
    const dialog = page.getByRole("dialog");
    await says(dialog, t("form.storeChange"), t("form.prepareHelp"));
    assert.deepEqual(await barriers(page), []);
    await dialog.getByLabel(t("form.prepare")).fill("20");
    await dialog.getByRole("button", { name: t("do.save") }).click();
    await until("the pace is kept", async () => (await d.get("/stores")).stores.find((x) => x.id === store.id).prepare_minutes === 20);
    await page.getByText(t("conn.pace", { prepare: 20, travel: 30 })).waitFor();

    await page.getByRole("button", { name: t("conn.change", { what: store.name }) }).last().click();
    await dialog.getByRole("button", { name: t("form.delete") }).click();
    await says(dialog, t("form.deleteHelp"));
    await dialog.getByRole("button", { name: t("form.deleteNow") }).click();
    await dialog.getByRole("alert").waitFor();
    assert.ok((await d.get("/stores")).stores.some((x) => x.id === store.id), "a store with shops stays");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });

    const { name } = await d.get("/me/merchant");
    await page.getByRole("button", { name: t("conn.merchant", { name }) }).click();
    await dialog.getByLabel(t("form.merchantName")).fill("山间茶事");
    await dialog.getByRole("button", { name: t("do.save") }).click();
    await page.getByRole("button", { name: t("conn.merchant", { name: "山间茶事" }) }).waitFor();
  });

  test("an API key is made, shown once, used, and revoked", async () => {
    const { d, t } = s;
    const page = await s.open("/keys", { screen: phone });
    await page.getByRole("button", { name: t("apiKeys.make") }).click();
    const sheet = page.getByRole("dialog");
    await sheet.getByLabel(t("apiKeys.name")).fill("收银机");
    assert.deepEqual(await barriers(page), []);
    await sheet.getByRole("button", { name: t("apiKeys.make") }).click();
    await page.getByTestId("secret").waitFor(); // else Escape is pressed before its dialog stands
    const secret = await page.getByTestId("secret").inputValue();
    assert.match(secret, /^tdk_/);
    const ask = async () => (await fetch(`${d.url}/api/v1/orders`, { headers: { Authorization: `Bearer ${secret}` } })).status;
    assert.equal(await ask(), 200);
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "detached" });
    const line = page.getByTestId("api-key").filter({ hasText: "收银机" });
    await says(line, t("role.store_manager"));
    assert.ok(!(await page.content()).includes(secret), "a closed secret is gone");
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= phone.viewport.width, "nothing scrolls sideways");
    await line.getByRole("button", { name: t("apiKeys.revoke") }).click();
    await sheet.getByRole("button", { name: t("apiKeys.revoke") }).click();
    await line.waitFor({ state: "detached" });
    assert.equal(await ask(), 401);
  });
});
