// The browser, and pages of the console in it.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { until } from "./until.mjs";

export const languages = ["zh-CN", "en"];
/** Those in which every screen is walked through, and no scene is played. */
export const otherLanguages = ["es", "pt-BR"];
export const desk = { viewport: { width: 1440, height: 900 } };
export const phone = { viewport: { width: 360, height: 780 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

/**
 * Debian's Chromium, or any `chromium` on the PATH. Where Debian's chromium-headless-shell is installed it is that one: the same
 * engine without windows and menus, in two thirds of the work. What needs a `whole` browser, such as installing a program, gets
 * one, and with TONGDAN_WHOLE=1 everything does.
 */
export function openBrowser({ whole = Boolean(process.env.TONGDAN_WHOLE) } = {}) {
  const here = [!whole && "/usr/bin/chromium-headless-shell", "/usr/bin/chromium"].find((x) => x && existsSync(x));
  return chromium.launch({
    executablePath: here ?? "chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** The console's own texts in a language: words(language)("act.accept", { … }). */
export const wordsOf = (language) => textsIn(`${language}.ts`, "words");
/** The texts of the shop floor's screens. */
export const floorWordsOf = (language) => textsIn(`floor/${language}.ts`, language.split("-")[0]);

async function textsIn(file, name) {
  const source = readFileSync(new URL(`../web/src/words/${file}`, import.meta.url), "utf8")
    .replace(/^import type .*$/gm, "")
    .replace(/^(export const \w+): [^=]+ =/m, "$1 =");
  const words = (await import(`data:text/javascript;charset=utf-8,${encodeURIComponent(source)}`))[name];
  return (key, values = {}) => {
    const text = key.split(".").reduce((w, k) => w?.[k], words);
    assert.equal(typeof text, "string", `there is no text ${key} in ${file}`);
    return text.replace(/\{\{(\w+)\}\}/g, (_, k) => values[k] ?? "");
  };
}

/**
 * A browser of one person: language, screen, and with `speech` a voice whose sentences are recorded in
 * window.spoken, with `worker` the service worker (elsewhere it would load every file of the console for nothing).
 */
export async function person(browser, language, { screen = desk, dark = false, contrast = false, speech = false, worker = false } = {}) {
  const context = await browser.newContext({
    ...screen,
    locale: language,
    timezoneId: "Asia/Shanghai",
    colorScheme: dark ? "dark" : "light",
    contrast: contrast ? "more" : "no-preference",
    reducedMotion: "reduce",
    serviceWorkers: worker ? "allow" : "block",
  });
  context.setDefaultTimeout(60_000); // as until waits
  context.on("console", (m) => { // a part of the page that broke says here why, and the page that it could not be shown
    if (m.type() === "error" && !m.text().startsWith("Failed to load resource")) console.error(`page ${m.page()?.url()}: ${m.text().slice(0, 2000)}`);
  });
  if (speech) await context.addInitScript(recordSpeech, language);
  return context;
}

// Replaces the device's voice by one that remembers what it was told to say.
function recordSpeech(language) {
  window.spoken = [];
  const voice = { lang: language, name: "recorder", localService: true, default: true, voiceURI: "recorder" };
  window.SpeechSynthesisUtterance = class {
    constructor(text) {
      this.text = text;
    }
  };
  Object.defineProperty(window, "speechSynthesis", {
    configurable: true,
    value: {
      getVoices: () => [voice],
      cancel: () => {},
      addEventListener: () => {},
      speak: (words) => {
        window.spoken.push(words.text);
        words.onstart?.();
        words.onend?.();
      },
    },
  });
}

/** Puts a signed-in session into a browser, without the form. */
export async function enter(context, d) {
  const answer = await context.request.post(`${d.url}/api/v1/session`, { data: { name: "demo", password: d.password } });
  assert.equal(answer.status(), 200, await answer.text());
}

/** A page of the console of somebody who is signed in, once it is live. */
export async function open(context, d, path = "/orders") {
  const page = await context.newPage();
  page.mistakes = [];
  page.on("pageerror", (e) => page.mistakes.push(String(e)));
  await page.goto(d.url + path);
  await page.locator('[data-testid="network"][data-state="live"]').waitFor();
  return page;
}

export const row = (page, o) => page.locator(`[data-testid="order-row"][data-id="${o.id}"]`);

/** The number on a tab becomes n. */
export const count = (page, tab, n) =>
  until(`the tab ${tab} shows ${n}`, async () => assert.equal(await page.getByTestId(`count-${tab}`).textContent({ timeout: 1000 }), String(n)) ?? true);

/** The text of something contains all of these. */
export const says = (locator, ...texts) =>
  until(`it says ${texts.join(", ")}`, async () => {
    const text = (await locator.textContent({ timeout: 1000 })) ?? "";
    for (const t of texts) assert.ok(text.includes(t), `it says ${JSON.stringify(text)}`);
    return true;
  });

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The rules of axe that ask about colours. */
export const colours = ["color-contrast", "link-in-text-block"];

/**
 * What axe finds that keeps people out, by all its rules or by some, as lines of rule and place. Colours are half of its work, and no
 * language has its own: they are looked at in Chinese, in which every scene is played.
 */
export async function barriers(page, rules) {
  if (!(await page.evaluate("typeof window.axe !== 'undefined'"))) await page.evaluate(axe);
  const violations = await page.evaluate(async ([rules, colours]) => {
    // A colour on its way to another, as of a button that has just become possible, is nobody's.
    const ending = document.getAnimations().filter((a) => a.playState === "running" && Number.isFinite(a.effect?.getComputedTiming().endTime));
    await Promise.all(ending.map((a) => a.finished.catch(() => {}))); // one that is taken back is over too
    const without = document.documentElement.lang.startsWith("zh") ? [] : colours;
    const asked = rules ? { runOnly: { type: "rule", values: rules } } : { rules: Object.fromEntries(without.map((c) => [c, { enabled: false }])) };
    const all = await window.axe.run(document, { resultTypes: ["violations"], preload: false, iframes: false, ...asked });
    return all.violations;
  }, [rules, colours]);
  return violations
    .filter((v) => v.impact === "serious" || v.impact === "critical")
    .flatMap((v) => v.nodes.map((n) => `${v.impact} ${v.id}: ${n.target.join(" ")} ${n.any[0]?.message ?? ""}`));
}

/** An attribute of something becomes a value. */
export const becomes = (locator, name, value, options) =>
  until(
    `its ${name} is ${value}`,
    async () => assert.equal(await locator.getAttribute(name, { timeout: 1000 }), value) ?? true,
    options,
  );
