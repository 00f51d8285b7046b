"use strict";

// The backstage page: everything it does is the JSON below /backstage/<name>/.

const $ = (id) => document.getElementById(id);
const el = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};

let lang = localStorage.getItem("lang") || (navigator.language.startsWith("zh") ? "zh" : "en");
let platform = "";
let about = null; // what GET /backstage/<name>/ says
let chosen = ""; // order id
let rows = []; // the list as last read
const text = (zh, en) => (lang === "zh" ? zh : en);

async function api(path, method = "GET", body) {
  const response = await fetch(`/backstage/${platform}/${path}`, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error || response.statusText);
  return answer;
}

// attempt shows what went wrong instead of losing it.
async function attempt(what) {
  try {
    const result = await what();
    $("trouble").hidden = true;
    return result;
  } catch (error) {
    $("trouble").textContent = error.message;
    $("trouble").hidden = false;
  }
}

function translate() {
  document.documentElement.lang = lang;
  $("lang").textContent = text("EN", "中文");
  for (const node of document.querySelectorAll("[data-zh]")) node.textContent = node.dataset[lang];
}

const time = (iso) => (iso ? new Date(iso).toLocaleTimeString(lang === "zh" ? "zh-CN" : "en-GB") : "");

async function refresh() {
  if (!platform) return;
  about = await api("");
  $("now").textContent = new Date(about.clock.now).toLocaleString(lang === "zh" ? "zh-CN" : "en-GB");
  $("speed").textContent = `×${about.clock.speed}`;
  const counts = Object.entries(about.state.orders || {}).map(([k, n]) => `${k} ${n}`);
  if (about.pending_pushes) counts.push(`${text("待推送", "pushes pending")} ${about.pending_pushes}`);
  if (about.state.penalties) counts.push(`${text("处罚", "penalties")} ${about.state.penalties}`);
  $("summary").textContent = counts.join(" · ");
  rows = await api(`orders?limit=100&status=${encodeURIComponent($("status").value)}`);
  for (const row of rows) {
    if (![...$("status").options].some((o) => o.value === row.status)) {
      $("status").append(el("option", { value: row.status, textContent: `${row.status} ${row.status_text.split(" ")[0]}` }));
    }
  }
  const focused = document.activeElement?.dataset?.order;
  $("orders").replaceChildren(...rows.map(orderRow));
  if (focused) [...$("orders").children].find((tr) => tr.dataset.order === focused)?.focus();
}

function orderRow(row) {
  const calls = Object.entries(row.tally || {}).map(([kind, n]) => `${kind} ${n.calls}/${n.changes}`);
  const left = row.due ? Math.round((new Date(row.due) - new Date(about.clock.now)) / 1000) : null;
  const due = left === null ? "" : left < 3600 ? `${Math.floor(left / 60)}:${String(Math.abs(left % 60)).padStart(2, "0")}` : time(row.due);
  const open = () => attempt(() => show(row.id));
  const tr = el("tr", { tabIndex: 0, className: row.id === chosen ? "chosen" : "", onclick: open },
    el("td", { className: "id" }, el("b", { textContent: row.number || "–" }), el("small", { textContent: row.id }), el("small", { textContent: time(row.placed) })),
    el("td", { textContent: row.store }),
    el("td", { textContent: `${row.status} ${row.status_text}` }),
    el("td", { textContent: row.delivery || "" }),
    el("td", { textContent: row.after_sale || "" }),
    el("td", { className: "money", textContent: row.total }),
    el("td", { className: "summary", textContent: row.summary || "" }),
    el("td", { className: "tally", title: text("调用次数/改变次数", "calls/state changes"), textContent: calls.join("\n") }),
    el("td", { className: left !== null && left < 60 ? "bad" : "", textContent: due }));
  tr.dataset.order = row.id;
  tr.onkeydown = (event) => event.key === "Enter" && open();
  return tr;
}

const who = { buyer: ["顾客", "Buyer"], rider: ["骑手", "Rider"], platform: ["平台", "Platform"], merchant: ["商家（平台自己的客户端）", "Merchant in the platform's own app"] };

async function show(id) {
  chosen = id;
  const detail = await api(`orders/${encodeURIComponent(id)}`);
  const status = rows.find((row) => row.id === id)?.status ?? String(detail.order.status);
  const buttons = [];
  for (const side of Object.keys(who)) {
    const acts = about.acts.filter((a) => a.who === side && (!a.when || a.when.includes(status)));
    if (!acts.length) continue;
    buttons.push(el("div", { className: "acts" }, el("span", { className: "who", textContent: text(...who[side]) }),
      ...acts.map((a) => el("button", { textContent: a[lang], title: a.name, onclick: () => attempt(() => act(id, a)) }))));
  }
  const lines = (list, line) => (list.length ? list.slice().reverse().map((x) => el("div", { className: "entry", textContent: line(x) })) : [el("p", { className: "hint", textContent: text("无", "none") })]);
  $("detail").replaceChildren(
    el("h2", { textContent: `${text("订单", "Order")} ${id}` }),
    ...buttons,
    el("details", {}, el("summary", { textContent: `${text("收到的调用", "Calls received")} (${detail.calls.length})` }), ...lines(detail.calls, callLine)),
    el("details", {}, el("summary", { textContent: `${text("发出的推送", "Pushes sent")} (${detail.pushes.length})` }), ...lines(detail.pushes, pushLine)),
    el("details", { open: true }, el("summary", { textContent: text("平台认为", "What the platform believes") }), el("pre", { textContent: JSON.stringify(detail.order, null, 1) })));
}

