// What a shop is at its platform: profile and delivery areas, read live, looked at before they are sent, with what became of each field.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, becomes, open, phone, says } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { until } from "./until.mjs";

const centre = { lat: 30.1872, lon: 120.0931 };
/** The corners of a square round a place, so many degrees to each side, as GeoJSON has them. */
const ring = (by, { lat, lon } = centre) => [
  [lon - by, lat - by],
  [lon + by, lat - by],
  [lon + by, lat + by],
  [lon - by, lat + by],
  [lon - by, lat - by],
];
const geo = (by, at) => JSON.stringify({ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [ring(by, at)] } });

scenes("shop", (s) => {
  const look = (page, name) => process.env.TONGDAN_LOOK && page.screenshot({ path: `shots/shop-${name}-${s.language}.png`, fullPage: true, timeout: 30_000 });
  const shop = async (ref) => (await s.d.get("/shops")).shops.find((x) => x.external_id === ref && x.channel === "meituan");
  const profile = async (id) => (await s.d.get(`/shops/${id}/front/profile`)).profile;
  const areas = async (id) => (await s.d.get(`/shops/${id}/front/areas`)).areas ?? [];
  const field = (page, name) => page.locator(`[data-testid="front-field"][data-field="${name}"]`);
  const area = (page, code) => page.locator(`[data-testid="front-area"][data-code="${code}"]`);
  const lookAt = (page, count) => page.getByRole("button", { name: s.t("front.look", { count }) });
  const send = (page) => page.getByRole("button", { name: s.t("front.send") });
  const narrow = async (page) => assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= Math.min(innerWidth, screen.width)), "nothing is wider than the screen");
  const newest = (page) => page.getByTestId("front-edit").first();
  /** What was looked at is sent: then the newest edit is this one. */
  const sent = (page) => page.getByTestId("front-plan").waitFor({ state: "detached" });
  /** Draws an area by the API, for a screen to have something to show. */
  const draw = async (id, code, by, more = {}) => {
    const want = { areas: [{ code, min_price: 2000, fee: 300, shape: ring(by).slice(0, 4).map(([lon, lat]) => ({ lat, lon })), ...more }] };
    const plan = await s.d.ask("POST", `/shops/${id}/front/areas/plan`, want);
    const made = await s.d.ask("PUT", `/shops/${id}/front/areas`, { ...want, digest: plan.json.digest });
    assert.equal(made.status, 202, made.text);
    await until("it is drawn", async () => (await s.d.get(`/edits/${made.json.id}`)).state === "done");
  };

  test("fields of a profile are changed by keyboard, and each has its own result in the platform's words", async () => {
    const { t } = s;
    const one = await shop("TEA002");
    const before = await profile(one.id);
    const page = await s.open("/connections");
    await page.getByRole("link", { name: t("front.openProfile", { name: one.name || one.external_id }) }).click();
    assert.equal(await field(page, "phone").getByRole("textbox").inputValue(), before.phone);
    await field(page, "notice").getByRole("textbox").fill("今日第二杯半价");
    await field(page, "hours").getByRole("textbox").fill("9-21");
    await says(field(page, "hours"), t("front.wrongField"));
    assert.ok(await lookAt(page, 2).isDisabled(), "what is no time cannot be sent");
    assert.deepEqual(await barriers(page), []);
    await field(page, "hours").getByRole("textbox").fill("9:00-14:00, 17:00-21:30");
    await field(page, "name").getByRole("textbox").fill("山间茶事24小时");
    await look(page, "profile");
    await lookAt(page, 3).focus();
    await page.keyboard.press("Enter");
    const plan = page.getByTestId("front-plan");
    await says(plan, "今日第二杯半价", "09:00–14:00, 17:00–21:30", before.name, "山间茶事24小时");
    assert.deepEqual(await barriers(page), []);
    await look(page, "profile-plan");
    await send(page).focus();
    await page.keyboard.press("Enter");
    await sent(page);
    await becomes(newest(page), "data-state", "partly");
    await says(newest(page), t("front.state.refused"), "参数中包含敏感词", t("front.state.done"), t("front.far", { done: 3, of: 3 }));
    await look(page, "profile-result");
    const after = await profile(one.id);
    assert.deepEqual([after.notice, after.hours.length, after.name], ["今日第二杯半价", 2, before.name]);
    await becomes(field(page, "notice"), "data-changed", "false");
    assert.equal(await field(page, "notice").getByRole("textbox").inputValue(), "今日第二杯半价");
  });

  test("a picture is uploaded first, with its limits said before, and shown only by the edit", async () => {
    const { t } = s;
    const one = await shop("TEA003");
    const page = await s.open(`/shops/${one.id}/profile`);
    await says(field(page, "picture"), "JPG", "700 KiB");
    await page.getByTestId("front-picture").setInputFiles({ name: "front.PNG", mimeType: "image/png", buffer: Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=", "base64") });
    await says(field(page, "picture"), t("front.uploaded"));
    assert.equal((await profile(one.id)).picture, undefined, "nobody sees it yet");
    const id = await field(page, "picture").getByRole("textbox").inputValue();
    assert.match(id, /^[0-9a-f]{32}$/);
    await look(page, "picture");
    await page.getByTestId("front-picture").setInputFiles({ name: "words.png", mimeType: "image/png", buffer: Buffer.alloc(800 * 1024, "x") });
    await says(field(page, "picture").getByRole("alert"), t("evidence.noPicture"));
    assert.deepEqual(await barriers(page), []);
    await lookAt(page, 1).click();
    await send(page).click();
    await sent(page);
    await becomes(newest(page), "data-state", "done");
    assert.equal((await profile(one.id)).picture, id);
  });

  test("an area is pasted in its coordinate system, checked, drawn beside what is live, and agreed to", async () => {
    const { t } = s;
    const one = await shop("TEA002");
    const page = await s.open(`/shops/${one.id}/areas`);
    await page.getByText(t("front.noAreas")).waitFor();
    await look(page, "areas-none");
    await page.getByRole("button", { name: t("front.newArea") }).click();
    const sheet = page.getByRole("dialog");
    await sheet.getByLabel(t("front.areaCode")).fill("近");
    const take = sheet.getByRole("button", { name: t("front.takeShape") });
    const read = sheet.getByTestId("front-shape-read");
    for (const [typed, words] of [
      ["30.1 120.1 30.2", t("front.flaw.odd")],
      ["48.85 2.35, 48.86 2.35, 48.86 2.36", t("front.flaw.outside")],
      ["somewhere", t("front.flaw.text")],
    ]) {
      await sheet.getByRole("textbox", { name: t("front.corners") }).fill(typed);
      await says(read, words);
    }
    await sheet.getByTestId("front-shape-file").setInputFiles({ name: "near.geojson", mimeType: "application/geo+json", buffer: Buffer.from(geo(0.01)) });
    await says(read, "km²", t("front.closed"), t("front.order.lon"), t("front.chooseSystem"));
    assert.ok(await take.isDisabled(), "nobody has said in which system");
    await sheet.getByLabel(t("front.system")).selectOption("wgs84");
    assert.deepEqual(await barriers(page), []);
    await look(page, "shape");
    await take.click();
    assert.ok(await lookAt(page, 1).isDisabled(), "the smallest order is missing");
    await area(page, "近").getByRole("textbox").first().fill("20");
    await lookAt(page, 1).focus();
    await page.keyboard.press("Enter");
    await says(page.getByTestId("front-check"), "km²", t("front.inside"), t("front.simple"));
    assert.equal(await page.locator('[data-testid="front-map"] [data-as="after"]').count(), 1);
    assert.equal(await page.getByTestId("front-spot").count(), 1);
    assert.ok(await send(page).isDisabled(), "nobody has agreed yet");
    await page.getByRole("checkbox").check();
    assert.deepEqual(await barriers(page), []);
    await look(page, "areas-plan");
    await send(page).click();
    await sent(page);
    await becomes(newest(page), "data-state", "done");
    const [drawn] = await areas(one.id);
    assert.equal(drawn.min_price, 2000);
    assert.notEqual(drawn.shape[0].lat, ring(0.01)[0][1], "it was brought into the platform's system");
    assert.ok(Math.abs(drawn.shape[0].lat - ring(0.01)[0][1]) < 0.01);
    // A second one round it, and the first moved away from the shop: both are seen before anything is sent.
    await draw(one.id, "远", 0.025);
    await page.getByRole("button", { name: t("front.read") }).click();
    await area(page, "远").waitFor();
    assert.notEqual(
      await page.locator('[data-testid="front-map"] [data-area="近"]').getAttribute("stroke-dasharray"),
      await page.locator('[data-testid="front-map"] [data-area="远"]').getAttribute("stroke-dasharray"),
      "lines differ by more than a colour",
    );
    await look(page, "areas");
    await area(page, "近").getByRole("button", { name: t("front.newShapeOf", { code: "近" }) }).click();
    await sheet.getByLabel(t("front.system")).selectOption("gcj02");
    const bow = ring(0.01).slice(0, 4);
    await sheet.getByRole("textbox", { name: t("front.corners") }).fill([bow[0], bow[2], bow[1], bow[3]].map(([lon, lat]) => `${lat}, ${lon}`).join("\n"));
    await take.click();
    await lookAt(page, 1).click();
    await says(page.getByRole("alert"), t("front.area", { code: "近" }), t("why.front_crossing"));
    await area(page, "近").getByRole("button", { name: t("front.newShapeOf", { code: "近" }) }).click();
    await sheet.getByLabel(t("front.system")).selectOption("bd09");
    await sheet.getByRole("textbox", { name: t("front.corners") }).fill(geo(0.008, { lat: 30.21, lon: 120.12 }));
    await take.click();
    await area(page, "远").getByLabel(t("front.amountOf", { what: t("front.field.fee"), code: "远" })).fill("5.5");
    await lookAt(page, 2).click();
    await says(page.getByTestId("front-check"), t("front.outside"), "−");
    await says(page.getByTestId("front-plan"), "¥3.00", "¥5.50");
    await look(page, "areas-moved");
    await page.getByRole("checkbox").check();
    await send(page).click();
    await sent(page);
    await becomes(newest(page), "data-state", "done");
    assert.deepEqual((await areas(one.id)).map((a) => [a.code, a.fee]), [["近", drawn.fee], ["远", 550]]);
  });

  test("on a phone areas go with consent, and what the platform refuses stands there in its words", async () => {
    const { t } = s;
    const one = await shop("TEA002");
    const page = await s.open(`/shops/${one.id}/areas`, { screen: phone });
    await area(page, "近").waitFor();
    await narrow(page);
    assert.deepEqual(await barriers(page), []);
    await look(page, "areas-phone");
    for (const code of ["近", "远"]) await area(page, code).getByRole("button", { name: t("front.deleteOf", { name: code }) }).click();
    await lookAt(page, 2).click();
    await page.getByText(t("front.noneLeft")).waitFor();
    assert.ok(await send(page).isDisabled(), "nobody has agreed yet");
    await narrow(page);
    await look(page, "areas-plan-phone");
    await page.getByRole("checkbox").check();
    await send(page).click();
    await sent(page);
    await becomes(newest(page), "data-state", "done");
    await page.getByText(t("front.noAreas")).waitFor();
    assert.deepEqual(await areas(one.id), []);
    // The platform delivers for the first store, and draws its areas itself.
    const other = await shop("TEA001");
    await page.goto(`${s.d.url}/shops/${other.id}/areas`);
    await page.getByRole("button", { name: t("front.newArea") }).click();
    const sheet = page.getByRole("dialog");
    await sheet.getByLabel(t("front.areaCode")).fill("A1");
    await sheet.getByLabel(t("front.system")).selectOption("gcj02");
    await sheet.getByRole("textbox", { name: t("front.corners") }).fill(geo(0.01, { lat: 30.2561, lon: 120.1632 }));
    await narrow(page);
    assert.deepEqual(await barriers(page), []);
    await look(page, "shape-phone");
    await sheet.getByRole("button", { name: t("front.takeShape") }).click();
    await area(page, "A1").getByRole("textbox").first().fill("15");
    await lookAt(page, 1).click();
    await page.getByRole("checkbox").check();
    await send(page).click();
    await sent(page);
    await becomes(newest(page), "data-state", "refused");
    await says(newest(page), "不可修改门店配送相关信息");
    await narrow(page);
  });

  test("a profile on a phone, from the command palette and the store control", async () => {
    const { t } = s;
    const one = await shop("TEA001");
    const desk = await s.open("/intakes");
    await desk.getByRole("link", { name: new RegExp(t("front.openProfile", { name: ".*" })) }).first().waitFor();
    await desk.keyboard.press("Control+k");
    await desk.getByRole("combobox").fill(t("palette.front", { part: t("front.of.areas"), shop: one.name || one.external_id }));
    await desk.getByRole("option").first().waitFor();
    await desk.keyboard.press("Enter");
    await desk.getByRole("heading", { name: t("front.of.areas"), exact: true }).waitFor();
    assert.match(desk.url(), new RegExp(`/shops/${one.id}/areas$`));
    const page = await s.open(`/shops/${one.id}/profile`, { screen: phone });
    await field(page, "rider_delay_s").waitFor();
    await narrow(page);
    assert.deepEqual(await barriers(page), []);
    await field(page, "rider_delay_s").getByRole("textbox").fill("420");
    await field(page, "online").getByRole("combobox").selectOption("false");
    await look(page, "profile-phone");
    await lookAt(page, 2).click();
    await says(page.getByTestId("front-plan"), t("front.seconds", { count: 420 }), t("front.takes"));
    assert.ok(await send(page).isDisabled(), "a shop that vanishes is agreed to first");
    await page.getByRole("button", { name: t("front.toEdit") }).click();
    await field(page, "online").getByRole("combobox").selectOption("true");
    await lookAt(page, 1).click();
    await send(page).click();
    await sent(page);
    await becomes(newest(page), "data-state", "done");
    assert.equal((await profile(one.id)).rider_delay_s, 420);
    await narrow(page);
  });

  test("a dish's own fields and picture, a new dish, and the order of categories", async () => {
    const { d, t } = s;
    const one = await shop("TEA003");
    const menu = () => d.get(`/shops/${one.id}/front/menu`);
    const before = await menu();
    const page = await s.open(`/shops/${one.id}/menu`);
    const item = (code) => page.locator(`[data-testid="front-item"][data-code="${code}"]`);
    const category = (name) => page.locator(`[data-testid="front-category"][data-name="${name}"]`);
    const form = page.getByTestId("front-form");
    const done = page.getByRole("button", { name: t("front.done"), exact: true });
    await item("T001").getByRole("button", { name: t("front.editDo") }).first().focus();
    await page.keyboard.press("Enter");
    await form.getByLabel(t("front.field.description")).fill("当天现煮");
    await form.getByLabel(t("front.field.box_price")).first().fill("x");
    await done.click();
    assert.ok(await lookAt(page, 2).isDisabled(), "what is no fee cannot be sent");
    await item("T001").getByRole("button", { name: t("front.editDo") }).first().click();
    await form.getByLabel(t("front.field.box_price")).first().fill("1.5");
    await form.getByTestId("front-picture").setInputFiles({ name: "tea.jpg", mimeType: "image/jpeg", buffer: Buffer.from("ÿØÿ tea", "latin1") });
    await says(form, t("front.uploaded"));
    assert.deepEqual(await barriers(page), []);
    await look(page, "dish");
    await done.click();
    await becomes(item("T001"), "data-changed", "true");
    await page.getByRole("button", { name: t("front.newItem") }).click();
    await page.getByRole("dialog").getByLabel(t("front.field.code")).fill("N9");
    await page.keyboard.press("Enter");
    await form.getByLabel(t("front.field.name")).fill("桂花豆花");
    await form.getByLabel(t("front.field.category")).selectOption(before.categories[0].name);
    await form.getByLabel(t("front.field.price")).fill("12");
    await look(page, "new-dish");
    await done.click();
    await page.getByTestId("front-categories").locator("summary").click();
    const last = before.categories.at(-1);
    await category(last.name).getByRole("textbox").first().fill("77");
    await page.getByLabel(t("front.newCategory")).fill("季节限定");
    await page.keyboard.press("Enter");
    await category("季节限定").waitFor();
    assert.deepEqual(await barriers(page), []);
    await look(page, "menu");
    await lookAt(page, 6).click();
    const plan = page.getByTestId("front-plan");
    await says(plan, "当天现煮", "¥1.50", "桂花豆花", "¥12.00", "季节限定", "77");
    await look(page, "menu-plan");
    await send(page).click();
    await sent(page);
    await becomes(newest(page), "data-state", "done");
    const after = await menu();
    const tea = after.items.find((i) => i.code === "T001");
    assert.deepEqual([tea.description, tea.skus[0].box_price, tea.picture !== before.items.find((i) => i.code === "T001").picture], ["当天现煮", 150, true]);
    assert.deepEqual(after.items.find((i) => i.code === "N9").skus.map((k) => [k.code, k.price]), [["N9", 1200]]);
    assert.equal(after.categories.find((c) => c.name === last.name).sequence, 77);
    assert.ok(after.categories.some((c) => c.name === "季节限定"));
    await page.setViewportSize(phone.viewport);
    await item("T001").getByRole("button", { name: t("front.editDo") }).first().click();
    await form.waitFor();
    await narrow(page);
    assert.deepEqual(await barriers(page), []);
    await look(page, "dish-phone");
  });

  test("specifications, stock, times, options and the code of a dish, and the hours of an area", async () => {
    const { d, t } = s;
    const one = await shop("TEA002");
    const told = async (code, options = "") => (await d.get(`/shops/${one.id}/front/menu?properties=${options}`)).items.find((i) => i.code === code);
    const page = await s.open(`/shops/${one.id}/menu`);
    const item = (code) => page.locator(`[data-testid="front-item"][data-code="${code}"]`);
    const form = page.getByTestId("front-form");
    const sku = (code) => form.locator(`[data-testid="front-sku-form"][data-sku="${code}"]`);
    const done = page.getByRole("button", { name: t("front.done"), exact: true });
    const edit = (code) => item(code).getByRole("button", { name: t("front.editDo") }).first();
    const before = await told("T001");
    assert.ok(before.skus.length > 1, "one can go and one is left");
    const [kept, goes] = before.skus;
    await edit("T001").click();
    await form.getByLabel(t("front.newSku")).fill(kept.code);
    assert.ok(await form.getByRole("button", { name: t("front.addSku") }).isDisabled(), "it is there already");
    await form.getByLabel(t("front.newSku")).fill("T001-X");
    await page.keyboard.press("Enter");
    await sku("T001-X").getByLabel(t("front.field.spec"), { exact: true }).fill("特大杯");
    await done.click();
    assert.ok(await lookAt(page, 1).isDisabled(), "its price is missing");
    await edit("T001").click();
    await sku("T001-X").getByLabel(t("front.field.price"), { exact: true }).fill("33.5");
    await sku("T001-X").getByLabel(t("front.field.stock"), { exact: true }).fill("9");
    await sku(kept.code).getByLabel(t("front.field.shelf"), { exact: true }).fill("B-2");
    await sku(kept.code).locator("summary").click();
    await sku(kept.code).getByLabel(t("front.day.d1"), { exact: true }).fill("9:00-14:00, 17:00-21:30");
    await sku(kept.code).getByRole("button", { name: t("front.timesAlike") }).click();
    await sku(kept.code).getByLabel(t("front.day.d7"), { exact: true }).fill("10:00-12:00");
    await sku(goes.code).getByRole("button", { name: t("front.delete"), exact: false }).click();
    await form.getByRole("button", { name: t("front.optionsRead") }).click();
    const options = form.getByLabel(t("front.optionsLabel"));
    await options.fill("辣度");
    await becomes(options, "aria-invalid", "true");
    await options.fill("甜度: 半糖, 全糖\n温度：热、少冰");
    assert.deepEqual(await barriers(page), []);
    await look(page, "sizes");
    await done.click();
    await lookAt(page, 5).click();
    const plan = page.getByTestId("front-plan");
    await says(plan, "特大杯", "¥33.50", "B-2", t("front.day.d7"), "10:00–12:00", "甜度: 半糖/全糖", t("front.deleted"));
    await look(page, "sizes-plan");
    await page.getByRole("checkbox").check();
    await send(page).click();
    await sent(page);
    await becomes(newest(page), "data-state", "done");
    const after = await told("T001", "T001");
    assert.deepEqual(
      after.skus.map((k) => k.code),
      [...before.skus.map((k) => k.code).filter((c) => c !== goes.code), "T001-X"],
    );
    const large = after.skus.at(-1);
    assert.deepEqual([large.spec, large.price, large.stock], ["特大杯", 3350, 9]);
    const first = after.skus.find((k) => k.code === kept.code);
    assert.deepEqual([first.shelf, first.price, first.times.length, first.times.at(-1)], ["B-2", kept.price, 13, { day: 7, from: "10:00", to: "12:00" }]);
    assert.deepEqual(after.properties, [
      { name: "甜度", values: ["半糖", "全糖"] },
      { name: "温度", values: ["热", "少冰"] },
    ]);
    // What was sent is what the form shows now; another stock, and another code for the dish, which keeps the rest.
    await edit("T001").click();
    await says(sku(kept.code), t("front.times"));
    assert.equal(await sku("T001-X").getByLabel(t("front.field.stock"), { exact: true }).inputValue(), "9");
    await sku("T001-X").getByLabel(t("front.field.stock"), { exact: true }).fill("");
    await form.getByLabel(t("front.field.code"), { exact: true }).fill("T001B");
    await done.click();
    await lookAt(page, 2).click();
    await says(plan, "T001B", t("front.uncounted"));
    await send(page).click();
    await sent(page);
    await becomes(newest(page), "data-state", "done");
    assert.equal(await told("T001"), undefined);
    assert.equal((await told("T001B")).skus.at(-1).stock, -1);
    await page.setViewportSize(phone.viewport);
    await edit("T001B").click();
    await form.waitFor();
    await sku(kept.code).locator("summary").click();
    await narrow(page);
    assert.deepEqual(await barriers(page), []);
    await look(page, "sizes-phone");
    await done.click();
    // An area for the night.
    await draw(one.id, "夜", 0.01);
    await page.goto(`${d.url}/shops/${one.id}/areas`);
    const hours = area(page, "夜").getByLabel(t("front.amountOf", { what: t("front.areaHours"), code: "夜" }));
    await hours.fill("22");
    assert.ok(await lookAt(page, 1).isDisabled(), "what is no time cannot be sent");
    await hours.fill("22:00-02:00");
    await narrow(page);
    await look(page, "night-phone");
    await lookAt(page, 1).click();
    await says(page.getByTestId("front-plan"), "22:00–02:00");
    await page.getByRole("checkbox").check();
    await send(page).click();
    await sent(page);
    await becomes(newest(page), "data-state", "done");
    assert.deepEqual((await areas(one.id)).find((a) => a.code === "夜").hours, { from: "22:00", to: "02:00" });
  });

  test("a shop that the platform does not have is made, with the platform's own kinds, and a dish of its app gets a code", async () => {
    const { d, t } = s;
    const like = await shop("TEA003");
    const ref = `NEW-${s.language}`;
    const made = await d.ask("POST", "/shops", { account_id: like.account_id, store_id: like.store_id, external_id: ref, name: "新店" });
    assert.equal(made.status, 201, made.text);
    assert.equal((await d.ask("PUT", "/shops/modes", { shop_ids: [made.json.id], mode: "full" })).status, 200);
    const page = await s.open(`/shops/${made.json.id}/profile`);
    await says(page.getByTestId("front-fresh"), t("front.field.tags"), t("front.field.place"));
    const fill = (name, v) => field(page, name).getByRole("textbox").fill(v);
    await fill("name", "山间茶事溪口店");
    await fill("address", "溪口路一号");
    await fill("phone", "0571-00000000");
    await fill("place", "30.1872, 120.0931");
    await field(page, "place").getByRole("combobox").selectOption("wgs84");
    await fill("hours", "09:00-21:00");
    await fill("delivery_fee", "3");
    assert.ok(await lookAt(page, 6).isDisabled(), "its kind is missing");
    await field(page, "tags").getByRole("button", { name: t("front.kinds") }).click();
    await field(page, "tags").getByRole("combobox").selectOption("奶茶");
    await field(page, "tags").getByRole("combobox").selectOption("甜品饮品");
    assert.equal(await field(page, "tags").getByRole("textbox").inputValue(), "奶茶, 甜品饮品");
    assert.deepEqual(await barriers(page), []);
    await look(page, "fresh");
    await lookAt(page, 7).click();
    await says(page.getByTestId("front-plan"), "山间茶事溪口店", t("front.added"));
    await send(page).click();
    await sent(page);
    await becomes(newest(page), "data-state", "done");
    await page.getByTestId("front-fresh").waitFor({ state: "detached" });
    const now = await profile(made.json.id);
    assert.deepEqual([now.name, now.tags], ["山间茶事溪口店", ["奶茶", "甜品饮品"]]);
    assert.notEqual(now.place.lat, 30.1872, "it was brought into the platform's system");
    // A dish that was made in the platform's own app has no code, and cannot be changed before it gets one.
    const app = `APP-${s.language}`;
    await d.meituan.call("POST", "stores", { app_poi_code: app, name: "手工店", foods: [{ name: "可乐", category_name: "饮品", price: 500, skus: [{ spec: "罐", price: 500, stock: "9" }] }] });
    const there = await d.ask("POST", "/shops", { account_id: like.account_id, store_id: like.store_id, external_id: app, name: "手工店" });
    assert.equal(there.status, 201, there.text);
    await d.ask("PUT", "/shops/modes", { shop_ids: [there.json.id], mode: "full" });
    await page.goto(`${d.url}/shops/${there.json.id}/menu`);
    const row = page.getByTestId("front-item").first();
    await says(row, "可乐", t("front.noCode"));
    await row.getByRole("button", { name: t("front.callOf", { name: "可乐" }) }).click();
    await page.getByRole("dialog").getByLabel(t("front.field.code")).fill("C1");
    await page.keyboard.press("Enter");
    await says(row, t("front.called", { code: "C1" }));
    assert.deepEqual(await barriers(page), []);
    await lookAt(page, 1).click();
    await says(page.getByTestId("front-plan"), "可乐", "C1");
    await send(page).click();
    await sent(page);
    await becomes(newest(page), "data-state", "done");
    await page.locator('[data-testid="front-item"][data-code="C1"]').getByRole("button", { name: t("front.editDo") }).first().waitFor();
    assert.equal((await d.get(`/shops/${there.json.id}/front/menu`)).items[0].code, "C1");
  });

  test("a platform that cannot be asked, a field without a call, a watched shop, and whoever may not", async () => {
    const { d, t } = s;
    const one = await shop("TEA003");
    const page = await s.open("/connections");
    await d.meituan.fault("err_5xx", 3, "poi/mget");
    await page.getByRole("link", { name: t("front.openProfile", { name: one.name || one.external_id }) }).click();
    await page.getByRole("button", { name: t("do.again") }).click();
    await field(page, "notice").waitFor();
    // A way of the platform that takes fewer fields is told by the channel.
    await page.route("**/api/v1/channels", async (route) => {
      const answer = await route.fetch();
      const body = await answer.json();
      for (const c of body.channels) if (c.name === "meituan") c.front.profile = ["hours", "rider_delay_s"];
      await route.fulfill({ response: answer, json: body });
    });
    await page.reload();
    await becomes(field(page, "notice"), "data-fixed", "true");
    await says(field(page, "notice"), t("why.front_no_call"));
    assert.equal(await field(page, "hours").getByRole("textbox").count(), 1);
    assert.deepEqual(await barriers(page), []);
    await look(page, "profile-fixed");
    const mode = (m) => d.ask("PUT", "/shops/modes", { shop_ids: [one.id], mode: m });
    assert.equal((await mode("watch")).status, 200);
    await page.reload();
    await says(page.getByTestId("front-held"), t("why.only_watched"));
    await mode("full");
    const made = await d.ask("POST", "/people", { name: `店员 ${s.language}`, role: "clerk", all_stores: true });
    const theirs = await s.stranger();
    assert.equal((await theirs.request.post(`${d.url}/api/v1/join`, { data: { token: made.json.link.token, password: "correct horse" } })).status(), 200);
    const clerk = await open(theirs, d, `/shops/${one.id}/profile`);
    await clerk.getByText(t("state.forbidden")).waitFor();
    assert.equal(await clerk.getByTestId("front-field").count(), 0);
  });
});
