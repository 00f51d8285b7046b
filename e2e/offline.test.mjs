// In the lift: the network goes, presses wait on the phone and are told of afterwards.

import assert from "node:assert/strict";
import { test } from "node:test";
import { becomes, enter, open, phone, row, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea, wire } from "./stage.mjs";
import { until } from "./until.mjs";

/** What the device has kept of the lists, as text; "" for nothing. */
const picture = (page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        const opening = indexedDB.open("tongdan", 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore("picture");
        opening.onsuccess = () => {
          const got = opening.result.transaction("picture").objectStore("picture").get("last");
          got.onsuccess = () => {
            opening.result.close();
            done(got.result ? JSON.stringify(got.result) : "");
          };
        };
      }),
  );

scenes("the phone in the lift", (s) => {
  const inTheLift = async (path) => {
    const line = await wire(s.d.url);
    const there = { ...s.d, url: line.url };
    const somebody = await s.stranger({ screen: phone, worker: true });
    await enter(somebody, there);
    const page = await open(somebody, there, path);
    await until("the console is kept", () => page.evaluate(() => Boolean(navigator.serviceWorker.controller)));
    return { line, page };
  };

  test("an accept pressed there waits, over a reload too, goes once when the network is back, and says so", async () => {
    const { d, t } = s;
    const { line, page } = await inTheLift("/orders?tab=new");
    const o = await d.meituan.place(tea(2, { recipient_phone: "13800001234" }));
    await row(page, o).waitFor();
    await until("the order is in the picture", async () => (await picture(page)).includes(o.id));
    assert.ok(!(await picture(page)).includes(o.customer.phone_tail || "1234"), "customers are not kept");
    line.cut();
    await row(page, o).getByRole("button", { name: t("act.accept"), exact: true }).last().tap();
    await becomes(row(page, o).getByTestId("act-state"), "data-state", "unsent");
    const waits = page.locator(`[data-testid="unsent-act"][data-id="${o.id}"]`);
    await becomes(waits, "data-state", "waiting");
    await says(waits, `#${o.day_seq}`, s.zh ? "接单 · 未发送" : t("unsent.waits", { what: t("act.accept") }));
    assert.match(await waits.getByTestId("due").textContent(), /[45]:[0-5]\d/, "with its own countdown");

    await page.reload();
    await says(page.getByTestId("stale"), s.zh ? "离线，截至" : "ffline");
    await row(page, o).waitFor();
    await becomes(waits, "data-state", "waiting");
    assert.equal((await d.order(o.id)).status, "new");

    line.mend();
    await becomes(waits, "data-state", "done");
    assert.equal((await d.order(o.id)).status, "accepted");
    assert.equal(await d.meituan.changes(o.ref, "order/confirm"), 1);
    await page.getByTestId("stale").waitFor({ state: "detached" });
    line.close();
  });

  test("what the platform cancelled meanwhile is said in its words, until somebody has noted it", async () => {
    const { d, t } = s;
    const { line, page } = await inTheLift("/orders?tab=new");
    const o = await d.meituan.place(tea());
    await row(page, o).waitFor();
    line.cut();
    await row(page, o).getByRole("button", { name: t("act.accept"), exact: true }).last().tap();
    const waits = page.locator(`[data-testid="unsent-act"][data-id="${o.id}"]`);
    await becomes(waits, "data-state", "waiting");
    await d.meituan.act(o.ref, "buyer_cancel", { reason: "等太久了" });
    await until("it is cancelled", async () => (await d.order(o.id)).status === "cancelled");
    line.mend();
    await becomes(waits, "data-state", "cancelled");
    const { cancel_why } = await d.order(o.id);
    await says(waits, ...(cancel_why ? [cancel_why] : []), t("do.noted"));
    assert.equal(await d.meituan.changes(o.ref, "order/confirm"), 0);
    await waits.getByRole("button", { name: t("do.noted") }).tap();
    await waits.waitFor({ state: "detached" });
    line.close();
  });

  test("a list whose end was looked at, and which the counter emptied meanwhile, is the empty one", async () => {
    const { d, t } = s;
    const many = 60;
    const { line, page } = await inTheLift("/orders?tab=new");
    const refs = await Promise.all(Array.from({ length: many }, () => d.meituan.sell(tea())));
    const rows = page.getByTestId("order-row");
    await until("its end is looked at", async () => {
      await page.evaluate(() => window.scrollTo({ top: document.documentElement.scrollHeight }));
      return (await rows.last().getAttribute("aria-posinset", { timeout: 1000 })) === String(many);
    });
    line.cut();
    await page.getByTestId("stale").waitFor();
    for (const ref of refs) await d.meituan.act(ref, "cancel_in_app");
    await until("they are cancelled", async () => !(await d.get("/counts?channel=meituan")).statuses.new);
    line.mend();
    await page.getByText(t("empty.new")).waitFor();
    assert.equal(await rows.count(), 0);
    await says(page.getByTestId("count-new"), "0");
    line.close();
  });

  test("nothing of it stays after signing out", async () => {
    const { d, t } = s;
    const { line, page } = await inTheLift("/orders?tab=new");
    const o = await d.meituan.place(tea());
    await row(page, o).waitFor();
    await until("the order is in the picture", async () => (await picture(page)).includes(o.id));
    await page.getByRole("link", { name: t("nav.me") }).last().tap();
    await page.getByRole("button", { name: t("me.signOut") }).tap();
    await page.waitForURL((u) => u.pathname === "/sign-in");
    await until("the picture is gone", async () => (await picture(page)) === "");
    assert.deepEqual(
      await page.evaluate(() => Object.entries(localStorage).filter(([k, v]) => k.includes("outbox") && v !== "[]")),
      [],
    );
    await d.act(o.id, { kind: "accept" });
    line.close();
  });
});
