// A shipper's morning (journey 9): two hundred parcels are labelled in one go, in the order of picking; those that have no label are
// named and tried again; a second press says who was first; the paper jams; the labels come as one PDF; one is printed again.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { barriers, open, phone, says } from "./browser.mjs";
import { zebra } from "./paper.mjs";
import { scenes } from "./scenes.mjs";
import { demo } from "./stage.mjs";
import { until } from "./until.mjs";

const many = 201;

scenes(
  "labels",
  (s) => {
    let printer;
    let later;
    test("two hundred parcels are labelled in one go, each once, in the order of picking", async (context) => {
      const { d, t } = s;
      printer = await zebra();
      context.after(() => printer.close());
      const refs = [];
      for (let n = 0; n < many; n++) refs.push(await d.mercado.sell({ site: "MLB" }));
      await until("they are to be labelled", async () => (await d.get("/counts?channel=mercadolibre")).flags.to_label >= many);
      const { orders } = await d.get("/orders?flag=to_label&channel=mercadolibre&limit=5");
      const store = orders[0].store.id;
      assert.equal((await d.ask("POST", "/printers", { kind: "zpl", name: "面单机", store_id: store, address: printer.address })).status, 201);

      const page = await s.open("/orders?tab=tolabel");
      const panel = page.getByTestId("label-panel");
      const list = page.getByTestId("order-list");
      await list.waitFor();
      // One is not printable any more, and we were not told: it is named, and stops no other.
      const unlucky = refs[7];
      await d.mercado.fault("push_lost", 20);
      await d.mercado.act(unlucky, "move", { status: "ready_to_ship", substatus: "in_warehouse" });
      for (let shown = 0; shown < many; ) {
        await page.mouse.wheel(0, 20_000);
        const further = page.getByRole("button", { name: t("list.more") });
        if (await further.count()) await further.click({ timeout: 1000 }).catch(() => {});
        await page.getByLabel(t("batch.all"), { exact: true }).check({ timeout: 2000 }).catch(() => {});
        shown = await page.getByRole("toolbar").getByTestId("print-labels").textContent({ timeout: 1000 }).then((x) => Number(x.match(/\d+/)?.[0] ?? 0), () => 0);
        if (shown < many) await page.getByLabel(t("batch.all"), { exact: true }).uncheck().catch(() => {});
      }
      await page.getByRole("toolbar").getByLabel(t("labels.on")).selectOption({ label: "面单机" });
      await page.locator("body").press("p");
      await until("all have an answer", async () => (await panel.getByTestId("label-count").textContent()) === `${many}/${many}`);
      await says(panel.getByTestId("label-check"), t("labels.missing_one", { count: 1 }));
      await says(panel.locator('li[data-state="failed"]'), "not_printable_status");
      await until("they are on paper", async () => printer.codes().length === many - 1);
      assert.equal(new Set(printer.codes()).size, many - 1, "no label twice");

      await d.mercado.act(unlucky, "move", { status: "ready_to_ship", substatus: "ready_to_print" });
      await panel.getByRole("button", { name: t("batch.retry_one", { count: 1 }) }).click();
      await says(panel.getByTestId("label-check"), t("labels.all"));
      await until("the one that was tried again is on paper", async () => printer.codes().length === many);
      assert.equal(new Set(printer.codes()).size, many, "alone, and no other twice");
      // After a jam, from the two hundredth on: a mark comes out before them.
      await panel.getByRole("spinbutton").fill(String(many - 1));
      await panel.getByRole("button", { name: t("labels.goOn") }).click();
      await until("the rest is on paper", async () => printer.codes().length === many + 2);
      assert.ok(printer.labels.at(-3).text.includes("COPY"), "a mark comes before what is printed again");
      await until("the platform says printed", async () => ((await d.get("/counts?channel=mercadolibre")).flags.to_label ?? 0) === 0);
      await panel.getByRole("button", { name: t("do.close") }).click();
      for (const ref of refs.slice(0, 5)) assert.equal(await d.mercado.changes(ref, "print"), 1);
    });

    test("a second press says who was first; the detail has the label and one more copy; a PDF is one document", async () => {
      const { d, t } = s;
      const page = await s.open("/orders?tab=labelled");
      const rows = page.getByTestId("order-row");
      for (let n = 0; n < 3; n++) await rows.nth(n).getByRole("checkbox").check();
      later = await rows.nth(5).getAttribute("data-id");
      const first = await rows.nth(0).getAttribute("data-id");
      const [bar, place] = await Promise.all([page.getByRole("toolbar"), page.getByRole("toolbar").getByLabel(t("labels.on"))].map((x) => x.boundingBox()));
      assert.ok(place.y >= bar.y && place.y + place.height <= bar.y + bar.height, "the choice of a printer covers no order");
      await page.getByRole("toolbar").getByLabel(t("labels.on")).selectOption("pdf");
      await page.getByRole("toolbar").getByTestId("print-labels").click();
      const panel = page.getByTestId("label-panel");
      await panel.getByTestId("label-before").waitFor();
      await panel.getByRole("button", { name: t("labels.again_other", { count: 3 }) }).click();
      await panel.getByTestId("label-open").waitFor();
      const [file] = await Promise.all([page.waitForEvent("download"), panel.getByRole("link", { name: t("labels.save") }).click()]);
      assert.match((await readFile(await file.path())).subarray(0, 8).toString("latin1"), /^%PDF-/);
      assert.deepEqual(await barriers(page), []);
      await says(panel.getByTestId("label-sum"), t("labels.pages_one", { count: 1 }));
      await panel.getByRole("button", { name: t("do.close") }).click();
      await page.locator(`[data-testid=order-row][data-id="${first}"]`).click();
      const labels = page.getByTestId("order-panel").getByTestId("order-labels");
      await says(labels, t("labels.times_other", { count: 2 }));
      assert.deepEqual(await barriers(page), []);
    });

    test("on a phone the label of an order is printed once more from its detail, which asks first", async () => {
      const { t } = s;
      const page = await s.open(`/orders/${later}?tab=all`, { screen: phone });
      const detail = page.getByTestId("order-panel");
      await detail.getByLabel(t("labels.on")).selectOption("pdf");
      await detail.getByRole("button", { name: t("printer.reprint", { ticket: t("labels.ofOrder") }) }).click();
      const panel = page.getByTestId("label-panel");
      await panel.getByTestId("label-before").waitFor();
      assert.equal(await panel.getByRole("button", { name: t("labels.skip") }).count(), 0, "there are no others");
      await panel.getByRole("button", { name: t("labels.again_one", { count: 1 }) }).click();
      await until("it is over", async () => (await panel.getByTestId("label-count").textContent()) === "1/1");
      await panel.getByTestId("label-open").waitFor();
      assert.deepEqual(await barriers(page), []);
    });

    test("the panel says since when the service is silent, and goes on when it answers", async () => {
      const { t } = s;
      const page = await s.open("/orders?tab=labelled");
      await page.getByTestId("order-row").nth(7).getByRole("checkbox").check();
      await page.getByRole("toolbar").getByLabel(t("labels.on")).selectOption("pdf");
      await page.getByRole("toolbar").getByTestId("print-labels").click();
      const panel = page.getByTestId("label-panel");
      await panel.getByTestId("label-before").waitFor();
      const gone = (url) => /\/api\/v1\/labels\/[^/]+$/.test(url.pathname);
      await page.route(gone, (r) => r.abort());
      await panel.getByRole("button", { name: t("labels.again_one", { count: 1 }) }).click();
      await panel.getByTestId("label-stale").waitFor();
      assert.ok(await panel.getByRole("button", { name: t("do.close") }).isEnabled(), "nobody has to wait for it");
      assert.deepEqual(await barriers(page), []);
      await page.unroute(gone);
      await panel.getByTestId("label-open").waitFor();
      assert.equal(await panel.getByTestId("label-stale").count(), 0);
    });

    test("whoever has no label printer and may not see customers is told what to do", async () => {
      const { d, t } = s;
      for (const p of (await d.get("/printers")).printers) assert.equal((await d.ask("DELETE", `/printers/${p.id}`)).status, 204);
      const colleague = await s.stranger();
      const invited = await d.ask("POST", "/people", { name: `发货 ${s.language}`, role: "warehouse", all_stores: true, personal: false });
      assert.equal(invited.status, 201, invited.text);
      assert.equal((await colleague.request.post(`${d.url}/api/v1/join`, { data: { token: invited.json.link.token, password: d.password } })).status(), 200);
      const page = await open(colleague, d, "/orders?tab=labelled");
      await page.getByTestId("order-row").nth(0).getByRole("checkbox").check();
      await says(page.getByRole("toolbar").getByTestId("label-nowhere"), t("labels.nowhere"), t("labels.nowhereAsk"));
      assert.deepEqual(await barriers(page), []);
      await page.getByTestId("order-row").nth(0).click();
      await says(page.getByTestId("order-panel").getByTestId("label-nowhere"), t("labels.nowhere"));
    });
  },
  { languages: ["zh-CN"], stage: () => demo("--budget=false") },
);
