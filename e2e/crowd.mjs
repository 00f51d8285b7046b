// A service with ten thousand orders and fifty more each second, for measuring the console alone: it stands before a real Tongdan,
// answers lists and the live stream itself, and passes everything else on.

import { createServer, request } from "node:http";

const states = ["new", "accepted", "ready", "delivering", "done"];

/** An order as a list tells it. */
function order(n, seq, placedAt) {
  const status = states[n % states.length];
  return {
    id: `ord_crowd${n}`,
    channel: n % 4 === 0 ? "mercadolibre" : "meituan",
    ref: `26${String(n).padStart(14, "0")}`,
    display_ref: `26${String(n).padStart(14, "0")}`,
    day_seq: n % 4 === 0 ? "" : String(n),
    kind: n % 4 === 0 ? "ecommerce" : "takeaway",
    logistics: n % 4 === 0 ? "me2" : "platform",
    account_id: "acc_1",
    store: { id: "sto_1", name: "山间茶事(湖滨店)", zone: "Asia/Shanghai" },
    status,
    flags: n % 17 === 0 ? ["reminder"] : [],
    axes: {},
    theirs: {},
    placed_at: placedAt,
    paid_at: placedAt,
    promised_at: 0,
    changed_at: placedAt,
    seq,
    deadline: status === "new" ? { kind: "accept", at: placedAt + 300_000, for: "" } : null,
    total: { minor: 1000 + (n % 9000), digits: 2, currency: "CNY" },
    paid: { minor: 1000 + (n % 9000), digits: 2, currency: "CNY" },
    line_count: 2,
    quantity: 3,
    summary: "山间鲜奶茶×2 · 茉莉奶绿×1",
    items: [
      { name: "山间鲜奶茶", quantity: 2, options: "大杯 · 半糖 · 少冰", note: n % 5 === 0 ? "花生过敏" : "" },
      { name: "茉莉奶绿", quantity: 1, options: "中杯" },
    ],
    remark: n % 3 === 0 ? "门口有台阶，放外卖柜" : "",
    customer: { name: "张(女士)", phone_tail: String(n % 10_000).padStart(4, "0"), city: "" },
    issues: [],
    pending: [],
    actions: status === "new" ? ["accept", "refuse"] : [],
  };
}

/** @param url the real Tongdan */
export async function crowd(url, count = 10_000) {
  const began = Date.now();
  const stored = Array.from({ length: count }, (_, i) => order(count - i, count - i, began - (i + 1) * 1000));
  const listeners = new Set();
  let seq = count;
  let coming;
  const real = new URL(url);

  const list = (query, res) => {
    const from = Number(query.get("cursor") || 0);
    const to = Math.min(from + Number(query.get("limit") || 50), count);
    res.setHeader("Content-Type", "application/json");
    res.end(JSON.stringify({ orders: stored.slice(from, to), next_cursor: to < count ? String(to) : "", seq, epoch: 1, as_of: Date.now() }));
  };
  const server = createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url, url);
    if (pathname === "/api/v1/orders" && !searchParams.get("flag")) return list(searchParams, res);
    if (pathname === "/api/v1/stream") {
      res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
      res.write(": hello\n\n");
      listeners.add(res);
      res.on("close", () => listeners.delete(res));
      return;
    }
    const on = request(
      { hostname: real.hostname, port: real.port, path: req.url, method: req.method, headers: { ...req.headers, host: real.host } },
      (from) => {
        res.writeHead(from.statusCode, from.headers);
        from.pipe(res);
      },
    );
    on.on("error", () => res.destroy());
    req.pipe(on);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));

  const one = () => {
    const o = order(++seq, seq, Date.now());
    const text = `id: 1-${seq}\nevent: change\ndata: ${JSON.stringify({ seq, kind: "order", id: o.id, order: o })}\n\n`;
    for (const l of listeners) l.write(text);
  };
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** Lets so many orders a second come in, until stopped; gives how many came. */
    pour: (perSecond) => {
      const before = seq;
      const started = performance.now();
      coming = setInterval(() => {
        for (let due = Math.floor(((performance.now() - started) / 1000) * perSecond); seq - before < due; ) one();
      }, 10);
      return () => {
        clearInterval(coming);
        return seq - before;
      };
    },
    /** The number of the order that came last. */
    last: () => seq,
    close: () => {
      clearInterval(coming);
      for (const l of listeners) l.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}
