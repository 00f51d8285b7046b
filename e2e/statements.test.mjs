// Whether a platform counts what is here: in one line for people, with the proof folded away.

import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { test } from "node:test";
import { barriers, phone, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea } from "./stage.mjs";

scenes("statements", (s) => {
  test("nothing yet, then the platform's count is ours, signed so that anybody can check it", async () => {
    const { d, t } = s;
    await d.meituan.place(tea());
    const page = await s.open("/statements");
    await says(page.getByRole("main"), t("stm.none"));
    const shop = (await d.get("/shops")).shops.find((x) => x.external_id === "TEA001");
    await page.locator(".statement-make select").selectOption(shop.id);
    await page.getByRole("button", { name: t("stm.make") }).click();
    const row = page.getByTestId("statement");
    await says(row, t("stm.agrees", { theirs: 1, ours: 1 }), t("stm.soFar"), shop.name);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - Math.min(innerWidth, screen.width));
    assert.ok(wide <= 0, `the page is ${wide} px wider than the screen`);
    await row.locator("summary").focus();
    await page.keyboard.press("Enter"); // by keyboard too
    await says(row, t("stm.signature"), t("stm.pushOnly"), '"format":"tongdan statement"');
    assert.deepEqual(await barriers(page), []);
    if (process.env.TONGDAN_SHOTS) await page.screenshot({ path: `${process.env.TONGDAN_SHOTS}/statements-${s.language}.png`, fullPage: true });

    const [st] = (await d.get("/statements")).statements;
    assert.equal(st.good, true);
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(st.public_key, "base64").toString("base64url") }, format: "jwk" });
    assert.ok(verify(null, Buffer.from(st.document), key, Buffer.from(st.signature, "base64")), "the signature is that of the document");
    assert.equal((await d.get("/audit")).keys[0].public, st.public_key);
  });

  test("an order that the hub lacks is named", async () => {
    const { d, t } = s;
    const page = await s.open("/statements");
    await d.meituan.fault("push_lost", 1);
    const lost = await d.meituan.sell(tea());
    const shop = (await d.get("/shops")).shops.find((x) => x.external_id === "TEA001");
    const got = await d.ask("POST", "/statements", { shop_id: shop.id });
    assert.equal(got.status, 201, got.text);
    if (got.json.verdict === "differs") {
      await page.reload();
      await says(page.getByTestId("statement").first(), t(s.zh ? "stm.differs_other" : "stm.differs_one", { theirs: 2, ours: 1, count: 1 }), String(lost));
    } else assert.equal(got.json.repaired_count, 1, "a pull was faster, and the statement says so");
  });

  test("on a phone", async () => {
    const { t } = s;
    const page = await s.open("/statements", { screen: phone });
    const first = page.getByTestId("statement").first();
    await says(first, t("stm.more"));
    await first.locator("summary").click();
    await says(first, t("stm.signature"));
    const picture = process.env.TONGDAN_SHOTS;
    if (picture) await page.screenshot({ path: `${picture}/statements-phone-${s.language}.png`, fullPage: true });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - Math.min(innerWidth, screen.width));
    assert.ok(wide <= 0, `the page is ${wide} px wider than the phone`);
    assert.deepEqual(await barriers(page), []);
  });
});
