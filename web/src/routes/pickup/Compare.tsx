import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { act, busy, standing, useDoing } from "../../data/act";
import { useNow } from "../../data/clock";
import type { Item, Line, Order, OrderSummary } from "../../data/model";
import { order as orderQuery } from "../../data/queries";
import { formatMoney } from "../../format/money";
import { clock, moment } from "../../format/time";
import { Icon } from "../../ui/icons";
import { Mark } from "../../ui/Mark";
import { useWho } from "../../ui/who";
import { type Reply, reply } from "../../voice/speaker";
import { useWords } from "../../words";
import { whyText } from "../orders/acts";
import { numberText, useOrderName } from "../orders/OrderRow";
import { handed, judge, mayGo, type Verdict } from "./judge";

const purses = ["cash", "code", "card"] as const;
const reasons = ["noCode", "noBattery", "fetched", "other"] as const;

type Props = {
  summary: OrderSummary;
  by: "code" | "hand";
  store: { id: string; name: string; zone: string };
  close: () => void;
};

/** The four things to compare, and the one press that hands the goods over. */
export function Compare({ summary: o, by, store, close }: Props) {
  const { t } = useWords();
  const name = useOrderName();
  const title = useId();
  const { data } = useQuery(orderQuery(o.id));
  const now = useNow();
  const doing = useDoing(o.id);
  const verdict = judge(o, store.id);
  const state = standing(o, doing, now);
  const [pressed, setPressed] = useState(false);
  const [purse, setPurse] = useState("");
  const [reason, setReason] = useState("");
  const [other, setOther] = useState("");
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    box.current?.scrollIntoView({ block: "nearest" }); // newer browsers answer with a promise, which ends no effect
  }, []);

  const why =
    by === "code" ? "" : reason === "other" ? other.trim() : reason ? t(`pickup.reasons.${reason as (typeof reasons)[number]}`) : "";
  const lacks = verdict === "collect" && !purse ? "purse" : by === "hand" && !why ? "reason" : "";
  const out = pressed ? outcome(verdict, state.kind, doing?.kind === "dispatch") : "";
  const ready = mayGo(verdict) && !lacks && !busy(state) && out === "";

  // By ear as well: who hands out looks at the goods.
  const said = useRef("");
  useEffect(() => {
    const sound: Reply | "" =
      out === "done"
        ? "done"
        : out === "again"
          ? "again"
          : out === "refused"
            ? "no"
            : pressed
              ? ""
              : verdict === "done"
                ? "again"
                : mayGo(verdict)
                  ? ""
                  : "no";
    if (sound && sound !== said.current) void reply(sound);
    said.current = sound;
  }, [out, pressed, verdict]);

  const press = () => {
    if (!ready) return;
    setPressed(true);
    void act(
      { order: o, number: numberText(o) },
      {
        kind: "dispatch",
        ...(verdict === "collect" ? { reason_code: purse } : {}),
        ...(why ? { reason: why } : {}),
        ...(by === "code" ? { by_code: true } : {}),
      },
    );
  };
  const latest = useRef(press);
  latest.current = press;
  useEffect(() => {
    const hear = (e: KeyboardEvent) => {
      if (document.querySelector("dialog[open], .ant-modal-wrap")) return;
      if (e.key === "F9") {
        e.preventDefault();
        latest.current();
      } else if (e.key === "Escape") close();
    };
    window.addEventListener("keydown", hear);
    return () => window.removeEventListener("keydown", hear);
  }, [close]);

  const due = o.total ? formatMoney(o.total) : "";
  return (
    <section
      className="panel pickup-compare"
      aria-labelledby={title}
      data-testid="pickup-order"
      data-id={o.id}
      data-verdict={out || verdict}
      ref={box}
    >
      <header>
        <Mark channel={o.channel} large />
        <h2 id={title} className="num">
          {name(o)}
        </h2>
        <button type="button" className="btn icon ghost" aria-label={t("do.close")} onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <dl>
        <One label={t("pickup.number")}>
          <b className="num pickup-whole">{o.display_ref || o.ref}</b>
          <small className="quiet">
            {[
              moment(o.placed_at, now, store.zone),
              o.customer?.name,
              o.customer?.phone_tail ? t("row.tail", { tail: o.customer.phone_tail }) : "",
            ]
              .filter(Boolean)
              .join(" · ")}
          </small>
        </One>
        <One label={t("pickup.paid")}>
          <Paid order={o} due={due} />
        </One>
        <One label={t("pickup.goods")}>
          <Goods order={o} lines={data?.lines} />
        </One>
        <One label={t("pickup.remark")}>{o.remark ? <b>{o.remark}</b> : <span className="quiet">{t("pickup.noRemark")}</span>}</One>
        {by === "hand" && mayGo(verdict) && !out ? (
          <One label={t("pickup.why")} wide>
            <Choice
              name="reason"
              list={reasons.map((r) => [r, t(`pickup.reasons.${r}`)])}
              value={reason}
              choose={setReason}
              label={t("pickup.why")}
            />
            {reason === "other" ? (
              <input
                className="input"
                aria-label={t("pickup.whyOther")}
                maxLength={100}
                value={other}
                onChange={(e) => setOther(e.target.value)}
              />
            ) : null}
          </One>
        ) : null}
        {verdict === "collect" && !out ? (
          <One label={t("pickup.take", { amount: due })} wide>
            <Choice
              name="purse"
              list={purses.map((p) => [p, t(`entry.pays.${p}`)])}
              value={purse}
              choose={setPurse}
              label={t("pickup.take", { amount: due })}
            />
          </One>
        ) : null}
      </dl>
      <div className="pickup-foot">
        <div role="status" data-testid="pickup-says">
          <Says order={o} whole={data} verdict={verdict} out={out} lacks={lacks} zone={store.zone} doing={doing} />
        </div>
        {out === "done" || (!pressed && !mayGo(verdict)) ? (
          <button type="button" className="btn pickup-go" data-testid="pickup-next" onClick={close}>
            {t("pickup.next")}
          </button>
        ) : (
          <button type="button" className="btn primary pickup-go" data-testid="pickup-go" aria-disabled={!ready} onClick={press}>
            {verdict === "collect" ? t("pickup.goPaid", { amount: due }) : t("pickup.go")}
            <kbd className="pickup-key">F9</kbd>
          </button>
        )}
      </div>
    </section>
  );
}

