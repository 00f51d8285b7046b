// What goes wrong before a store opens: a printer without paper, a test page that nobody finds, an authorisation that has ended.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, desk, phone, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { demo, tea } from "./stage.mjs";
import { until } from "./until.mjs";

scenes(
  "before opening",
  (s) => {
    const paper = async (body) => {
      const got = await fetch(`${s.d.backstage}/backstage/printers/device`, { method: "POST", body: JSON.stringify(body) });
      assert.equal(got.status, 200, await got.text());
    };
    const slips = async () => (await fetch(`${s.d.backstage}/backstage/printers/slips`)).json();
    const wide = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

    test("a printer without paper is named with why, what prints instead and what to press; tickets come out once it has some", async () => {
      const { d, t } = s;
      const o = await d.meituan.place(tea(1));
      const page = await s.open(`/opening?store=${o.store.id}`, { screen: s.zh ? desk : phone });
      const printer = page.getByTestId("opening-printer");
      const name = (await d.get("/printers")).printers.find((p) => p.store_id === o.store.id).name;
      await says(printer, name);
      await printer.getByRole("button", { name: new RegExp(t("printer.test")) }).click();
      await printer.getByText(t("opening.outAsk")).waitFor();
      assert.equal((await slips()).filter((x) => x.printer === name).length, 1, "the test page is on paper");
      await printer.getByRole("button", { name: t("opening.outNot") }).click();
      await says(printer, t("opening.outCure"), t("opening.insteadNone"), t("opening.otherPrinter"));
      assert.equal(await printer.getAttribute("data-state"), "bad");

      await paper({ name, paper: false });
      await d.act(o.id, { kind: "accept" });
      await says(printer, t("why.printer_paper"), t("opening.kitchen"));
      assert.deepEqual(await barriers(page), []);
      assert.ok((await wide(page)) <= 0, "nothing is wider than the screen");
      if (process.env.TONGDAN_LOOK) await page.screenshot({ path: `shots/opening-printer-${s.language}.png`, fullPage: true });
      const board = await s.open("/board");
      const store = board.getByTestId("store").filter({ hasText: o.store.name });
      await says(store, t("msg.kind.printer"));
      await store.getByRole("button").first().click();
      await says(store.getByTestId("equipment"), name, t("why.printer_paper"));
      if (process.env.TONGDAN_LOOK) await board.screenshot({ path: `shots/board-printer-${s.language}.png`, fullPage: true });
      await paper({ name, paper: true });
      await until("the kitchen's ticket is out", async () => (await slips()).filter((x) => x.printer === name).length === 2);
      await printer.getByRole("button", { name: new RegExp(t("printer.test")) }).click();
      await printer.getByRole("button", { name: t("opening.out"), exact: true }).click();
      await until("it is fine again", async () => (await printer.getAttribute("data-state")) === "good");
      await d.meituan.act(o.ref, "cancel_in_app");
    });

    test("in the evening what is left is named, each with a press that leads there", async () => {
      const { d, t } = s;
      const o = await d.meituan.place(tea(1));
      await d.act(o.id, { kind: "accept" });
      await d.meituan.act(o.ref, "ask_refund", { reason: "太慢了" });
      const ahead = 8 * 3600; // the stores are in Shanghai
      const noon = (Math.floor((Date.now() / 1000 + ahead) / 86_400) + 1) * 86_400 - ahead + 12 * 3600;
      const tomorrow = await d.meituan.place(tea(2, { delivery_time: noon }));
      await until("the refund is asked for", async () => (await d.order(o.id)).flags.includes("refund"));
      const page = await s.open(`/opening?store=${o.store.id}`, { screen: s.zh ? desk : phone });
      await page.getByRole("link", { name: t("closing.title") }).click();
      const lines = page.getByTestId("closing").getByTestId("opening-line");
      await page.locator(`[data-testid="preorder"][data-id="${tomorrow.id}"]`).waitFor();
      await says(lines.nth(0), `${t("closing.unfinished")} 1`);
      await says(lines.nth(1), `${t("closing.refunds")} 1`);
      await says(lines.nth(2), t("closing.comments"), t("closing.none"));
      await says(lines.nth(3), t("closing.byHand"), t("closing.none"));
      await says(lines.nth(4), `${t("closing.tomorrow")} 1`);
      assert.deepEqual(await lines.evaluateAll((all) => all.map((x) => x.dataset.verdict)), ["todo", "todo", "fine", "fine", "fine"]);
      assert.deepEqual(await barriers(page), []);
      assert.ok((await wide(page)) <= 0, "nothing is wider than the screen");
      if (process.env.TONGDAN_LOOK) await page.screenshot({ path: `shots/closing-${s.language}.png`, fullPage: true });
      await lines.nth(0).getByRole("link").click();
      await page.waitForURL((u) => u.pathname === "/orders" && u.searchParams.get("tab") === "active" && u.searchParams.get("store") === o.store.id);
      await page.locator(`[data-testid="order-row"][data-id="${o.id}"]`).waitFor();
      for (const x of [o, tomorrow]) await d.meituan.act(x.ref, "cancel_in_app");
    });

    test("an authorisation that has ended is named with since when and the last order, and one press leads to the platform", async () => {
      const { d, t } = s;
      const before = await d.mercado.place({ site: "MCO" });
      await d.mercado.call("PUT", "clock", { advance: "2m" }); // a token that is refused as soon as it was born is not renewed
      await d.mercado.call("POST", "sellers/700000005/revoke", {});
      await d.mercado.sell({ site: "MCO" }); // its notification cannot be followed
      await until("the account has to be authorised", async () => (await d.get("/messages")).counts.authorise === 1);
      const page = await s.open(`/opening?store=${before.store.id}`, { screen: s.zh ? phone : desk });
      const shop = page.getByTestId("opening-shop");
      await until("its shop says so", async () => (await shop.getAttribute("data-cause")) === "authorise");
      const lines = await page.getByTestId("opening-line").evaluateAll((all) => all.map((x) => x.dataset.verdict));
      assert.equal(lines[1], "todo");
      await says(shop, t("pulse.means.authorise"), t("opening.since", { at: "" }).trim().split(" ")[0], t("opening.last", { at: "" }).trim());
      assert.match(await shop.textContent(), /\d\d:\d\d/);
      assert.deepEqual(await barriers(page), []);
      assert.ok((await wide(page)) <= 0, "nothing is wider than the screen");
      if (process.env.TONGDAN_LOOK) await page.screenshot({ path: `shots/opening-authorise-${s.language}.png`, fullPage: true });
      await shop.getByRole("button", { name: t("conn.authoriseNow") }).click();
      await page.waitForURL(/\/authorization\?/);
    });
  },
  { stage: () => demo("--printers=true") },
);
