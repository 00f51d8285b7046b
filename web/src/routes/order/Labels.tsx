import { useQuery } from "@tanstack/react-query";
import { answer, api } from "../../data/api";
import { useMinute } from "../../data/clock";
import type { Order } from "../../data/model";
import { useGate } from "../../data/rights";
import { moment } from "../../format/time";
import { useWords } from "../../words";
import { inWords } from "../../words/reasons";
import { NoLabelPlace, useLabelPlaces } from "../orders/LabelButton";
import { startLabels } from "../orders/labels";
import { Section } from "./Section";

/** The labels of an order's parcels: who printed them first and last, and one more copy. Nothing where the platform has none. */
export function Labels({ order: o, zone }: { order: Order; zone: string }) {
  const { t } = useWords();
  const now = useMinute();
  const gate = useGate("labels.print");
  const { places, none, to, set } = useLabelPlaces();
  const { data } = useQuery({
    queryKey: ["concerns", "labels", o.id],
    staleTime: 2000,
    refetchInterval: 15_000,
    enabled: o.kind === "ecommerce",
    queryFn: () => answer(api.GET("/api/v1/orders/{id}/labels", { params: { path: { id: o.id } } })),
  });
  if (o.kind !== "ecommerce" || !data || (data.labels.length === 0 && !data.why) || data.why?.code === "no_label_call") return null;
  const printed = data.labels.some((l) => l.times > 0);
  return (
    <Section title={t("labels.ofOrder")}>
      <ul className="tickets" data-testid="order-labels">
        {data.labels.map((l) => (
          <li key={l.parcel}>
            <span className="num">{l.parcel}</span>{" "}
            {l.times === 0 ? (
              <span className="quiet">{t("labels.never")}</span>
            ) : (
              <span>
                {t("labels.times", { count: l.times })} · {t("labels.first", { name: l.first_by, at: moment(l.first_at, now, zone) })}
                {l.times > 1 ? ` · ${t("labels.last", { name: l.last_by, at: moment(l.last_at, now, zone) })}` : ""}
              </span>
            )}
            {l.kept.length > 0 ? <small className="quiet"> {t("labels.kept")}</small> : null}
          </li>
        ))}
      </ul>
      {data.why ? <p className="notice">{inWords("", data.why)}</p> : null}
      {data.why ? null : none ? (
        <NoLabelPlace />
      ) : (
        <span className="case-buttons">
          <select className="select" aria-label={t("labels.on")} value={to} onChange={(e) => set(e.target.value)}>
            {places.map((p) => (
              <option key={p.id} value={p.id}>
                {p.name}
              </option>
            ))}
          </select>
          <button type="button" className="btn" disabled={!to} {...gate} onClick={() => void startLabels([o], to)}>
            {t(printed ? "printer.reprint" : "printer.print", { ticket: t("labels.ofOrder") })}
          </button>
        </span>
      )}
    </Section>
  );
}
