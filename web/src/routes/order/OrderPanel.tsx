import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { lazy, memo, type ReactNode, Suspense, useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { act as press } from "../../data/act";
import { useMinute } from "../../data/clock";
import { useLiveOrders } from "../../data/live";
import type { Level, Order } from "../../data/model";
import { listed, order as orderQuery, stockOf } from "../../data/queries";
import { useMay } from "../../data/rights";
import { formatMoney } from "../../format/money";
import { clock, moment } from "../../format/time";
import { useZone } from "../../shell/Shell";
import { Due } from "../../ui/Due";
import { Icon } from "../../ui/icons";
import { Mark } from "../../ui/Mark";
import { ModeChip } from "../../ui/ModeChip";
import { afterAnswer, afterPaint, useSettled } from "../../ui/paint";
import { Bones, Trouble } from "../../ui/Screen";
import { toast } from "../../ui/toast";
import { sawOrder } from "../../voice/Announcer";
import { inLanguage, useWords, word } from "../../words";
import { dueFrom } from "../orders/acts";
import { Flags, numberText, StatusChip, useOrderName } from "../orders/OrderRow";
import { typing } from "../orders/Orders";
import { ActBar } from "./ActBar";
import { Case } from "./Case";
import { CustomerCard } from "./CustomerCard";
import { Deliveries } from "./Deliveries";
import { Labels } from "./Labels";
import { levelOf } from "./levels";
import { MoneyTable } from "./MoneyTable";
import { OrderEffects } from "./OrderEffects";
import { Remarks } from "./Remarks";
import { rideable } from "./Rides";
import { Section } from "./Section";
import { SlowMark } from "./SlowMark";
import { Tickets } from "./Tickets";
import { Timeline } from "./Timeline";
import "./order.css";

const ChangeEntry = lazy(() => import("./ChangeEntry").then((m) => ({ default: m.ChangeEntry })));
const Journal = lazy(() => import("./Journal").then((m) => ({ default: m.Journal })));

export function OrderPanel() {
  const { t } = useWords();
  const { orderId } = getRouteApi("/inside/orders/$orderId").useParams();
  const navigate = useNavigate();
  const { data, error, refetch } = useQuery(orderQuery(orderId));
  const live = useLiveOrders().get(orderId);
  const name = useOrderName();
  const box = useRef<HTMLElement>(null);
  const [tab, setTab] = useState<"order" | "journal">("order");
  const fallback = useZone();

  // It goes at once; what else there is to do comes after that is seen.
  const [closed, setClosed] = useState("");
  const close = useCallback(() => {
    setClosed(orderId);
    afterAnswer(() => {
      const over = () => setClosed(""); // it may have been opened again meanwhile
      void navigate({ to: "/orders", search: (s: Record<string, unknown>) => s } as never).then(over, over);
    });
  }, [navigate, orderId]);
  useEffect(() => sawOrder(orderId), [orderId]);
  // The focus goes to the panel for each order that is opened, and back when it is closed. Both once the press has been answered: to move
  // it has the page laid out on the spot.
  // biome-ignore lint/correctness/useExhaustiveDependencies: for each order
  useEffect(() => afterPaint(() => box.current?.focus({ preventScroll: true })), [orderId]);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    return () =>
      void afterPaint(() => {
        if (document.activeElement === document.body) before?.focus?.({ preventScroll: true });
      });
  }, []);
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if (e.key !== "Escape" || typing(e.target) || document.querySelector("dialog[open], .ant-modal-wrap")) return;
      close();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [close]);

  // Between the stream's word and the full order there is a moment; the newest of the two is shown.
  const o = useMemo(() => (data && live && live.seq > data.seq ? { ...data, ...live } : data), [data, live]);
  // A press is answered by the panel with what the list knows; what is long follows, and gives way to the next press.
  const late = useDeferredValue(o, undefined);
  const client = useQueryClient();
  const known = useMemo(() => listed(client, orderId), [client, orderId]);
  const head = o ?? live ?? known;
  const zone = o?.store?.zone || fallback;
  return (
    <aside
      className="order-panel"
      hidden={closed === orderId}
      ref={box}
      tabIndex={-1}
      aria-label={head ? name(head) : t("order.title")}
      data-testid="order-panel"
    >
      <header className="order-head">
        <button type="button" className="btn icon ghost" aria-label={t("do.close")} onClick={close}>
          <Icon name="close" />
        </button>
        {head ? (
          <>
            <Mark channel={head.channel} large />
            <div className="order-name">
              <h2>
                {name(head).slice(0, -numberText(head).length)} <span className="num">{numberText(head)}</span>
              </h2>
              <small className="quiet clip">
                {head.store?.name || head.shop?.name || t("row.noStore")} <ModeChip mode={head.shop?.mode} />
              </small>
            </div>
            <div className="order-due">
              {head.deadline ? (
                <Due at={head.deadline.at} from={dueFrom(head)} zone={zone} label={word(t, "dueKind", head.deadline.kind)} caption />
              ) : null}
            </div>
          </>
        ) : null}
      </header>
      <div className="order-tabs" role="tablist" aria-label={t("order.title")}>
        {(["order", "journal"] as const).map((k) => (
          <button key={k} type="button" role="tab" aria-selected={tab === k} onClick={() => setTab(k)}>
            {t(`order.tab.${k}`)}
          </button>
        ))}
      </div>
      {error && !o ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : tab === "journal" && o ? (
        <div className="order-body">
          <Suspense fallback={<Bones rows={6} height={44} />}>
            <Journal id={orderId} zone={zone} />
          </Suspense>
        </div>
      ) : o && late?.id === o.id ? (
        <Body order={late} zone={zone} />
      ) : (
        <div className="order-body">
          <Bones rows={7} height={70} />
        </div>
      )}
      {o ? <ActBar order={o} zone={zone} /> : null}
    </aside>
  );
}

