import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useId, useRef, useState } from "react";
import { answer, api } from "../../data/api";
import type { components } from "../../data/schema";
import { addDays, clock } from "../../format/time";
import { Mark, useChannelName } from "../../ui/Mark";
import { Bones, State, Trouble } from "../../ui/Screen";
import { useWho } from "../../ui/who";
import { useWords } from "../../words";
import { numberText } from "../orders/number";

type Handover = components["schemas"]["Handover"];
type Store = { id: string; zone: string };

/** What a store has handed over on one of its days, behind a press: whoever hands out looks at what waits. */
export function Handed({ store }: { store: Store }) {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  const id = useId();
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    if (open) box.current?.scrollIntoView({ block: "start" }); // it opens below what waits, on a phone below the screen
  }, [open]);
  return (
    <section ref={box} className="handed" aria-label={t("pickup.handed")} data-testid="handed">
      <h2 className="pickup-title">
        <button type="button" className="btn ghost" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
          <span aria-hidden="true">{open ? "▾" : "▸"}</span> {t("pickup.handed")}
        </button>
      </h2>
      <div id={id}>{open ? <Day store={store} /> : null}</div>
    </section>
  );
}

function Day({ store }: { store: Store }) {
  const { t } = useWords();
  const [day, setDay] = useState(""); // today
  const [noCode, setNoCode] = useState(false);
  const list = useInfiniteQuery({
    queryKey: ["handovers", store.id, day, noCode],
    staleTime: 2000,
    refetchInterval: day === "" ? 10_000 : false,
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/api/v1/stores/{id}/handovers", {
          params: {
            path: { id: store.id },
            query: { day: day || undefined, no_code: noCode || undefined, cursor: pageParam || undefined },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor || undefined,
  });
  const first = list.data?.pages[0];
  const today = first?.today ?? "";
  const shown = first?.day ?? day;
  const all = list.data?.pages.flatMap((p) => p.handovers) ?? [];
  return (
    <>
      <div className="handed-head">
        <button
          type="button"
          className="btn icon"
          aria-label={t("pickup.dayBefore")}
          disabled={!shown}
          onClick={() => setDay(addDays(shown, -1))}
        >
          <span aria-hidden="true">‹</span>
        </button>
        <b className="num" role="status" data-testid="handed-day">
          {shown}
        </b>
        <button
          type="button"
          className="btn icon"
          aria-label={t("pickup.dayAfter")}
          disabled={!shown || shown >= today}
          onClick={() => setDay(addDays(shown, 1) >= today ? "" : addDays(shown, 1))}
        >
          <span aria-hidden="true">›</span>
        </button>
        <fieldset className="handed-of">
          <legend className="sr-only">{t("pickup.handedOf")}</legend>
          {[false, true].map((only) => (
            <label key={String(only)} className="num">
              <input type="radio" name="handed" checked={noCode === only} onChange={() => setNoCode(only)} />{" "}
              {t(only ? "pickup.handedNoCode" : "pickup.handedAll", { n: (only ? first?.no_code : first?.all) ?? "" })}
            </label>
          ))}
        </fieldset>
      </div>
      {list.isPending ? (
        <Bones rows={3} height={56} />
      ) : list.error && !list.data ? (
        <Trouble error={list.error} retry={() => void list.refetch()} />
      ) : all.length === 0 ? (
        <State icon="calm" title={t(noCode && (first?.all ?? 0) > 0 ? "pickup.handedCoded" : "pickup.handedNone")}>
          {noCode ? null : t("pickup.handedNoneHelp")}
        </State>
      ) : (
        <ol className="handed-rows">
          {all.map((x) => (
            <One key={x.order_id} handover={x} zone={store.zone} />
          ))}
        </ol>
      )}
      {list.hasNextPage ? (
        <button type="button" className="btn" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t("list.more")}
        </button>
      ) : null}
    </>
  );
}

function One({ handover: x, zone }: { handover: Handover; zone: string }) {
  const { t } = useWords();
  const name = useChannelName();
  const who = useWho();
  return (
    <li>
      <Link to="/orders/$orderId" params={{ orderId: x.order_id }} search={{ tab: "all" }} className="panel" data-testid="handed-row">
        <Mark channel={x.channel} label={name(x.channel)} />
        <b className="num">{numberText({ day_seq: x.day_seq ?? "", display_ref: x.display_ref, ref: "" })}</b>
        <span className="clip">{x.summary}</span>
        <small className="quiet">
          <span className="num">{clock(x.at, zone)}</span> · {who(x.by, x.by_name)}
        </small>
        <span className={`chip ${x.code ? "good" : "warn"}`}>
          {x.code ? t("pickup.byCode") : x.reason ? t("pickup.noCodeWhy", { why: x.reason }) : t("pickup.noCodeNone")}
        </span>
      </Link>
    </li>
  );
}
