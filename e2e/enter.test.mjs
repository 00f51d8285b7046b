// The way in: the one-time link of a first start, and signing in.

import assert from "node:assert/strict";
import { test } from "node:test";
import { scenes } from "./scenes.mjs";
import { says } from "./browser.mjs";
import { firstStart } from "./stage.mjs";

scenes("signing in", (s) => {
  test("a wrong password says what to do, the right one leads to where one was going", async () => {
    const { d, t } = s;
    const page = await (await s.stranger()).newPage();
    await page.goto(`${d.url}/orders?tab=new`);
    await page.getByLabel(t("enter.name")).fill("demo");
    await page.getByLabel(t("enter.password")).fill("something else");
    await page.getByRole("button", { name: t("enter.go"), exact: true }).click();
    await says(page.getByRole("alert"), s.zh ? "请重新输入" : t("enter.wrong"));
    assert.equal(await page.getByLabel(t("enter.name")).inputValue(), "demo", "the name need not be typed again");
    await page.getByLabel(t("enter.password")).fill(d.password);
    await page.keyboard.press("Enter");
    await page.getByTestId("tab-new").waitFor();
    assert.equal(new URL(page.url()).pathname, "/orders");
    assert.equal(await page.getByTestId("tab-new").getAttribute("aria-current"), "page");
    const cookie = (await page.context().cookies()).find((c) => c.name === "tongdan_session");
    assert.equal(cookie?.httpOnly, true);
    assert.equal(cookie?.sameSite, "Lax");
  });

  test("signing out ends the session, and a link to another site is no way on", async () => {
    const { d, t } = s;
    const page = await s.open("/me");
    await page.getByRole("button", { name: t("me.signOut") }).click();
    await page.getByRole("heading", { name: t("enter.title"), exact: true }).waitFor();
    assert.equal((await page.context().request.get(`${d.url}/api/v1/session`)).status(), 401);
    await page.goto(`${d.url}/sign-in?next=${encodeURIComponent("//example.com/")}`);
    await page.getByLabel(t("enter.name")).fill("demo");
    await page.getByLabel(t("enter.password")).fill(d.password);
    await page.keyboard.press("Enter");
    await page.getByTestId("tab-all").waitFor();
    assert.equal(new URL(page.url()).origin, d.url);
  });

  test("the language can be chosen before signing in, and stays", async () => {
    const { d } = s;
    const page = await (await s.stranger()).newPage();
    await page.goto(d.url);
    await page.getByRole("button", { name: s.zh ? "English" : "简体中文" }).click();
    await page.getByRole("heading", { name: s.zh ? "Sign in" : "登录", exact: true }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: s.zh ? "Sign in" : "登录", exact: true }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), s.zh ? "en" : "zh-CN");
  });
});

scenes(
  "the first start",
  (s) => {
    test("the link makes the owner, once", async () => {
      const { d, t } = s;
      const page = await (await s.stranger()).newPage();
      await page.goto(d.link);
      await page.getByLabel(t("enter.name")).fill("owner");
      await page.getByLabel(t("enter.password"), { exact: true }).fill("short");
      await page.getByLabel(t("setup.repeat")).fill("other");
      await page.getByRole("button", { name: t("setup.go") }).click();
      await page.getByText(t("setup.short")).waitFor();
      await page.getByText(t("setup.differs")).waitFor();
      await page.getByLabel(t("enter.password"), { exact: true }).fill("long enough 1");
      await page.getByLabel(t("setup.repeat")).fill("long enough 1");
      await page.getByRole("button", { name: t("setup.go") }).click();
      await page.getByRole("heading", { name: t("conn.title") }).waitFor();
      await page.getByText(t("conn.none")).waitFor();

      const second = await (await s.stranger()).newPage();
      await second.goto(d.link);
      await second.getByLabel(t("enter.name")).fill("thief");
      await second.getByLabel(t("enter.password"), { exact: true }).fill("long enough 2");
      await second.getByLabel(t("setup.repeat")).fill("long enough 2");
      await second.getByRole("button", { name: t("setup.go") }).click();
      await second.getByRole("alert").waitFor();
      assert.equal(new URL(second.url()).pathname, "/setup");
    });

    test("without any order the order centre says what to do first", async () => {
      const { d, t } = s;
      const page = await (await s.stranger()).newPage();
      await page.goto(`${d.url}/orders`);
      await page.getByLabel(t("enter.name")).fill("owner");
      await page.getByLabel(t("enter.password")).fill("long enough 1");
      await page.keyboard.press("Enter");
      await page.getByText(t("list.noChannel")).waitFor();
      await page.getByRole("link", { name: t("list.connect") }).click();
      await page.getByRole("heading", { name: t("conn.title") }).waitFor();
    });
  },
  { stage: firstStart },
);