const Body = memo(function Body({ order: o, zone }: { order: Order; zone: string }) {
  const { t } = useWords();
  // Their words stand for themselves; a bare code says which side of the order it is about.
  const theirs = Object.entries(o.theirs)
    .filter(([, v]) => v)
    .map(([axis, v]) => (/^-?\d+$/.test(v) ? `${word(t, "axis", axis)} ${v}` : v))
    .join(" · ");
  return (
    <div className="order-body">
      <p className="order-marks">
        <StatusChip status={o.status} />
        <Flags order={o} />
        {theirs ? <span className="quiet">{t("order.theirs", { words: theirs })}</span> : null}
      </p>
      <Remarks order={o} zone={zone} />
      {o.cancel_why ? <p className="notice bad">{t("order.cancelled", { reason: o.cancel_why })}</p> : null}
      <OrderEffects order={o} zone={zone} />
      {o.issues.length > 0 ? <Issues order={o} /> : null}
      <Reminders order={o} zone={zone} />
      {o.after_sales.length > 0 || o.slow ? <AfterSales order={o} zone={zone} /> : null}
      <Lines order={o} />
      <MoneyTable order={o} zone={zone} />
      <CustomerCard key={o.id} order={o} />
      {o.deliveries.length > 0 || rideable(o) || o.logistics === "platform" ? <Deliveries order={o} zone={zone} /> : null}
      <Labels order={o} zone={zone} />
      <Tickets order={o} zone={zone} />
      <Facts order={o} zone={zone} />
      <Timeline order={o} zone={zone} />
    </div>
  );
});

function Issues({ order: o }: { order: Order }) {
  const { t } = useWords();
  return (
    <ul className="order-issues">
      {o.issues.map((i) => (
        <li key={`${i.code}/${i.path}`} className={`notice ${i.severity === "error" ? "bad" : i.severity === "warn" ? "warn" : ""}`}>
          <Icon name="warn" />
          <span>
            <b>{t(`issue.${i.code}`, { defaultValue: i.code })}</b> {i.message}
            {i.path ? <span className="mono quiet"> {i.path}</span> : null}
          </span>
        </li>
      ))}
    </ul>
  );
}

