import { type MouseEvent, memo, type ReactNode, useEffect, useState } from "react";
import { useMinute } from "../../data/clock";
import type { OrderSummary } from "../../data/model";
import { formatMoney } from "../../format/money";
import { moment } from "../../format/time";
import { Anchor } from "../../ui/Anchor";
import { Due } from "../../ui/Due";
import { Mark, useChannelName } from "../../ui/Mark";
import { Menu } from "../../ui/Menu";
import { ModeChip } from "../../ui/ModeChip";
import { SwipeRow } from "../../ui/SwipeRow";
import { useWords, word } from "../../words";
import { inWords } from "../../words/reasons";
import { minutes, useStuck } from "../board/concerns";
import { ActState, useBusy } from "./ActState";
import { actLabel, denies, dueFrom, othersOf, primaryOf, tabLabel, urgeable } from "./acts";
import { begin } from "./asked";
import type { Column } from "./columns";
import { type Tab, tabOf, type Way } from "./filter";
import { numberText } from "./number";

export { numberText };

export type RowProps = {
  order: OrderSummary;
  leaving: boolean;
  chosen: boolean;
  /** Whether its details stand beside the list. */
  opened: boolean;
  showStatus: boolean;
  way: Way;
  tab: Tab;
  zone: string;
  /** The address of its details. */
  href: string;
  open: (id: string) => void;
  choose: (id: string, range: boolean) => void;
  /** Its place in the list, how many there are, and how far down that is. */
  at: number;
  of: number;
  top: number;
};

const tones: Record<string, string> = {
  unpaid: "",
  new: "info",
  accepted: "busy",
  ready: "odd",
  delivering: "busy",
  delivered: "good",
  done: "good",
  cancelled: "bad",
  replaced: "",
};

export function StatusChip({ status }: { status: string }) {
  const { t } = useWords();
  return <span className={`chip ${tones[status] ?? "warn"}`}>{word(t, "status", status)}</span>;
}

const flagTones: Record<string, string> = { refund: "bad", lost: "bad", slow: "bad", reminder: "warn", problem: "bad", preorder: "odd" };

export function Flags({ order }: { order: OrderSummary }) {
  const { t } = useWords();
  return (
    <>
      <ModeChip mode={order.shop?.mode} />
      {order.axes.payment === "pay_later" && order.total ? (
        <span className="chip warn num">{t("promise.later", { amount: formatMoney(order.total) })}</span>
      ) : null}
      {order.flags.map((f) => (
        <span key={f} className={`chip ${flagTones[f] ?? ""}`}>
          {word(t, "flag", f)}
        </span>
      ))}
      {order.kind !== "ecommerce" && standing.includes(order.status) ? <Stuck id={order.id} /> : null}
      {order.auto && (order.auto.state === "held" || order.status === "new" || order.status === "accepted") ? <Auto order={order} /> : null}
      {order.issues.map((i) => (
        <span
          key={`${i.code}/${i.path}`}
          className={`chip ${i.severity === "error" ? "bad" : i.severity === "warn" ? "warn" : ""}`}
          title={i.message}
        >
          {t(`issue.${i.code}`, { defaultValue: i.message || i.code })}
        </span>
      ))}
    </>
  );
}

const standing = ["accepted", "ready", "delivering"];

/** That its delivery stands still, and since when. */
function Stuck({ id }: { id: string }) {
  const { t } = useWords();
  const c = useStuck(id);
  const now = useMinute();
  if (!c) return null;
  return (
    <span className={`chip ${c.urgent ? "bad" : "warn"}`} data-testid="stuck">
      {t(`stuck.${c.cause}`, { count: minutes(c.still_at ?? 0, now), defaultValue: word(t, "msg.kind", "stuck") })}
    </span>
  );
}

/** That a rule accepted it, or why it did not. */
function Auto({ order }: { order: OrderSummary }) {
  const { t } = useWords();
  const a = order.auto;
  if (!a) return null;
  const said = a.grounds.map((g) => `${inWords(g.why.text, g.why)} ${g.met ? "✓" : "✗"}`).join(" · ");
  const label = t(a.state === "held" ? "rules.held" : a.state === "yes" ? "act.rule_accept" : "act.rule_accept_no");
  return (
    <span className={`chip ${a.state === "held" ? "warn" : ""}`} data-testid="auto" data-state={a.state} title={said}>
      {a.state === "held" ? t("state.said", { what: label, words: said }) : label}
    </span>
  );
}

