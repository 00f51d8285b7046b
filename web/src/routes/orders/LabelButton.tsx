import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { OrderSummary } from "../../data/model";
import { session } from "../../data/queries";
import { useMay } from "../../data/rights";
import { useWords } from "../../words";
import { printers } from "../printers/printers";
import { labelable, labelsTo, printLabelsTo, startLabels } from "./labels";

/** Where labels can be printed: label printers of one's stores, and the screen for whoever may see customers. */
export function useLabelPlaces(): { places: { id: string; name: string }[]; none: boolean; to: string; set: (to: string) => void } {
  const { t } = useWords();
  const may = useMay()("labels.print");
  const { data: all } = useQuery({ ...printers, enabled: may });
  const { data: me } = useQuery(session);
  const [wanted, setWanted] = useState(labelsTo);
  const places = [
    ...(all ?? []).filter((p) => p.labels && !p.off).map((p) => ({ id: p.id, name: p.name })),
    ...(me?.personal
      ? [
          { id: "pdf", name: t("labels.pdf") },
          { id: "zpl", name: t("labels.zpl") },
        ]
      : []),
  ];
  const to = places.find((p) => p.id === wanted)?.id ?? places[0]?.id ?? "";
  return {
    places,
    none: all !== undefined && places.length === 0,
    to,
    set: (next) => {
      setWanted(next);
      printLabelsTo(next);
    },
  };
}

/** Where labels could be printed, when there is nowhere: what to do instead. */
export function NoLabelPlace() {
  const { t } = useWords();
  const keeps = useMay()("printers.keep");
  return (
    <span className="label-nowhere" data-testid="label-nowhere">
      {t("labels.nowhere")}{" "}
      {keeps ? <Link to="/printers">{t("labels.nowhereAdd")}</Link> : <span className="quiet">{t("labels.nowhereAsk")}</span>}
    </span>
  );
}

/** 打印面单: the labels of the chosen parcels, on the printer that this device uses. Nothing where none of them has one. */
export function LabelButton({ orders, done }: { orders: OrderSummary[]; done: () => void }) {
  const { t } = useWords();
  const may = useMay()("labels.print");
  const { places, none, to, set } = useLabelPlaces();
  const some = orders.filter(labelable);
  if (!may || some.length === 0) return null;
  if (none) return <NoLabelPlace />;
  return (
    <span className="label-print">
      <button
        type="button"
        className="btn small primary"
        data-testid="print-labels"
        disabled={!to}
        onClick={() => {
          void startLabels(some, to);
          done();
        }}
      >
        {t("labels.print")} <span className="num">{some.length}</span>
        <span className="cap" aria-hidden="true">
          p
        </span>
      </button>
      <select className="select small" aria-label={t("labels.on")} value={to} onChange={(e) => set(e.target.value)}>
        {places.map((p) => (
          <option key={p.id} value={p.id}>
            {p.name}
          </option>
        ))}
      </select>
    </span>
  );
}
