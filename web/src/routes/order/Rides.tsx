import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { answer, api } from "../../data/api";
import type { Delivery, Order } from "../../data/model";
import { useMay } from "../../data/rights";
import { formatMoney } from "../../format/money";
import { Icon } from "../../ui/icons";
import { Problem } from "../../ui/Problem";
import { Bones } from "../../ui/Screen";
import { useWords, word } from "../../words";
import { inWords } from "../../words/reasons";

const live = (d: Delivery) => ["sought", "assigned", "at_store", "on_the_way"].includes(d.state) || d.planned;
const ours = (d: Delivery) => d.way === "own" || d.way === "courier";

/** Whether an order can be brought by the store's own riders or a courier: while it is made, or on its way. */
export const rideable = (o: Order) =>
  o.kind === "takeaway" && ["accepted", "ready", "delivering"].includes(o.status) && ["self", "crowd", "platform"].includes(o.logistics);

/** Who else could bring it, with what each asks now; one press sends it, after what goes on is cancelled. */
export function Rides({ order: o }: { order: Order }) {
  const { t } = useWords();
  const may = useMay();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const going = o.deliveries.find((d) => ours(d) && live(d));
  const offers = useQuery({
    queryKey: ["ride_offers", o.id],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/orders/{id}/ride_offers", { params: { path: { id: o.id } }, signal })),
    enabled: open,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const take = useMutation({
    mutationFn: (x: { courier_id: string; rider_id: string; fee?: string }) =>
      answer(api.POST("/api/v1/orders/{id}/rides", { params: { path: { id: o.id } }, body: { ...x, instead: going?.key } })),
    onSuccess: () => setOpen(false),
    onSettled: () => void client.invalidateQueries({ queryKey: ["order", o.id] }),
  });
  if (!rideable(o) || !may("act.dispatch")) return null;
  if (!open) {
    return (
      <p>
        <button type="button" className="btn" onClick={() => setOpen(true)} data-testid="ride-choose">
          {t(going || o.deliveries.length > 0 ? "ride.again" : "ride.choose")}
        </button>
      </p>
    );
  }
  return (
    <div className="ride-offers" data-testid="ride-offers">
      {going ? (
        <p className="notice warn">
          <Icon name="warn" /> {t("ride.instead")}
        </p>
      ) : o.logistics !== "self" ? (
        <p className="notice">{t("ride.fromPlatform")}</p>
      ) : null}
      {offers.isPending ? <Bones rows={2} height={48} /> : null}
      {offers.data?.offers.length === 0 ? <p className="quiet">{t("ride.none")}</p> : null}
      <ul className="case-lines">
        {offers.data?.offers.map((x) => (
          <li key={x.courier_id || x.rider_id}>
            <span>
              <b>{x.name}</b> <small className="chip">{t(x.courier_id ? "ride.courier" : "ride.own")}</small>{" "}
              {x.distance_m ? <small className="quiet num">{(x.distance_m / 1000).toFixed(1)} km</small> : null}
              {x.why || x.words ? (
                <small className="bad"> {[x.words, x.why ? inWords(x.why.text, x.why) : ""].filter(Boolean).join(" · ")}</small>
              ) : null}
            </span>
            <span className="num">
              {x.fee ? formatMoney(x.fee) : ""}{" "}
              <button
                type="button"
                className="btn small"
                disabled={take.isPending || Boolean(x.why) || Boolean(x.words)}
                onClick={() =>
                  take.mutate({
                    courier_id: x.courier_id,
                    rider_id: x.rider_id,
                    fee: x.fee ? (x.fee.minor / 10 ** x.fee.digits).toFixed(x.fee.digits) : undefined,
                  })
                }
              >
                {t("ride.take")}
                <span className="sr-only"> {x.name}</span>
              </button>
            </span>
          </li>
        ))}
      </ul>
      <Problem error={offers.error ?? take.error} />
      <p>
        <button type="button" className="btn small ghost" onClick={() => setOpen(false)}>
          {t("do.cancel")}
        </button>
      </p>
    </div>
  );
}

/** What can be done about one delivery: how far an own rider is, a courier's tip and end, and who answers when it went wrong. */
export function RideActs({ order: o, delivery: d }: { order: Order; delivery: Delivery }) {
  const { t } = useWords();
  const may = useMay();
  const client = useQueryClient();
  const [asks, setAsks] = useState<"" | "tip" | "problem">("");
  const done = { onSettled: () => void client.invalidateQueries({ queryKey: ["order", o.id] }), onSuccess: () => setAsks("") };
  const path = { id: o.id, ride: d.key };
  const step = useMutation({
    mutationFn: (body: { step: "picked" | "delivered" | "problem"; words?: string }) =>
      answer(api.POST("/api/v1/orders/{id}/rides/{ride}/step", { params: { path }, body })),
    ...done,
  });
  const end = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/orders/{id}/rides/{ride}/end", { params: { path }, body: {} })),
    ...done,
  });
  const tip = useMutation({
    mutationFn: (total: string) => answer(api.POST("/api/v1/orders/{id}/rides/{ride}/tip", { params: { path }, body: { tip: total } })),
    ...done,
  });
  const blame = useMutation({
    mutationFn: (party: "platform" | "courier" | "merchant" | "customer" | "unknown" | "") =>
      answer(api.POST("/api/v1/orders/{id}/deliveries/{ride}/liable", { params: { path }, body: { party } })),
    ...done,
  });
  const busy = step.isPending || end.isPending || tip.isPending;
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const typed = String(new FormData(e.currentTarget).get("typed") ?? "");
    if (asks === "tip") tip.mutate(typed);
    else step.mutate({ step: "problem", words: typed });
  };
  return (
    <div className="ride-acts">
      {ours(d) && live(d) && may("act.dispatch") ? (
        <p className="case-buttons">
          {d.way === "own" && !d.planned ? (
            <>
              {d.state === "on_the_way" ? (
                <button type="button" className="btn small primary" disabled={busy} onClick={() => step.mutate({ step: "delivered" })}>
                  {t("ride.delivered")}
                </button>
              ) : (
                <button type="button" className="btn small primary" disabled={busy} onClick={() => step.mutate({ step: "picked" })}>
                  {t("ride.picked")}
                </button>
              )}
              <button type="button" className="btn small" disabled={busy} onClick={() => setAsks("problem")}>
                {t("ride.problem")}
              </button>
            </>
          ) : null}
          {d.way === "courier" && d.state === "sought" ? (
            <button type="button" className="btn small" disabled={busy} onClick={() => setAsks("tip")}>
              {t("ride.addTip")}
            </button>
          ) : null}
          {d.state !== "on_the_way" || d.way === "own" ? (
            <button type="button" className="btn small danger" disabled={busy} onClick={() => end.mutate()}>
              {t("ride.cancel")}
            </button>
          ) : null}
        </p>
      ) : null}
      {asks ? (
        <form className="reenter-add" onSubmit={submit}>
          <input
            className="input"
            name="typed"
            required
            maxLength={100}
            inputMode={asks === "tip" ? "decimal" : undefined}
            aria-label={t(asks === "tip" ? "ride.tipTotal" : "ride.what")}
            placeholder={t(asks === "tip" ? "ride.tipTotal" : "ride.what")}
          />
          <button type="submit" className="btn small" disabled={busy}>
            {t("ride.save")}
          </button>
        </form>
      ) : null}
      {d.wrong || d.liable ? (
        <p data-testid="liable">
          {d.wrong === "late" ? <b className="bad">{t("ride.wrong.late")} </b> : null}
          {t("ride.liable")}{" "}
          {may("act.refund_refuse") ? (
            <select
              className="input"
              aria-label={t("ride.liable")}
              value={d.liable?.party ?? ""}
              disabled={blame.isPending}
              onChange={(e) => blame.mutate(e.target.value as "platform")}
            >
              {["", "platform", "courier", "merchant", "customer", "unknown"].map((p) => (
                <option key={p} value={p}>
                  {word(t, "ride.party", p || "none")}
                </option>
              ))}
            </select>
          ) : (
            <b>{word(t, "ride.party", d.liable?.party ?? "none")}</b>
          )}{" "}
          {d.liable ? <small className="quiet">{[d.liable.by_name, groundOf(d.liable.why)].filter(Boolean).join(" · ")}</small> : null}
        </p>
      ) : null}
      <Problem error={step.error ?? end.error ?? tip.error ?? blame.error} />
    </div>
  );
}

/** A ground without the code of ours that it begins with. */
const groundOf = (why: string) => why.replace(/^by_(courier|merchant|customer)\s*/, "");
