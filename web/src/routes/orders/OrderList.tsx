import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FocusEvent, type PointerEvent, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLiveOrders } from "../../data/live";
import { accounts, useOrderPages } from "../../data/queries";
import { usePhone } from "../../ui/device";
import { Bones, State, Trouble } from "../../ui/Screen";
import { primaryOf } from "./acts";
import { begin } from "./asked";
import { BatchBar } from "./BatchBar";
import { type Filter, matches, sortOf } from "./filter";
import { OrderCard, OrderRow } from "./OrderRow";
import { typing } from "./Orders";
import { combine, comparator, type Row, settle } from "./settle";

type Props = {
  filter: Filter;
  query: Record<string, string | number | undefined>;
  zone: string;
  openId: string | undefined;
  change: (next: Partial<Filter>) => void;
};

export function OrderList({ filter, query, zone, openId, change }: Props) {
  const { t } = useTranslation();
  const phone = usePhone();
  const navigate = useNavigate();
  const live = useLiveOrders();
  const pages = useOrderPages(query);
  const loaded = useMemo(() => pages.data?.pages.flatMap((p) => p.orders) ?? [], [pages.data]);
  const sort = sortOf(filter);
  const more = pages.hasNextPage;
  const searching = filter.q.trim() !== "";

  const wanted = useMemo(
    () => combine(loaded, live, { matches: (o) => matches(filter, o, zone), compare: comparator(sort), more, insert: !searching }),
    [loaded, live, filter, zone, sort, more, searching],
  );

  const [underPointer, setUnderPointer] = useState<string>();
  const [underFocus, setUnderFocus] = useState<string>();
  const [current, setCurrent] = useState<string>();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const lastChosen = useRef<string>(undefined);
  const shown = useRef<Row[]>([]);
  const list = useRef<HTMLUListElement>(null);
  const pill = useRef<HTMLButtonElement>(null);

  // Of the row under the pointer and the row under the focus, the lower one holds: everything above it stands still for both.
  const place = (id: string | undefined) => (id === undefined ? -1 : shown.current.findIndex((r) => r.order.id === id));
  const held = place(underPointer) > place(underFocus) ? underPointer : underFocus;
  const { rows, waiting } = settle(shown.current, wanted, held, (id) => live.get(id));
  useLayoutEffect(() => {
    shown.current = rows;
  });

  const open = useCallback(
    (id: string) => void navigate({ to: "/orders/$orderId", params: { orderId: id }, search: (s: Record<string, unknown>) => s } as never),
    [navigate],
  );
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

  const release = useCallback(() => {
    setUnderPointer(undefined);
    setUnderFocus(undefined);
  }, []);

  const step = useCallback(
    (by: number) => {
      release(); // the person moves on, so what stood still may settle
      const ids = shown.current.filter((r) => !r.leaving).map((r) => r.order.id);
      const all = shown.current.map((r) => r.order.id);
      const at = all.indexOf(current ?? "");
      const later = all.slice(at + 1).find((id) => ids.includes(id));
      const earlier = all.slice(0, Math.max(at, 0)).findLast((id) => ids.includes(id));
      const next = by > 0 ? (later ?? ids.at(-1)) : (earlier ?? ids[0]);
      if (!next) return;
      setCurrent(next);
      requestAnimationFrame(() => rowElement(list.current, next)?.focus());
    },
    [current, release],
  );

  // Keys work wherever one is on the page, except while typing or in a dialog.
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if (typing(e.target) || e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return;
      if (document.querySelector("[aria-modal=true], .ant-modal-wrap:not([style*='display: none'])")) return;
      const inList = list.current?.contains(e.target as Node) ?? false;
      const onRow = e.target instanceof HTMLElement && e.target.dataset.testid === "order-row";
      const order = shown.current.find((r) => r.order.id === current && !r.leaving)?.order;
      const accept = () => {
        if (order?.actions.includes("accept")) {
          void begin(order, "accept");
          step(1);
        }
      };
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
        case "a":
          accept();
          break;
        case "x":
          if (current) choose(current, e.shiftKey);
          break;
        case "o":
          if (current) open(current);
          break;
        case "Enter":
          if (!onRow || !order) return;
          if (primaryOf(order) === "accept") accept();
          else open(order.id);
          break;
        case "Escape":
          if (chosen.size === 0) return;
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
  }, [current, chosen.size, step, choose, open, release]);

  const idAt = (e: { target: EventTarget }) => (e.target as Element).closest<HTMLElement>("[data-id]")?.dataset.id;
  const holding = {
    onPointerMove: (e: PointerEvent) => setUnderPointer(idAt(e) ?? underPointer),
    onPointerDown: (e: PointerEvent) => setUnderPointer(idAt(e)),
    onPointerLeave: (e: PointerEvent) => {
      // The pill may come up right under the pointer; the hand has not moved then.
      if (!pill.current?.contains(e.relatedTarget as Node | null)) setUnderPointer(undefined);
    },
    onPointerUp: (e: PointerEvent) => {
      if (e.pointerType !== "mouse") setTimeout(() => setUnderPointer(undefined), 500);
    },
    onFocus: (e: FocusEvent) => {
      const id = idAt(e);
      setCurrent(id);
      if ((e.target as Element).matches(":focus-visible")) setUnderFocus(id);
    },
    onBlur: () => setUnderFocus(undefined),
  };

  const real = rows.filter((r) => !r.leaving);
  const first = real[0]?.order.id;
  const currentShown = rows.some((r) => r.order.id === current) ? current : first;
  const chosenOrders = real.filter((r) => chosen.has(r.order.id)).map((r) => r.order);
  const Item = phone ? OrderCard : OrderRow;
  const showStatus = ["all", "refund", "reminder", "problem", "preorder", "done", "cancelled"].includes(filter.tab);

  if (pages.isPending) {
    return (
      <div className="list-box">
        <Bones rows={8} height={phone ? 168 : 64} gap={phone ? 10 : 4} />
      </div>
    );
  }
  if (pages.isError && loaded.length === 0) return <Trouble error={pages.error} retry={() => void pages.refetch()} />;
  return (
    <div className="list-box">
      <BatchBar
        orders={chosenOrders}
        shown={real.map((r) => r.order)}
        choose={(ids) => setChosen(new Set(ids))}
        total={real.length}
        more={more}
      />
      <div className="pill-place">
        {waiting > 0 ? (
          <button
            type="button"
            ref={pill}
            className="pill"
            data-testid="arrived"
            onPointerLeave={() => setUnderPointer(undefined)}
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
        <ul className={phone ? "cards" : "rows"} ref={list} aria-label={t(`tab.${filter.tab}`)} data-testid="order-list" {...holding}>
          {rows.map((r) => (
            <Item
              key={r.order.id}
              order={r.order}
              leaving={r.leaving}
              chosen={chosen.has(r.order.id)}
              current={r.order.id === currentShown}
              showStatus={showStatus}
              tab={filter.tab}
              zone={zone}
              open={open}
              choose={choose}
            />
          ))}
        </ul>
      )}
      <Further more={more} busy={pages.isFetchingNextPage} failed={pages.isFetchNextPageError} load={() => void pages.fetchNextPage()} />
      {openId ? (
        <span hidden data-testid="open-order">
          {openId}
        </span>
      ) : null}
    </div>
  );
}

const rowElement = (list: HTMLElement | null, id: string) => list?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`);

/** The end of what is loaded: loads the rest when it comes into sight, and by a press where that does not happen. */
function Further({ more, busy, failed, load }: { more: boolean; busy: boolean; failed: boolean; load: () => void }) {
  const { t } = useTranslation();
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
  const { t } = useTranslation();
  const { data: connected } = useQuery(accounts);
  const narrowed = filter.q || filter.channel || filter.store || filter.from || filter.to;
  if (narrowed) {
    return (
      <State
        icon="search"
        title={t("list.noMatch")}
        action={
          <button type="button" className="btn" onClick={() => change({ q: "", channel: "", store: "", from: "", to: "" })}>
            {t("filter.clear")}
          </button>
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
          <a className="btn primary" href="/connections">
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