/** What an order is called at the counter: its daily number where it has one, else the end of the platform's number. */
export function useOrderName(): (o: OrderSummary) => string {
  const name = useChannelName();
  return (o) => `${name(o.channel)} ${numberText(o)}`;
}

function Promised({ order, zone }: { order: OrderSummary; zone: string }) {
  const { t } = useWords();
  const now = useMinute();
  if (order.kind === "ecommerce") return <>{word(t, "logistics", order.logistics)}</>;
  if (order.table) return <>{t("promise.table", { table: order.table })}</>;
  if (order.logistics === "none" && order.origin) return <>{t("promise.takeOut")}</>;
  if (order.logistics === "pickup") {
    return <>{order.promised_at > 0 ? t("promise.pickupAt", { at: moment(order.promised_at, now, zone) }) : t("promise.pickup")}</>;
  }
  if (order.promised_at === 0) return <>{t("promise.now")}</>;
  return <>{t(order.flags.includes("preorder") ? "promise.booked" : "promise.at", { at: moment(order.promised_at, now, zone) })}</>;
}

function DueCell({ order, zone }: { order: OrderSummary; zone: string }) {
  const { t } = useWords();
  if (!order.deadline) return null;
  return <Due at={order.deadline.at} from={dueFrom(order)} zone={zone} label={word(t, "dueKind", order.deadline.kind)} caption />;
}

/** Whether something has only just become what it is: a press may still mean what was there before. */
function useFresh(value: string | undefined): boolean {
  const [known, setKnown] = useState(value);
  useEffect(() => {
    if (value === known) return;
    const wait = setTimeout(() => setKnown(value), 1000);
    return () => clearTimeout(wait);
  }, [value, known]);
  return value !== known;
}

type PrimaryProps = Pick<RowProps, "order" | "href" | "open"> & { hint?: ReactNode; large?: boolean };

function Primary({ order, href, open, hint, large }: PrimaryProps) {
  const { t } = useWords();
  const waits = useBusy(order);
  const kind = primaryOf(order);
  const fresh = useFresh(kind);
  if (!kind) return null;
  const size = large ? "btn" : "btn small";
  if (kind === "refund") {
    return (
      <Anchor href={href} go={() => open(order.id)} className={`${size} danger`}>
        {t("act.refund")}
      </Anchor>
    );
  }
  return (
    <button type="button" className={`${size} primary`} disabled={waits || fresh} onClick={() => void begin(order, kind)}>
      {actLabel(t, kind, order.kind, order.logistics)} {hint}
    </button>
  );
}

function More({ order, open }: { order: OrderSummary; open: (id: string) => void }) {
  const { t } = useWords();
  const name = useOrderName();
  const waits = useBusy(order);
  return (
    <Menu
      label={t("row.more", { order: name(order) })}
      items={() => [
        ...[...othersOf(order), ...(urgeable(order) ? ["urge"] : [])].map((kind) => ({
          key: kind,
          label: actLabel(t, kind, order.kind, order.logistics),
          danger: denies(kind),
          disabled: waits && kind !== "urge",
          do: () => void begin(order, kind),
        })),
        { key: "open", label: t("row.open"), do: () => open(order.id) },
        { key: "copy", label: t("row.copy"), do: () => void navigator.clipboard?.writeText(order.ref) },
      ]}
    />
  );
}

/** Whether a press on the row meant the row and not something in it. */
function meantRow(e: MouseEvent): boolean {
  return !(e.target as Element).closest("button, a, input, label, [role=menu]") && !window.getSelection()?.toString();
}

/** Where a row went that stands still only because somebody holds the list. What is not known is not guessed. */
function Left({ order, from, way }: { order: OrderSummary; from: Tab; way: Way }) {
  const { t } = useWords();
  const tab = tabOf(order.status, way, order.flags);
  if (tab === from) return <span className="gone-to">{t("row.left")}</span>;
  return <span className="gone-to">{t("row.gone", { to: tab ? tabLabel(t, tab, way) : word(t, "status", order.status) })}</span>;
}

