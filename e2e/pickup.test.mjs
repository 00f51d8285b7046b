// 核销: a customer shows a number, four things are compared, and the goods are handed over once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, becomes, desk, enter, open, phone, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea, wire } from "./stage.mjs";
import { until } from "./until.mjs";

/** Notes the pitch of every tone that the page rings. */
function hearTones() {
  window.tones = [];
  const make = AudioContext.prototype.createOscillator;
  AudioContext.prototype.createOscillator = function () {
    const tone = make.call(this);
    const start = tone.start.bind(tone);
    tone.start = (at) => {
      window.tones.push(tone.frequency.value);
      start(at);
    };
    return tone;
  };
}

scenes("pickup", (s) => {
  const shop = async () => (await s.d.get("/stores")).stores;
  /** A tea whose customer comes for it, accepted, and ready unless that is left out. */
  const pickup = async (more = {}, made = true) => {
    const o = await s.d.act((await s.d.meituan.place(tea(2, { pick_type: 1, ...more }))).id, { kind: "accept" });
    return made ? s.d.act(o.id, { kind: "ready" }) : o;
  };
  const entered = async (store, pay, more = {}) => {
    const got = await s.d.ask("POST", "/orders", {
      store_id: store.id, origin: "phone", serve: "pickup", pay, lines: [{ name: "炒饭", quantity: 1, price: 3800 }], customer: { name: "测试顾客", phone: `1000000${s.zh ? "7701" : "7702"}` }, ...more,
    });
    assert.equal(got.status, 201, got.text);
    return s.d.order(got.json.order_id);
  };
  /** The page at a store. */
  const at = async (page, store) => {
    await page.getByLabel(s.t("entry.store")).selectOption(store);
    await page.getByLabel(s.t("pickup.find")).waitFor();
  };
  const desks = async (store, options) => {
    const person = await s.person(options);
    await person.addInitScript(hearTones);
    const page = await open(person, s.d, "/pickup");
    await at(page, store);
    return page;
  };
  const scan = async (page, text) => {
    await page.getByLabel(s.t("pickup.find")).fill(text);
    await page.keyboard.press("Enter");
  };
  const card = (page, o) => page.locator(`[data-testid="pickup-order"][data-id="${o.id}"]`);
  const go = (page) => page.getByTestId("pickup-go");
  const tones = (page) => page.evaluate(() => window.tones.splice(0));
  const fits = async (page) => {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `nothing reaches beyond the screen: ${wide} px`);
  };

  test("scanned, compared, handed over; a second scan says when and by whom, with another sound", async () => {
    const { t, d } = s;
    const o = await pickup({ caution: "不要吸管" });
    const page = await desks(o.store.id, { screen: desk });
    await page.locator(`[data-testid="pickup-row"][data-id="${o.id}"]`).waitFor();
    assert.deepEqual(await barriers(page), []);
    if (process.env.TONGDAN_LOOK) await page.screenshot({ path: `shots/pickup-list-${s.language}.png` });
    await page.locator("h1").click(); // the focus is anywhere
    await page.keyboard.type(o.id); // a scanner reads the ticket's code
    await page.keyboard.press("Enter");
    await says(card(page, o), o.display_ref, "不要吸管", "半糖", s.zh ? "已付款" : t("payState.paid"), t("pickup.compare"));
    assert.deepEqual(await barriers(page), []);
    if (process.env.TONGDAN_LOOK) await page.screenshot({ path: `shots/pickup-compare-${s.language}.png` });
    await go(page).click();
    await becomes(card(page, o), "data-verdict", "done");
    await says(page.getByTestId("pickup-says"), t("pickup.success", { number: `#${o.day_seq}` }));
    assert.equal((await d.order(o.id)).status, "delivered");
    await until("it has rung", async () => (await tones(page)).length > 0);
    await page.getByTestId("pickup-next").click();
    await tones(page); // what rings from here on
    await scan(page, o.day_seq);
    await becomes(card(page, o), "data-verdict", "done");
    await says(page.getByTestId("pickup-says"), s.zh ? "已于" : "already", s.t("by.me"));
    assert.match(await page.getByTestId("pickup-says").textContent(), /\d\d:\d\d/);
    await until("the other sound rings", async () => {
      const rung = await tones(page);
      assert.ok(rung.every((x) => x < 400), `${rung} is not the other sound`);
      return rung.length > 0;
    });
    assert.equal(await go(page).count(), 0);
    assert.equal(await d.meituan.changes(o.ref, "order/delivering"), 0, "the platform has no call for it");
    await d.meituan.act(o.ref, "complete");
    await until("the platform closes it", async () => (await d.order(o.id)).status === "done");
  });

  test("unpaid is locked until the money is taken, on a phone with one hand", async () => {
    const { t, d } = s;
    const store = (await shop()).find((x) => x.zone === "Asia/Shanghai");
    const o = await entered(store, "later", { remark: "少放盐" });
    const page = await desks(store.id, { screen: phone });
    await scan(page, s.zh ? "7701" : "7702"); // the end of the phone
    await says(card(page, o), t("pickup.unpaid", { amount: "¥38.00" }), "少放盐", "炒饭", t("pickup.unpaidHere"));
    await becomes(go(page), "aria-disabled", "true");
    await go(page).tap({ force: true });
    await page.getByRole("radio", { name: t("entry.pays.code"), exact: true }).tap();
    await says(page.getByTestId("pickup-says"), t("pickup.chooseWhy"));
    await becomes(go(page), "aria-disabled", "true");
    await go(page).tap({ force: true });
    assert.equal((await d.order(o.id)).status, "accepted", "no unpaid order leaves by accident");
    await page.getByRole("radio", { name: t("pickup.reasons.noBattery") }).tap();
    await becomes(go(page), "aria-disabled", "false");
    await fits(page);
    assert.deepEqual(await barriers(page), []);
    if (process.env.TONGDAN_LOOK) await page.screenshot({ path: `shots/pickup-unpaid-${s.language}.png` });
    const button = await go(page).boundingBox();
    assert.ok(button.height >= 60 && button.y + button.height <= phone.viewport.height, "the button is large and in sight");
    await go(page).tap();
    await becomes(card(page, o), "data-verdict", "done");
    const end = await until("it is over", async () => {
      const x = await d.order(o.id);
      return x.status === "done" ? x : null;
    });
    assert.deepEqual([end.axes.payment, end.payments[0].method, end.payments[0].amount.minor], ["paid", "code", 3800]);
    assert.ok(end.timeline.some((m) => m.params?.why === t("pickup.reasons.noBattery")), "why there was no code is kept");
    if (process.env.TONGDAN_LOOK) await page.screenshot({ path: `shots/pickup-done-${s.language}.png` });
  });

  test("what may not go says why: another store's, cancelled, a refund, a rider's, no such number", async () => {
    const { t, d } = s;
    const all = await shop();
    const o = await pickup();
    const other = all.find((x) => x.zone === "Asia/Shanghai" && x.id !== o.store.id);
    const mine = all.find((x) => x.id === o.store.id);
    const page = await desks(other.id);
    await scan(page, o.display_ref);
    await says(page.getByTestId("pickup-says"), t("pickup.store", { store: mine.name }));
    assert.equal(await go(page).count(), 0);

    // A clerk of the other store alone does not see the order, and is told the same.
    const made = await d.ask("POST", "/people", { name: `店员 ${s.language}`, role: "clerk", stores: [other.id] });
    const clerk = await s.stranger();
    assert.equal((await clerk.request.post(`${d.url}/api/v1/join`, { data: { token: made.json.link.token, password: "correct horse" } })).status(), 200);
    const theirs = await open(clerk, d, "/pickup");
    for (const code of [o.ref, o.id]) {
      await scan(theirs, code);
      await says(theirs.getByTestId("pickup-found"), t("pickup.store", { store: mine.name }));
    }
    await scan(theirs, "88888888");
    await says(theirs.getByTestId("pickup-found"), t("pickup.none", { text: "88888888" }));
    assert.deepEqual(await barriers(theirs), []);

    await at(page, mine.id);
    await d.meituan.act(o.ref, "ask_refund");
    await until("the request is here", async () => (await d.order(o.id)).flags.includes("refund"));
    await scan(page, o.ref);
    await says(page.getByTestId("pickup-says"), t("pickup.refund"));
    assert.equal(await go(page).count(), 0);
    await d.meituan.act(o.ref, "agree_in_app");
    await until("it is cancelled", async () => (await d.order(o.id)).status === "cancelled");
    await scan(page, o.ref);
    await says(page.getByTestId("pickup-says"), s.zh ? "不要交出" : "do not hand it out");
    const brought = await d.act((await d.meituan.place(tea())).id, { kind: "accept" });
    await scan(page, brought.ref);
    await says(page.getByTestId("pickup-says"), t("pickup.brought"));
    await d.meituan.act(brought.ref, "cancel_in_app");

    const nobody = await d.ask("POST", "/people", { name: `仓库 ${s.language}`, role: "warehouse", all_stores: true });
    const context = await s.stranger();
    assert.equal((await context.request.post(`${d.url}/api/v1/join`, { data: { token: nobody.json.link.token, password: "correct horse" } })).status(), 200);
    const shut = await context.newPage();
    await shut.goto(`${d.url}/pickup`);
    await shut.getByText(t("state.forbidden")).waitFor();
  });

  test("without network the press is kept, and that the goods went out twice is told afterwards with both times", async () => {
    const { t, d } = s;
    const [one, two] = [await pickup(), await pickup({}, false)];
    const line = await wire(d.url);
    try {
      const somebody = await s.stranger({ screen: phone });
      await enter(somebody, { ...d, url: line.url });
      const page = await open(somebody, { ...d, url: line.url }, "/pickup");
      await at(page, one.store.id);
      await page.locator(`[data-testid="pickup-row"][data-id="${two.id}"]`).waitFor();
      line.cut();
      for (const o of [one, two]) {
        await scan(page, o.day_seq);
        await card(page, o).waitFor();
        await go(page).tap();
        await says(page.getByTestId("pickup-says"), t("pickup.unsent"));
        if (o === one) {
          assert.deepEqual(await barriers(page), []);
          if (process.env.TONGDAN_LOOK) await page.screenshot({ path: `shots/pickup-offline-${s.language}.png` });
        }
      }
      await scan(page, "88888888");
      await says(page.getByTestId("pickup-found"), t("pickup.offlineNone", { text: "88888888" }));
      assert.equal((await d.order(one.id)).status, "ready");
      // Meanwhile somebody else hands the second one out.
      assert.equal((await d.ask("POST", `/orders/${two.id}/actions`, { kind: "dispatch" })).status, 202);
      line.mend();
      await until("the first has arrived", async () => (await d.order(one.id)).status === "delivered");
      const conflict = page.locator(`[data-testid="unsent-act"][data-id="${two.id}"]`);
      await becomes(conflict, "data-state", "faster");
      assert.equal((await conflict.textContent()).match(/\d\d:\d\d:\d\d/g).length, 2, "both times");
      await conflict.getByRole("button", { name: t("do.noted") }).tap();
      await conflict.waitFor({ state: "detached" });
      const acts = (await d.order(one.id)).timeline.filter((m) => m.kind === "act" && m.text_code === "dispatch");
      assert.equal(acts.length, 1);
    } finally {
      line.close();
    }
    for (const o of [one, two]) await d.meituan.act(o.ref, "complete");
  });

  test("two channels have the same number, and the list of pickups leads here", async () => {
    const { t, d } = s;
    const o = await pickup();
    const store = (await shop()).find((x) => x.id === o.store.id);
    let mine;
    do mine = await entered(store, "cash", { serve: "take_out" });
    while (Number(mine.day_seq) < Number(o.day_seq));
    const page = await s.open("/orders?tab=pickup");
    await page.getByText(t("pickup.open")).click();
    await page.waitForURL((u) => u.pathname === "/pickup");
    await at(page, store.id);
    if (mine.day_seq === o.day_seq) {
      await scan(page, o.day_seq);
      await says(page.getByTestId("pickup-found"), t("pickup.which_other", { count: 2 }));
      await page.getByTestId("pickup-found").locator(`[data-id="${mine.id}"]`).click();
    } else await scan(page, mine.ref);
    await card(page, mine).waitFor();
    await page.keyboard.press("F9");
    await becomes(card(page, mine), "data-verdict", "done");
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").getByRole("combobox").fill(t("nav.pickup"));
    await page.getByRole("option").filter({ hasText: t("palette.go", { to: t("nav.pickup") }) }).waitFor();
    await d.meituan.act(o.ref, "cancel_in_app");
  });

  test("what was handed over stands in a list of the day, with who, when, and why there was no code", { timeout: 90_000 }, async () => {
    const { t } = s;
    const [coded, bare] = [await pickup(), await pickup()];
    for (const screen of [desk, phone]) {
      const page = await desks(coded.store.id, { screen });
      if (screen === desk) {
        await scan(page, coded.id);
        await go(page).click();
        await becomes(card(page, coded), "data-verdict", "done");
        await page.getByTestId("pickup-next").click();
        await page.locator(`[data-testid="pickup-row"][data-id="${bare.id}"]`).click();
        await card(page, bare).getByRole("radio", { name: t("pickup.reasons.noBattery") }).check();
        await go(page).click();
        await becomes(card(page, bare), "data-verdict", "done");
        await page.getByTestId("pickup-next").click();
      }
      const list = page.getByTestId("handed");
      await list.getByRole("button", { name: t("pickup.handed") }).click();
      const line = (o) => list.getByTestId("handed-row").filter({ hasText: `#${o.day_seq}` });
      await says(line(coded), t("pickup.byCode"), t("by.me"));
      await says(line(bare), t("pickup.noCodeWhy", { why: t("pickup.reasons.noBattery") }));
      assert.match(await line(bare).textContent(), /\d\d:\d\d/);
      await fits(page);
      assert.deepEqual(await barriers(page), []);
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/handed-${screen === desk ? "desk" : "phone"}-${s.language}.png`, fullPage: true });
      await list.getByRole("radio").nth(1).check();
      await line(coded).waitFor({ state: "detached" });
      await line(bare).waitFor();
      await list.getByRole("button", { name: t("pickup.dayBefore") }).click();
      await list.getByText(t("pickup.handedNone")).waitFor();
      await list.getByRole("button", { name: t("pickup.dayAfter") }).click();
      await line(bare).waitFor();
      assert.ok(await list.getByRole("button", { name: t("pickup.dayAfter") }).isDisabled(), "there is no tomorrow");
      await line(bare).click();
      await page.waitForURL((u) => u.pathname === `/orders/${bare.id}`);
    }
    const page = await desks(coded.store.id, { screen: phone });
    await page.route(/\/handovers/, (r) => r.fulfill({ status: 500, contentType: "application/json", body: "{}" }));
    const list = page.getByTestId("handed");
    await list.getByRole("button", { name: t("pickup.handed") }).click();
    await list.getByRole("alert").waitFor();
    await page.unroute(/\/handovers/);
    await list.getByRole("button", { name: t("do.again") }).click();
    await list.getByTestId("handed-row").first().waitFor();
  });
});
