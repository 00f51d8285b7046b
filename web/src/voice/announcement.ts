// What the voice says. Several things at once are joined into one sentence with the time that is left for the most urgent, because
// a counter at noon hears one sentence, not ten.

/** new, refund: to be answered · reminder: the customer asks · rider: one waits · printer: tickets wait for paper · standin: they come out on another one · resting: a shop rests while its store is open · rule: accepting by itself has paused · stuck: a delivery stands still · make, cancel: what the kitchen hears */
export type Kind = "new" | "reminder" | "refund" | "rider" | "printer" | "standin" | "resting" | "rule" | "stuck" | "make" | "cancel";

export type Waiting = {
  kind: Kind;
  /** Of the order; with something behind it where one order is spoken of several times. */
  id: string;
  /** Name of the channel in the language spoken; of a printer its own. */
  channel: string;
  /** The daily number, or "" where there is none; of a shop that rests its store; of a stand-in its name. */
  number: string;
  quantity: number;
  /** When the time to answer runs out, UTC milliseconds; 0 when nothing runs out. */
  at: number;
  /** Said once and not repeated: nobody has to act for it to stop. */
  once?: boolean;
  /** How long a rider waits, or a delivery stands still, minutes. */
  minutes?: number;
};

const order = ["cancel", "refund", "printer", "standin", "resting", "rule", "stuck", "rider", "reminder", "new", "make"] as const;

/** @param fresh the ids that nobody has heard of yet; a single fresh order is announced with what is in it */
export function announcement(waiting: Waiting[], fresh: ReadonlySet<string>, now: number, language: string): string {
  if (waiting.length === 0) return "";
  const say = { zh: chinese, es: spanish, pt: portuguese }[language.split("-")[0] ?? ""] ?? english;
  const [only] = waiting;
  if (waiting.length === 1 && only) return say.one(only, fresh.has(only.id), now);
  const groups = order
    .map((kind) => ({ kind, items: waiting.filter((w) => w.kind === kind) }))
    .filter((g) => g.items.length > 0)
    .map((g) => say.several(g.kind, g.items.length));
  const first = Math.min(...waiting.map((w) => w.at || Number.POSITIVE_INFINITY));
  return say.join(groups, Number.isFinite(first) ? first - now : undefined);
}

const chinese = {
  one(w: Waiting, fresh: boolean, now: number): string {
    const who = `${w.channel}${w.number ? `，${zhNumber(w.number)}号` : ""}`;
    const left = w.at > 0 && !(w.kind === "new" && fresh) ? `，还剩${zhLeft(w.at - now)}` : "";
    if (w.kind === "reminder") return `${who}，顾客催单`;
    if (w.kind === "cancel") return `${who}，顾客取消，停止制作`;
    if (w.kind === "printer") return `打印机${w.channel}打不出，${zhCount(w.quantity)}张未打印`;
    if (w.kind === "standin") return `打印机${w.channel}打不出，已改由${w.number}打印`;
    if (w.kind === "resting") return `${w.number}${w.channel}还没有营业，请检查`;
    if (w.kind === "rule") return `${who}，自动接单已暂停，请人工接单`;
    if (w.kind === "stuck") return `${who}，配送${zhCount(w.minutes ?? 0)}分钟没有动静`;
    if (w.kind === "rider") return `骑手已等${zhCount(w.minutes ?? 0)}分钟，${who}`;
    if (w.kind === "make") return `${who}，${zhCount(w.quantity)}件，请制作`;
    if (w.kind === "refund") return `${who}，申请退款${left}`;
    return fresh ? `${who}，新订单，${zhCount(w.quantity)}件` : `${who}，新订单${left}`;
  },
  several: (kind: Kind, n: number): string =>
    `${zhCount(n)}${{ new: "个新订单", reminder: "个催单", refund: "个退款申请", rider: "位骑手在等", printer: "台打印机打不出", standin: "台打印机已改由备用打印机打印", resting: "个店铺还没有营业", rule: "家店自动接单已暂停", stuck: "单配送没有动静", make: "单要做", cancel: "单取消，停止制作" }[kind]}`,
  join: (groups: string[], left: number | undefined): string =>
    left === undefined ? groups.join("，") : `${groups.join("，")}，最早的剩${zhLeft(left)}`,
};

