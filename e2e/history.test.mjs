// Who changed the set-up: by name, from what to what, and of a secret only that it is another.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, phone, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";

scenes("history", (s) => {
  test("a store that was renamed and a secret that was replaced", async () => {
    const { d, t } = s;
    const made = await d.ask("POST", "/stores", { name: "国贸店", zone: "Asia/Shanghai" });
    assert.equal(made.status, 201, made.text);
    const changed = await d.ask("PUT", `/stores/${made.json.id}`, { name: "国贸新店", zone: "Asia/Shanghai" });
    assert.equal(changed.status, 200, changed.text);
    const printer = { kind: "escpos", name: "后厨", store_id: made.json.id, address: "127.0.0.1:9", prints: [{ ticket: "kitchen", when: "accept" }] };
    assert.equal((await d.ask("POST", "/printers", printer)).status, 201);
    const app = (await d.get("/apps")).apps.find((a) => a.channel === "meituan");
    const put = await d.ask("PUT", `/apps/${app.id}`, {
      channel: "meituan",
      name: app.name,
      base_url: app.base_url,
      public_url: app.public_url,
      credentials: { secret: "hush-of-the-test" },
    });
    assert.equal(put.status, 200, put.text);
    const page = await s.open("/history");
    const row = page.getByTestId("history");
    const store = row.filter({ hasText: t("hist.thing.store") }).filter({ hasText: t("hist.did.change") }).first();
    await says(store, "国贸店", "国贸新店", t("hist.field.name"));
    const secret = row.filter({ hasText: t("hist.thing.app") }).first();
    await says(secret, t("hist.secret"), t("hist.credential", { name: "secret" }));
    const printers = row.filter({ hasText: t("hist.thing.printer") }); // tells how it is since: in words, not as it is stored
    await says(printers.first(), t("hist.field.prints"), t("printer.tickets.kitchen"), t("hist.field.store"), "国贸新店");
    for (const p of await printers.allTextContents()) assert.ok(!/[{}]|sto_/.test(p), p);
    assert.ok(!(await page.content()).includes("hush-of-the-test"), "the secret is on the page");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - Math.min(innerWidth, screen.width));
    assert.ok(wide <= 0, `the page is ${wide} px wider than the screen`);
    assert.deepEqual(await barriers(page), []);
    const picture = process.env.TONGDAN_SHOTS;
    if (picture) await page.screenshot({ path: `${picture}/history-${s.language}.png` });
    const narrow = await s.open("/history", { screen: phone });
    await says(narrow.getByTestId("history").first(), t("hist.secret"));
    const over = await narrow.evaluate(() => document.documentElement.scrollWidth - Math.min(innerWidth, screen.width));
    assert.ok(over <= 0, `the page is ${over} px wider than the phone`);
    if (picture) await narrow.screenshot({ path: `${picture}/history-phone-${s.language}.png` });
  });
});
