// A running Tongdan with simulated platforms of its own, and the two ways to move it: Tongdan's API and the backstage, where one
// plays buyers, riders and platforms. Nothing happens by chance: no order comes unless a test places it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./until.mjs";

const binary = process.env.TONGDAN_BIN || fileURLToPath(new URL("../bin/tongdan", import.meta.url));
export const password = "e2e-password-1";
const key = "tdk_e2e_0123456789abcdef";

/** Starts a command of the program and gives its output so far; stop ends it and removes its data. */
async function start(name, args) {
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run "make build" in the folder above`);
  const data = await mkdtemp(join(tmpdir(), "tongdan-e2e-"));
  const env = { ...process.env, TONGDAN_LOG: "warn" };
  for (const k of ["DATABASE_URL", "TONGDAN_DATA", "TONGDAN_ADDR", "TONGDAN_PUBLIC_URL", "TONGDAN_KEY", "TONGDAN_TRUST_PROXY"]) delete env[k];
  const child = spawn(binary, [name, ...args, "--data", data], { env, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let log = "";
  child.stdout.on("data", (b) => (out += b));
  child.stderr.on("data", (b) => (log += b));
  const ended = new Promise((done) => child.on("exit", done));
  const dead = () => child.exitCode !== null || child.signalCode !== null;
  const stop = async () => {
    if (!dead()) child.kill("SIGTERM");
    const hard = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await ended;
    clearTimeout(hard);
    await rm(data, { recursive: true, force: true, maxRetries: 5 });
  };
  const printed = async (what, pattern) => {
    try {
      const found = await until(`${name} prints ${what}`, () => pattern.exec(out) ?? (dead() ? "it ended" : null), { deadline: 60_000 });
      if (found === "it ended") throw new Error(`${name} ended before it printed ${what}`);
      return found[1];
    } catch (e) {
      await stop();
      throw new Error(`${e.message}\n${out}${log}`);
    }
  };
  return { data, stop, printed, log: () => log };
}

/** `tongdan serve` without any data: the first start of an installation. */
export async function firstStart() {
  const run = await start("serve", ["--addr", "127.0.0.1:0"]);
  const link = await run.printed("a setup link", /(http:\/\/\S+\/setup\?token=\S+)/);
  return { link, url: new URL(link).origin, stop: run.stop, log: run.log };
}

/** `tongdan demo` without a crowd and printers, and what tests need to play with it. */
export async function demo(...more) {
  const run = await start("demo", ["--addr", "127.0.0.1:0", "--sim-addr", "127.0.0.1:0", "--rate", "0", "--api-key", key, "--password", password, "--printers=false", "--provider=false", ...more]);
  const backstage = await run.printed("the backstage", /^Backstage\s+(http:\/\/[^/\s]+)/m);
  const url = await run.printed("its address", /^Console\s+(http:\/\/[^/\s]+)/m);
  const d = { url, backstage, key, password, log: run.log };

  /** One call of Tongdan's API; the answer with its status and headers, whatever they are. */
  d.ask = async (method, path, body, headers = {}) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${key}`, ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, json: /json/.test(answer.headers.get("content-type") ?? "") ? JSON.parse(text) : undefined };
  };
  d.get = async (path) => {
    const got = await d.ask("GET", path);
    assert.equal(got.status, 200, `GET ${path}: ${got.text}`);
    return got.json;
  };
  d.order = (id) => d.get(`/orders/${id}`);
  /** Does an act as a program would, and waits until the platform has it and the order shows it. */
  d.act = async (id, body) => {
    const got = await d.ask("POST", `/orders/${id}/actions`, body);
    assert.equal(got.status, 202, got.text);
    return until(`${body.kind} is done`, async () => {
      const o = await d.order(id);
      return o.pending.length === 0 && o.seq > got.json.seq ? o : null;
    });
  };
  /** What a channel is called in a language. */
  d.channelName = async (name, language) => {
    const c = (await d.get("/channels")).channels.find((c) => c.name === name);
    return language === "zh-CN" ? c.label_zh : c.label_en;
  };
  /** Ends what a failed test left open, so that it stays alone with its failure. */
  d.calm = async () => {
    for (const o of (await d.get("/orders?status=new&channel=meituan&limit=200")).orders) await d.meituan.act(o.ref, "cancel_in_app");
    for (const o of (await d.get("/orders?flag=refund&channel=meituan&limit=200")).orders) await d.meituan.act(o.ref, "agree_in_app");
    await until("nothing waits", async () => {
      const { statuses, flags } = await d.get("/counts?channel=meituan");
      return !statuses.new && !flags.refund;
    });
  };
  d.platform = (name) => platform(d, name);
  d.meituan = d.platform("meituan");
  d.mercado = d.platform("mercadolibre");
  d.stop = run.stop;
  return d;
}

