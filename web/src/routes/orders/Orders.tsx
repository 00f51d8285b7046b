import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Outlet, useNavigate, useParams, useRouter } from "@tanstack/react-router";
import { lazy, memo, Suspense, useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { counts } from "../../data/queries";
import { useMay } from "../../data/rights";
import { root } from "../../place";
import { useZone } from "../../shell/Shell";
import { Anchor } from "../../ui/Anchor";
import { recall, remember } from "../../ui/device";
import { useChannels } from "../../ui/Mark";
import { afterAnswer, afterPaint } from "../../ui/paint";
import { useWords } from "../../words";
import { tabLabel } from "./acts";
import { useAsked } from "./asked";
import { BatchPanel } from "./BatchPanel";
import { Filters } from "./Filters";
import {
  countOf,
  type Extra,
  type Filter,
  firstOfHistory,
  readFilter,
  type Tab,
  type Tally,
  tabsOf,
  tallyOf,
  toQuery,
  type Way,
  ways,
  whole,
} from "./filter";
import { keepSearch } from "./last";
import { OrderList } from "./OrderList";
import "./orders.css";

const ActDialog = lazy(() => import("../order/ActDialog").then((m) => ({ default: m.ActDialog })));
const Urge = lazy(() => import("../order/Urge").then((m) => ({ default: m.Urge })));
const Calls = lazy(() => import("../order/Calls").then((m) => ({ default: m.Calls })));
const Keys = lazy(() => import("./Keys").then((m) => ({ default: m.Keys })));

export function Orders() {
  const { t } = useWords();
  const search = getRouteApi("/inside/orders").useSearch();
  const { possible, way, tally, has } = useWays(search);
  const filter = useMemo(() => whole(search, way), [search, way]);
  const zone = useZone(filter.store.split(",")[0]);
  const navigate = useNavigate();
  const { orderId } = useParams({ strict: false });
  // The open order stands there first; then the list makes room for it, which touches every row.
  const beside = useDeferredValue(Boolean(orderId));
  const asked = useAsked();
  const [keys, setKeys] = useState(false);
  const names = tabsOf(way, tally, filter.tab, has).join();
  const shownTabs = useMemo(() => names.split(",") as Tab[], [names]);
  // A press is answered by its tab or filter first; the rows come with the next picture but one.
  const listed = useDeferredValue(filter);
  const query = useMemo(() => toQuery(listed, zone), [listed, zone]);
  const may = useMay();
  const entering = may("orders.enter");
  const handing = may("act.dispatch");

  const change = useCallback(
    (next: Partial<Filter>) =>
      void navigate({
        to: ".",
        search: (old) => readFilter({ ...old, ...next }),
        replace: "q" in next,
      }),
    [navigate],
  );

  const toTab = useCallback((tab: Tab) => void navigate({ to: "/orders", search: (s) => ({ ...s, tab }) }), [navigate]);
  const showKeys = useCallback(() => setKeys(true), []);

  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if (typing(e.target) || e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open], .ant-modal-wrap")) return;
      const beside = shownTabs[shownTabs.indexOf(filter.tab) + (e.key === "]" ? 1 : -1)];
      const numbered = /^[1-9]$/.test(e.key) ? shownTabs[Number(e.key) - 1] : undefined;
      if (e.key === "c" && entering) void navigate({ to: "/entry" });
      else if (e.key === "?") setKeys((shown) => !shown);
      else if (numbered) change({ tab: numbered });
      else if ((e.key === "[" || e.key === "]") && beside) change({ tab: beside });
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [filter.tab, shownTabs, change, entering, navigate]);

  useEffect(() => keepSearch(search), [search]);

  return (
    <div className={`orders ${beside ? "with-order" : ""}`}>
      <h1 className="sr-only">{t("nav.orders")}</h1>
      <Tabs shown={shownTabs} open={filter.tab} way={way} tally={tally} search={search} go={toTab} />
      <Filters filter={filter} ways={possible} way={way} zone={zone} change={change} showKeys={showKeys} />
      {filter.tab === "pickup" && handing ? (
        <Anchor href={`${root}/pickup`} go={() => void navigate({ to: "/pickup" })} className="btn primary orders-pickup">
          {t("pickup.open")}
        </Anchor>
      ) : null}
      <OrderList
        key={JSON.stringify({ ...query, q: undefined, tab: listed.tab })}
        filter={listed}
        way={way}
        query={query}
        search={search}
        zone={zone}
        openId={orderId}
        change={change}
      />
      <BatchPanel />
      <Outlet />
      <Suspense>
        {asked?.kind === "urge" ? <Urge id={asked.order.id} /> : null}
        {asked?.kind === "call" ? <Calls id={asked.order.id} /> : null}
        {asked && asked.kind !== "urge" && asked.kind !== "call" ? (
          <ActDialog key={`${asked.order.id}/${asked.kind}/${asked.for}`} asked={asked} />
        ) : null}
        {keys ? <Keys close={() => setKeys(false)} /> : null}
      </Suspense>
    </div>
  );
}

