// People: one is invited, sets a password with the link, sees own stores, may not refund, and is suspended.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, desk, phone, row, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea } from "./stage.mjs";

scenes("people", (s) => {
  test("headquarters see the connections and are told why they change none", async () => {
    const { d, t } = s;
    const made = await d.ask("POST", "/people", { name: `总部 ${s.language}`, role: "headquarters", all_stores: true });
    const context = await s.stranger();
    assert.equal((await context.request.post(`${d.url}/api/v1/join`, { data: { token: made.json.link.token, password: "correct horse" } })).status(), 200);
    const page = await context.newPage();
    await page.goto(`${d.url}/connections`);
    const add = page.getByRole("button", { name: t("conn.addStore") });
    await add.waitFor();
    assert.equal(await add.isDisabled(), true);
    assert.equal(await add.getAttribute("title"), t("why.forbidden"));
    assert.deepEqual(await barriers(page), []);
  });

  for (const [look, screen] of [
    ["desk", desk],
    ["phone", phone],
  ]) {
    test(`from the invitation to the suspension, ${look}`, async () => {
      const { d, t } = s;
      const name = `小王 ${look}`;
      const own = await d.meituan.place(tea(2));
      const foreign = await d.meituan.place(tea(1, { app_poi_code: "TEA002" }));
      const store = (await d.get("/stores")).stores.find((x) => x.id === own.store.id);
      const page = await s.open("/people", { screen });
      await page.getByRole("button", { name: t("people.invite") }).click();
      const sheet = page.getByRole("dialog");
      await sheet.getByLabel(t("people.name")).fill(name);
      await sheet.getByRole("radio", { name: new RegExp(`^${t("role.clerk")}`) }).check();
      assert.equal(await sheet.getByRole("button", { name: t("people.invite") }).isDisabled(), true, "no store is not all stores");
      await sheet.getByLabel(store.name).check();
      assert.deepEqual(await barriers(page), []);
      await sheet.getByRole("button", { name: t("people.invite") }).click();
      const link = await page.getByRole("textbox", { name: t("people.linkOf", { name }) }).inputValue();
      assert.equal(new URL(link).pathname, "/join");
      await page.keyboard.press("Escape");
      await page.locator("li b", { hasText: name }).waitFor();
      assert.deepEqual(await barriers(page), []);

      const theirs = await (await s.stranger({ screen })).newPage();
      await theirs.goto(link);
      await theirs.getByLabel(t("enter.password")).fill("correct horse");
      assert.deepEqual(await barriers(theirs), []);
      await theirs.getByRole("button", { name: t("join.go") }).click();
      await theirs.getByTestId("tab-all").click();
      await row(theirs, own).waitFor();
      assert.equal(await row(theirs, foreign).count(), 0);
      assert.equal(await theirs.getByRole("link", { name: t("nav.connections") }).count(), 0, "what a role may not see is not offered");
      await theirs.goto(`${d.url}/people`);
      await theirs.getByText(t("state.forbidden")).waitFor();
      assert.deepEqual(await barriers(theirs), []);
      await theirs.goto(`${d.url}/orders/${foreign.id}?tab=all`);
      await theirs.getByText(t("state.notFound")).waitFor();

      // Another store's opening check, by its address: no permission, and the way to one's own.
      await theirs.goto(`${d.url}/opening?store=${foreign.store.id}`);
      await theirs.getByText(t("state.forbidden")).waitFor();
      assert.deepEqual(await barriers(theirs), []);
      await theirs.getByLabel(t("opening.store")).selectOption(store.name);
      await theirs.getByTestId("opening-line").first().waitFor();

      // What a clerk may not do says why, also where nothing can be hovered over.
      await d.act(own.id, { kind: "accept" });
      await d.meituan.act(own.ref, "ask_refund", { reason: "太慢了" });
      await theirs.goto(`${d.url}/refunds`);
      const refund = theirs.locator(`[data-testid="refund"][data-id="${own.id}"]`);
      const why = await refund.getByTestId("why-not").textContent();
      assert.match(why, s.zh ? /店长/ : /manager/i);
      await refund.getByRole("button", { name: t("act.refund_approve") }).press("Enter"); // a click waits until it is no longer aria-disabled
      await says(theirs.locator(".toasts"), why);
      assert.deepEqual(await barriers(theirs), []);
      await d.meituan.act(own.ref, "agree_in_app");

      await page.getByRole("button", { name: `${t("people.change")} ${name}` }).click();
      await sheet.getByRole("button", { name: t("people.suspend"), exact: true }).click();
      await page.locator("li", { hasText: name }).getByText(t("people.suspended"), { exact: true }).waitFor();
      await theirs.goto(`${d.url}/orders`);
      await theirs.getByRole("heading", { name: t("enter.title") }).waitFor();

      const again = await (await s.stranger({ screen })).newPage();
      await again.goto(link);
      await again.getByText(t("join.gone")).waitFor();
    });
  }
});