function platform(d, name) {
  const p = {};
  const call = async (method, path, body) => {
    const answer = await fetch(`${d.backstage}/backstage/${name}/${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) });
    const got = await answer.json();
    if (!answer.ok) throw new Error(`${method} backstage ${name} ${path}: ${got.error}`);
    return got;
  };
  p.call = call;
  /** The platform's own book: what it believes, and how often each call came and changed something. */
  p.book = (ref) => call("GET", `orders/${ref}`);
  p.changes = async (ref, operation) => (await p.book(ref)).tally[operation]?.changes ?? 0;
  p.act = (ref, act, args = {}) => call("POST", `orders/${ref}/${act}?wait=1`, args);
  p.fault = (kind, n, ...only) => call("POST", "faults/next", { kind, n, only });
  /** Places a sale and gives its id at the platform. */
  p.sell = async (order = {}) => (await call("POST", "orders", order)).id;
  /** Places a sale and waits until Tongdan has it whole; gives Tongdan's order. */
  p.place = async (order = {}) => p.arrived(await p.sell(order));
  p.arrived = (ref) =>
    until(`order ${ref} of ${name} is here`, async () => {
      const { orders } = await d.get(`/orders?q=${ref}`);
      const o = orders.find((o) => o.ref === String(ref) && o.channel === name);
      return o && o.line_count > 0 && o.actions.length > 0 ? o : null;
    });
  return p;
}

/** A tea at the first store. With a number of cups and whatever else Meituan's order form takes. */
export const tea = (cups = 1, more = {}) => ({
  app_poi_code: "TEA001",
  shipping_fee: 0,
  detail: [{ app_food_code: "T001", sku_id: "T001-L", quantity: cups, food_property: "半糖,少冰" }],
  ...more,
});

/**
 * A push as Meituan sends it, signed with the demonstration's secret: MD5 over the configured URL, the parameters by name, and the
 * secret (Meituan open platform docs, signature rules). `tongdan sim` prints both.
 */
export async function push(url, params) {
  const all = { app_id: "4321", timestamp: String(Math.floor(Date.now() / 1000)), ...params };
  const text = Object.keys(all)
    .sort()
    .map((k) => `${k}=${all[k]}`)
    .join("&");
  const sig = createHash("md5").update(`${url}?${text}3d8f1c5e7a9b2d4f6081a3c5e7f90b1d`).digest("hex");
  return fetch(url, { method: "POST", body: new URLSearchParams({ ...all, sig }) });
}

/** A wire between a browser and a service: url is the browser's end; cut breaks what runs over it and lets nothing new through. */
export async function wire(url) {
  const { hostname, port } = new URL(url);
  const open = new Set();
  let whole = true;
  const server = createServer((near) => {
    if (!whole) return near.destroy();
    const far = connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => open.delete(one) && other.destroy());
      one.pipe(other);
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const cut = () => {
    whole = false;
    for (const s of open) s.destroy();
  };
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut,
    mend: () => (whole = true),
    close: () => {
      cut();
      server.close();
    },
  };
}
