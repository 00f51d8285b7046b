// Finding one order among many, and what the screen says without a network.

import assert from "node:assert/strict";
import { test } from "node:test";
import { becomes, count, enter, open, row, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea, wire } from "./stage.mjs";
import { until } from "./until.mjs";

scenes("finding and trusting the list", (s) => {
  test("an order is found by a dish, the end of a phone number, its daily number and its number", async () => {
    const { d, t } = s;
    const rice = await d.meituan.place(tea(1, { app_poi_code: "TEA002", recipient_phone: "18500000000_7391", recipient_name: "欧阳(女士)" }));
    const others = await Promise.all([1, 2, 3].map((n) => d.meituan.place(tea(n, { recipient_phone: "18500000000_0000" }))));
    const parcel = await d.mercado.place({ site: "MLM" });
    const page = await s.open("/orders?tab=all");
    await row(page, parcel).waitFor();
    const box = page.getByLabel(t("filter.search"));
    const found = (what, ...orders) =>
      until(`“${what}” finds ${orders.length}`, async () => {
        const ids = await page.getByTestId("order-row").evaluateAll((rows) => rows.map((r) => r.dataset.id));
        assert.deepEqual(ids.toSorted(), orders.map((o) => o.id).toSorted());
        return true;
      });
    await page.keyboard.press("/");
    await until("the cursor is in the box", () => box.evaluate((el) => el === document.activeElement));
    await page.keyboard.type("奶茶");
    await found("奶茶", rice, ...others);
    for (const [what, ...orders] of [
      ["7391", rice],
      [`#${others[1].day_seq}`, ...[rice, ...others].filter((o) => o.day_seq === others[1].day_seq)],
      [others[2].ref, others[2]],
      [String(parcel.ref).slice(-6), parcel],
      ["欧阳", rice],
      [(await d.order(parcel.id)).customer.user_ref, parcel],
    ]) {
      await box.fill(what);
      await found(what, ...orders);
    }
    await box.fill("没有这样的订单");
    await page.getByText(t("list.noMatchFor", { q: "没有这样的订单" })).waitFor();
    await page.getByRole("button", { name: t("filter.clear") }).last().click();
    await found("", rice, ...others, parcel);
    await page.getByLabel(t("filter.channel")).selectOption("mercadolibre");
    await found("the channel", parcel);
    await page.reload();
    await found("the channel, after a reload", parcel);
  });

  test("without network the screen says since when it is old; afterwards nothing is missing", async (onEnd) => {
    const { d, t } = s;
    const line = await wire(d.url);
    onEnd.after(line.close);
    const there = { ...d, url: line.url };
    const person = await s.stranger();
    await enter(person, there);
    const page = await open(person, there, "/orders?tab=all");
    const before = await d.meituan.place(tea());
    await row(page, before).waitFor();
    line.cut();
    await person.setOffline(true);
    await becomes(page.getByTestId("network"), "data-state", "lost");
    const stale = page.getByTestId("stale");
    await says(stale, s.zh ? "离线，截至" : t("stale.since", { at: "" }));
    assert.match(await stale.textContent(), /\d\d:\d\d/);
    const missed = [];
    for (let n = 1; n <= 3; n++) missed.push(await d.meituan.place(tea(n)));
    await d.act(before.id, { kind: "accept" });
    assert.equal(await row(page, before).getAttribute("data-status"), "new", "nothing is shown that was not heard");

    // A press now waits, and says so.
    await row(page, before).getByRole("button", { name: t("act.accept") }).click();
    await becomes(row(page, before).getByTestId("act-state"), "data-state", "unsent");
    await page.mouse.move(0, 0); // no row is held any more

    line.mend();
    await person.setOffline(false);
    await becomes(page.getByTestId("network"), "data-state", "live");
    await stale.waitFor({ state: "detached" });
    for (const o of missed) await row(page, o).waitFor();
    await becomes(row(page, before), "data-status", "accepted");
    await count(page, "new", (await d.get("/counts")).statuses.new);
    assert.equal(await d.meituan.changes(before.ref, "order/confirm"), 1, "the press that waited did nothing twice");
  });
});
