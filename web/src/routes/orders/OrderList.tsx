import { useQuery } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import {
  type FocusEvent,
  memo,
  type PointerEvent,
  startTransition,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from "react";
import { useLiveOrders } from "../../data/live";
import { accounts, useOrderPages } from "../../data/queries";
import { root } from "../../place";
import { useMedia, usePhone } from "../../ui/device";
import { Pull, useAgain } from "../../ui/Pull";
import { afterAnswer, afterPaint } from "../../ui/paint";
import { useScrollPlace } from "../../ui/place";
import { Bones, State, Trouble } from "../../ui/Screen";
import { useWords } from "../../words";
import { atOnce, primaryOf } from "./acts";
import { begin } from "./asked";
import { BatchBar, batchFirst } from "./BatchBar";
import { fitting, gridOf, type Room } from "./columns";
import { type Filter, matches, sortOf, type Way } from "./filter";
import { useColumns } from "./mine";
import { OrderCard, OrderRow } from "./OrderRow";
import { typing } from "./Orders";
import { combine, comparator, type Row, settle } from "./settle";
import { showRow, useSight } from "./sight";

/** The height of a row (--row; on a phone --card and the gap below it), so that ten thousand of them are a number. */
const heights = { desk: 64, phone: 212 + 10 };
/** What is sticky above the rows: strip, tabs and, on a desk, the head of the list. */
const covers = { desk: 48 + 46 + 40, phone: 52 + 48 };

type Props = {
  filter: Filter;
  way: Way;
  query: Record<string, string | number | undefined>;
  /** What the address bar says, for the addresses of the orders. */
  search: Partial<Filter>;
  zone: string;
  openId: string | undefined;
  change: (next: Partial<Filter>) => void;
};

export const OrderList = memo(function OrderList({ filter, way, query, search, zone, openId, change }: Props) {
  const { t } = useWords();
  const phone = usePhone();
  const rowHeight = heights[phone ? "phone" : "desk"];
  const covered = covers[phone ? "phone" : "desk"];
  const small = useMedia("(max-width: 1240px)");
  const room: Room = small ? "middle" : "wide";
  const { chosen: wantedColumns } = useColumns();
  const columns = useMemo(() => fitting(wantedColumns, room), [wantedColumns, room]);
  const grid = { "--columns": gridOf(columns, room), "--columns-beside": gridOf(fitting(wantedColumns, "narrow"), "narrow") };
  const navigate = useNavigate();
  const tail = useRouter().options.stringifySearch(search);
  const live = useLiveOrders();
  const pages = useOrderPages(query);
  const again = useAgain(() => pages.refetch().then((r) => !r.isError));
  const loaded = useMemo(() => pages.data?.pages.flatMap((p) => p.orders) ?? [], [pages.data]);
  const sort = sortOf(filter);
  const more = pages.hasNextPage;
  const searching = filter.q.trim() !== "";

  const wanted = useMemo(
    () => combine(loaded, live, { matches: (o) => matches(filter, o, zone), compare: comparator(sort), more, insert: !searching }),
    [loaded, live, filter, zone, sort, more, searching],
  );

  // Where the hand is: heard at every move, and drawn only when it makes a difference to what stands still.
  const hand = useRef<{ pointer?: string | undefined; focus?: string | undefined }>({});
  const unsettled = useRef(false);
  const [, drawAgain] = useReducer((n: number) => n + 1, 0);
  const hold = useCallback((where: { pointer?: string | undefined; focus?: string | undefined }) => {
    const old = hand.current;
    hand.current = { ...old, ...where };
    if (unsettled.current && (old.pointer !== hand.current.pointer || old.focus !== hand.current.focus)) drawAgain();
  }, []);
  // The row that keys mean: they know it at once, its row says so when it is drawn.
  const meant = useRef<string>(undefined);
  const [current, setCurrent] = useState<string>();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const lastChosen = useRef<string>(undefined);
  const shown = useRef<Row[]>([]);
  const list = useRef<HTMLUListElement>(null);
  const pill = useRef<HTMLButtonElement>(null);
  const firstSeen = useRef(0);

  // Of the row under the pointer, the row under the focus and, once the list is scrolled, the first row in sight, the lowest one
  // holds: everything above it stands still for all of them.
  const place = (id: string | undefined) => (id === undefined ? -1 : shown.current.findIndex((r) => r.order.id === id));
  const top = firstSeen.current === 0 ? -1 : Math.min(firstSeen.current, shown.current.length - 1);
  const held = Math.max(place(hand.current.pointer), place(hand.current.focus));
  const { rows, waiting } = settle(
    shown.current,
    wanted,
    held,
    (id) => live.get(id),
    top,
    Math.ceil((window.innerHeight - covered) / rowHeight),
  );
  useLayoutEffect(() => {
    shown.current = rows;
    unsettled.current = rows.length !== wanted.length || rows.some((r, i) => r.order !== wanted[i]);
  });
  useScrollPlace(JSON.stringify(query), rows.length > 0); // before it is asked what is in sight
  const sight = useSight(list, firstSeen, rows.length, rowHeight, covered, phone ? 3 : 8); // a card is three rows high

  const open = useCallback(
    (id: string, instead = false) =>
      void navigate({
        to: "/orders/$orderId",
        params: { orderId: id },
        search: (s: Record<string, unknown>) => s,
        replace: instead,
      } as never),
    [navigate],
  );
  // The row that was pressed is marked at once, and nothing else is done before that is seen.
  const [pressed, setPressed] = useState<{ id: string; from: string | undefined }>();
  if (pressed && pressed.from !== openId) setPressed(undefined); // the page has followed, or gone elsewhere
  const marked = pressed && pressed.from === openId ? pressed.id : openId;
  const openNow = useRef(openId);
  useLayoutEffect(() => {
    openNow.current = openId;
  });
  const next = useRef<() => void>(undefined);
  const openRow = useCallback(
    (id: string) => {
      next.current?.();
      setPressed({ id, from: openNow.current });
      next.current = afterAnswer(() => open(id));
    },
    [open],
  );
  useEffect(() => () => next.current?.(), []);
  const choose = useCallback((id: string, range: boolean) => {
    setChosen((old) => {
      const next = new Set(old);
      const ids = shown.current.map((r) => r.order.id);
      const from = range && lastChosen.current ? ids.indexOf(lastChosen.current) : -1;
      if (from >= 0) {
        const to = ids.indexOf(id);
        for (const k of ids.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(k);
      } else if (next.has(id)) next.delete(id);
      else next.add(id);
      lastChosen.current = id;
      return next;
    });
  }, []);

  const release = useCallback(() => hold({ pointer: undefined, focus: undefined }), [hold]);

  const go = useCallback(
    (next: string | undefined) => {
      if (!next) return;
      meant.current = next;
      setCurrent(next);
      const index = shown.current.findIndex((r) => r.order.id === next);
      if (list.current) showRow(list.current, index, rowHeight, covered);
      if (openId)
        open(next, true); // the panel goes along
      else requestAnimationFrame(() => rowElement(list.current, next)?.focus({ preventScroll: true }));
    },
    [open, openId, rowHeight, covered],
  );
  const step = useCallback(
    (by: number) => {
      release(); // the person moves on, so what stood still may settle
      const staying = shown.current.filter((r) => !r.leaving);
      const at = shown.current.findIndex((r) => r.order.id === meant.current);
      const later = shown.current.slice(at + 1).filter((r) => !r.leaving);
      const earlier = shown.current.slice(0, Math.max(at, 0)).filter((r) => !r.leaving);
      go((by > 0 ? (later[by - 1] ?? staying.at(-1)) : (earlier.at(by) ?? staying[0]))?.order.id);
    },
    [go, release],
  );

  // Keys work wherever one is on the page, except while typing or in a dialog.
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if (typing(e.target) || e.altKey || e.defaultPrevented) return;
      if (document.querySelector("[aria-modal=true], .ant-modal-wrap:not([style*='display: none'])")) return;
      if (e.ctrlKey || e.metaKey) {
        if (e.key !== "a" || !list.current?.contains(e.target as Node)) return;
        e.preventDefault();
        setChosen(
          new Set(
            shown.current
              .filter((r) => !r.leaving)
              .slice(0, atMost)
              .map((r) => r.order.id),
          ),
        );
        return;
      }
      const inList = list.current?.contains(e.target as Node) ?? false;
      const onRow = e.target instanceof HTMLElement && e.target.dataset.testid === "order-row";
      const order = shown.current.find((r) => r.order.id === (openId ?? meant.current) && !r.leaving)?.order;
      /** Does an act of a key, if the order in hand allows it, and goes on where one press was all. */
      const does = (kind: string) => {
        if (!order?.actions.includes(kind)) return;
        void begin(order, kind);
        if (atOnce(order, kind)) step(1);
      };
      const kind = actKeys[e.key];
      if (kind) does(kind);
      else
        switch (e.key) {
          case "j":
          case "ArrowDown":
            if (e.key === "ArrowDown" && !inList) return;
            step(1);
            break;
          case "k":
          case "ArrowUp":
            if (e.key === "ArrowUp" && !inList) return;
            step(-1);
            break;
          case "PageDown":
          case "PageUp":
            if (!inList) return;
            step(e.key === "PageDown" ? 10 : -10);
            break;
          case "Home":
          case "End":
            if (!inList) return;
            release();
            go((e.key === "Home" ? shown.current.find((r) => !r.leaving) : shown.current.findLast((r) => !r.leaving))?.order.id);
            break;
          case "x":
          case "X":
            if (meant.current) choose(meant.current, e.shiftKey);
            break;
          case "o":
            if (meant.current) openRow(meant.current);
            break;
          case "m":
            if (meant.current) menuOf(rowElement(list.current, meant.current))?.click();
            break;
          case "p":
            document.querySelector<HTMLElement>(".list-head [data-testid=print-labels]")?.click();
            break;
          case "b":
            if (batchFirst(shown.current.filter((r) => !r.leaving && chosen.has(r.order.id)).map((r) => r.order))) setChosen(new Set());
            break;
          case "Enter":
            if (!onRow || !order) return;
            if (primaryOf(order) === "accept") does("accept");
            else openRow(order.id);
            break;
          case "Escape":
            if (chosen.size === 0 || openId) return;
            setChosen(new Set());
            break;
          default:
            return;
        }
      e.preventDefault();
    };
    window.addEventListener("keydown", press);
    window.addEventListener("blur", release);
    return () => {
      window.removeEventListener("keydown", press);
      window.removeEventListener("blur", release);
    };
  }, [chosen, step, go, choose, openRow, openId, release]);

  const idAt = (e: { target: EventTarget }) => (e.target as Element).closest<HTMLElement>("[data-id]")?.dataset.id;
  const holding = {
    onPointerMove: (e: PointerEvent) => {
      const id = idAt(e) ?? hand.current.pointer;
      if (id !== hand.current.pointer) hold({ pointer: id });
    },
    onPointerDown: (e: PointerEvent) => hold({ pointer: idAt(e) }),
    onPointerLeave: (e: PointerEvent) => {
      // The pill may come up right under the pointer; the hand has not moved then.
      if (!pill.current?.contains(e.relatedTarget as Node | null)) hold({ pointer: undefined });
    },
    onPointerUp: (e: PointerEvent) => {
      if (e.pointerType !== "mouse") setTimeout(() => hold({ pointer: undefined }), 500);
    },
    onFocus: (e: FocusEvent) => {
      const id = idAt(e);
      meant.current = id;
      if ((e.target as Element).matches(":focus-visible")) {
        setCurrent(id);
        hold({ focus: id });
      } else afterPaint(() => startTransition(() => setCurrent(meant.current))); // a press took it here, and is answered first
    },
    onBlur: () => hold({ focus: undefined }),
  };

  const real = rows.filter((r) => !r.leaving);
  const first = real[0]?.order.id;
  const currentAt = rows.findIndex((r) => r.order.id === current);
  const currentShown = currentAt >= 0 ? current : first;
  const chosenOrders = real.filter((r) => chosen.has(r.order.id)).map((r) => r.order);
  const showStatus = !["new", "accepted", "ready", "delivering", "unpaid"].includes(filter.tab);
  // In sight, and wherever the focus is: an element that goes would take the focus with it.
  const drawn: number[] = [];
  for (let i = sight.from; i < Math.min(sight.to, rows.length); i++) drawn.push(i);
  if (currentAt >= 0 && (currentAt < sight.from || currentAt >= sight.to)) drawn.push(currentAt);
  const props = (r: Row) => ({
    order: r.order,
    leaving: r.leaving,
    chosen: chosen.has(r.order.id),
    opened: r.order.id === marked,
    showStatus,
    way,
    tab: filter.tab,
    zone,
    href: `${root}/orders/${r.order.id}${tail}`,
    open: openRow,
    choose,
  });

  if (pages.isPending) {
    return (
      <div className="list-box">
        <Bones rows={8} height={phone ? rowHeight - 10 : rowHeight} gap={phone ? 10 : 4} />
      </div>
    );
  }
  // What was read once is shown even when it was nothing and cannot be read again now: the stream tells what comes, the strip how old all is.
  if (pages.isError && !pages.data) return <Trouble error={pages.error} retry={() => void pages.refetch()} />;
  return (
    <div className="list-box" style={grid as React.CSSProperties}>
      <BatchBar
        columns={columns}
        orders={chosenOrders}
        shown={real.map((r) => r.order)}
        choose={(ids) => setChosen(new Set(ids))}
        atMost={atMost}
        total={real.length}
        more={more}
      />
      {phone ? <Pull {...again} /> : null}
      <div className="pill-place">
        {waiting > 0 ? (
          <button
            type="button"
            ref={pill}
            className="pill"
            data-testid="arrived"
            onPointerLeave={() => hold({ pointer: undefined })}
            onClick={() => {
              release();
              list.current?.scrollIntoView({ block: "start" });
              window.scrollTo({ top: 0 });
            }}
          >
            {t("list.arrived", { count: waiting })}
          </button>
        ) : null}
      </div>
      {rows.length === 0 ? (
        <Nothing filter={filter} change={change} />
      ) : (
        <ul
          className={phone ? "cards" : "rows"}
          style={{ height: rows.length * rowHeight }}
          ref={list}
          aria-label={t(`tab.${filter.tab}`)}
          data-testid="order-list"
          {...holding}
        >
          {drawn.map((i) => {
            const r = rows[i];
            if (!r) return null;
            const at = { ...props(r), at: i, of: rows.length, top: i * rowHeight };
            return phone ? (
              <OrderCard key={r.order.id} {...at} />
            ) : (
              <OrderRow key={r.order.id} {...at} columns={columns} current={r.order.id === currentShown} />
            );
          })}
        </ul>
      )}
      <Further more={more} busy={pages.isFetchingNextPage} failed={pages.isFetchNextPageError} load={() => void pages.fetchNextPage()} />
      {phone && !more ? (
        <div className="further">
          <button type="button" className="btn" onClick={again.again} disabled={again.busy}>
            {again.busy ? t("state.loading") : t("list.refresh")}
          </button>
        </div>
      ) : null}
      {openId ? (
        <span hidden data-testid="open-order">
          {openId}
        </span>
      ) : null}
    </div>
  );
});

