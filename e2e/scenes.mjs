// Every scene is played once for each language, on a Tongdan and in a browser of its own.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, afterEach, before, describe } from "node:test";
import { fileURLToPath } from "node:url";
import * as browsers from "./browser.mjs";
import { demo } from "./stage.mjs";

/**
 * Describes tests that get `s`: d, the running demonstration; t, the console's texts; language; person(options), a signed-in
 * browser of one person, closed after the test. A failed test leaves pictures of its pages in shots/.
 * `whole`: in a browser with windows, see openBrowser.
 */
export function scenes(name, tests, { stage = demo, languages = browsers.languages, whole } = {}) {
  for (const language of languages) {
    describe(`${name} (${language})`, () => {
      const s = { language, zh: language === "zh-CN" };
      let browser;
      let people = [];
      before(async () => {
        // One that fails leaves the others to be closed: what runs on would keep the whole run from ending.
        const made = await Promise.allSettled([browsers.wordsOf(language), stage(), browsers.openBrowser({ whole })]);
        [s.t, s.d, browser] = made.map((x) => x.value);
        const failed = made.find((x) => x.status === "rejected");
        if (failed) throw failed.reason;
      });
      after(async () => {
        await Promise.all([browser?.close(), s.d?.stop()]);
      });
      s.stranger = async (options) => {
        const p = await browsers.person(browser, language, options);
        people.push(p);
        return p;
      };
      s.person = async (options) => {
        const p = await s.stranger(options);
        await browsers.enter(p, s.d);
        return p;
      };
      /** A page of the console before somebody new. */
      s.open = async (path, options) => browsers.open(await s.person(options), s.d, path);
      afterEach(async (test) => {
        const pages = people.flatMap((p) => p.pages());
        const mistakes = pages.flatMap((p) => p.mistakes ?? []);
        if (!test.passed) await pictures(pages, `${name} ${test.name} ${language}`);
        await Promise.all(people.map((p) => p.close()));
        people = [];
        if (!test.passed) await s.d.calm?.().catch((e) => test.diagnostic(String(e)));
        assert.deepEqual(mistakes, [], "no script failed on the page");
      });
      tests(s);
    });
  }
}

async function pictures(pages, name) {
  const folder = fileURLToPath(new URL("shots/", import.meta.url));
  await mkdir(folder, { recursive: true });
  const file = name.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 120);
  await Promise.all(pages.map((p, i) => p.screenshot({ path: `${folder}${file}-${i}.png`, timeout: 5000 }).catch(() => {})));
}