function AfterSales({ order: o, zone }: { order: Order; zone: string }) {
  const { t } = useWords();
  return (
    <Section title={t("order.afterSales")}>
      {o.after_sales.map((a) => (
        <Case key={a.key} order={o} sale={a} zone={zone} />
      ))}
      {o.slow ? <SlowMark order={o} slow={o.slow} zone={zone} /> : null}
    </Section>
  );
}

function Lines({ order: o }: { order: Order }) {
  const { t } = useWords();
  const may = useMay();
  const fallback = useZone();
  const zone = o.store?.zone || fallback;
  const [changing, setChanging] = useState(false);
  const stop = useCallback(() => setChanging(false), []);
  const changeable = o.origin !== "" && (o.status === "accepted" || o.status === "ready") && may("orders.enter");
  const { data: levels } = useQuery({
    ...stockOf(o.id),
    enabled: useSettled() && Boolean(o.store) && o.status !== "done" && o.status !== "cancelled",
  });
  const pockets = [...new Set(o.lines.map((l) => l.pocket))];
  return (
    <Section
      title={t("order.lines")}
      aside={
        <span className="quiet num">
          {t("row.items", { count: o.quantity })}{" "}
          {changeable ? (
            <button type="button" className="btn small" onClick={() => setChanging(true)} data-testid="change-entry">
              {t("reenter.title")}
            </button>
          ) : null}
        </span>
      }
    >
      {changing ? (
        <Suspense>
          <ChangeEntry order={o} zone={zone} close={stop} />
        </Suspense>
      ) : null}
      {pockets.map((pocket) => (
        <div key={pocket}>
          {pocket && pockets.length > 1 ? <p className="pocket">{t("order.pocket", { pocket })}</p> : null}
          <ul className="lines">
            {o.lines
              .filter((l) => l.pocket === pocket)
              .map((l) => (
                <li key={l.key} className={l.refunded_quantity >= l.quantity && l.quantity > 0 ? "gone" : ""}>
                  <span className="line-what">
                    <b>{l.name}</b>
                    {l.spec || l.options.length > 0 ? <small>{[l.spec, ...l.options].filter(Boolean).join(" · ")}</small> : null}
                    {l.note ? <small className="remark">{l.note}</small> : null}
                    <small className="quiet">
                      {l.sku ? <span className="mono">{l.sku}</span> : null} <Stock level={levelOf(levels ?? [], o.shop?.id ?? "", l)} />
                    </small>
                  </span>
                  <span className="num line-count">
                    ×{l.quantity}
                    {l.unit && l.unit !== "份" ? l.unit : ""}
                    {l.refunded_quantity > 0 ? (
                      <small className="bad">{t("order.refundedCount", { count: l.refunded_quantity })}</small>
                    ) : null}
                    {l.wasted_quantity > 0 ? (
                      <small className="bad" title={t("order.wastedWhy")} data-testid="line-wasted">
                        {t("order.wasted", { count: l.wasted_quantity })}
                      </small>
                    ) : null}
                  </span>
                  <span className="num line-sum">
                    {l.total ? formatMoney(l.total) : "—"}
                    {l.price && l.quantity !== 1 ? <small className="quiet">@{formatMoney(l.price)}</small> : null}
                    {l.original_price && l.price && l.original_price.minor > l.price.minor ? (
                      <s className="quiet">{formatMoney(l.original_price)}</s>
                    ) : null}
                  </span>
                </li>
              ))}
          </ul>
        </div>
      ))}
      {o.lines.length === 0 ? <p className="quiet">{t("row.noLines")}</p> : null}
    </Section>
  );
}

/** How many are left of what a line sells; nothing where nobody counts them. */
function Stock({ level }: { level: Level | undefined }) {
  const { t } = useWords();
  if (!level) return null;
  return (
    <span className={`num ${level.sellable <= 0 ? "bad" : ""}`} data-testid="line-stock">
      {level.sellable > 0 ? t("order.stock", { count: level.sellable }) : t("order.noStock", { count: level.sellable })}
    </span>
  );
}

