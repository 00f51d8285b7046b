// Many at once: each order has a result of its own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { count, row, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea } from "./stage.mjs";
import { until } from "./until.mjs";

scenes("many at once", (s) => {
  const answered = (panel, text) =>
    until(`the panel says ${text}`, async () => (await panel.getByTestId("batch-count").textContent({ timeout: 1000 })) === text);

  test("ten are accepted in one go; the one that fails says why and is tried again alone", async () => {
    const { d, t } = s;
    const page = await s.open("/orders?tab=new");
    const orders = [];
    for (let n = 1; n <= 10; n++) orders.push(await d.meituan.place(tea(n)));
    await count(page, "new", 10);
    await page.getByLabel(t("batch.all"), { exact: true }).check();
    await page.getByText(t("batch.chosen_other", { count: 10 }), { exact: true }).waitFor();
    // One of the ten was given up by its customer, and we were not told.
    const [unlucky, ...lucky] = orders;
    await d.meituan.fault("push_lost", 5, "order/cancelled");
    await d.meituan.act(unlucky.ref, "buyer_cancel");
    await page.getByRole("toolbar").getByRole("button", { name: t("batch.do", { what: t("act.accept") }) }).click();

    const panel = page.getByTestId("batch-panel");
    await answered(panel, "10/10");
    await says(panel, t("batch.done_other", { count: 9 }), t(s.zh ? "batch.failed_other" : "batch.failed_one", { count: 1 }));
    const failed = panel.locator('li[data-state="failed"]');
    await says(failed, `#${unlucky.day_seq}`);
    assert.ok((await failed.locator(".bad").textContent()).length > 3, "it says why");
    for (const o of lucky) assert.equal(await d.meituan.changes(o.ref, "order/confirm"), 1);

    const calls = (await d.meituan.book(lucky[0].ref)).tally["order/confirm"].calls;
    await panel.getByRole("button", { name: t(s.zh ? "batch.retry_other" : "batch.retry_one", { count: 1 }) }).click();
    await answered(panel, "10/10");
    await says(failed, `#${unlucky.day_seq}`);
    assert.equal((await d.meituan.book(lucky[0].ref)).tally["order/confirm"].calls, calls, "what is done is left alone");
    await panel.getByRole("button", { name: t("do.close") }).click();
    await panel.waitFor({ state: "detached" });
    await count(page, "new", 0);
  });

  test("an answer that got lost is looked up, and nothing is done twice", async () => {
    const { d, t } = s;
    const page = await s.open("/orders?tab=new");
    const orders = [await d.meituan.place(tea(1)), await d.meituan.place(tea(2))];
    for (const o of orders) await row(page, o).getByRole("checkbox").check();
    await d.meituan.fault("drop_after_commit", 1, "order/confirm");
    await page.getByRole("toolbar").getByRole("button", { name: t("batch.do", { what: t("act.accept") }) }).click();
    const panel = page.getByTestId("batch-panel");
    await answered(panel, "2/2");
    assert.equal(await panel.locator('li[data-state="done"]').count(), 2);
    for (const o of orders) assert.equal(await d.meituan.changes(o.ref, "order/confirm"), 1);
  });
});
