// How each connection is doing, and the messages that could not be read.

import assert from "node:assert/strict";
import { test } from "node:test";
import { count, says } from "./browser.mjs";
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
    assert.equal(await page.getByTestId("account").count(), 4);
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
    const before = (await d.get("/counts")).seq;
    const answer = await fetch(await paid(), {
      method: "POST",
      body: new URLSearchParams({ app_id: "4321", timestamp: "1", order_id: "4711", status: "2", sig: "0".repeat(32) }),
    });
    assert.equal(answer.status, 401);
    assert.equal((await d.get("/parked")).parked.length, 0);
    assert.equal((await d.get("/counts")).seq, before, "nothing was learnt from it");
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
});
