// A stand-in printer: it is chosen on the page; what waits at a printer without paper, or without power, comes out there, once and in
// order, and the page, the messages, the group and the voice say so; then everything comes out where it did.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { barriers, becomes, phone, says } from "./browser.mjs";
import { paper } from "./paper.mjs";
import { scenes } from "./scenes.mjs";
import { tea } from "./stage.mjs";
import { until } from "./until.mjs";

scenes("standin", (s) => {
  const [own, other] = ["后厨", "前台"];
  let kitchen;
  let counter;
  after(() => Promise.all([kitchen?.close(), counter?.close()]));
  let of; // the printers' ids, by name
  const row = (page, name) => page.getByTestId("printer").filter({ has: page.locator("b", { hasText: new RegExp(`^${name}$`) }) });
  const accepted = async (n) => {
    const list = [];
    for (let i = 0; i < n; i++) {
      const o = await s.d.meituan.place(tea(i + 1));
      await s.d.act(o.id, { kind: "accept" });
      list.push(o);
    }
    return list;
  };
  const shot = (page, name) => process.env.SHOTS && page.screenshot({ path: `${process.env.SHOTS}/${name}-${s.language}.png`, fullPage: true });
  const fits = async (page) => assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= Math.min(innerWidth, screen.width)), "nothing scrolls sideways");
  /** These came out, once each and in this order, with the name of the printer that they were made for. */
  const instead = (slips, orders) => {
    assert.equal(slips.length, orders.length);
    orders.forEach((o, i) => {
      assert.match(slips[i], new RegExp(`#${o.day_seq}\\b`), "in their order");
      assert.match(slips[i], new RegExp(`(代打|instead)[:：] ?${own}`, "i"));
    });
  };
  const heard = async (what) => (await s.d.platform("messengers").call("GET", "messages")).some((m) => m.text.includes(what));

  test("without paper, what waits comes out on the printer that was chosen, and everything says so", { timeout: 120_000 }, async () => {
    const { d, t } = s;
    [kitchen, counter] = [await paper(), await paper()];
    const store = (await d.meituan.place(tea(1))).store.id;
    of = {};
    for (const [name, p, prints] of [
      [own, kitchen, [{ ticket: "kitchen", when: "accept" }]],
      [other, counter, []],
    ]) {
      const made = await d.ask("POST", "/printers", { kind: "escpos", name, store_id: store, address: p.address, prints });
      assert.equal(made.status, 201, made.text);
      of[name] = made.json.id;
    }

    const page = await s.open("/printers", { speech: true });
    await page.getByRole("button", { name: t("voice.on") }).click();
    await row(page, own).getByRole("button", { name: t("notify.change") }).click();
    const sheet = page.getByRole("dialog");
    await sheet.getByRole("combobox", { name: t("printer.standIn") }).selectOption({ label: other });
    await sheet.getByRole("combobox", { name: t("printer.standInAfter") }).selectOption("60");
    assert.deepEqual(await barriers(page), []);
    await sheet.getByRole("combobox", { name: t("printer.standInAfter") }).scrollIntoViewIfNeeded();
    await shot(page, "standin-form");
    await sheet.getByRole("button", { name: t("do.save") }).click();
    await sheet.waitFor({ state: "detached" });
    const chosen = (await d.get("/printers")).printers.find((p) => p.id === of[own]);
    assert.deepEqual([chosen.stand_in, chosen.stand_in_after_s], [of[other], 60]);
    const { kind, name, store_id, address, columns, locale, prints, stand_in } = chosen;
    const sooner = await d.ask("PUT", `/printers/${of[own]}`, { kind, name, store_id, address, columns, locale, prints, stand_in, stand_in_after_s: 8 }); // a test has no minute
    assert.ok(sooner.status < 300, sooner.text);

    kitchen.empty = true;
    const first = await accepted(3);
    await becomes(row(page, own), "data-state", "bad");
    await until("three come out on the stand-in", () => counter.slips.length === 3);
    instead(counter.slips, first);
    await says(row(page, own), t("printer.standInOn", { name: other }));
    assert.deepEqual(await barriers(page), []);
    await shot(page, "standin");

    const said = s.zh ? `打印机${own}打不出，已改由${other}打印` : `printer ${own} cannot print, ${other} prints instead`;
    await until("it is spoken", () => page.evaluate((w) => window.spoken.some((x) => x.includes(w)), said));
    await until("the group is told", () => heard(`打印机 ${own} 打不出：已改由 ${other} 打印`));

    const later = await accepted(1);
    await until("what comes later comes out there too", () => counter.slips.length === 4);
    instead(counter.slips, [...first, ...later]);
    assert.equal(kitchen.slips.length, 0);

    const hand = await s.open("/messages", { screen: phone });
    const message = hand.locator('[data-testid="concern"][data-kind="printer"]');
    await says(message, own, t("printer.standInOn", { name: other }));
    await fits(hand);
    assert.deepEqual(await barriers(hand), []);
    await shot(hand, "standin-message-phone");
    await hand.goto(`${d.url}/printers`);
    await says(row(hand, own), t("printer.standInOn", { name: other }));
    await fits(hand);
    assert.deepEqual(await barriers(hand), []);
    await shot(hand, "standin-phone");
    await hand.goto(`${d.url}/orders/${first[0].id}?tab=all`);
    const ticket = (state) => hand.locator(`[data-testid="ticket"][data-state="${state}"]`);
    await says(ticket("void"), own, t("why.print_moved", { name: other }));
    await says(ticket("done"), other);
    await ticket("done").scrollIntoViewIfNeeded();
    await shot(hand, "standin-order-phone");

    kitchen.empty = false;
    await becomes(row(page, own), "data-state", "good");
    const back = await accepted(1);
    await until("it comes out where it did", () => kitchen.slips.length === 1);
    assert.match(kitchen.slips[0], new RegExp(`#${back[0].day_seq}\\b`));
    assert.equal(counter.slips.length, 4);
    await hand.goto(`${d.url}/messages`);
    await message.waitFor({ state: "detached" });
  });

  test("a printer that is off the network is stood in for in the same way", { timeout: 90_000 }, async () => {
    const { t } = s;
    const page = await s.open("/printers");
    await kitchen.unplug();
    const list = await accepted(2);
    await until("both come out on the stand-in", () => counter.slips.length === 6);
    instead(counter.slips.slice(4), list);
    await says(row(page, own), t("printer.standInOn", { name: other }));
    await kitchen.plug();
    await becomes(row(page, own), "data-state", "good");
    assert.equal(kitchen.slips.length, 1, "and nothing of them comes out again");
  });
});