const callLine = (c) => `${time(c.trade)} ${c.method} ${c.kind} → ${c.status || text("断开", "closed")}${c.code ? " " + c.code : ""}${c.changed ? text(" 已改变", " changed") : ""}${c.fault ? " ⚡" + c.fault : ""} ${c.order || ""}`;
const pushLine = (p) => `${time(p.trade)} ${p.kind} #${p.attempt} → ${p.ok ? "ok" : p.error || "HTTP " + p.status}${p.fault ? " ⚡" + p.fault : ""} ${p.order || ""} ${p.ok ? "" : p.answer || ""}`;

function ask(title, initial) {
  $("asktitle").textContent = title;
  $("asktext").value = initial;
  $("ask").returnValue = "";
  $("ask").showModal();
  return new Promise((resolve) => {
    $("ask").onclose = () => resolve($("ask").returnValue === "ok" ? $("asktext").value : null);
  });
}

async function act(id, a) {
  let args = "";
  if (a.args) {
    args = await ask(a[lang], JSON.stringify(a.args, null, 2));
    if (args === null) return;
  }
  await api(`orders/${encodeURIComponent(id)}/${a.name}?wait=1`, "POST", args);
  await refresh();
  await show(id);
}

const faults = [
  ["push_lost", "推送丢失", "push lost"], ["push_doubled", "推送重复", "push doubled"], ["push_late", "推送延迟", "push late"],
  ["push_reordered", "推送乱序", "push reordered"], ["push_forged", "伪造推送", "push forged"], ["err_429", "限流", "flow control"],
  ["err_5xx", "网关错误", "gateway error"], ["drop_before_commit", "执行前断开", "closed before commit"],
  ["drop_after_commit", "执行后断开", "closed after commit"], ["slow_answer", "响应慢", "slow answer"],
];

async function drawFaults() {
  const plan = await api("faults");
  const inputs = faults.map(([kind, zh, en]) => {
    const input = el("input", { type: "number", min: 0, max: 1, step: 0.01, value: plan[kind] || 0, name: kind });
    const once = el("button", { type: "button", textContent: text("下一个", "next one"), onclick: () => attempt(() => api("faults/next", "POST", { kind, n: 1 })) });
    return el("label", {}, el("span", { textContent: text(zh, en), title: kind }), input, once);
  });
  const save = el("button", { type: "submit", className: "primary", textContent: text("设定概率", "Set probabilities") });
  $("faults").replaceChildren(...inputs, save);
  $("faults").onsubmit = (event) => {
    event.preventDefault();
    for (const [kind] of faults) plan[kind] = Number($("faults").elements[kind].value) || 0;
    attempt(() => api("faults", "PUT", plan));
  };
}

async function drawTraffic() {
  const [calls, pushes] = await Promise.all([api("calls?limit=40"), api("pushes?limit=40")]);
  const all = [...calls.map((c) => [c.real, "← " + callLine(c)]), ...pushes.map((p) => [p.real, "→ " + pushLine(p)])];
  all.sort((a, b) => (a[0] < b[0] ? 1 : -1));
  $("traffic").replaceChildren(...all.slice(0, 60).map(([, line]) => el("div", { className: "entry", textContent: line })));
}

async function choose(name) {
  platform = name;
  chosen = "";
  for (const b of $("platforms").querySelectorAll("button")) b.setAttribute("aria-pressed", b.dataset.name === name);
  $("status").replaceChildren($("status").options[0]);
  await refresh();
  await drawFaults();
  $("config").value = JSON.stringify(await api("config"), null, 2);
}

async function clock(change) {
  await api("clock?wait=1", "PUT", change);
  await refresh();
}

async function begin() {
  translate();
  const platforms = await (await fetch("/backstage/")).json();
  $("platforms").replaceChildren(...platforms.map((p) => {
    if (p.page) return el("a", { href: p.page, textContent: text("手机与群", "Phones and groups") });
    const b = el("button", { textContent: p.name, title: p.api || "", onclick: () => attempt(() => choose(p.name)) });
    b.dataset.name = p.name;
    return b;
  }));
  const first = platforms.find((p) => !p.page);
  if (first) await choose(first.name);
}

$("lang").onclick = () => {
  lang = lang === "zh" ? "en" : "zh";
  localStorage.setItem("lang", lang);
  translate();
  attempt(async () => { await refresh(); await drawFaults(); if (chosen) await show(chosen); });
};
$("place").onclick = () => attempt(async () => { const o = await api("orders", "POST", {}); await refresh(); await show(o.id); });
$("place5").onclick = () => attempt(async () => { for (let i = 0; i < 5; i++) await api("orders", "POST", {}); await refresh(); });
$("write").onclick = () => attempt(async () => {
  const written = await ask(text("平台原生 JSON（缺的由模拟器补全）", "Native JSON (the simulator makes up the rest)"), "{\n}");
  if (written === null) return;
  const o = await api("orders", "POST", written);
  await refresh();
  await show(o.id);
});
$("status").onchange = () => attempt(refresh);
$("setspeed").onchange = () => { const v = $("setspeed").value; $("setspeed").value = ""; if (v !== "") attempt(() => clock({ speed: Number(v) })); };
for (const b of document.querySelectorAll("[data-advance]")) b.onclick = () => attempt(() => clock({ advance: b.dataset.advance }));
$("saveconfig").onclick = () => attempt(async () => { $("config").value = JSON.stringify(await api("config", "POST", $("config").value), null, 2); });

attempt(begin);
setInterval(() => {
  if (document.hidden || !platform) return;
  attempt(async () => { await refresh(); if ($("traffic").parentElement.open) await drawTraffic(); });
}, 2000);
