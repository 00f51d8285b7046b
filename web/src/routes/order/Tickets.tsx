import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answer, api, onceKey } from "../../data/api";
import { useMinute } from "../../data/clock";
import type { Order } from "../../data/model";
import { useGate, useMay } from "../../data/rights";
import { moment } from "../../format/time";
import { Problem } from "../../ui/Problem";
import { useSettled } from "../../ui/paint";
import { toast } from "../../ui/toast";
import { useWords } from "../../words";
import { printers, prints, tickets } from "../printers/printers";
import { TicketLine } from "../printers/TicketLine";
import { Section } from "./Section";

/** The tickets of an order, whether they are on paper, and one more copy. Nothing where the store has no printer. */
export function Tickets({ order: o, zone }: { order: Order; zone: string }) {
  const { t } = useWords();
  const client = useQueryClient();
  const now = useMinute();
  const gate = useGate("tickets.print");
  const may = useMay();
  const settled = useSettled();
  const { data: all } = useQuery({ ...printers, enabled: settled });
  const { data } = useQuery({ ...tickets(o.id), enabled: settled });
  const here = all?.filter((p) => p.store_id === o.store?.id && !p.off) ?? [];
  const refresh = () => void client.invalidateQueries({ queryKey: ["concerns"] });
  const print = useMutation({
    mutationFn: (ticket: "kitchen" | "shop") =>
      answer(api.POST("/api/v1/tickets", { params: { header: { "Idempotency-Key": onceKey() } }, body: { order_ids: [o.id], ticket } })),
    onSuccess: (r) => toast(t("printer.sent", { count: r.tickets })),
    onSettled: refresh,
  });
  const decide = useMutation({
    mutationFn: (v: { id: string; done: boolean }) =>
      answer(
        api.POST("/api/v1/effects/{id}/resolve", {
          params: { path: { id: v.id }, header: { "Idempotency-Key": onceKey() } },
          body: { outcome: v.done ? "done" : "not_done" },
        }),
      ),
    onSettled: refresh,
  });
  if (here.length === 0 && (data?.length ?? 0) === 0) return null;
  const can = prints.filter((k) => (k === "kitchen" || k === "shop") && here.some((p) => p.prints.some((r) => r.ticket === k)));
  return (
    <Section title={t("printer.ofOrder")}>
      <ul className="tickets">
        {data?.map((x) => (
          <li key={x.id}>
            <TicketLine ticket={x} at={moment(x.made_at, now, zone)} />
            {x.state === "person" && may("effects.decide") ? (
              <span className="case-buttons">
                <button
                  type="button"
                  className="btn small"
                  disabled={decide.isPending}
                  onClick={() => decide.mutate({ id: x.id, done: true })}
                >
                  {t("printer.cameOut")}
                </button>
                <button
                  type="button"
                  className="btn small"
                  disabled={decide.isPending}
                  onClick={() => decide.mutate({ id: x.id, done: false })}
                >
                  {t("printer.cameNot")}
                </button>
              </span>
            ) : null}
          </li>
        ))}
      </ul>
      {data?.length === 0 ? <p className="quiet">{t("printer.noTickets")}</p> : null}
      <span className="case-buttons">
        {can.map((k) => (
          <button
            key={k}
            type="button"
            className="btn"
            disabled={print.isPending}
            {...gate}
            onClick={() => print.mutate(k as "kitchen" | "shop")}
          >
            {t(data?.some((x) => x.ticket === k && x.state !== "void") ? "printer.reprint" : "printer.print", {
              ticket: t(`printer.tickets.${k}`),
            })}
          </button>
        ))}
      </span>
      <Problem error={print.error ?? decide.error} />
    </Section>
  );
}
