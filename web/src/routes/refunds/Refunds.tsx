import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useLiveOrders } from "../../data/live";
import type { OrderSummary } from "../../data/model";
import { order as orderQuery, useOrderPages } from "../../data/queries";
import { useZone } from "../../shell/Shell";
import { Due } from "../../ui/Due";
import { Mark } from "../../ui/Mark";
import { Bones, State, Trouble } from "../../ui/Screen";
import { useWords } from "../../words";
import { Case } from "../order/Case";
import { SlowMark } from "../order/SlowMark";
import { dueFrom } from "../orders/acts";
import { useAsked } from "../orders/asked";
import { StatusChip, useOrderName } from "../orders/OrderRow";
import { Lost } from "./Lost";
import { waiting } from "./waiting";
import "../order/order.css";
import "./refunds.css";

const ActDialog = lazy(() => import("../order/ActDialog").then((m) => ({ default: m.ActDialog })));

/** Refunds that wait for an answer, of all stores and channels, the most pressing first, each with all that its answer needs. */
export function Refunds() {
  const { t } = useWords();
  const asked = useAsked();
  const list = useOrderPages({ flag: "refund", sort: "due" });
  const live = useLiveOrders();
  const orders = waiting(list.data?.pages.flatMap((p) => p.orders) ?? [], live.values());
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t("nav.refunds")}</h1>
        <p>{t("rules.inbox")}</p>
      </div>
      {list.isPending ? (
        <Bones rows={3} height={140} />
      ) : list.error && !list.data ? (
        <Trouble error={list.error} retry={() => void list.refetch()} />
      ) : orders.length === 0 ? (
        <div className="panel">
          <State icon="calm" title={t("rules.inboxNone")} />
        </div>
      ) : (
        <ul className="refunds">
          {orders.map((o) => (
            <Waiting key={o.id} summary={o} />
          ))}
        </ul>
      )}
      {list.hasNextPage ? (
        <button type="button" className="btn" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t("list.more")}
        </button>
      ) : null}
      <SlowOrders />
      <Lost />
      <Suspense>
        {asked && asked.kind !== "urge" && asked.kind !== "call" ? (
          <ActDialog key={`${asked.order.id}/${asked.kind}/${asked.for}`} asked={asked} />
        ) : null}
      </Suspense>
    </div>
  );
}

/** Orders that platforms hold slow and against which an appeal could be made; nothing where there are none. */
function SlowOrders() {
  const { t } = useWords();
  const list = useOrderPages({ flag: "slow", sort: "newest" });
  const live = useLiveOrders();
  const orders = waiting(list.data?.pages.flatMap((p) => p.orders) ?? [], live.values(), "slow");
  if (list.error && !list.data) return <Trouble error={list.error} retry={() => void list.refetch()} />;
  if (orders.length === 0) return null;
  return (
    <section className="slow-orders" data-testid="slow-orders" aria-labelledby="slow-title">
      <h2 id="slow-title">{t("slow.orders")}</h2>
      <p className="quiet">{t("slow.lead")}</p>
      <ul className="refunds">
        {orders.map((o) => (
          <Waiting key={o.id} summary={o} slow />
        ))}
      </ul>
      {list.hasNextPage ? (
        <button type="button" className="btn" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t("list.more")}
        </button>
      ) : null}
    </section>
  );
}

function Waiting({ summary: s, slow }: { summary: OrderSummary; slow?: boolean }) {
  const { t } = useWords();
  const name = useOrderName();
  const fallback = useZone();
  const zone = s.store?.zone || fallback;
  const { data: o, error, refetch } = useQuery(orderQuery(s.id));
  const open = o?.after_sales.filter((a) => a.answerable) ?? [];
  return (
    <li className="panel refund" data-testid={slow ? "slow-order" : "refund"} data-id={s.id}>
      <header className="refund-head">
        <Mark channel={s.channel} large />
        <div className="clip">
          <h2>
            <Link to="/orders/$orderId" params={{ orderId: s.id }} search={{ tab: slow ? "all" : "refund" }}>
              {name(s)}
            </Link>
          </h2>
          <small className="quiet clip">{s.store?.name || s.shop?.name || t("row.noStore")}</small>
        </div>
        <StatusChip status={s.status} />
        {s.deadline?.kind === "answer_refund" ? (
          <Due at={s.deadline.at} from={dueFrom(s)} zone={zone} label={t("order.answerIn")} caption />
        ) : null}
      </header>
      <p className="clip">{s.summary}</p>
      {o ? (
        <>
          {slow ? null : open.map((a) => <Case key={a.key} order={o} sale={a} zone={zone} />)}
          {slow && o.slow ? <SlowMark order={o} slow={o.slow} zone={zone} /> : null}
        </>
      ) : error ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : (
        <Bones rows={2} height={40} />
      )}
    </li>
  );
}
