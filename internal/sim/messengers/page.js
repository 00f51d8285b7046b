"use strict";

// The phones and groups, each with what it has got, newest first.

const $ = (id) => document.getElementById(id);
const el = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};
const at = "/backstage/messengers/";
let last = 0;
const boxes = new Map();

// What each vendor can be made to say once, and what the network can do.
const codes = {
  dingtalk: ["130101", "ip", "busy"],
  wecom: ["45009", "busy"],
  feishu: ["11232", "19022", "9499"],
  aliyun: ["isv.BUSINESS_LIMIT_CONTROL", "isv.AMOUNT_NOT_ENOUGH", "isv.SIGN_STATE_ILLEGAL", "isp.SYSTEM_ERROR"],
  tencent: ["LimitExceeded.PhoneNumberDailyLimit", "FailedOperation.InsufficientBalanceInSmsPackage", "InternalError.Timeout"],
};
const faults = ["drop_before_commit", "drop_after_commit", "err_5xx", "err_429", "slow_answer"];

function offer() {
  $("what").replaceChildren(...[...codes[$("vendor").value], ...faults].map((c) => el("option", { value: c, textContent: c })));
}

async function post(path, body) {
  const r = await fetch(at + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!r.ok) throw new Error((await r.json()).error || r.statusText);
}

// links makes addresses of this machine or the web pressable.
function links(text) {
  const out = [];
  let from = 0;
  for (const m of text.matchAll(/https?:\/\/[^\s)\]]+/g)) {
    out.push(text.slice(from, m.index), el("a", { href: m[0], target: "_blank", rel: "noreferrer", textContent: m[0] }));
    from = m.index + m[0].length;
  }
  out.push(text.slice(from));
  return out;
}

async function refresh() {
  const list = await (await fetch(`${at}messages?after=${last}`)).json();
  for (const m of list) {
    last = m.seq;
    const key = `${m.vendor} ${m.to}`;
    if (!boxes.has(key)) {
      const box = el("section", {}, el("h2", { textContent: `${m.to} · ${m.vendor}` }), el("div"));
      boxes.set(key, box.lastChild);
      $("phones").append(box);
    }
    boxes.get(key).prepend(el("p", { className: "entry" }, el("small", { textContent: `${new Date(m.at).toLocaleTimeString("zh-CN")} ${m.form} ` }), ...links(m.text)));
  }
  $("none").hidden = boxes.size > 0;
}

async function tick() {
  try {
    await refresh();
    $("trouble").hidden = true;
  } catch (error) {
    $("trouble").textContent = error.message;
    $("trouble").hidden = false;
  }
  setTimeout(tick, 1000);
}

$("vendor").onchange = offer;
$("order").onclick = async () => {
  const vendor = $("vendor").value;
  const what = $("what").value;
  await (faults.includes(what) ? post("faults/next", { kind: what, n: 1, vendor }) : post("refuse", { vendor, code: what }));
};
offer();
tick();