const english = {
  one(w: Waiting, fresh: boolean, now: number): string {
    const who = `${w.channel}${w.number ? ` ${w.number}` : ""}`;
    const left = w.at > 0 && !(w.kind === "new" && fresh) ? `, ${enLeft(w.at - now)} left` : "";
    if (w.kind === "reminder") return `${who}, the customer is asking`;
    if (w.kind === "printer")
      return `printer ${w.channel} cannot print, ${w.quantity} ${w.quantity === 1 ? "ticket waits" : "tickets wait"}`;
    if (w.kind === "standin") return `printer ${w.channel} cannot print, ${w.number} prints instead`;
    if (w.kind === "resting") return `${w.channel} of ${w.number} takes no orders, please look`;
    if (w.kind === "cancel") return `${who}, cancelled by the customer, stop making it`;
    if (w.kind === "rule") return `${who}, automatic accepting has paused, accept by hand`;
    if (w.kind === "stuck") return `${who}, its delivery has not moved for ${w.minutes ?? 0} minutes`;
    if (w.kind === "rider") return `a rider has been waiting for ${w.minutes ?? 0} minutes, ${who}`;
    if (w.kind === "make") return `${who}, ${w.quantity} ${w.quantity === 1 ? "item" : "items"} to make`;
    if (w.kind === "refund") return `${who}, refund requested${left}`;
    return fresh ? `${who}, new order, ${w.quantity} ${w.quantity === 1 ? "item" : "items"}` : `${who}, new order${left}`;
  },
  several: (kind: Kind, n: number): string => {
    const [one, many] = {
      new: ["new order", "new orders"],
      reminder: ["reminder", "reminders"],
      refund: ["refund", "refunds"],
      rider: ["rider waiting", "riders waiting"],
      printer: ["printer that cannot print", "printers that cannot print"],
      standin: ["printer replaced by its stand-in", "printers replaced by their stand-ins"],
      resting: ["shop that takes no orders", "shops that take no orders"],
      rule: ["store whose accepting has paused", "stores whose accepting has paused"],
      stuck: ["delivery that does not move", "deliveries that do not move"],
      make: ["order to make", "orders to make"],
      cancel: ["cancelled order, stop making it", "cancelled orders, stop making them"],
    }[kind] as [string, string];
    return `${n} ${n === 1 ? one : many}`;
  },
  join: (groups: string[], left: number | undefined): string =>
    left === undefined ? groups.join(", ") : `${groups.join(", ")}, the first has ${enLeft(left)} left`,
};

const spanish = {
  one(w: Waiting, fresh: boolean, now: number): string {
    const who = `${w.channel}${w.number ? ` ${w.number}` : ""}`;
    const left = w.at > 0 && !(w.kind === "new" && fresh) ? `, tiempo restante ${romanceLeft(w.at - now)}` : "";
    if (w.kind === "reminder") return `${who}, el cliente reclama la demora`;
    if (w.kind === "printer") return `la impresora ${w.channel} no puede imprimir, ${w.quantity} en espera`;
    if (w.kind === "standin") return `la impresora ${w.channel} no imprime, los tickets salen en ${w.number}`;
    if (w.kind === "resting") return `${w.channel} de ${w.number} no toma pedidos, revísalo`;
    if (w.kind === "cancel") return `${who}, el cliente canceló, no lo prepares`;
    if (w.kind === "rule") return `${who}, la aceptación automática está en pausa, acepta a mano`;
    if (w.kind === "stuck") return `${who}, la entrega no avanza hace ${w.minutes ?? 0} minutos`;
    if (w.kind === "rider") return `un repartidor espera hace ${w.minutes ?? 0} minutos, ${who}`;
    if (w.kind === "make") return `${who}, por preparar, ${w.quantity} ${w.quantity === 1 ? "producto" : "productos"}`;
    if (w.kind === "refund") return `${who}, piden un reembolso${left}`;
    return fresh ? `${who}, pedido nuevo, ${w.quantity} ${w.quantity === 1 ? "producto" : "productos"}` : `${who}, pedido nuevo${left}`;
  },
  several: (kind: Kind, n: number): string => {
    const [one, many] = {
      new: ["pedido nuevo", "pedidos nuevos"],
      reminder: ["reclamo de demora", "reclamos de demora"],
      refund: ["reembolso", "reembolsos"],
      rider: ["repartidor esperando", "repartidores esperando"],
      printer: ["impresora que no imprime", "impresoras que no imprimen"],
      standin: ["impresora relevada por su suplente", "impresoras relevadas por sus suplentes"],
      resting: ["tienda que no toma pedidos", "tiendas que no toman pedidos"],
      rule: ["tienda con la aceptación en pausa", "tiendas con la aceptación en pausa"],
      stuck: ["entrega que no avanza", "entregas que no avanzan"],
      make: ["pedido por preparar", "pedidos por preparar"],
      cancel: ["pedido cancelado, no lo prepares", "pedidos cancelados, no los prepares"],
    }[kind];
    return `${n} ${n === 1 ? one : many}`;
  },
  join: (groups: string[], left: number | undefined): string =>
    left === undefined ? groups.join(", ") : `${groups.join(", ")}, el primero tiene ${romanceLeft(left)}`,
};

