// An own rider's page on his phone: what he has to bring, the buttons, and the place that he shares while he has orders with him.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, phone, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { tea } from "./stage.mjs";
import { until } from "./until.mjs";

const look = async (page, name) => {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true });
};

scenes("a rider's page", (s) => {
  test("he shares his place from picking up to delivering, and the platform has it", async () => {
    const { d } = s;
    const word = (zh, en) => (s.zh ? zh : en);
    const o = await d.meituan.place(tea(1, { app_poi_code: "TEA002" }));
    await d.act(o.id, { kind: "accept" });
    const rider = await d.ask("POST", "/riders", { store_id: o.store.id, name: "老李", phone: "13600000001" });
    assert.ok(rider.status < 300, rider.text);
    const ride = await d.ask("POST", `/orders/${o.id}/rides`, { rider_id: rider.json.id });
    assert.ok(ride.status < 300, ride.text);
    const delivery = async () => (await d.meituan.book(o.ref)).order.delivery ?? {};
    await until("the platform hears who has it", async () => (await delivery()).logistics_status === 10);
    assert.equal((await delivery()).dispatcher_name, "老李");
    const link = await d.ask("POST", `/riders/${rider.json.id}/link`);
    assert.ok(link.status < 300, link.text);

    const person = await s.stranger({ screen: phone });
    await person.grantPermissions(["geolocation"], { origin: d.url });
    await person.setGeolocation({ latitude: 30.2, longitude: 120.1, accuracy: 10 });
    const page = await person.newPage();
    await page.goto(d.url + new URL(link.json.link, d.url).pathname);
    const box = page.locator("#place");
    await says(box, word("取餐后到送达前", "From pick-up to delivery"));
    await look(page, `rider-${s.language}`);
    await box.getByRole("button", { name: word("共享我的位置", "Share my place") }).click();
    await says(box, word("取餐后开始共享", "shared from pick-up"));
    assert.equal(await d.meituan.changes(o.ref, "order/riderPosition"), 0, "nothing before he has it");
    await page.getByRole("button", { name: word("已取餐", "Picked up") }).click();
    await until("the platform hears that he has left", async () => (await delivery()).logistics_status === 20);
    await says(box, word("正在共享你的位置", "Your place is being shared"));
    assert.ok(!(await box.textContent()).includes('"'), "in words, and not as a script would write them");
    assert.deepEqual(await barriers(page), []);
    await look(page, `rider-sharing-${s.language}`);
    await until("the platform has his place", async () => (await delivery()).latitude > 0);
    const at = await delivery();
    assert.ok(
      Math.abs(at.latitude - 30.2) < 0.01 && Math.abs(at.longitude - 120.1) < 0.01 && at.latitude !== 30.2,
      `in the maps' own system: ${at.latitude} ${at.longitude}`,
    );
    await box.getByRole("button", { name: word("停止共享", "Stop sharing") }).click();
    await says(box, word("取餐后到送达前", "From pick-up to delivery"));
    await page.getByRole("button", { name: word("已送达", "Delivered") }).click();
    await until("the platform hears that he has arrived", async () => (await delivery()).logistics_status === 40);
    await box.waitFor({ state: "detached" }); // nothing to share any more
  });
}, { whole: true }); // the other one does not always tell a page where it is
