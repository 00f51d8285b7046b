// Tickets: a printer is added and tried on the page, an accepted order comes out there once, without paper it waits and says so, a copy is marked.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, becomes, phone, row as rowOf, says } from "./browser.mjs";
import { paper } from "./paper.mjs";
import { scenes } from "./scenes.mjs";
import { tea } from "./stage.mjs";
import { until } from "./until.mjs";

scenes("printers", (s) => {
  test("a printer is added and tried, an order comes out once, waits without paper, and a copy is marked", async (context) => {
    const { d, t } = s;
    const printer = await paper();
    context.after(() => printer.close());
    const first = await d.meituan.place(tea(1));
    const page = await s.open("/printers");
    await page.getByText(t("printer.none")).waitFor();
    await page.getByRole("button", { name: t("printer.add") }).click();
    const sheet = page.getByRole("dialog", { name: t("printer.add") });
    await sheet.getByRole("combobox", { name: t("printer.make") }).selectOption("escpos");
    await sheet.getByRole("combobox", { name: t("printer.store") }).selectOption(first.store.id);
    await sheet.getByLabel(t("notify.name")).fill("后厨");
    await sheet.getByLabel(t("printer.address"), { exact: true }).fill(printer.address);
    assert.deepEqual(await barriers(page), []);
    await sheet.getByRole("button", { name: t("do.save") }).click();
    await sheet.waitFor({ state: "detached" });
    const row = page.getByTestId("printer");
    await row.getByRole("button", { name: t("printer.test") }).click();
    await says(row, t("printer.testOK"));
    await until("the test page is on paper", () => printer.slips.length === 1);

    const o = await d.meituan.place(tea(2, { caution: "不要香菜" }));
    await d.act(o.id, { kind: "accept" });
    await until("the kitchen's ticket is on paper", () => printer.slips.length === 2);
    assert.match(printer.slips[1], new RegExp(`#${o.day_seq}`));
    assert.match(printer.slips[1], /不要香菜/);

    printer.empty = true;
    const next = await d.meituan.place(tea(1));
    await d.act(next.id, { kind: "accept" });
    await becomes(row, "data-state", "bad");
    await says(row, t("printer.wait_one", { count: 1 }));
    assert.deepEqual(await barriers(page), []);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/printers-${s.language}.png` });
    printer.empty = false;
    await until("what waited comes out", () => printer.slips.length === 3);
    assert.match(printer.slips[2], new RegExp(`#${next.day_seq}`));

    const list = await s.open("/orders?tab=accepted");
    for (const x of [o, next]) await rowOf(list, x).getByRole("checkbox").check();
    await list.getByRole("toolbar").getByRole("button", { name: t("printer.reprint", { ticket: t("printer.tickets.kitchen") }) }).click();
    await until("both come out once more", () => printer.slips.length === 5);
    assert.ok(printer.slips.slice(3).every((x) => /补打|copy/i.test(x)), "and are marked as copies");
    printer.slips.splice(3);

    const order = await s.open(`/orders/${o.id}?tab=all`, { screen: phone });
    const ticket = order.getByTestId("ticket").first();
    await becomes(ticket, "data-state", "done");
    await order.getByRole("button", { name: t("printer.reprint", { ticket: t("printer.tickets.kitchen") }) }).click();
    await until("a copy comes out", () => printer.slips.length === 4);
    assert.match(printer.slips[3], /补打/);
    assert.ok(await order.evaluate(() => document.documentElement.scrollWidth <= Math.min(innerWidth, screen.width)));
    if (process.env.SHOTS) await order.screenshot({ path: `${process.env.SHOTS}/tickets-${s.language}.png`, fullPage: true });
  });

  test("on a phone nothing is wider than the screen, and nothing keeps anybody out", async () => {
    const page = await s.open("/printers", { screen: phone });
    await page.getByTestId("printer").waitFor();
    await page.getByRole("button", { name: s.t("printer.add") }).click();
    await page.getByRole("dialog").waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= Math.min(innerWidth, screen.width)));
    assert.deepEqual(await barriers(page), []);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/printers-phone-${s.language}.png` });
  });
});
