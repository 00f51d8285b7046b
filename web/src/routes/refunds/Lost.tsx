import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answer, api, Failure, onceKey } from "../../data/api";
import { useNow } from "../../data/clock";
import { readMoney } from "../../data/model";
import { stores } from "../../data/queries";
import type { components } from "../../data/schema";
import { formatMoney } from "../../format/money";
import { moment } from "../../format/time";
import { useZone } from "../../shell/Shell";
import { Mark } from "../../ui/Mark";
import { Trouble } from "../../ui/Screen";
import { toast } from "../../ui/toast";
import { useWords } from "../../words";

type LostSum = components["schemas"]["LostSum"];
type LostRefund = components["schemas"]["LostRefund"];

/** Beside the messages, and asked for again with them. */
const lost = queryOptions({
  queryKey: ["concerns", "lost"],
  staleTime: 2000,
  refetchInterval: 15_000,
  queryFn: () => answer(api.GET("/api/v1/refunds/lost")),
});

/** Refunds that platforms agreed to because nobody answered in time: by store, today and this week. Nothing where there were none. */
export function Lost() {
  const { t } = useWords();
  const { data, error, refetch } = useQuery(lost);
  const { data: known } = useQuery(stores);
  if (error && !data) return <Trouble error={error} retry={() => void refetch()} />;
  if (!data || data.stores.length === 0) return null;
  const sum = (s: LostSum) =>
    s.n === 0
      ? "—"
      : t("rules.lostSum", {
          n: s.n,
          sum: s.sum
            .map(readMoney)
            .map((m) => (m ? formatMoney(m) : ""))
            .join(" + "),
        });
  const nameOf = (id: string) => known?.find((s) => s.id === id)?.name || t("rules.lostUnbound");
  return (
    <section className="panel lost" data-testid="lost" aria-labelledby="lost-title">
      <h2 id="lost-title">{t("rules.lost")}</h2>
      <p className="quiet">{t("rules.lostLead")}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("conn.stores")}</th>
            <th scope="col">{t("rules.lostToday")}</th>
            <th scope="col">{t("rules.lostWeek")}</th>
          </tr>
        </thead>
        <tbody>
          {data.stores.map((s) => (
            <tr key={s.store_id} data-store={s.store_id}>
              <th scope="row">{nameOf(s.store_id)}</th>
              <td className="num">{sum(s.today)}</td>
              <td className="num">{sum(s.week)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {data.more ? <p className="quiet">{t("rules.lostOver")}</p> : null}
      <h3>{t("rules.lostLast")}</h3>
      <ul>
        {data.refunds.map((r) => (
          <One key={r.key} refund={r} store={nameOf(r.store_id)} />
        ))}
      </ul>
    </section>
  );
}

function One({ refund: r, store }: { refund: LostRefund; store: string }) {
  const { t } = useWords();
  const client = useQueryClient();
  const now = useNow();
  const zone = useZone(r.store_id);
  const note = useMutation({
    mutationFn: () =>
      answer(api.POST("/api/v1/messages/take", { params: { header: { "Idempotency-Key": onceKey() } }, body: { key: r.key, take: true } })),
    onSettled: () => void client.invalidateQueries({ queryKey: ["concerns"] }),
    onError: (e) => toast(e instanceof Failure && e.status === 404 ? t("msg.over") : e instanceof Failure ? e.message : String(e)),
  });
  const amount = readMoney(r.amount);
  const number = r.day_seq ? `#${r.day_seq}` : r.display_ref;
  return (
    <li data-testid="lost-refund" data-seen={r.seen_at > 0}>
      <Mark channel={r.channel} />
      <span className="clip">
        <Link to="/orders/$orderId" params={{ orderId: r.order_id }} search={{ tab: "all" }}>
          <span className="num">{number}</span> {store}
        </Link>
        <small className="quiet clip">{r.summary}</small>
      </span>
      <b className="num">{amount ? formatMoney(amount) : ""}</b>
      <small className="quiet num">{moment(r.at, now, zone)}</small>
      {r.seen_at > 0 ? (
        <small className="quiet">{r.seen_by ? t("rules.lostSeen", { who: r.seen_by }) : ""}</small>
      ) : (
        <button type="button" className="btn small" disabled={note.isPending} onClick={() => note.mutate()}>
          {t("do.noted")}
          <span className="sr-only"> {number}</span>
        </button>
      )}
    </li>
  );
}
