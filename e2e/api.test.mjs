// What an integrating developer is promised, tried from outside with plain HTTP.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { demo, tea } from "./stage.mjs";
import { until } from "./until.mjs";

describe("a cash register uses the API", () => {
  let d;
  let secret;
  before(async () => (d = await demo()));
  after(() => d?.stop());
  const as = (headers = {}) => ({ Authorization: `Bearer ${secret}`, ...headers });

  test("a key is made, its secret shown once, and the first call works", async () => {
    const made = await d.ask("POST", "/keys", { name: "cash register", role: "clerk" });
    assert.equal(made.status, 201, made.text);
    ({ secret } = made.json);
    assert.match(secret, /^tdk_/);
    const list = await d.ask("GET", "/keys");
    assert.ok(list.json.keys.some((k) => k.name === "cash register"));
    assert.ok(!list.text.includes(secret), "a list shows no secrets");

    const o = await d.meituan.place(tea(2, { recipient_phone: "18500000000_4242" }));
    const { status, json, headers } = await d.ask("GET", "/orders?status=new,accepted&limit=1", undefined, as());
    assert.equal(status, 200);
    assert.equal(json.orders[0].id, o.id);
    assert.equal(typeof json.orders[0].ref, "string", "their ids are text, whole to the last digit");
    assert.ok(headers.get("x-request-id"));
    const seen = await d.ask("GET", `/orders/${o.id}`, undefined, as());
    assert.equal(seen.json.customer.masked, true, "without the right, no customer's number");
    assert.ok(!seen.text.includes("18500000000"));
    assert.equal((await d.ask("GET", "/orders", undefined, { Authorization: "Bearer tdk_not_a_key_0123456789" })).status, 401);
    await d.act(o.id, { kind: "accept" });
  });

  test("accepting twice under one key gives one answer and one confirm", async () => {
    const o = await d.meituan.place(tea());
    const accept = (body) => d.ask("POST", `/orders/${o.id}/actions`, body, as({ "Idempotency-Key": "register-7-1" }));
    const first = await accept({ kind: "accept" });
    assert.equal(first.status, 202, first.text);
    const second = await accept({ kind: "accept" });
    assert.equal(second.status, 202);
    assert.equal(second.text, first.text);
    assert.equal(second.headers.get("idempotent-replayed"), "true");
    const other = await accept({ kind: "ready" });
    assert.equal(other.status, 409);
    assert.match(other.headers.get("content-type"), /application\/problem\+json/);
    await until("it is accepted", async () => (await d.order(o.id)).status === "accepted");
    assert.equal(await d.meituan.changes(o.ref, "order/confirm"), 1);
  });

  test("an act that its state forbids says why, and what happened already is no error", async () => {
    const o = await d.meituan.place(tea());
    await d.act(o.id, { kind: "accept" });
    const again = await d.ask("POST", `/orders/${o.id}/actions`, { kind: "accept" }, as());
    assert.equal(again.status, 200);
    assert.ok(again.json.already.at > 0);
    await d.meituan.act(o.ref, "service_cancel");
    await until("it is cancelled", async () => (await d.order(o.id)).status === "cancelled");
    const late = await d.ask("POST", `/orders/${o.id}/actions`, { kind: "ready" }, as());
    assert.equal(late.status, 409);
    assert.equal(late.json.why.code, "cancelled");
  });

  test("changes since the last one seen come without a hole", async () => {
    const { next, epoch } = (await d.ask("GET", "/changes?after=0&limit=500", undefined, as())).json;
    const mine = [];
    for (let n = 1; n <= 4; n++) mine.push(await d.meituan.place(tea(n)));
    for (const o of mine) await d.act(o.id, { kind: "accept" });
    const seen = [];
    for (let after = next; ; ) {
      const page = (await d.ask("GET", `/changes?after=${after}&limit=3`, undefined, as())).json;
      assert.equal(page.epoch, epoch);
      seen.push(...page.changes);
      if (page.changes.length === 0) break;
      after = page.next;
    }
    const numbers = seen.map((c) => c.seq);
    assert.deepEqual(numbers, numbers.map((_, i) => next + 1 + i), "each number once, none left out");
    for (const o of mine) assert.ok(seen.some((c) => c.kind === "order" && c.id === o.id));
  });

  test("a stream that broke goes on after the last id that was heard", async () => {
    const listen = async (headers, enough) => {
      const stop = new AbortController();
      const answer = await fetch(`${d.url}/api/v1/stream`, { headers: as(headers), signal: stop.signal });
      assert.equal(answer.status, 200);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      const events = [];
      let text = "";
      const deadline = setTimeout(() => stop.abort(), 10_000);
      try {
        while (!enough(events)) {
          const { value, done } = await reader.read();
          if (done) break;
          text += value;
          for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
            const field = Object.fromEntries(
              text
                .slice(0, end)
                .split("\n")
                .map((l) => [l.slice(0, l.indexOf(":")), l.slice(l.indexOf(":") + 1).trim()]),
            );
            if (field.event === "change") events.push({ id: field.id, ...JSON.parse(field.data) });
          }
        }
      } finally {
        clearTimeout(deadline);
        stop.abort();
      }
      return events;
    };
    const { seq, epoch } = await d.get("/orders?limit=1");
    const start = `${epoch}-${seq}`;
    const one = await d.meituan.place(tea());
    const before = await listen({ "Last-Event-ID": start }, (es) => es.some((e) => e.id && e.kind === "order"));
    assert.ok(before.some((e) => e.kind === "order" && e.id));
    const last = before.at(-1);
    const lastId = `${epoch}-${last.seq}`;
    await d.act(one.id, { kind: "accept" }); // nobody listens now
    const two = await d.meituan.place(tea(2));
    const upTo = (await d.get("/orders?limit=1")).seq;
    const rest = await listen({ "Last-Event-ID": lastId }, (es) => es.some((e) => e.seq >= upTo));
    assert.deepEqual(rest.map((e) => e.seq).slice(0, upTo - last.seq), Array.from({ length: upTo - last.seq }, (_, i) => last.seq + 1 + i));
    assert.ok(rest.some((e) => e.order?.ref === two.ref), "a changed order comes with its summary");
    await d.act(two.id, { kind: "accept" });
  });

  test("what does not exist, or is unreadable, is a problem that says what to do", async () => {
    for (const [method, path, body, status, code] of [
      ["GET", "/orders/ord_0000000000000", undefined, 404, "not_found"],
      ["GET", "/orders/4711", undefined, 404, "not_found"],
      ["GET", "/orders?nonsense=1", undefined, 422, "invalid"],
      ["POST", "/orders/ord_0000000000000/actions", { kind: "accept" }, 404, "not_found"],
      ["GET", "/nowhere", undefined, 404, "not_found"],
      ["POST", "/stores", { name: "mine", zone: "Asia/Shanghai" }, 403, "forbidden"],
    ]) {
      const got = await d.ask(method, path, body, as());
      assert.equal(got.status, status, `${method} ${path}: ${got.text}`);
      assert.match(got.headers.get("content-type"), /application\/problem\+json/);
      assert.equal(got.json.code, code);
      assert.ok(got.json.detail.length > 5, got.text);
      assert.equal(got.json.request_id, got.headers.get("x-request-id"));
    }
  });

  test("the description of the API is served, and a page of another site can do nothing", async () => {
    const doc = await d.ask("GET", "/openapi.json");
    assert.match(doc.json.openapi, /^3\.1/);
    const session = await fetch(`${d.url}/api/v1/session`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name: "demo", password: d.password }),
    });
    const cookie = session.headers.get("set-cookie").split(";")[0];
    const foreign = await fetch(`${d.url}/api/v1/keys`, {
      method: "POST",
      headers: { Cookie: cookie, Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site", "Content-Type": "application/json" },
      body: JSON.stringify({ name: "stolen" }),
    });
    assert.equal(foreign.status, 403);
  });
});
