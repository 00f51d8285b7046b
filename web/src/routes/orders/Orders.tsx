import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet, useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { counts } from "../../data/queries";
import { useZone } from "../../shell/Shell";
import { useAsked } from "./asked";
import { BatchPanel } from "./BatchPanel";
import { Filters } from "./Filters";
import { countOf, type Filter, readFilter, tabs, toQuery, whole } from "./filter";
import { OrderList } from "./OrderList";
import "./orders.css";

const ActDialog = lazy(() => import("../order/ActDialog").then((m) => ({ default: m.ActDialog })));
const Keys = lazy(() => import("./Keys").then((m) => ({ default: m.Keys })));

export function Orders() {
  const { t } = useTranslation();
  const search = getRouteApi("/inside/orders").useSearch();
  const filter = useMemo(() => whole(search), [search]);
  const zone = useZone(filter.store.split(",")[0]);
  const navigate = useNavigate();
  const { orderId } = useParams({ strict: false });
  const asked = useAsked();
  const [keys, setKeys] = useState(false);

  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if (e.key === "?" && !typing(e.target)) setKeys((shown) => !shown);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);

  const change = useCallback(
    (next: Partial<Filter>) =>
      void navigate({
        to: ".",
        search: (old) => readFilter({ ...old, ...next }),
        replace: "q" in next,
      }),
    [navigate],
  );

  const query = toQuery(filter, zone);
  return (
    <div className={`orders ${orderId ? "with-order" : ""}`}>
      <h1 className="sr-only">{t("nav.orders")}</h1>
      <Tabs filter={filter} />
      <Filters filter={filter} zone={zone} change={change} showKeys={() => setKeys(true)} />
      <OrderList
        key={JSON.stringify({ ...query, q: undefined, tab: filter.tab })}
        filter={filter}
        query={query}
        zone={zone}
        openId={orderId}
        change={change}
      />
      <BatchPanel />
      <Outlet />
      <Suspense>
        {asked ? <ActDialog key={`${asked.order.id}/${asked.kind}/${asked.for}`} asked={asked} /> : null}
        {keys ? <Keys close={() => setKeys(false)} /> : null}
      </Suspense>
    </div>
  );
}

/** Whether a key press belongs to something that takes text. */
export function typing(target: EventTarget | null): boolean {
  return target instanceof Element && Boolean(target.closest("input:not([type=checkbox]), textarea, select, [contenteditable=true]"));
}

function Tabs({ filter }: { filter: Filter }) {
  const { t } = useTranslation();
  const { data } = useQuery(counts({ channel: filter.channel || undefined, store: filter.store || undefined }));
  const strip = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the chosen tab is brought into sight whenever it changes
  useEffect(() => {
    strip.current?.querySelector("[aria-current=page]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [filter.tab]);
  return (
    <nav className="tabs" aria-label={t("tab.label")} ref={strip}>
      {tabs.map((tab) => {
        const n = data ? countOf(tab, data) : undefined;
        return (
          <Link
            key={tab}
            to="/orders"
            search={(s) => ({ ...s, tab })}
            className={`tab ${tab} ${n ? "some" : ""}`}
            aria-current={tab === filter.tab ? "page" : undefined}
            data-testid={`tab-${tab}`}
          >
            <span>{t(`tab.${tab}`)}</span>
            <b className="num" data-testid={`count-${tab}`}>
              {n === undefined ? "–" : n > 99_999 ? "99999+" : n}
            </b>
          </Link>
        );
      })}
    </nav>
  );
}
