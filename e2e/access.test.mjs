// Screens for everybody: what axe calls serious or critical exists on none of them, in no look, on desk or phone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, colours, desk, open, phone } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { until } from "./until.mjs";
import { everyScreen, furnish } from "./walk.mjs";

scenes("no barriers", (s) => {
  let made;

  test("something is on every screen", async () => {
    made = await furnish(s.d);
  });

  for (const [name, screen] of [
    ["desk", desk],
    ["phone", phone],
  ]) {
    test(`${name}`, async () => {
      const { d, t } = s;
      const found = [];
      const stranger = await (await s.stranger({ screen })).newPage();
      const page = await open(await s.person({ screen }), d, "/orders?tab=all");
      // The looks follow what the system asks for. They differ in colours alone, and no language has colours of its own: so the
      // dark and the high-contrast look are asked for their colours, once.
      const looks = s.zh ? [{ dark: true }, { contrast: true }] : [];
      await everyScreen({ d, t, page, stranger, made, desk: screen === desk }, async (where, page) => {
        for (const b of await barriers(page)) found.push(`${where}: ${b}`);
        for (const look of looks) {
          await wear(page, look);
          for (const b of await barriers(page, colours)) found.push(`${where}, ${JSON.stringify(look)}: ${b}`);
        }
        if (looks.length > 0) await wear(page, {});
      });
      assert.deepEqual(found, []);
    });
  }
});

async function wear(page, { dark = false, contrast = false }) {
  await page.emulateMedia({ colorScheme: dark ? "dark" : "light", contrast: contrast ? "more" : "no-preference", reducedMotion: "reduce" });
  const name = contrast ? "contrast" : dark ? "dark" : "light";
  await until(`the page is ${name}`, async () => (await page.evaluate(() => document.documentElement.dataset.theme)) === name);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}
