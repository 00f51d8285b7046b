// The status page: all is well, a platform breaks down and recovers, and who may see it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, desk, open, phone, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea } from "./stage.mjs";
import { until } from "./until.mjs";

scenes("the status page", (s) => {
  const line = (page, account) => page.locator(`[data-testid="account-health"][data-id="${account.id}"]`);
  const meituan = async () => (await s.d.get("/accounts")).accounts.find((a) => a.channel === "meituan");
  const state = async (page, account) => line(page, account).getAttribute("data-state");

  test("all is well: every account in one word, who works it, and the calls of the last hour", async () => {
    const { d, t } = s;
    const o = await d.meituan.place(tea());
    await d.act(o.id, { kind: "accept" });
    const page = await s.open("/status");
    const accounts = (await d.get("/accounts")).accounts;
    await until("every account works", async () => {
      const all = await page.getByTestId("account-health").evaluateAll((list) => list.map((l) => l.dataset.state));
      return all.length === accounts.length && all.every((x) => x === "good");
    });
    await says(page.getByTestId("headline"), t("pulse.head.good"));
    for (const a of accounts) await says(line(page, a), a.name, t("pulse.state.good"), t("pulse.means.ok"));
    await until("the accept is counted", async () => (await page.locator('[data-testid="call-health"][data-kind="accept"]').count()) > 0);
    await says(page.locator('[data-testid="call-health"][data-kind="accept"]').first(), t("act.accept"), "0%");
    await says(page.getByTestId("node").first(), t("pulse.me"));
    await says(page.locator("main"), t("pulse.noChecks"), t("pulse.upToDate"), t("pulse.waiting"));
  });

  // Once, in Chinese: it waits for real minutes of failures and of recovery.
  const once = s.zh ? test : () => {};
  once("a platform breaks down, is told so with what to do, and recovers, without a reload", async () => {
    const { d, t } = s;
    const account = await meituan();
    const fresh = await d.meituan.place(tea(2));
    const page = await s.open("/status");
    await until("Meituan works", async () => (await state(page, account)) === "good");
    const place = await line(page, account).boundingBox();
    await d.meituan.call("PUT", "faults", { err_5xx: 1 });
    try {
      const pressed = await d.ask("POST", `/orders/${fresh.id}/actions`, { kind: "accept" });
      assert.equal(pressed.status, 202, pressed.text);
      await until("Meituan is down", async () => (await state(page, account)) === "down", { deadline: 120_000 });
      await says(line(page, account), t("pulse.state.down"), t("pulse.means.unreachable"), t("pulse.todo.unreachable"));
      await says(page.getByTestId("headline"), t(s.zh ? "pulse.head.down_other" : "pulse.head.down_one", { count: 1 }));
      assert.equal(await page.getByTestId("headline").getAttribute("data-tone"), "bad");
      const now = await line(page, account).boundingBox();
      assert.ok(Math.abs(now.y - place.y) < 2, "the lines stay where they are");
      // One incident for all its stores, on the board, in the messages and on the account's stores; not one for each.
      const stores = (await d.get("/shops")).shops.filter((x) => x.account_id === account.id).length;
      const board = await s.open("/board", { screen: phone });
      await board.getByTestId("incident").first().waitFor();
      assert.equal(await board.getByTestId("incident").count(), 1);
      await says(board.getByTestId("incident"), t("board.incident", { channel: "美团外卖", count: stores, of: stores }), t("pulse.means.unreachable"), t("msg.minutes_other", { count: "" }).trim());
      const told = (await d.get("/messages?kind=platform")).messages;
      assert.deepEqual(told.map((m) => [m.key, m.stores.length]), [["platform/meituan/unreachable", stores]]);
      await board.goto(`${d.url}/messages`);
      const message = board.locator('[data-testid="concern"][data-kind="platform"]');
      await says(message, t("pulse.means.unreachable"), t("msg.stores_other", { count: stores }));
      assert.equal(await message.count(), 1);
      if (process.env.TONGDAN_LOOK) await board.screenshot({ path: "shots/incident.png" });
      assert.ok((await line(page, account).locator("rect.all, rect.some").count()) > 0, "the hour shows the failures");
      const others = await page.getByTestId("account-health").evaluateAll((list) => list.filter((l) => l.dataset.state === "good").length);
      assert.equal(others, (await d.get("/accounts")).accounts.length - 1, "the other platform works");
    } finally {
      await d.meituan.call("PUT", "faults", { err_5xx: 0 });
    }
    await until("Meituan works again", async () => (await state(page, account)) === "good", { deadline: 180_000 });
    await says(page.getByTestId("headline"), t("pulse.head.good"));
    await until("the accept got through", async () => (await d.meituan.changes(fresh.ref, "order/confirm")) === 1);
  });

  test("no barriers, by keyboard, and nothing wider than a phone of 360 pixels", async () => {
    const { d, t } = s;
    for (const [look, screen] of [
      ["desk", desk],
      ["phone", phone],
    ]) {
      for (const dark of [false, true]) {
        const page = await open(await s.person({ screen, dark }), d, "/status");
        await page.getByTestId("headline").waitFor();
        assert.deepEqual(await barriers(page), [], `${look} ${dark ? "dark" : "light"}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `${look}: ${wide} px too wide`);
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/status-${look}-${dark ? "dark" : "light"}-${s.language}.png`, fullPage: true });
      }
    }
    const page = await s.open("/orders");
    await page.getByRole("navigation", { name: t("nav.label") }).getByRole("link", { name: t("nav.status") }).focus();
    await page.keyboard.press("Enter");
    await page.getByTestId("headline").waitFor();
  });

  test("whoever sees some stores only is told so; a service that is away leaves the last picture with its time", async () => {
    const { d, t } = s;
    const page = await s.open("/status");
    await page.getByTestId("headline").waitFor();
    await page.route("**/api/v1/status/health", (r) => r.abort());
    await until("the picture is old", async () => (await page.getByTestId("as-of").textContent()).startsWith(t("pulse.stale", { at: "" }).slice(0, 4)));
    await page.unroute("**/api/v1/status/health");
    await until("it is new again", async () => (await page.getByTestId("as-of").textContent()).startsWith(t("pulse.asOf", { at: "" }).trim()));

    const store = (await d.get("/stores")).stores[0];
    const made = await d.ask("POST", "/keys", { name: "one store", role: "clerk", stores: [store.id] }, { "Idempotency-Key": `status-${s.language}` });
    assert.equal(made.status, 201, made.text);
    const refused = await d.ask("GET", "/status/health", undefined, { Authorization: `Bearer ${made.json.secret}` });
    assert.equal(refused.status, 403, refused.text);
    await page.route("**/api/v1/status/health", (r) => r.fulfill({ status: 403, contentType: "application/problem+json", body: refused.text }));
    await page.goto(`${d.url}/status`);
    await page.getByText(t("state.forbidden")).waitFor();
  });
});
