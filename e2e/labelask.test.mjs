// A label printer that breaks off in the middle: whether its labels are out, somebody has to look. 打出来了 ends the question and prints
// nothing; 没有，补打 prints them again, after a mark.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { barriers, phone, says } from "./browser.mjs";
import { zebra } from "./paper.mjs";
import { scenes } from "./scenes.mjs";
import { demo } from "./stage.mjs";
import { until } from "./until.mjs";

scenes(
  "labels that may be out",
  (s) => {
    let printer;
    after(() => printer?.close());
    const shot = (page, name) => process.env.SHOTS && page.screenshot({ path: `${process.env.SHOTS}/${name}-${s.language}.png` });
    const toLabel = async (n) => {
      for (let i = 0; i < n; i++) await s.d.mercado.sell({ site: "MLB" });
      return until("they are to be labelled", async () => {
        const { orders } = await s.d.get("/orders?flag=to_label&channel=mercadolibre&limit=20");
        return orders.length >= n ? orders : null;
      });
    };

    test("they came out: the question ends, nothing is printed twice, and a second press asks", { timeout: 90_000 }, async () => {
      const { d, t } = s;
      printer = await zebra();
      const orders = await toLabel(2);
      const added = await d.ask("POST", "/printers", { kind: "zpl", name: "面单机", store_id: orders[0].store.id, address: printer.address });
      assert.equal(added.status, 201, added.text);
      printer.lose = "after";
      const page = await s.open("/orders?tab=tolabel");
      for (const o of orders) await page.locator(`[data-testid="order-row"][data-id="${o.id}"]`).getByRole("checkbox").check();
      await page.getByRole("toolbar").getByLabel(t("labels.on")).selectOption({ label: "面单机" });
      await page.getByRole("toolbar").getByTestId("print-labels").click();
      const panel = page.getByTestId("label-panel");
      const ask = panel.locator('li[data-state="person"]');
      await says(ask, t("labels.printing", { from: 1, to: orders.length }), t("why.print_untold"));
      await says(panel.getByTestId("label-count"), `${orders.length}/${orders.length}`);
      assert.equal(printer.codes().length, orders.length, "they are out");
      assert.deepEqual(await barriers(page), []);
      await shot(page, "label-ask");
      await ask.getByRole("button", { name: t("printer.cameOut") }).focus();
      await page.keyboard.press("Enter");
      await ask.waitFor({ state: "detached" });
      await says(panel.getByTestId("label-sum"), t("labels.out", { n: orders.length, total: orders.length }));
      assert.equal(printer.labels.length, orders.length, "nothing more came out");
      for (const o of orders) {
        const { labels } = await d.get(`/orders/${o.id}/labels`);
        assert.deepEqual(labels.map((l) => l.times), [1], "it is known as printed");
      }
      await panel.getByRole("button", { name: t("do.close") }).click();
      await page.goto(`${d.url}/orders?tab=labelled`);
      await page.locator(`[data-testid="order-row"][data-id="${orders[0].id}"]`).getByRole("checkbox").check();
      await page.getByRole("toolbar").getByTestId("print-labels").click();
      await panel.getByTestId("label-before").waitFor();
      assert.equal(printer.labels.length, orders.length, "a press before an answer prints nothing");
    });

    test("they did not: they come out now, after a mark, from a phone in one hand", { timeout: 90_000 }, async () => {
      const { t } = s;
      const [o] = await toLabel(1);
      const before = printer.labels.length;
      printer.lose = "before";
      const page = await s.open(`/orders/${o.id}?tab=all`, { screen: phone });
      const detail = page.getByTestId("order-panel");
      await detail.getByLabel(t("labels.on")).selectOption({ label: "面单机" });
      await detail.getByRole("button", { name: t("printer.print", { ticket: t("labels.ofOrder") }) }).tap();
      const panel = page.getByTestId("label-panel");
      const ask = panel.locator('li[data-state="person"]');
      await says(ask, t("labels.printing", { from: 1, to: 1 }));
      assert.equal(printer.labels.length, before, "nothing is out");
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= Math.min(innerWidth, screen.width)));
      assert.deepEqual(await barriers(page), []);
      await shot(page, "label-ask-phone");
      await ask.getByRole("button", { name: t("printer.cameNot") }).tap();
      await until("a mark and the label come out", () => printer.labels.length === before + 2);
      assert.match(printer.labels.at(-2).text, /COPY\?/);
      assert.notEqual(printer.labels.at(-1).code, "");
      await ask.waitFor({ state: "detached" });
      await says(panel.getByTestId("label-check"), t("labels.all"));
    });
  },
  { stage: () => demo("--budget=false") },
);
