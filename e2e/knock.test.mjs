// A knock: an order that nobody accepts is heard by a group and a phone; the link leads to it, and it is accepted there with one hand.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, phone } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea } from "./stage.mjs";
import { until } from "./until.mjs";

scenes("knock", (s) => {
  const number = "13900000002";
  const heard = async (to, after = 0) => (await s.d.platform("messengers").call("GET", `messages?after=${after}`)).filter((m) => m.to === to);
  const last = async () => (await s.d.platform("messengers").call("GET", "messages")).at(-1)?.seq ?? 0;
  const later = (by) => s.d.meituan.call("PUT", "clock", { advance: by });
  /** Waits for a message to somebody, and gives it. */
  const hears = (to, what, after = 0) => until(`${to} hears ${what}`, async () => (await heard(to, after)).find((m) => m.text.includes(what)));
  const linkIn = (m) => `${s.d.url}${/\/k#\S+/.exec(m.text)[0]}`;
  const acceptThere = async (page, o) => {
    await page.waitForURL((u) => u.pathname === `/orders/${o.id}`);
    await page.getByTestId("order-panel").getByRole("button", { name: s.t("act.accept"), exact: true }).tap();
    await until("it is accepted", async () => (await s.d.order(o.id)).status === "accepted");
  };

  test("from the knock to the accepted order: first with a code, then at once", async () => {
    const { d, t } = s;
    const me = (await d.get("/people")).people.find((p) => p.name === "demo");
    const locale = await d.ask("PUT", `/people/${me.id}/phone`, { locale: s.language });
    assert.ok(locale.status < 300, locale.text);
    const first = await d.meituan.place(tea(2));
    await later("2m5s");
    await hears("山间茶事门店群", `/orders/${first.id}`);
    assert.equal((await heard(number)).length, 0, "who answers for all stores is not told before it goes up");
    await later("2m");
    const knock = await hears(number, s.zh ? "分钟未接" : "not accepted for");
    for (const hidden of [first.customer?.phone, first.customer?.address, first.customer?.name]) if (hidden) assert.ok(!knock.text.includes(hidden));

    const theirs = await s.stranger({ screen: phone });
    const page = await theirs.newPage();
    await fetch(linkIn(knock).replace("#", "?"), { headers: { "User-Agent": "previewer" } });
    await page.goto(linkIn(knock));
    await page.getByRole("heading", { name: t("knock.title") }).waitFor();
    assert.deepEqual(await barriers(page), []);
    const before = await last();
    await page.getByRole("button", { name: t("enter.sendCode") }).tap();
    const code = /\d{6}/.exec((await hears(number, "验证码", before)).text)[0];
    await page.getByLabel(t("enter.code")).fill(code);
    await page.getByRole("button", { name: t("enter.go"), exact: true }).tap();
    await acceptThere(page, first);

    // The session ends, as it does after weeks; the browser is still known, so the next knock opens at once.
    const kept = (await theirs.cookies()).filter((c) => c.name !== "tongdan_session");
    await theirs.clearCookies();
    await theirs.addCookies(kept);
    const second = await d.meituan.place(tea(1));
    const mark = await last();
    await later("4m10s");
    const again = await hears(number, "/k#", mark);
    await page.goto("about:blank");
    await page.goto(linkIn(again));
    await acceptThere(page, second);

    // The same link in the same browser, signed out: it was used.
    await theirs.clearCookies();
    await theirs.addCookies(kept);
    await page.goto("about:blank");
    await page.goto(linkIn(again));
    await page.getByRole("heading", { name: t("knock.title") }).waitFor();
  });

  test("a phone is knocked at again for what nobody has seen to, level by level, and is left alone once somebody acts", async () => {
    const { d, t } = s;
    const group = "山间茶事门店群";
    const mark = await last();
    const o = await d.meituan.place(tea(1));
    const told = async (to) => (await heard(to, mark)).filter((m) => m.text.includes(`#${o.day_seq}`)).length;
    await later("2m5s");
    await until("the group has heard it", async () => (await told(group)) === 1);
    assert.equal(await told(number), 0);
    await later("2m");
    await until("it has gone up to the phone", async () => (await told(number)) === 1);
    const page = await s.open("/messages", { screen: phone });
    const concern = page.locator('[data-testid="concern"][data-kind="unaccepted"]').filter({ hasText: `#${o.day_seq}` });
    await concern.waitFor();
    await concern.getByRole("link").tap();
    await acceptThere(page, o);
    await page.goto(`${d.url}/messages`);
    await page.getByText(t("msg.none")).or(page.getByTestId("concern").first()).first().waitFor(); // of the stores' other troubles it says nothing
    await concern.waitFor({ state: "detached" });
    const second = await d.meituan.place(tea(1)); // what comes now knocks anew; the first is not told again
    await later("2m5s");
    await until("the next one is heard", async () => (await heard(group, mark)).some((m) => m.text.includes(`#${second.day_seq}`)));
    assert.deepEqual([await told(group), await told(number)], [1, 1]);
    await d.act(second.id, { kind: "accept" });
  });

  test("the page of knocks: a test that is refused, rules, what was sent", async () => {
    const { t } = s;
    for (const screen of [undefined, phone]) {
      const page = await s.open("/notify", screen ? { screen } : undefined);
      const robot = page.locator("li.sender", { hasText: "门店群" });
      await robot.waitFor();
      await page.getByTestId("knock").first().waitFor();
      assert.deepEqual(await barriers(page), []);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= Math.min(innerWidth, screen.width)), "nothing is wider than the screen");
      await s.d.platform("messengers").call("POST", "refuse", { vendor: "dingtalk", code: "130101" });
      await robot.getByRole("button", { name: t("notify.test") }).click();
      await robot.getByText("send too fast").waitFor();
      await robot.getByRole("button", { name: t("notify.test") }).click();
      await robot.getByText(t("notify.testOK")).waitFor();
    }
    const page = await s.open("/notify");
    const late = page.getByRole("checkbox", { name: t("notify.of.late") });
    await late.check();
    await page.getByRole("region", { name: t("notify.rules") }).getByRole("button", { name: t("do.save") }).click();
    await until("it is kept", async () => (await s.d.get("/knock-rules")).rules[0].kinds.includes("late"));
    await page.getByRole("button", { name: t("notify.add") }).click();
    assert.deepEqual(await barriers(page), []);
    await page.keyboard.press("Escape");
  });

  test("whoever may not see the page of knocks is told so", async () => {
    const { d, t } = s;
    const made = await d.ask("POST", "/people", { name: `店员 ${s.language}`, role: "clerk", all_stores: true });
    const theirs = await s.stranger();
    assert.equal((await theirs.request.post(`${d.url}/api/v1/join`, { data: { token: made.json.link.token, password: "correct horse" } })).status(), 200);
    const page = await theirs.newPage();
    await page.goto(`${d.url}/notify`);
    for (const size of [undefined, { width: 360, height: 740 }]) {
      if (size) await page.setViewportSize(size);
      await page.getByText(t("state.forbidden")).waitFor();
      assert.equal(await page.locator("li.sender").count(), 0);
      assert.deepEqual(await barriers(page), []);
    }
  });

  test("sign-in by number and code from the sign-in page", async () => {
    const { d, t } = s;
    const page = await (await s.stranger({ screen: phone })).newPage();
    await page.goto(`${d.url}/sign-in`);
    await page.getByRole("button", { name: t("enter.byPhone") }).tap();
    await page.getByLabel(t("enter.phone")).fill("13911111111");
    await page.getByRole("button", { name: t("enter.sendCode") }).tap();
    await page.getByText(t("enter.codeSent")).waitFor();
    assert.deepEqual(await barriers(page), []);
    await page.getByLabel(t("enter.code")).fill("123456");
    await page.getByRole("button", { name: t("enter.go"), exact: true }).tap();
    await page.getByText(t("why.code_wrong")).waitFor();
  });
});
