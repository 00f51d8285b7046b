// The console as an installed program: its manifest, that it opens without a network, and how it changes to a newer build.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer, request } from "node:http";
import { after, afterEach, before, describe, test } from "node:test";
import { becomes, enter, open, openBrowser, person, phone, row, says, wordsOf } from "./browser.mjs";
import { demo, tea } from "./stage.mjs";
import { until } from "./until.mjs";

/**
 * A service before a real one that can be replaced by its next version: the same console, whose files have other names. It can
 * be cut off, too.
 */
async function versions(url) {
  const real = new URL(url);
  const index = await (await fetch(`${url}/index.html`)).text();
  // Every file gets another name, as its content has other names in it.
  const renamed = (text) => text.replace(/-([\w-]{8})\.(js|css)\b/g, "-$1N.$2");
  const original = (path) => path.replace(/-([\w-]{8})N\.(js|css)$/, "-$1.$2");
  let version = 1;
  let up = true;
  const sockets = new Set();
  const server = createServer((req, res) => {
    if (!up) return res.destroy();
    const path = version === 2 ? original(req.url) : req.url;
    if (version === 2 && /^\/assets\/.*\.(js|css)$/.test(req.url) && path === req.url) return res.writeHead(404).end();
    const text = /^\/(worker\.js|assets\/.*\.js|index\.html|orders.*|messages)$/.test(path);
    const headers = { ...req.headers, host: real.host };
    if (text) for (const h of ["accept-encoding", "if-none-match", "if-modified-since", "range"]) delete headers[h];
    const on = request({ hostname: real.hostname, port: real.port, path, method: req.method, headers }, (from) => {
      if (!text || version === 1) {
        res.writeHead(from.statusCode, from.headers);
        return from.pipe(res);
      }
      const parts = [];
      from.on("data", (b) => parts.push(b));
      from.on("end", () => {
        let body = renamed(Buffer.concat(parts).toString());
        if (path === "/worker.js") {
          const hash = createHash("sha256").update(renamed(index)).digest("base64");
          body = body.replace(/"sha256-[^"]+"/, `"sha256-${hash}"`).replace(/"console-\w+"/, '"console-next"');
        }
        const h = { ...from.headers };
        delete h["content-length"];
        res.writeHead(from.statusCode, h).end(body);
      });
    });
    on.on("error", () => res.destroy());
    req.pipe(on);
  });
  server.on("connection", (s) => {
    sockets.add(s);
    s.on("close", () => sockets.delete(s));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** Another binary starts: streams end, other files. */
    deploy: () => {
      version = 2;
      for (const s of sockets) s.destroy();
    },
    cut: () => {
      up = false;
      for (const s of sockets) s.destroy();
    },
    mend: () => (up = true),
    close: () => {
      up = false;
      for (const s of sockets) s.destroy();
      server.close();
    },
  };
}

const script = (page) => page.locator("script[src^='/assets/index-']").getAttribute("src");

/** The worker has every file of a build. */
const filled = (page) =>
  until("the worker has the console", () => page.evaluate(async () => Boolean((await navigator.serviceWorker.getRegistration())?.active && navigator.serviceWorker.controller)));

describe("the installed console", () => {
  let d, browser, t;
  let people = [];
  let closing = [];
  before(async () => {
    [d, browser, t] = await Promise.all([demo(), openBrowser({ whole: true }), wordsOf("zh-CN")]);
  });
  after(async () => {
    await Promise.all([browser?.close(), d?.stop()]);
  });
  afterEach(async () => {
    await Promise.all(people.map((p) => p.close()));
    for (const c of closing) c.close();
    people = [];
    closing = [];
  });
  const stage = async () => {
    const s = await versions(d.url);
    closing.push(s);
    return { ...d, ...s, url: s.url };
  };
  const somebody = async (there, options) => {
    const p = await person(browser, "zh-CN", { screen: phone, ...options });
    people.push(p);
    await enter(p, there);
    return p;
  };

  test("has a manifest in the language of the page, and everything that a phone asks for", async () => {
    const page = await open(await somebody(d, { worker: true }), d);
    const devtools = await page.context().newCDPSession(page);
    const read = async () => {
      const got = await devtools.send("Page.getAppManifest");
      assert.deepEqual(got.errors, []);
      return JSON.parse(got.data);
    };
    const zh = await read();
    assert.equal(zh.short_name, "通单");
    const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
    assert.deepEqual(installabilityErrors.map((e) => e.errorId).filter((e) => e !== "in-incognito"), []); // a test has no profile
    for (const icon of zh.icons) {
      const got = await fetch(d.url + icon.src);
      assert.equal(got.headers.get("content-type"), "image/png");
      const size = Buffer.from(await got.arrayBuffer()).readUInt32BE(16); // the width in a PNG's head
      assert.equal(`${size}x${size}`, icon.sizes);
    }
    await page.goto(`${d.url}/me`);
    await page.getByLabel(t("me.language")).selectOption("en");
    await becomes(page.locator("link[rel=manifest]"), "href", "/manifest.en.webmanifest");
    const en = await until("the manifest is English", async () => {
      const m = await read();
      return m.lang === "en" ? m : null;
    });
    assert.equal(en.short_name, "Tongdan");
    assert.equal(en.id, zh.id, "it stays the same program");
  });

  test("opens without a network with its own files, and keeps nothing of what the service says", async () => {
    const there = await stage();
    const page = await open(await somebody(there, { worker: true }), there);
    await filled(page);
    const kept = await page.evaluate(async () => {
      const out = [];
      for (const name of await caches.keys()) for (const r of await (await caches.open(name)).keys()) out.push(new URL(r.url).pathname);
      return out;
    });
    assert.ok(kept.includes("/index.html") && kept.length > 30, kept.join());
    assert.deepEqual(kept.filter((p) => !/^\/(assets\/|index\.html$|favicon\.svg$)/.test(p)), []);
    there.cut();
    await page.reload();
    await page.getByTestId("stale").waitFor();
    there.mend();
    await page.locator('[data-testid="network"][data-state="live"]').waitFor();
    await page.getByTestId("stale").waitFor({ state: "detached" });
  });

  test("says quietly that there is a new version, goes on working, and changes to it when asked", async () => {
    const there = await stage();
    const page = await open(await somebody(there, { worker: true }), there);
    await filled(page);
    const before = await script(page);
    await page.evaluate(() => (window.sameDocument = true));
    there.deploy();
    await page.getByTestId("newer").waitFor();
    // What the old page has not loaded yet is gone at the service and still here.
    await page.getByRole("link", { name: t("nav.messages") }).first().tap();
    await page.getByRole("heading", { name: t("nav.messages") }).waitFor();
    assert.equal(await page.evaluate(() => window.sameDocument), true, "nobody was asked, nothing was loaded anew");
    await page.getByRole("button", { name: t("install.renew") }).tap();
    await until("the new console runs", async () => /N\.js$/.test(await script(page)));
    assert.notEqual(await script(page), before);
    await page.getByRole("heading", { name: t("nav.messages") }).waitFor();
    await page.getByTestId("newer").waitFor({ state: "detached" });
    assert.deepEqual(page.mistakes, []);
  });

  test("without a worker, as on plain HTTP, a page whose files are gone changes by itself instead of turning white", async () => {
    const there = await stage();
    const page = await open(await somebody(there), there);
    there.deploy();
    await page.getByTestId("newer").waitFor();
    await page.getByRole("link", { name: t("nav.messages") }).first().tap();
    await until("the new console runs", async () => /N\.js$/.test(await script(page)));
    await page.getByRole("heading", { name: t("nav.messages") }).waitFor();
  });
});
