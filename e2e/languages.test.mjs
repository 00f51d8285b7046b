// Every screen in the languages in which no scene is played: nothing sticks out, nothing is cut off, no text is missing, and no
// barrier, at a desk and on a phone.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { barriers, open, otherLanguages, phone } from "./browser.mjs";
import { scenes } from "./scenes.mjs";
import { until } from "./until.mjs";
import { everyScreen, furnish } from "./walk.mjs";

const small = { viewport: { width: 1280, height: 800 } };
const pictures = process.env.TONGDAN_PICTURES && fileURLToPath(new URL("shots/languages/", import.meta.url));

scenes(
  "every screen",
  (s) => {
    let made;

    test("something is on every screen", async () => {
      made = await furnish(s.d);
    });

    for (const [name, screen] of [
      ["desk", small],
      ["phone", phone],
    ]) {
      test(name, async () => {
        const { d, t, language } = s;
        const found = [];
        const look = async (where, page) => {
          for (const b of [...(await page.evaluate(misfits)), ...(await barriers(page))]) found.push(`${where}: ${b}`);
          await picture(page, `${language} ${name} ${where}`);
        };
        const stranger = await (await s.stranger({ screen })).newPage();
        const page = await open(await s.person({ screen }), d, "/orders?tab=all");
        await everyScreen({ d, t, page, stranger, made, desk: screen === small }, look);
        for (const floor of ["kitchen", "callout"]) {
          await page.goto(`${d.url}/${floor}`);
          await page.locator(".door button").first().click();
          await until("the screen is live", () => page.locator('[data-testid="network"][data-state="live"]').count());
          assert.equal(await page.evaluate(() => document.documentElement.lang), language);
          await look(floor, page);
          await page.evaluate(() => localStorage.removeItem("tongdan.floor.store"));
        }
        assert.deepEqual(found, []);
      });
    }
  },
  { languages: otherLanguages },
);

async function picture(page, name) {
  if (!pictures) return;
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: `${pictures}${name.replace(/[^\w-]+/g, "-")}.png` });
}

/** In the page: what is wider than it may be, and texts that are keys. */
function misfits() {
  const out = [];
  const wide = document.documentElement.scrollWidth - Math.min(innerWidth, screen.width);
  if (wide > 0) out.push(`the page is ${wide} px wider than the window`);
  const clips = (e) => e.closest(".clip, .sr-only, [data-clip], pre, code, td, svg, .ant-select, .mono") !== null;
  const name = (e) => `${e.tagName.toLowerCase()}.${[...e.classList].join(".")} “${e.textContent.trim().slice(0, 40)}”`;
  for (const e of document.querySelectorAll("button, a.btn, .btn, h1, h2, label, th, .chip, .num, b, [role=tab], .tab")) {
    const box = e.getBoundingClientRect();
    if (box.width === 0 || box.height === 0 || clips(e)) continue;
    if (/^(BUTTON|A|H1|H2|LABEL|TH)$/.test(e.tagName) && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && getComputedStyle(e).overflowX !== "visible") out.push(`cut off: ${name(e)}`);
    const scrolls = (p) => p && (["auto", "scroll"].includes(getComputedStyle(p).overflowX) || scrolls(p.parentElement));
    if ((box.right > Math.min(innerWidth, screen.width) + 1 || box.left < -1) && !scrolls(e.parentElement)) out.push(`outside: ${name(e)}`);
    for (const p of [e.parentElement]) {
      const of = p?.getBoundingClientRect();
      if (of && /^(BUTTON|A)$/.test(e.tagName) && box.right > of.right + 2 && getComputedStyle(p).overflowX === "hidden") out.push(`covered: ${name(e)}`);
    }
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) { // the raw journal names messages as platforms do: order.paid
    const { data, parentElement } = texts.currentNode;
    if (/^[a-z]+(\.[a-zA-Z]+)+$/.test(data.trim()) && !parentElement.closest(".journal, [data-testid=parked], .mono, pre, code, script")) out.push(`no text: ${data.trim()}`);
  }
  return out;
}