/** What is in an order: each line with what was chosen for it, and what must not go wrong in bold. */
function What({ order: o }: { order: OrderSummary }) {
  const { t } = useWords();
  return (
    <>
      <b className="num">{t("row.items", { count: o.quantity })}</b>{" "}
      {o.items.length === 0
        ? o.summary || t("row.noLines")
        : o.items.map((i, n) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two lines may be alike in everything
            <span key={n} className="item">
              {n > 0 ? " · " : null}
              {i.name}
              <b className="num">×{i.quantity}</b>
              {i.options ? <span className="options"> {i.options}</span> : null}
              {i.note ? <strong className="remark"> {i.note}</strong> : null}
            </span>
          ))}
    </>
  );
}

type DeskProps = RowProps & {
  columns: readonly Column[];
  /** Whether keys mean this one. */
  current: boolean;
};

/**
 * One order on a desk. Fixed height, fixed columns: the eye runs down, nothing moves sideways. Beside an open order some columns are put
 * away by the style sheet, not by drawing the rows anew.
 */
export const OrderRow = memo(function OrderRow(p: DeskProps) {
  const { t } = useWords();
  const name = useOrderName();
  const channelName = useChannelName();
  const o = p.order;
  const zone = o.store?.zone || p.zone;
  const what = name(o);
  const has = (c: Column) => p.columns.includes(c);
  return (
    <li
      className={`row ${p.leaving ? "leaving" : ""} ${p.chosen ? "chosen" : ""} ${p.opened ? "opened" : ""} ${o.status === "cancelled" ? "struck" : ""} ${p.at === p.of - 1 ? "last" : ""}`}
      data-testid="order-row"
      data-id={o.id}
      data-status={o.status}
      tabIndex={p.current ? 0 : -1}
      style={{ top: p.top }}
      aria-label={`${what} ${word(t, "status", o.status)}`}
      aria-posinset={p.at + 1}
      aria-setsize={p.of}
      aria-current={p.opened || undefined}
      onClick={(e) => meantRow(e) && p.open(o.id)}
      onKeyDown={() => {}}
    >
      <label className="pick">
        <input type="checkbox" checked={p.chosen} onClick={(e) => p.choose(o.id, e.shiftKey)} onChange={() => {}} tabIndex={-1} />
        <span className="sr-only">{t("row.choose", { order: what })}</span>
      </label>
      <div className="who">
        <Mark channel={o.channel} large />
        <div className="clip">
          <Anchor href={p.href} go={() => p.open(o.id)} className={`number ${o.day_seq ? "" : "long"} clip`} tabIndex={-1}>
            <span className="sr-only">{what} </span>
            <span aria-hidden="true">{numberText(o)}</span>
          </Anchor>
          <small className="quiet clip">
            {channelName(o.channel)}
            {o.store ? ` · ${o.store.name}` : o.shop ? ` · ${o.shop.name}` : ` · ${t("row.noStore")}`}
          </small>
        </div>
      </div>
      {has("due") ? (
        <div className="due-cell">
          <DueCell order={o} zone={zone} />
        </div>
      ) : null}
      <div className="what">
        <p className="clip" title={o.summary}>
          <What order={o} />
        </p>
        <p className="clip marks">
          {p.leaving ? null : <ActState order={o} zone={zone} />}
          {p.showStatus ? <StatusChip status={o.status} /> : null}
          <Flags order={o} />
          {o.remark ? (
            <strong className="remark clip" title={o.remark}>
              {o.remark}
            </strong>
          ) : null}
        </p>
      </div>
      {has("promise") ? (
        <div className="when" data-col="promise">
          <span className="clip">
            <Promised order={o} zone={zone} />
          </span>
          {has("placed") ? null : (
            <small className="quiet clip">
              {t("row.placed")} <Moment at={o.placed_at} zone={zone} />
            </small>
          )}
        </div>
      ) : null}
      {has("placed") ? (
        <div className="num" data-col="placed">
          <Moment at={o.placed_at} zone={zone} />
        </div>
      ) : null}
      {has("customer") ? (
        <div className="customer" data-col="customer">
          <span className="clip">{o.customer?.name || "—"}</span>
          <small className="quiet clip num">
            {o.customer?.phone_tail ? t("row.tail", { tail: o.customer.phone_tail }) : o.customer?.city}
          </small>
        </div>
      ) : null}
      {has("ref") ? (
        <div className="clip mono" data-col="ref" title={o.ref}>
          {o.display_ref || o.ref}
        </div>
      ) : null}
      {has("total") ? (
        <div className="sum num" data-col="total">
          <b>{o.total ? formatMoney(o.total) : "—"}</b>
        </div>
      ) : null}
      <div className="acts">
        {p.leaving ? (
          <Left order={o} from={p.tab} way={p.way} />
        ) : (
          <>
            <Primary
              order={o}
              href={p.href}
              open={p.open}
              hint={
                p.current && primaryOf(o) === "accept" ? (
                  <span className="cap" aria-hidden="true">
                    ⏎
                  </span>
                ) : undefined
              }
            />
            <More order={o} open={p.open} />
          </>
        )}
      </div>
    </li>
  );
});