const portuguese = {
  one(w: Waiting, fresh: boolean, now: number): string {
    const who = `${w.channel}${w.number ? ` ${w.number}` : ""}`;
    const left = w.at > 0 && !(w.kind === "new" && fresh) ? `, tempo restante ${romanceLeft(w.at - now)}` : "";
    if (w.kind === "reminder") return `${who}, o cliente está cobrando`;
    if (w.kind === "printer") return `a impressora ${w.channel} não consegue imprimir, ${w.quantity} na fila`;
    if (w.kind === "standin") return `a impressora ${w.channel} não imprime, os tíquetes saem na ${w.number}`;
    if (w.kind === "resting") return `${w.channel} de ${w.number} não recebe pedidos, verifique`;
    if (w.kind === "cancel") return `${who}, o cliente cancelou, pare de preparar`;
    if (w.kind === "rule") return `${who}, o aceite automático está em pausa, aceite à mão`;
    if (w.kind === "stuck") return `${who}, a entrega não anda há ${w.minutes ?? 0} minutos`;
    if (w.kind === "rider") return `um entregador espera há ${w.minutes ?? 0} minutos, ${who}`;
    if (w.kind === "make") return `${who}, a preparar, ${w.quantity} ${w.quantity === 1 ? "item" : "itens"}`;
    if (w.kind === "refund") return `${who}, pedido de reembolso${left}`;
    return fresh ? `${who}, pedido novo, ${w.quantity} ${w.quantity === 1 ? "item" : "itens"}` : `${who}, pedido novo${left}`;
  },
  several: (kind: Kind, n: number): string => {
    const [one, many] = {
      new: ["pedido novo", "pedidos novos"],
      reminder: ["cobrança", "cobranças"],
      refund: ["reembolso", "reembolsos"],
      rider: ["entregador esperando", "entregadores esperando"],
      printer: ["impressora que não imprime", "impressoras que não imprimem"],
      standin: ["impressora trocada pela substituta", "impressoras trocadas pelas substitutas"],
      resting: ["loja que não recebe pedidos", "lojas que não recebem pedidos"],
      rule: ["loja com o aceite em pausa", "lojas com o aceite em pausa"],
      stuck: ["entrega que não anda", "entregas que não andam"],
      make: ["pedido a preparar", "pedidos a preparar"],
      cancel: ["pedido cancelado, pare de preparar", "pedidos cancelados, pare de preparar"],
    }[kind];
    return `${n} ${n === 1 ? one : many}`;
  },
  join: (groups: string[], left: number | undefined): string =>
    left === undefined ? groups.join(", ") : `${groups.join(", ")}, o primeiro tem ${romanceLeft(left)}`,
};

/** The units are the same words in Spanish and Portuguese. */
function romanceLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [n, unit] =
    seconds <= 60 ? [seconds, "segundo"] : seconds < 3600 ? [Math.floor(seconds / 60), "minuto"] : [Math.floor(seconds / 3600), "hora"];
  return `${n} ${unit}${n === 1 ? "" : "s"}`;
}

function zhLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (seconds <= 60) return `${zhCount(seconds)}秒`;
  if (seconds < 3600) return `${zhCount(Math.floor(seconds / 60))}分钟`;
  return `${zhCount(Math.floor(seconds / 3600))}小时`;
}

function enLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [n, unit] =
    seconds <= 60 ? [seconds, "second"] : seconds < 3600 ? [Math.floor(seconds / 60), "minute"] : [Math.floor(seconds / 3600), "hour"];
  return `${n} ${unit}${n === 1 ? "" : "s"}`;
}

const digits = "零一二三四五六七八九";

/** A cardinal as spoken before a measure word: 二 becomes 两, 12 is 十二. */
function zhCount(n: number): string {
  return n === 2 ? "两" : zhNumber(String(n));
}

/** A whole number below ten thousand in characters, since voices read "12号" in different ways; longer ones digit by digit. */
export function zhNumber(figures: string): string {
  if (!/^\d+$/.test(figures)) return figures;
  const n = Number(figures);
  if (n >= 10_000) return [...figures].map((d) => digits[Number(d)]).join("");
  if (n === 0) return "零";
  let out = "";
  let gap = false;
  for (const [size, unit] of [
    [1000, "千"],
    [100, "百"],
    [10, "十"],
    [1, ""],
  ] as const) {
    const d = Math.floor(n / size) % 10;
    if (d === 0) {
      gap = out !== "";
      continue;
    }
    out += `${gap ? "零" : ""}${d === 1 && size === 10 && out === "" ? "" : digits[d]}${unit}`;
    gap = false;
  }
  return out;
}