/**
 * The ways of work that the channels in sight make possible, the one that is shown, and its counts. Where all channels work one way
 * there is nothing to choose.
 */
function useWays(search: Partial<Filter>): { possible: Way[]; way: Way; tally: Tally | undefined; has: Extra[] } {
  const { data } = useQuery(counts({ channel: search.channel || undefined, store: search.store || undefined }));
  const known = useChannels();
  const kindOf = (channel: string) => known.get(channel)?.kind ?? "";
  const found = data && known.size > 0 ? ways.filter((w) => Object.keys(data.channels).some((c) => kindOf(c) === w)) : undefined;
  // Remembered, so that the tabs of a shop with one way of work do not change their names while the page loads.
  const kept = found ?? ways.filter((w) => recall("ways").split(",").includes(w));
  useEffect(() => {
    if (found && !search.channel && !search.store) remember("ways", found.join());
  });
  const way = search.kind || (kept.length === 1 ? (kept[0] ?? "") : "");
  const names = kept.join();
  return useMemo(() => {
    const kindOf = (channel: string) => known.get(channel)?.kind ?? "";
    const inSight = Object.keys(data?.channels ?? {})
      .map((c) => known.get(c))
      .filter((c) => c && (!way || c.kind === way));
    return {
      possible: ways.filter((w) => names.split(",").includes(w)),
      way,
      has: (["pickup", "labels"] as const).filter((x) => inSight.some((c) => c?.[x])),
      tally: data && known.size > 0 ? tallyOf(data.channels, kindOf, way) : undefined,
    };
  }, [data, known, names, way]);
}

/** Whether a key press belongs to something that takes text. */
export function typing(target: EventTarget | null): boolean {
  return target instanceof Element && Boolean(target.closest("input:not([type=checkbox]), textarea, select, [contenteditable=true]"));
}

type TabsProps = {
  shown: Tab[];
  open: Tab;
  way: Way;
  tally: Tally | undefined;
  /** What the address bar says; another tab keeps the rest of it. */
  search: Partial<Filter>;
  go: (tab: Tab) => void;
};

const Tabs = memo(function Tabs({ shown, open, way, tally, search, go }: TabsProps) {
  const { t } = useWords();
  const { stringifySearch } = useRouter().options;
  const strip = useRef<HTMLElement>(null);
  // The tab that was pressed is marked at once, and nothing else is done before that is seen.
  const [pressed, setPressed] = useState<{ tab: Tab; from: Tab }>();
  if (pressed && pressed.from !== open) setPressed(undefined); // the page has followed, or gone elsewhere
  const marked = pressed?.from === open ? pressed.tab : open;
  const next = useRef<() => void>(undefined);
  const press = useCallback(
    (tab: Tab) => {
      next.current?.();
      setPressed({ tab, from: open });
      next.current = afterAnswer(() => go(tab));
    },
    [open, go],
  );
  const address = useCallback((tab: Tab) => `${root}/orders${stringifySearch({ ...search, tab })}`, [search, stringifySearch]);
  useEffect(() => () => next.current?.(), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the chosen tab is brought into sight whenever it or its neighbours change
  useEffect(
    () => afterPaint(() => strip.current?.querySelector("[aria-current=page]")?.scrollIntoView({ block: "nearest", inline: "center" })),
    [open, shown],
  );
  return (
    <nav className="tabs" aria-label={t("tab.label")} ref={strip}>
      {shown.map((tab) => (
        <TabLink
          key={tab}
          tab={tab}
          label={tabLabel(t, tab, way)}
          n={tally ? countOf(tab, tally) : undefined}
          marked={tab === marked}
          address={address}
          press={press}
        />
      ))}
    </nav>
  );
});

type TabProps = {
  tab: Tab;
  label: string;
  n: number | undefined;
  marked: boolean;
  address: (tab: Tab) => string;
  press: (tab: Tab) => void;
};

/** One tab. Of the fifteen, a press draws the two that it changes. */
const TabLink = memo(function TabLink({ tab, label, n, marked, address, press }: TabProps) {
  return (
    <Anchor
      href={address(tab)}
      go={() => press(tab)}
      className={`tab ${tab} ${n ? "some" : ""} ${tab === firstOfHistory ? "history" : ""}`}
      aria-current={marked ? "page" : undefined}
      data-testid={`tab-${tab}`}
    >
      <span>{label}</span>
      <b className="num" data-testid={`count-${tab}`}>
        {n === undefined ? "–" : n > 99_999 ? "99999+" : n}
      </b>
    </Anchor>
  );
});