/** So many orders go into one batch. */
const atMost = 500;

/** Keys that do an act on the order in hand. */
const actKeys: Record<string, string> = { a: "accept", e: "ready", d: "dispatch", s: "ship", r: "refuse", n: "note" };

/** The button of a row's menu, unless it is put away beside an open order. */
const menuOf = (row: HTMLElement | null | undefined) => {
  const button = row?.querySelector<HTMLElement>("[aria-haspopup=menu]");
  return button?.offsetParent ? button : undefined;
};

const rowElement = (list: HTMLElement | null, id: string) => list?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`);

/** The end of what is loaded: loads the rest when it comes into sight, and by a press where that does not happen. */
function Further({ more, busy, failed, load }: { more: boolean; busy: boolean; failed: boolean; load: () => void }) {
  const { t } = useWords();
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const el = end.current;
    if (!el || !more || busy || failed) return;
    const watch = new IntersectionObserver((seen) => seen.some((s) => s.isIntersecting) && load(), { rootMargin: "600px" });
    watch.observe(el);
    return () => watch.disconnect();
  }, [more, busy, failed, load]);
  return (
    <div ref={end} className="further">
      {more ? (
        <button type="button" className="btn" onClick={load} disabled={busy}>
          {busy ? t("state.loading") : failed ? t("do.again") : t("list.more")}
        </button>
      ) : null}
    </div>
  );
}

function Nothing({ filter, change }: { filter: Filter; change: (next: Partial<Filter>) => void }) {
  const { t } = useWords();
  const { data: connected } = useQuery(accounts);
  const narrowed = filter.q || filter.channel || filter.store || filter.from || filter.to;
  if (narrowed) {
    return (
      <State
        icon="search"
        title={t("list.noMatch")}
        action={
          <span className="state-acts">
            {filter.q && filter.tab !== "all" ? (
              <button type="button" className="btn primary" onClick={() => change({ tab: "all" })}>
                {t("list.inAll")}
              </button>
            ) : null}
            <button type="button" className="btn" onClick={() => change({ q: "", channel: "", store: "", from: "", to: "" })}>
              {t("filter.clear")}
            </button>
          </span>
        }
      >
        {filter.q ? t("list.noMatchFor", { q: filter.q }) : t("list.noMatchHelp")}
      </State>
    );
  }
  if (connected?.length === 0) {
    return (
      <State
        icon="plug"
        title={t("list.noChannel")}
        action={
          <a className="btn primary" href={`${root}/connections`}>
            {t("list.connect")}
          </a>
        }
      >
        {t("list.noChannelHelp")}
      </State>
    );
  }
  return (
    <State icon="calm" title={t(`empty.${filter.tab}`)}>
      {t("list.calm")}
    </State>
  );
}
