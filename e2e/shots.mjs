// The pictures of the documentation: a tea shop at noon and its parcels, made the same way each time. `npm run shots` writes
// docs/images.

import { mkdir, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { desk, enter, open, openBrowser, person, phone, row, wordsOf } from "./browser.mjs";
import { demo } from "./stage.mjs";
import { until } from "./until.mjs";

const folder = fileURLToPath(new URL("../docs/images/", import.meta.url));
await mkdir(folder, { recursive: true });
const [d, browser] = await Promise.all([demo("--seed", "12"), openBrowser()]);
try {
  const { meituan, mercado } = d;
  const later = (span) => meituan.call("PUT", "clock", { advance: span });
  const line = (food, sku, quantity, property) => ({ app_food_code: food, sku_id: sku, quantity, food_property: property });
  const store = (n, more = {}) => ({ app_poi_code: `TEA00${n}`, ...more });
  const accept = (o) => d.act(o.id, { kind: "accept" });

  // The morning: a parcel, orders on their way, one that is done, one that was given up.
  const parcel = await mercado.place({ site: "MLB" });
  await mercado.act(parcel.ref, "ready");
  await mercado.act(parcel.ref, "print");
  await later("3m");
  const done = await meituan.place(store(1));
  await accept(done);
  for (const step of ["rider_accept", "rider_arrive", "rider_collect", "rider_deliver"]) {
    await later("2m");
    await meituan.act(done.ref, step);
  }
  const riding = await meituan.place(store(3));
  await accept(riding);
  for (const step of ["rider_accept", "rider_arrive", "rider_collect"]) {
    await later("1m");
    await meituan.act(riding.ref, step);
  }
  const gone = await meituan.place(store(2));
  await meituan.act(gone.ref, "buyer_cancel", { reason: "地址填错了" });

  // One that the customer wants a part of back, with everything that an order can have.
  const asked = await meituan.place(
    store(1, {
      detail: [line("T001", "T001-L", 2, "半糖,少冰"), line("T002", undefined, 1, "无糖,去冰"), line("T003", undefined, 1, "")],
      extras: [{ reduce_fee: 5, mt_charge: 2, poi_charge: 3, remark: "满25减5", type: 2 }],
      caution: "少冰，不要吸管，到了打电话",
      dinners_number: 2,
      has_invoiced: 1,
      invoice_title: "杭州某某科技有限公司",
      taxpayer_id: "91330000000000000X",
      shipping_fee: 3,
    }),
  );
  await accept(asked);
  await meituan.act(asked.ref, "rider_accept", { name: "王师傅" });
  await later("70s");
  await meituan.act(asked.ref, "rider_arrive");
  await meituan.act(asked.ref, "ask_refund", { reason: "少做了一杯", items: [{ app_food_code: "T001", sku_id: "T001-L", count: 1 }] });
  const urged = await meituan.place(store(2, { caution: "一份热的，一份去冰" }));
  await accept(urged);
  await later("30s");
  await meituan.act(urged.ref, "remind");

  // And noon itself.
  const now = (await meituan.call("GET", "clock")).now_ms / 1000;
  const fresh = [
    await meituan.place(store(3, { delivery_time: Math.floor(now) + 2 * 3600, caution: "开会用，请准时" })),
    await meituan.place(store(1, { detail: [line("T001", "T001-L", 3, "全糖,正常冰")], caution: "少冰" })),
  ];
  await later("95s");
  fresh.push(await meituan.place(store(2)));
  await mercado.place({ site: "MLM" });
  await later("50s");
  fresh.push(await meituan.place(store(1, { pick_type: 1, caution: "先做，十分钟到" })));
  await mercado.place({ site: "MCO" });
  await later("25s");
  fresh.push(await meituan.place(store(1)), await meituan.place(store(3, { caution: "门口有台阶，放外卖柜" })));
  await until("all is told", async () => (await d.order(asked.id)).flags.includes("refund") && (await d.order(urged.id)).flags.includes("reminder"));

  const take = async (language, screen, path, file, ready) => {
    const t = await wordsOf(language);
    const p = await person(browser, language, { screen, speech: true });
    await enter(p, d);
    const page = await open(p, d, path);
    await page.getByRole("button", { name: t("voice.on") }).click();
    await ready(page).waitFor();
    await page.mouse.move(0, 0);
    await page.evaluate(() => document.fonts.ready);
    await page.screenshot({ path: folder + file, scale: "css", animations: "disabled", caret: "hide" });
    const { size } = await stat(folder + file);
    console.log(`${file} ${Math.round(size / 1024)} KB`);
    await p.close();
  };
  const last = fresh.at(-1);
  await take("en", desk, "/orders?tab=all&sort=newest", "orders-desk.png", (page) => row(page, last));
  await take("zh-CN", desk, "/orders?tab=all&sort=newest", "orders-desk-zh.png", (page) => row(page, last));
  await take("zh-CN", desk, `/orders/${asked.id}?tab=all&sort=newest`, "detail-zh.png", (page) => page.getByTestId("after-sale"));
  await take("zh-CN", { ...phone, deviceScaleFactor: 1 }, "/orders?tab=new&sort=due", "phone-zh.png", (page) => row(page, last));
} finally {
  await browser.close();
  await d.stop();
}
