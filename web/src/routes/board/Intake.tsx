import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api, Failure } from "../../data/api";
import { serverNow } from "../../data/clock";
import { useMay } from "../../data/rights";
import type { components } from "../../data/schema";
import { clock } from "../../format/time";
import { Mark, useChannelName } from "../../ui/Mark";
import { toast } from "../../ui/toast";
import { useWords, word } from "../../words";
import { inWords } from "../../words/reasons";
import "./intake.css";

type State = components["schemas"]["Intake"];

/** Whether a store takes orders on each channel, and how full its kitchen is. */
export const intakeOf = (store: string) =>
  queryOptions({
    queryKey: ["intake", store],
    staleTime: 2000,
    refetchInterval: (q) => (q.state.data?.channels?.some((c) => c.state === "sending" || c.state === "opening") ? 2000 : 15_000),
    queryFn: () => answer(api.GET("/api/v1/stores/{id}/intake", { params: { path: { id: store } } })),
  });

export const slotTone = (n: number, of: number): "" | "warn" | "bad" =>
  of > 0 && n >= of ? "bad" : of > 0 && n * 10 >= of * 8 ? "warn" : "";

/** The store's gauge, and the way to let it take no orders for a while. */
export function Intake({ store, zone }: { store: string; zone: string }) {
  const { t } = useWords();
  const may = useMay();
  const client = useQueryClient();
  const channel = useChannelName();
  const { data } = useQuery(intakeOf(store));
  const rest = useMutation({
    mutationFn: (until_at: number) =>
      answer(
        api.PUT("/api/v1/stores/{id}/intake", {
          params: { path: { id: store } },
          body: { until_at: Math.round(until_at) },
        }),
      ),
    onSuccess: (got) => client.setQueryData(intakeOf(store).queryKey, got),
    onError: (e) => toast(e instanceof Failure ? e.message : String(e)),
  });
  if (!data) return null;
  const until = data.until_at > serverNow() ? data.until_at : 0;
  const channels = data.channels ?? [];
  return (
    <section className="intake" aria-label={t("intake.title")} data-testid="intake" data-resting={until ? "yes" : "no"}>
      {data.slot_orders > 0 ? (
        <ul className="intake-slots" aria-label={t("intake.gauge")}>
          {(data.slots ?? []).map((s) => (
            <li key={s.from_at} className={slotTone(s.orders, data.slot_orders)}>
              <span className="quiet num">{t("intake.slot", { from: clock(s.from_at, zone), to: clock(s.to_at, zone) })}</span>{" "}
              <b className="num">
                {s.orders}/{data.slot_orders}
              </b>{" "}
              {slotTone(s.orders, data.slot_orders) ? t(s.orders >= data.slot_orders ? "intake.full" : "intake.near") : null}
              <span className="intake-bar" aria-hidden="true">
                <span style={{ width: `${Math.min(100, (s.orders / data.slot_orders) * 100)}%` }} />
              </span>
            </li>
          ))}
        </ul>
      ) : null}
      {may("kitchens.keep") ? <Capacity store={store} state={data} /> : null}
      {channels.length > 0 ? (
        <div className="intake-rest">
          {until ? (
            <b role="status">
              {t("intake.until", { at: clock(until, zone) })} <span className="quiet">{data.by_name}</span>
            </b>
          ) : null}
          <ul>
            {channels.map((c) => (
              <li key={c.shop_id} data-state={c.state}>
                <Mark channel={c.channel} /> {channel(c.channel)}{" "}
                <span className="quiet">{c.shown.state ? `${word(t, "control.shown", c.shown.state)} ${c.shown.words ?? ""} · ` : ""}</span>
                <span className={c.state === "failed" ? "bad" : "quiet"}>
                  {t(`intake.state.${c.state}`, { at: clock(c.until_at, zone) })} {inWords(c.words ?? "", c.why)}
                </span>
              </li>
            ))}
          </ul>
          {may("stores.rest") && channels.some((c) => c.state !== "watched" && c.state !== "no_call") ? (
            <p className="intake-do" title={t("intake.help")}>
              {until ? (
                <>
                  <button type="button" className="btn small" disabled={rest.isPending} onClick={() => rest.mutate(until + 30 * 60_000)}>
                    {t("intake.more", { count: 30 })}
                  </button>
                  <button type="button" className="btn small" disabled={rest.isPending} onClick={() => rest.mutate(0)}>
                    {t("intake.end")}
                  </button>
                </>
              ) : (
                [10, 30, 60].map((n) => (
                  <button
                    key={n}
                    type="button"
                    className="btn small"
                    disabled={rest.isPending}
                    onClick={() => rest.mutate(serverNow() + n * 60_000)}
                  >
                    {t("intake.rest", { count: n })}
                  </button>
                ))
              )}
            </p>
          ) : null}
        </div>
      ) : null}
    </section>
  );
}

const lengths = [5, 10, 15, 20, 30, 60];

/** How much the kitchen can make, for whoever answers for it. */
function Capacity({ store, state }: { store: string; state: State }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [orders, setOrders] = useState<string>();
  const [minutes, setMinutes] = useState<number>();
  const save = useMutation({
    mutationFn: () =>
      answer(
        api.PUT("/api/v1/stores/{id}/kitchen", {
          params: { path: { id: store } },
          body: { slot_minutes: minutes ?? state.slot_minutes, slot_orders: Number(orders ?? state.slot_orders) || 0 },
        }),
      ),
    onSuccess: (got) => {
      client.setQueryData(intakeOf(store).queryKey, got);
      setOrders(undefined);
      setMinutes(undefined);
      toast(t("intake.saved"));
    },
    onError: (e) => toast(e instanceof Failure ? e.message : String(e)),
  });
  return (
    <form
      className="intake-capacity"
      title={t("intake.capacityHelp")}
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate();
      }}
    >
      {t("intake.capacity")}{" "}
      <input
        className="input num"
        inputMode="numeric"
        size={4}
        maxLength={4}
        aria-label={t("intake.capacityHelp")}
        value={orders ?? String(state.slot_orders)}
        onChange={(e) => setOrders(e.target.value.replace(/\D/g, ""))}
      />{" "}
      {t("intake.orders")}{" "}
      <select
        className="select"
        aria-label={t("intake.orders")}
        value={minutes ?? state.slot_minutes}
        onChange={(e) => setMinutes(Number(e.target.value))}
      >
        {lengths.map((n) => (
          <option key={n} value={n}>
            {t("intake.minutes", { count: n })}
          </option>
        ))}
      </select>{" "}
      <button type="submit" className="btn small" disabled={save.isPending || (orders === undefined && minutes === undefined)}>
        {t("intake.save")}
      </button>
    </form>
  );
}
