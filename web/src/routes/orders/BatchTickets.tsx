import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answer, api, Failure, onceKey } from "../../data/api";
import type { OrderSummary } from "../../data/model";
import { useMay } from "../../data/rights";
import { toast } from "../../ui/toast";
import { useWords } from "../../words";
import { printers } from "../printers/printers";

const atOnce = 100; // orders that the service takes in one call

/** 补打: one more ticket of each chosen order whose store has a printer for it. Nothing where none has, or for whoever may not print. */
export function BatchTickets({ orders, done }: { orders: OrderSummary[]; done: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const may = useMay()("tickets.print");
  const { data: all } = useQuery({ ...printers, enabled: may });
  const print = useMutation({
    mutationFn: async ({ ticket, of }: { ticket: "kitchen" | "shop"; of: OrderSummary[] }) => {
      let made = 0;
      for (let i = 0; i < of.length; i += atOnce) {
        const body = { order_ids: of.slice(i, i + atOnce).map((o) => o.id), ticket };
        made += (await answer(api.POST("/api/v1/tickets", { params: { header: { "Idempotency-Key": onceKey() } }, body }))).tickets;
      }
      return made;
    },
    onSuccess: (made) => {
      toast(t("printer.sent", { count: made }));
      done();
    },
    onError: (e) => toast(e instanceof Failure && e.code !== "offline" ? e.message || e.code : t("state.offlineHelp")),
    onSettled: () => void client.invalidateQueries({ queryKey: ["concerns"] }),
  });
  if (!may) return null;
  return (["kitchen", "shop"] as const).map((ticket) => {
    const stores = new Set(all?.filter((p) => !p.off && p.prints.some((r) => r.ticket === ticket)).map((p) => p.store_id));
    const of = orders.filter((o) => o.store && stores.has(o.store.id));
    return of.length === 0 ? null : (
      <button key={ticket} type="button" className="btn small" disabled={print.isPending} onClick={() => print.mutate({ ticket, of })}>
        {t("printer.reprint", { ticket: t(`printer.tickets.${ticket}`) })} <span className="num">{of.length}</span>
      </button>
    );
  });
}
