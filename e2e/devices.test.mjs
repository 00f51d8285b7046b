// A screen is paired with a store once, locks to a PIN and says whose turn it is; revoked, it is out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, desk, floorWordsOf, phone, row, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea } from "./stage.mjs";
import { until } from "./until.mjs";

const tablet = { viewport: { width: 1024, height: 600 }, hasTouch: true };
const look = async (page, name) => {
  if (process.env.TONGDAN_LOOK) await page.screenshot({ path: `shots/${name}.png` });
};

scenes("devices", (s) => {
  const accepted = async (cups) => s.d.act((await s.d.meituan.place(tea(cups))).id, { kind: "accept" });
  /** A page of nobody's that shows a code, and the code. */
  const asking = async (path, screen) => {
    const page = await (await s.stranger({ screen, speech: true })).newPage();
    page.mistakes = [];
    page.on("pageerror", (e) => page.mistakes.push(String(e)));
    await page.goto(s.d.url + path);
    let code = "";
    await until("it shows a code", async () => {
      code = ((await page.getByTestId("pair-code").textContent({ timeout: 1000 })) ?? "").replace(/\s/g, "");
      return /^[0-9A-Z]{6}$/.test(code);
    });
    return { page, code };
  };
  const clerk = async (name, store) => {
    const made = await s.d.ask("POST", "/people", { name, role: "clerk", stores: [store] });
    const given = await s.d.ask("POST", `/pins/${made.json.person.id}`);
    return { id: made.json.person.id, name, pin: given.json.pin };
  };

  test("a kitchen tablet is paired by its code, unlocked by two people in turn, and revoked", async () => {
    const { d, t } = s;
    const f = await floorWordsOf(s.language);
    const one = await accepted(1);
    const two = await accepted(2);
    const store = one.store.id;
    const wang = await clerk(`小王 ${s.language}`, store);
    const li = await clerk(`小李 ${s.language}`, store);
    const { page: kitchen, code } = await asking("/kitchen", tablet);
    assert.deepEqual(await barriers(kitchen), []);
    await look(kitchen, `pairing-${s.language}`);

    // Its picture leads a phone to the page with the code typed in.
    const picture = await (await kitchen.context().request.get(`${d.url}/api/v1/pairing/qr`)).text();
    assert.match(picture, /^<svg/);
    await until("the picture is drawn", () => kitchen.getByTestId("pair-qr").evaluate((i) => i.complete && i.naturalWidth > 0));
    const manager = await s.open(`/devices?code=${code}`, { screen: desk });
    const sheet = manager.getByRole("dialog");
    assert.equal((await sheet.getByLabel(t("device.code")).inputValue()).replace(/\s/g, ""), code);
    await sheet.getByLabel(t("device.code")).fill(code.toLowerCase());
    await sheet.getByLabel(t("people.stores")).selectOption(store);
    await sheet.getByRole("textbox", { name: t("device.name") }).fill("后厨平板");
    assert.deepEqual(await barriers(manager), []);
    await look(manager, `pair-sheet-${s.language}`);
    await sheet.getByRole("button", { name: t("device.pair") }).click();
    await says(manager.getByTestId("device"), "后厨平板", t("role.kitchen_screen"));

    const card = (o) => kitchen.locator(`[data-testid="card"][data-id="${o.id}"]`);
    await card(one).waitFor();
    const ready = (o) => card(o).getByRole("button", { name: new RegExp(`^${f("readyOf", { what: "" })}`) });
    await ready(one).click(); // locked: it asks who it is
    const unlock = async (who) => {
      const pad = kitchen.getByTestId("pad");
      await pad.getByRole("button", { name: who.name }).click();
      for (const digit of who.pin) await pad.getByRole("button", { name: digit, exact: true }).click();
      await pad.getByRole("button", { name: f("unlock"), exact: true }).click();
      await says(kitchen.getByTestId("lock"), who.name);
    };
    await kitchen.getByTestId("pad").waitFor();
    assert.deepEqual(await barriers(kitchen), []);
    await look(kitchen, `pad-${s.language}`);
    await unlock(wang);
    await ready(one).click();
    await kitchen.getByTestId("lock").click();
    await kitchen.getByTestId("unlock").click();
    await unlock(li);
    await ready(two).click();
    for (const [o, who] of [[one, wang], [two, li]]) {
      await until("the platform has it", async () => (await d.order(o.id)).status === "ready");
      const acts = (await d.order(o.id)).timeline.filter((m) => m.kind === "act" && m.text_code === "ready");
      assert.deepEqual(acts.map((m) => m.by_name), [who.name]);
    }

    await manager.getByRole("button", { name: `${t("people.change")} 后厨平板` }).click();
    await sheet.getByRole("button", { name: t("device.revoke") }).click();
    await sheet.getByRole("button", { name: t("device.revokeYes") }).click();
    await kitchen.getByTestId("pair-code").waitFor();
    for (const o of [one, two]) await d.meituan.act(o.ref, "cancel_in_app");
  });

  test("a counter is the console of one store, locked until somebody says who it is", async () => {
    const { d, t } = s;
    const o = await d.meituan.place(tea(2));
    const wang = await clerk(`收银 ${s.language}`, o.store.id);
    const { page: counter, code } = await asking("/pair", desk);
    assert.deepEqual(await barriers(counter), []);
    const manager = await s.open("/devices", { screen: phone });
    await manager.getByRole("button", { name: t("device.pair") }).first().click();
    const sheet = manager.getByRole("dialog");
    await sheet.getByLabel(t("device.code")).fill(code);
    await sheet.getByLabel(t("people.stores")).selectOption(o.store.id);
    await sheet.getByRole("textbox", { name: t("device.name") }).fill("收银台 1");
    assert.deepEqual(await barriers(manager), []);
    await sheet.getByRole("button", { name: t("device.pair") }).click();
    await says(manager.getByTestId("device").first(), "收银台 1");
    await says(manager.locator(`[data-testid="pin"][data-name="${wang.name}"]`), wang.name);
    const wide = await manager.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `the page is ${wide} px too wide`);
    await look(manager, `devices-phone-${s.language}`);

    await counter.getByTestId("locked").waitFor();
    await row(counter, o).waitFor(); // what came in is shown all the same
    assert.deepEqual(await barriers(counter), []);
    await look(counter, `counter-locked-${s.language}`);
    await counter.getByRole("button", { name: wang.name }).click();
    await counter.keyboard.type("0000");
    await counter.keyboard.press("Enter");
    await counter.getByText(t("why.pin_wrong")).waitFor();
    await counter.keyboard.type(wang.pin);
    await counter.keyboard.press("Enter");
    await says(counter.getByTestId("lock"), wang.name);
    await row(counter, o).getByRole("button", { name: t("act.accept"), exact: true }).click();
    await until("it is accepted", async () => (await d.order(o.id)).status === "accepted");
    const acts = (await d.order(o.id)).timeline.filter((m) => m.kind === "act" && m.text_code === "accept");
    assert.deepEqual(acts.map((m) => m.by_name), [wang.name]);
    await counter.getByTestId("lock").click();
    await counter.getByTestId("locked").waitFor();
    await d.meituan.act(o.ref, "cancel_in_app");
  });

  test("one screen of a store speaks, and another takes over when it is shut", async () => {
    const { d, t } = s;
    const f = await floorWordsOf(s.language);
    const o = await accepted(1);
    const screens = [];
    for (const name of ["后厨甲", "后厨乙"]) {
      const { page, code } = await asking("/kitchen", tablet);
      const made = await d.ask("POST", "/devices", { code, name, store_id: o.store.id });
      assert.equal(made.status, 201, JSON.stringify(made.json));
      await page.getByRole("button", { name: f("voiceOn") }).click();
      await page.getByRole("button", { name: f("voiceYes") }).click();
      screens.push(page);
    }
    const [first, second] = screens;
    await says(second.getByTestId("speaks"), f("speaks", { name: "后厨甲" }));
    assert.deepEqual(await barriers(second), []);
    const spoke = (page, text) => page.evaluate((x) => window.spoken.filter((w) => x.test(w)).length, text);
    const fresh = await d.meituan.place(tea(1)); // nobody at the counter is heard: the kitchen says it
    await until("the first says it", async () => (await spoke(first, /新订单|new order/)) > 0);
    assert.equal(await spoke(second, /新订单|new order/), 0, "the second stays silent");
    const board = await s.open("/devices");
    await says(board.getByTestId("voices").first(), t("device.post.kitchen"), "后厨甲");
    await first.close();
    await until("the second speaks", async () => (await spoke(second, /新订单|new order/)) > 0, { deadline: 120_000 }); // half a minute later
    await look(second, `speaks-${s.language}`);
    for (const x of [o, fresh]) await d.meituan.act(x.ref, "cancel_in_app");
  });

  test("the opening check passes by keyboard within a minute, and skipping it is noted", { timeout: 60_000 }, async () => {
    const { d, t } = s;
    const store = (await d.get("/stores")).stores[0];
    for (const screen of [desk, phone]) {
      const page = await s.open(`/opening?store=${store.id}`, { screen, speech: true });
      const verdicts = () => page.getByTestId("opening-line").evaluateAll((all) => all.map((x) => x.dataset.verdict));
      await until("the channels are told", async () => (await page.getByTestId("opening-line").count()) === 5);
      assert.deepEqual(await barriers(page), []);
      if (screen === phone) {
        await page.getByRole("button", { name: t("opening.skip") }).click();
        await page.locator('[data-testid="opening-note"]:not(.good)').waitFor(); // until then the desk's pass is shown
        await says(page.getByTestId("opening-note"), "demo");
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `the page is ${wide} px too wide`);
        await look(page, `opening-phone-${s.language}`);
        assert.equal((await d.get(`/stores/${store.id}/openings`)).openings[0].skipped, true);
        continue;
      }
      await page.locator("#main").getByRole("button", { name: t("opening.soundOn") }).focus();
      await page.keyboard.press("Enter");
      await until("it is spoken", () => page.evaluate((w) => window.spoken.includes(w), t("voice.hello")));
      await page.keyboard.press("n");
      await page.getByText(t("opening.cure1")).waitFor();
      await look(page, `opening-${s.language}`);
      await page.keyboard.press("y");
      await page.keyboard.press("Enter"); // the channels
      await until("all that can be seen is fine", async () => (await verdicts()).join() === "fine,fine,fine,notYet,fine");
      await page.keyboard.press("Enter"); // finish
      await says(page.getByTestId("opening-note"), "demo");
      assert.equal((await d.get(`/stores/${store.id}/openings`)).openings[0].heard, "heard");
      assert.deepEqual(await barriers(page), []);
    }
  });
});
