"use strict";

// The printers, each with its switches and what came out of it, newest first.

const $ = (id) => document.getElementById(id);
const el = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};
const at = "/backstage/printers/";
const kept = 20; // slips of a printer on the page
let last = 0;
const boxes = new Map();

async function ask(path, body) {
  const r = await fetch(at + path, body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!r.ok) throw new Error((await r.json()).error || r.statusText);
  return r.json();
}

const switches = [
  ["online", "插上电源 Plug in", "拔掉电源 Unplug"],
  ["paper", "装纸 Put paper in", "没纸了 Take the paper out"],
  ["cover", "打开盖子 Open the cover", "合上盖子 Close the cover"],
];

function box(d) {
  if (boxes.has(d.name)) return boxes.get(d.name);
  const b = { how: el("p", { className: "hint" }), slips: el("div", { ariaLive: "polite" }), buttons: {} };
  const bar = el("div", { className: "bar" });
  for (const [name] of switches) {
    b.buttons[name] = el("button", { type: "button", onclick: () => flip(d.name, name) });
    bar.append(b.buttons[name]);
  }
  $("printers").append(el("section", { className: "printer" }, el("h2", { textContent: d.name }), b.how, bar, b.slips));
  boxes.set(d.name, b);
  return b;
}

async function flip(name, what) {
  await ask("device", { name, [what]: !boxes.get(name).now[what] }).catch((e) => trouble(e.message));
  await show();
}

function line(l) {
  if (l.code) return el("span", { className: "code", textContent: `▦ ${l.code}` });
  const name = [l.width > 1 || l.height > 1 ? "big" : "", l.bold ? "bold" : "", l.reverse ? "reverse" : ""].join(" ").trim();
  return el("span", { className: name, textContent: `${l.text.trimEnd()}\n` });
}

async function show() {
  for (const d of await ask("devices")) {
    const b = box(d);
    b.now = d;
    b.how.textContent = `${d.make}${d.address ? ` ${d.address}` : ""}${d.waiting ? ` · 等待 waiting: ${d.waiting}` : ""}`;
    for (const [name, on, off] of switches) b.buttons[name].textContent = d[name] ? off : on;
  }
  for (const s of (await ask(`slips?after=${last}`)).sort((a, b) => a.seq - b.seq)) {
    last = Math.max(last, s.seq);
    const b = boxes.get(s.printer);
    b?.slips.prepend(el("div", { className: "slip" }, el("pre", {}, ...s.lines.map(line))));
    while (b && b.slips.children.length > kept) b.slips.lastChild.remove();
  }
}

function trouble(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
}

async function tick() {
  try {
    await show();
    trouble("");
  } catch (error) {
    trouble(error.message);
  }
  setTimeout(tick, 1000);
}
tick();