function Moment({ at, zone }: { at: number; zone: string }) {
  const now = useMinute();
  return at > 0 ? <time dateTime={new Date(at).toISOString()}>{moment(at, now, zone)}</time> : <>—</>;
}

/**
 * One order on a phone, of one height whatever is in it: what is long is cut and stands whole in the details. Swipe left for the acts, or
 * find the same under ⋯.
 */
export const OrderCard = memo(function OrderCard(p: RowProps) {
  const { t } = useWords();
  const name = useOrderName();
  const channelName = useChannelName();
  const o = p.order;
  const zone = o.store?.zone || p.zone;
  const what = name(o);
  return (
    <li
      className={`card-item ${p.leaving ? "leaving" : ""} ${p.chosen ? "chosen" : ""} ${p.opened ? "opened" : ""}`}
      data-testid="order-row"
      data-id={o.id}
      data-status={o.status}
      style={{ top: p.top }}
      aria-label={`${what} ${word(t, "status", o.status)}`}
      aria-posinset={p.at + 1}
      aria-setsize={p.of}
    >
      <Swipes order={o} leaving={p.leaving}>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: a press anywhere opens the order; its number is the link that says so */}
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: the same link is there for the keyboard */}
        <div className="card" onClick={(e) => meantRow(e) && p.open(o.id)}>
          <div className="card-top">
            <Mark channel={o.channel} large />
            <div className="clip">
              <Anchor href={p.href} go={() => p.open(o.id)} className={`number ${o.day_seq ? "" : "long"} clip`}>
                <span className="sr-only">{what} </span>
                <span aria-hidden="true">{numberText(o)}</span>
              </Anchor>
              <small className="quiet clip">
                {channelName(o.channel)}
                {o.store ? ` · ${o.store.name}` : ""}
              </small>
            </div>
            <div className="due-cell">
              <DueCell order={o} zone={zone} />
            </div>
          </div>
          <p className="card-what">
            <What order={o} />
          </p>
          <div className="card-more">
            {o.remark ? <p className="remark clip">{o.remark}</p> : null}
            <p className="card-marks">
              {p.showStatus ? <StatusChip status={o.status} /> : null}
              <Flags order={o} />
              <span className="quiet">
                <Promised order={o} zone={zone} />
                {o.customer?.phone_tail ? ` · ${t("row.tail", { tail: o.customer.phone_tail })}` : ""}
              </span>
            </p>
            <div className="card-state">{p.leaving ? <Left order={o} from={p.tab} way={p.way} /> : <ActState order={o} zone={zone} />}</div>
          </div>
          <div className="card-acts">
            <b className="num sum">{o.total ? formatMoney(o.total) : "—"}</b>
            {p.leaving ? null : (
              <>
                <More order={o} open={p.open} />
                <Primary order={o} href={p.href} open={p.open} large />
              </>
            )}
          </div>
        </div>
      </Swipes>
    </li>
  );
});

/** The acts behind a card. Whether one waits is watched here, so that a press on one draws the acts and not the card. */
function Swipes({ order: o, leaving, children }: Pick<RowProps, "order" | "leaving"> & { children: ReactNode }) {
  const { t } = useWords();
  const waits = useBusy(o);
  const primary = primaryOf(o);
  const kinds = leaving
    ? []
    : [...(primary && primary !== "refund" ? [primary] : []), ...othersOf(o).filter(denies).slice(0, 1), ...(urgeable(o) ? ["urge"] : [])];
  const swipes = kinds.map((kind) => ({
    key: kind,
    label: actLabel(t, kind, o.kind, o.logistics),
    danger: denies(kind),
    disabled: waits && kind !== "urge",
    do: () => void begin(o, kind),
  }));
  return <SwipeRow actions={swipes}>{children}</SwipeRow>;
}