type Out = "" | "sending" | "unsent" | "done" | "again" | "refused";

/** What became of the press. */
function outcome(verdict: Verdict, state: string, ours: boolean): Out {
  if (ours && state === "faster") return "again";
  if (state === "unsent") return "unsent";
  if (state === "refused" || state === "stopped") return "refused";
  if (verdict === "done" || state === "done") return "done";
  return "sending";
}

function One({ label, children, wide }: { label: string; children: ReactNode; wide?: true }) {
  return (
    <div className={wide ? "pickup-wide" : undefined}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Paid({ order: o, due }: { order: OrderSummary; due: string }) {
  const { t } = useWords();
  const p = o.axes.payment;
  if (p === "unpaid" || p === "pay_later") return <b className="pickup-unpaid">{t("pickup.unpaid", { amount: due })}</b>;
  const sum = o.paid ?? o.total;
  return (
    <b>
      {t(`payState.${p}`, { defaultValue: p })} {sum ? <span className="num">{formatMoney(sum)}</span> : null}
    </b>
  );
}

/** What is in the bag: all lines once the order was read whole, until then those that a list shows. */
function Goods({ order: o, lines }: { order: OrderSummary; lines: Line[] | undefined }) {
  const { t } = useWords();
  const list = lines?.length
    ? lines.map((l) => ({ name: l.name, quantity: l.quantity - l.refunded_quantity, more: [l.spec, ...l.options, l.note] }))
    : o.items.map((i: Item) => ({ name: i.name, quantity: i.quantity - i.refunded, more: [i.options, i.note] }));
  if (list.length === 0) return <span>{o.summary}</span>;
  return (
    <ul className="pickup-goods">
      {list
        .filter((l) => l.quantity > 0)
        .map((l, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the same dish may stand there twice
          <li key={i}>
            <b className="num">{l.quantity} ×</b>
            <span>
              {l.name} <small className="quiet">{l.more.filter(Boolean).join(" · ")}</small>
            </span>
          </li>
        ))}
      {!lines?.length && o.line_count > list.length ? (
        <li className="quiet">{t("pickup.moreLines", { count: o.line_count - list.length })}</li>
      ) : null}
    </ul>
  );
}

type ChoiceProps<T extends string> = { name: string; label: string; list: [T, string][]; value: string; choose: (v: T) => void };

function Choice<T extends string>({ name, label, list, value, choose }: ChoiceProps<T>) {
  return (
    <div className="pickup-choice" role="radiogroup" aria-label={label}>
      {list.map(([v, text]) => (
        <label key={v} className={v === value ? "chosen" : ""}>
          <input type="radio" name={`pickup-${name}`} checked={v === value} onChange={() => choose(v)} />
          {text}
        </label>
      ))}
    </div>
  );
}

type SaysProps = {
  order: OrderSummary;
  whole: Order | undefined;
  verdict: Verdict;
  out: Out;
  lacks: string;
  zone: string;
  doing: { words: string; by: string; at: number } | undefined;
};

/** One sentence: what became of it, or why it may not go and what to do. */
function Says({ order: o, whole, verdict, out, lacks, zone, doing }: SaysProps) {
  const { t } = useWords();
  const who = useWho();
  const now = useNow();
  const say = (tone: string, icon: "check" | "warn" | "offline", words: string, link?: string) => (
    <p className={`notice ${tone}`}>
      <Icon name={icon} />
      <span>
        <b>{words}</b>
        {link ? (
          <>
            {" "}
            <Link to="/orders/$orderId" params={{ orderId: o.id }} search={{ tab: "all" }}>
              {link}
            </Link>
          </>
        ) : null}
      </span>
    </p>
  );
  switch (out) {
    case "sending":
      return say("", "check", t("pickup.sending"));
    case "unsent":
      return say("warn", "offline", t("pickup.unsent"));
    case "again":
      return say("bad", "warn", t("pickup.done", { at: doing?.at ? clock(doing.at, zone) : "", by: who(doing?.by ?? "") }));
    case "refused":
      return say(
        "bad",
        "warn",
        t("pickup.refused", { words: doing?.words || o.pending.find((p) => p.words)?.words || t("standing.noWords") }),
        t("pickup.see"),
      );
    case "done":
      return say("good", "check", t("pickup.success", { number: numberText(o) }));
  }
  switch (verdict) {
    case "done": {
      const h = whole ? handed(whole) : undefined;
      const words = h?.at ? t("pickup.done", { at: moment(h.at, now, zone), by: who(h.by, h.name) }) : t("pickup.doneSome");
      return say("bad", "warn", h?.why ? `${words} · ${h.why}` : words, t("pickup.see"));
    }
    case "store":
      return say("bad", "warn", t("pickup.store", { store: o.store?.name ?? "" }));
    case "cancelled":
      return say("bad", "warn", t("pickup.cancelled", { why: whole?.cancel_why ?? "" }), t("pickup.see"));
    case "brought":
      return say("bad", "warn", t("pickup.brought"), t("pickup.see"));
    case "unpaid":
      return say("bad", "warn", t("pickup.unpaidThere"));
    case "refund":
      return say("bad", "warn", t("pickup.refund"), t("pickup.see"));
    case "new":
      return say("bad", "warn", t("pickup.new"), t("pickup.see"));
    case "shut":
      return say(
        "bad",
        "warn",
        whyText(
          t,
          whole?.action_list.find((a) => a.kind === "dispatch"),
        ),
        t("pickup.see"),
      );
    case "collect":
      return say("warn", "warn", lacks === "reason" ? t("pickup.chooseWhy") : lacks ? t("pickup.unpaidHere") : t("pickup.taken"));
    default:
      if (lacks) return say("warn", "warn", t("pickup.chooseWhy"));
      return o.status === "ready" ? say("good", "check", t("pickup.compare")) : say("warn", "warn", t("pickup.early"));
  }
}
