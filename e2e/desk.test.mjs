// The order centre on a desk: two ways of work, a key for everything, and what a person set up for herself.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, becomes, count, open, row, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea } from "./stage.mjs";
import { until } from "./until.mjs";

scenes("the desk", (s) => {
  const focused = (page, o) => until("the row has the focus", () => row(page, o).evaluate((el) => el === document.activeElement));
  const tabs = (page) => page.locator(".tabs .tab").evaluateAll((all) => all.map((a) => a.dataset.testid.replace("tab-", "")));

  test("food and parcels are two ways of work with their own tabs, words and counts", async () => {
    const { d, t } = s;
    const food = await d.meituan.place(tea());
    const parcel = await d.mercado.place({ site: "MLB" });
    const page = await s.open("/orders");
    await row(page, food).waitFor();
    await count(page, "new", 1);
    assert.equal(await row(page, parcel).count(), 0, "what is to be shipped is not new");

    await page.getByTestId("way-ecommerce").click();
    await row(page, parcel).waitFor();
    assert.equal(new URL(page.url()).searchParams.get("kind"), "ecommerce");
    assert.equal(await row(page, food).count(), 0);
    await count(page, "toship", 1);
    await says(page.getByTestId("tab-toship"), t("tab.toship"));
    await says(page.getByTestId("tab-delivering"), t("tabEcommerce.delivering"));
    const shown = await tabs(page);
    for (const foreign of ["new", "accepted", "ready", "preorder", "reminder"]) assert.ok(!shown.includes(foreign), `${foreign} is shown to a shop that only ships`);

    await page.getByTestId("way-takeaway").click();
    await row(page, food).waitFor();
    await says(page.getByTestId("tab-accepted"), t("tabTakeaway.accepted"));
    assert.ok(!(await tabs(page)).includes("unpaid"), "food is paid when it comes");
    await count(page, "all", 1);
    await page.reload();
    await row(page, food).waitFor();
    await becomes(page.getByTestId("way-takeaway"), "aria-pressed", "true");
    await d.act(food.id, { kind: "accept" });
  });

  test("a row says what was chosen and asked for, and what was just done", async () => {
    const { d, t } = s;
    const o = await d.meituan.place(tea(2, { caution: "花生过敏" }));
    const page = await s.open("/orders?tab=all");
    const line = row(page, o);
    await says(line, `#${o.day_seq}`, "×2", "半糖", "少冰", "花生过敏");
    assert.equal(await line.locator("strong.remark").textContent(), "花生过敏");
    await line.getByRole("button", { name: t("act.accept") }).click();
    await becomes(line, "data-status", "accepted");
    await becomes(line.getByTestId("act-state"), "data-state", "done");
    await says(line.getByTestId("act-state"), s.zh ? "接单 · 已完成" : t("standing.done", { what: t("act.accept") }));
  });

  test("everything is done by keys: tabs, rows, acts, many at once, the sheet of keys", async () => {
    const { d, t } = s;
    const orders = [await d.meituan.place(tea(1)), await d.meituan.place(tea(2)), await d.meituan.place(tea(3))];
    const page = await s.open("/orders?tab=all&sort=newest");
    await row(page, orders[2]).waitFor();
    const order = await page.getByTestId("order-row").evaluateAll((all) => all.map((r) => r.dataset.id));
    const at = (n) => orders.find((o) => o.id === order[n]);

    await page.keyboard.press("?");
    const sheet = page.getByRole("dialog", { name: t("keys.title") });
    await sheet.waitFor();
    assert.ok((await sheet.locator("kbd").count()) >= 20);
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "detached" });

    await page.keyboard.press("j");
    await focused(page, at(0));
    await page.keyboard.press("j");
    await focused(page, at(1));
    await page.keyboard.press("k");
    await focused(page, at(0));
    // Chosen by keys, accepted together.
    await page.keyboard.press("x");
    await page.keyboard.press("j");
    await focused(page, at(1));
    await page.keyboard.press("Shift+X");
    await page.getByText(t("batch.chosen_other", { count: 2 }), { exact: true }).waitFor();
    await page.keyboard.press("b");
    const panel = page.getByTestId("batch-panel");
    await until("both are done", async () => (await panel.locator('li[data-state="done"]').count()) === 2);
    await panel.getByRole("button", { name: t("do.close") }).click();

    // The third is accepted and made ready beside its details, which the same keys reach.
    await page.keyboard.press("j");
    await focused(page, at(2));
    await page.keyboard.press("o");
    const details = page.getByTestId("order-panel");
    await says(details, `#${at(2).day_seq}`);
    await page.keyboard.press("a");
    await until("it is accepted", async () => (await d.order(at(2).id)).status === "accepted");
    await until("it can be made ready", async () => (await d.order(at(2).id)).actions.includes("ready"));
    // The details have gone on to the next one, and go back, one at a press.
    await until("the next one is open", () => new URL(page.url()).pathname.endsWith(order[3]));
    for (const n of [2, 1, 0]) {
      await page.keyboard.press("k");
      await says(details, `#${at(n).day_seq}`);
    }
    await page.keyboard.press("Escape");
    await details.waitFor({ state: "detached" });

    // Tabs by their place and one beside the other.
    await page.keyboard.press("1");
    await becomes(page.getByTestId("tab-new"), "aria-current", "page");
    await page.keyboard.press("]");
    await becomes(page.getByTestId("tab-accepted"), "aria-current", "page");
    await row(page, at(0)).waitFor();
    await page.keyboard.press("j");
    await until("a row has the focus", () => page.evaluate(() => document.activeElement?.dataset.testid === "order-row"));
    await page.keyboard.press("e");
    await until("it is ready after the seconds in which it can be taken back", async () => (await page.getByTestId("count-ready").textContent()) === "1");
  });

  test("the command palette goes anywhere and finds any order", async () => {
    const { d, t } = s;
    const o = await d.meituan.place(tea(1, { recipient_phone: "18500000000_4711" }));
    const page = await s.open("/orders?tab=all");
    await row(page, o).waitFor();
    const box = page.getByRole("combobox", { name: t("palette.hint") });
    await page.keyboard.press("Control+k");
    await box.waitFor();
    await box.fill("4711");
    await page.getByRole("listbox").getByRole("option").filter({ hasText: `#${o.day_seq}` }).waitFor();
    await page.keyboard.press("Enter");
    await says(page.getByTestId("order-panel"), `#${o.day_seq}`);
    // What can be done with the open order is there as well, first.
    await page.keyboard.press("Control+k");
    await box.waitFor();
    await says(page.getByRole("listbox").getByRole("option").first(), t("act.accept"));
    await page.keyboard.press("Enter");
    await until("it is accepted", async () => (await d.order(o.id)).status === "accepted");
    await page.keyboard.press("Control+k");
    await box.fill(t("nav.connections"));
    await page.keyboard.press("Enter");
    await page.waitForURL((u) => u.pathname === "/connections");
  });

  test("columns and views are as a person left them", async () => {
    const { d, t } = s;
    const o = await d.meituan.place(tea(2, { recipient_name: "欧阳(女士)" }));
    const mine = await s.person();
    const page = await mine.newPage();
    await page.goto(`${d.url}/orders?tab=all&channel=meituan`);
    await says(row(page, o), "欧阳");
    await page.getByRole("button", { name: t("view.columns") }).click();
    await page.getByRole("dialog").getByLabel(t("col.customer")).uncheck();
    await page.getByRole("dialog").getByLabel(t("col.ref")).check();
    await page.keyboard.press("Escape");
    await says(row(page, o), o.ref);
    assert.ok(!(await row(page, o).textContent()).includes("欧阳"));
    await page.getByRole("button", { name: t("view.title") }).click();
    await page.getByRole("dialog").getByLabel(t("view.name")).fill("午高峰");
    await page.keyboard.press("Enter");

    await page.goto(`${d.url}/orders?tab=done`);
    await page.getByText(t("empty.done")).waitFor();
    await page.getByRole("button", { name: t("view.title") }).click();
    await page.getByRole("link", { name: "午高峰" }).click();
    await says(row(page, o), o.ref);
    assert.equal(new URL(page.url()).searchParams.get("channel"), "meituan");
    // The same person at another device finds them there, and what she gives to all is a colleague's too.
    const other = await s.open("/orders?tab=all");
    await says(row(other, o), o.ref);
    assert.ok(!(await row(other, o).textContent()).includes("欧阳"));
    await other.getByRole("button", { name: t("view.title") }).click();
    await other.getByRole("link", { name: "午高峰" }).waitFor();
    await other.getByRole("dialog").getByLabel(t("view.name")).fill("全店");
    await other.getByRole("dialog").getByLabel(t("view.forAll")).check();
    await other.keyboard.press("Enter");
    await other.getByText(t("view.savedShared", { name: "全店" })).waitFor();
    const colleague = await s.stranger();
    const invited = await d.ask("POST", "/people", { name: `colleague ${s.language}`, role: "clerk", all_stores: true, personal: true });
    assert.equal(invited.status, 201, invited.text);
    assert.equal((await colleague.request.post(`${d.url}/api/v1/join`, { data: { token: invited.json.link.token, password: d.password } })).status(), 200);
    const hers = await open(colleague, d, "/orders?tab=all");
    await says(row(hers, o), "欧阳");
    await hers.getByRole("button", { name: t("view.title") }).click();
    await hers.getByRole("link", { name: "全店" }).waitFor();
    assert.equal(await hers.getByRole("link", { name: "午高峰" }).count(), 0, "what somebody keeps for herself is nobody else's");
    assert.equal(await hers.getByLabel(t("view.forAll")).count(), 0, "a clerk shares nothing");
    await d.act(o.id, { kind: "accept" });
  });

  test("details: the customer is covered until asked, the money adds up, stock and rider are told, the line says who", async () => {
    const { d, t } = s;
    const o = await d.meituan.place(
      tea(2, { recipient_phone: "18512345678", recipient_address: "文三路 259 号 3 幢 201", caution: "不要吸管", extras: [{ reduce_fee: 5, mt_charge: 2, poi_charge: 3, remark: "满25减5", type: 2 }] }),
    );
    const sku = (await d.ask("POST", "/skus", { code: "T001-L", name: "tea" })).json;
    await d.ask("POST", "/stock/movements", { store_id: o.store.id, sku_id: sku.id, reason: "receipt", pieces: 12 });
    await d.act(o.id, { kind: "accept" });
    assert.equal((await d.ask("POST", `/orders/${o.id}/actions`, { kind: "note", text: "老顾客" })).status < 300, true);
    await d.meituan.act(o.ref, "rider_accept", { name: "王师傅" });
    await d.meituan.act(o.ref, "rider_arrive");
    const page = await s.open(`/orders/${o.id}?tab=all`);
    const panel = page.getByTestId("order-panel");
    await says(panel, "不要吸管", "老顾客", t(s.zh ? "order.stock_other" : "order.stock_other", { count: 12 }));
    // The whole words: three digits alone may stand in any number on the page.
    for (const covered of ["18512345678", "259 号"]) assert.ok(!(await panel.textContent()).includes(covered), `${covered} is shown before anybody asked`);
    await panel.getByTestId("uncover").click();
    await says(panel, "18512345678", "259 号");

    const cents = async (table) => {
      const rows = await table.locator("tr").evaluateAll((all) => all.map((r) => ({ kind: r.className, text: r.querySelector("td").textContent })));
      return rows.map((r) => ({ kind: r.kind, minor: Number(r.text.replace("−", "-").replace(/[^\d.-]/g, "").replace(".", "")) }));
    };
    for (const [table, last] of [
      [panel.locator("table.money").first(), "total"],
      [panel.getByTestId("store-money"), "income"],
    ]) {
      const all = await cents(table);
      const end = all.findIndex((r) => r.kind === last);
      assert.equal(all.slice(0, end).reduce((n, r) => n + r.minor, 0), all[end].minor, `the rows above “${last}” add up to it`);
    }
    await becomes(panel.getByTestId("delivery"), "data-state", "at_store");
    await says(panel.getByTestId("delivery").locator("[aria-current=step]"), t("deliveryState.at_store"));
    await says(panel.getByTestId("timeline"), t("happened.act"), t("happened.call"), "demo");
  });

  test("ready can be taken back for ten seconds, a reminder is answered in one press, a changed delivery becomes a text", async () => {
    const { d, t } = s;
    const o = await d.meituan.place(tea());
    await d.act(o.id, { kind: "accept" });
    const page = await s.open("/orders?tab=accepted");
    const line = row(page, o);
    await line.getByRole("button", { name: t("act.ready") }).click();
    await becomes(line.getByTestId("act-state"), "data-state", "held");
    await line.getByTestId("take-back").click();
    await until("it is taken back", async () => {
      const now = await d.order(o.id);
      return now.status === "accepted" && now.pending.length === 0 && now.actions.includes("ready");
    });
    assert.equal(await d.meituan.changes(o.ref, "order/preparationMealComplete"), 0, "the platform heard nothing");

    await d.meituan.act(o.ref, "remind");
    await until("the reminder is here", async () => (await d.order(o.id)).flags.includes("reminder"));
    await page.goto(`${d.url}/orders/${o.id}?tab=reminder`);
    const panel = page.getByTestId("order-panel");
    const answer = (await d.order(o.id)).action_list.find((a) => a.kind === "remind_reply").fields[0].choices[0];
    await panel.getByRole("button", { name: s.zh ? answer.label_zh : answer.label_en }).click();
    await until("it is answered", async () => !(await d.order(o.id)).flags.includes("reminder"));
    assert.equal(await d.meituan.changes(o.ref, "order/remindReply"), 1);
    await until("the screen says so", async () => (await panel.getByRole("button", { name: s.zh ? answer.label_zh : answer.label_en }).count()) === 0);

    await panel.getByRole("button", { name: t("change.title") }).click();
    const sheet = page.getByRole("dialog", { name: t("change.title") });
    await says(sheet, t("change.unsupported", { channel: await d.channelName("meituan", s.language) }));
    await sheet.getByLabel(t("change.addition")).fill("3 号楼后门");
    assert.match(await sheet.getByTestId("rider-text").inputValue(), /#\d+.*3 号楼后门/);
    assert.deepEqual(await barriers(page), []);
  });
});