function Facts({ order: o, zone }: { order: Order; zone: string }) {
  const { t } = useWords();
  const now = useMinute();
  const at = (ms: number) => (ms > 0 ? moment(ms, now, zone) : "—");
  const copy = (text: string) => void navigator.clipboard?.writeText(text).then(() => toast(t("do.copied")));
  const facts: [string, ReactNode][] = [
    [
      t("order.ref"),
      <span className="ref" key="ref">
        <span className="mono">{o.ref}</span>
        <button type="button" className="btn icon ghost small" aria-label={t("row.copy")} onClick={() => copy(o.ref)}>
          <Icon name="copy" size={16} />
        </button>
      </span>,
    ],
    [t("order.placedAt"), at(o.placed_at)],
    [t("order.paidAt"), at(o.paid_at)],
    [t("order.promisedAt"), o.promised_at > 0 ? at(o.promised_at) : o.kind === "ecommerce" ? "—" : t("promise.now")],
    [t("order.logistics"), word(t, "logistics", o.logistics)],
    ...o.deadlines.map((d): [string, ReactNode] => [word(t, "dueKind", d.kind), at(d.at)]),
    ...(o.invoice ? [[t("order.invoice"), `${o.invoice.title} ${o.invoice.tax_id}`] as [string, ReactNode]] : []),
    ...(o.pack_ref
      ? [
          [
            t("order.pack"),
            <span key="pack">
              <span className="mono">{o.pack_ref}</span>{" "}
              {o.same_pack.map((s) => (
                <Link key={s.id} to="/orders/$orderId" params={{ orderId: s.id }} search={(x) => x} className="mono">
                  {s.ref}{" "}
                </Link>
              ))}
            </span>,
          ] as [string, ReactNode],
        ]
      : []),
  ];
  return (
    <Section title={t("order.facts")}>
      <dl className="facts num">
        {facts.map(([label, value], i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list is fixed and a label may come twice
          <div key={i}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

/** Customers who asked where it is, and whether somebody answered. */
/** One press an answer; where the platform takes none, the customer's number. */
function ReminderAnswers({ order: o, reminder }: { order: Order; reminder: string }) {
  const { t, language } = useWords();
  const act = o.action_list.find((a) => a.kind === "remind_reply" && (a.for === reminder || !a.allowed));
  const choices = act?.fields.find((f) => f.name === "reason_code")?.choices ?? [];
  const pending = o.pending.some((p) => p.kind === "remind_reply" && p.state !== "refused" && p.state !== "void");
  if (pending) return <span className="chip busy">{t("standing.sending", { what: t("act.remind_reply") })}</span>;
  if (!act || (!act.allowed && act.why?.code === "platform_cannot")) {
    return (
      <p className="quiet">
        {t("order.noReply")}{" "}
        {o.full_customer && !o.full_customer.masked && o.full_customer.phone_kind === "privacy" ? (
          <a className="num" href={`tel:${o.full_customer.phone.replace(/[^\d+,]/g, "")}`}>
            {o.full_customer.phone}
          </a>
        ) : (
          <span>{t("order.noReplyPhone")}</span>
        )}
      </p>
    );
  }
  return (
    <span className="reminder-answers">
      {choices.map((c) => (
        <button
          key={c.value}
          type="button"
          className="btn small"
          disabled={!act.allowed}
          title={act.allowed ? undefined : act.why?.text}
          onClick={() => void press(o.id, { kind: "remind_reply", for: reminder, reason_code: c.value })}
        >
          {inLanguage(language, c.label_zh, c.label_en)}
        </button>
      ))}
    </span>
  );
}

function Reminders({ order: o, zone }: { order: Order; zone: string }) {
  const { t } = useWords();
  const now = useMinute();
  if (o.reminders.length === 0) return null;
  return (
    <Section title={t("order.reminders")}>
      <ul className="notes">
        {o.reminders.map((r) => (
          <li key={r.key}>
            <time className="quiet num">{moment(r.at, now, zone)}</time> {t("order.reminded")}{" "}
            {r.answered_at > 0 ? (
              <small className="quiet">{t("order.answeredAt", { at: clock(r.answered_at, zone) })}</small>
            ) : (
              <span className="chip warn">{t("order.unanswered")}</span>
            )}
            {r.answered_at > 0 ? null : <ReminderAnswers order={o} reminder={r.key} />}
          </li>
        ))}
      </ul>
    </Section>
  );
}
