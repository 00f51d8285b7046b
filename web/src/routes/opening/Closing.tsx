// 打烊: what a store leaves behind when it closes, each with a press that leads there.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { answer, api, Failure } from "../../data/api";
import { serverNow } from "../../data/clock";
import { counts } from "../../data/queries";
import { Trouble } from "../../ui/Screen";
import { useWords } from "../../words";
import { Line } from "./Line";
import { endOfDay, preorders, unfinished } from "./opening";
import { PreorderList } from "./PreorderList";
import { usePreorders } from "./usePreorders";

const most = { comments: 100, handovers: 200 }; // the service gives no more at once

export function Closing({ id, zone }: { id: string; zone: string }) {
  const { t } = useWords();
  const tally = useQuery({ ...counts({ store: id }), placeholderData: undefined });
  const later = usePreorders(id);
  const comments = useQuery({
    queryKey: ["comments", "closing", id],
    queryFn: async () => {
      const query = { unanswered: true, limit: most.comments };
      const got = await answer(api.GET("/api/v1/comments", { params: { query } }));
      return { count: got.comments.filter((c) => c.store_id === id).length, more: Boolean(got.next_cursor) };
    },
  });
  const byHand = useQuery({
    queryKey: ["handovers", id, "closing"],
    queryFn: async () => {
      const query = { no_code: true, limit: most.handovers };
      const got = await answer(api.GET("/api/v1/stores/{id}/handovers", { params: { path: { id }, query } }));
      return { count: got.handovers.length, more: Boolean(got.next_cursor) };
    },
  });
  const today = endOfDay(serverNow(), zone);
  const day = 24 * 3600_000;
  const tomorrow = later.data && preorders(later.data, today + day).filter((p) => p.order.promised_at >= today);
  const notToday = later.data?.filter((o) => o.promised_at >= today).length;
  const open = tally.data && notToday !== undefined ? unfinished(tally.data.statuses, notToday) : undefined;
  return (
    <ol className="panel opening-lines" data-testid="closing">
      <Left title={t("closing.unfinished")} count={open} of={tally.error ? tally : later}>
        <p className="opening-do">
          <Link to="/orders" search={{ tab: "active", store: id }} className="btn">
            {t("closing.go")}
          </Link>
        </p>
      </Left>
      <Left title={t("closing.refunds")} count={tally.data && (tally.data.flags.refund ?? 0)} of={tally}>
        <p className="opening-do">
          <Link to="/refunds" className="btn">
            {t("closing.go")}
          </Link>
        </p>
      </Left>
      <Left title={t("closing.comments")} count={comments.data?.count} more={comments.data?.more} of={comments}>
        <p className="opening-do">
          <Link to="/comments" className="btn">
            {t("closing.go")}
          </Link>
        </p>
      </Left>
      <Left title={t("closing.byHand")} count={byHand.data?.count} more={byHand.data?.more} of={byHand} told>
        <p className="opening-do">
          <Link to="/pickup" className="btn">
            {t("closing.look")}
          </Link>
        </p>
      </Left>
      <Left title={t("closing.tomorrow")} count={tomorrow?.length} of={later} told>
        <PreorderList list={tomorrow ?? []} zone={zone} />
      </Left>
    </ol>
  );
}

type LeftProps = {
  title: string;
  /** How many there are; undefined while that is being read. */
  count: number | undefined;
  /** There may be more than the service told at once. */
  more?: boolean | undefined;
  of: { error: unknown; refetch: () => unknown };
  /** It is there to be known, not to be done. */
  told?: boolean;
  children: ReactNode;
};

function Left({ title, count, more, of, told, children }: LeftProps) {
  const { t } = useWords();
  if (of.error instanceof Failure && of.error.code === "forbidden") return null; // not this role's business
  const known = count !== undefined;
  return (
    <Line
      title={known && count > 0 ? `${title} ${count}${more ? "+" : ""}` : title}
      verdict={known && (told || count === 0) ? "fine" : "todo"}
    >
      {known && count > 0 ? children : null}
      {known && count === 0 ? <p className="quiet">{t("closing.none")}</p> : null}
      {!known && !of.error ? <p className="quiet">{t("state.loading")}</p> : null}
      {!known && of.error ? <Trouble error={of.error} retry={() => void of.refetch()} /> : null}
    </Line>
  );
}
