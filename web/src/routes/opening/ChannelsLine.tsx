// 渠道营业: how each shop of the store works and is shown; of one that does not, since when, why, and what to press.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { RefObject } from "react";
import { answer, api } from "../../data/api";
import { serverNow } from "../../data/clock";
import { readSummary } from "../../data/model";
import { accounts } from "../../data/queries";
import { useMay } from "../../data/rights";
import { moment } from "../../format/time";
import { Mark, useChannelName } from "../../ui/Mark";
import { Trouble } from "../../ui/Screen";
import { toast } from "../../ui/toast";
import { useWords, word } from "../../words";
import { board, type StoreState } from "../board/concerns";
import { authorise } from "../connections/authorise";
import { intakes, shopsOf, shownOf } from "../intakes/intakes";
import { Line } from "./Line";

type Shop = StoreState["shops"][number];

export function ChannelsLine(props: {
  id: string;
  zone: string;
  seen: boolean;
  see: () => void;
  button: RefObject<HTMLButtonElement | null>;
}) {
  const { id, zone, seen, see, button } = props;
  const { t } = useWords();
  const name = useChannelName();
  const { data, error, refetch } = useQuery(board);
  const shops = data?.stores.find((s) => s.store_id === id)?.shops ?? [];
  const { data: taking } = useQuery(intakes);
  const shown = new Map(taking?.flatMap((s) => shopsOf(s).map((c) => [c.shop_id, c] as const)));
  const stateOf = (shop: string) => {
    const c = shown.get(shop);
    return c ? shownOf(c) : "unknown";
  };
  const closed = (shop: string) => stateOf(shop) === "resting" || stateOf(shop) === "offline";
  const broken = (s: Shop) => s.state === "down" || s.state === "paused";
  const ill = shops.some((s) => broken(s) || closed(s.shop_id));
  return (
    <Line title={t("opening.channels")} verdict={ill ? "todo" : seen ? "fine" : "todo"}>
      <p className="quiet">{t("opening.channelsHelp")}</p>
      {error && !data ? <Trouble error={error} retry={() => void refetch()} /> : null}
      {data && shops.length === 0 ? <p>{t("opening.noShops")}</p> : null}
      <ul className="opening-shops">
        {shops.map((s) => {
          const how = shown.get(s.shop_id)?.shown;
          return (
            <li key={s.shop_id} data-testid="opening-shop" data-state={s.state} data-cause={s.cause}>
              <Mark channel={s.channel} /> <b>{name(s.channel)}</b>
              <span className={s.state === "good" ? "" : "opening-ill"}>
                {s.state === "good" ? t("opening.fine") : word(t, "board.shop", s.state)} {s.cause ? word(t, "pulse.means", s.cause) : ""}{" "}
                {s.since_at > 0 && s.state !== "good" ? t("opening.since", { at: moment(s.since_at, serverNow(), zone) }) : ""}
              </span>
              <span className={closed(s.shop_id) ? "opening-ill" : "quiet"} data-shown={stateOf(s.shop_id)}>
                {t("opening.shown", { state: t(`control.shown.${stateOf(s.shop_id)}`) })}
                {closed(s.shop_id) && how?.since_at ? ` ${t("opening.since", { at: moment(how.since_at, serverNow(), zone) })}` : ""}
                {closed(s.shop_id) && how?.words ? ` ${how.words}` : ""}
              </span>
              <LastOrder shop={s.shop_id} zone={zone} />
              {broken(s) ? <Remedy shop={s} /> : null}
              {closed(s.shop_id) ? (
                <p className="opening-do opening-cure">
                  {how?.held ? <span>{t("opening.held")}</span> : null}
                  <Link to="/intakes" className="btn">
                    {t("opening.open")}
                  </Link>
                </p>
              ) : null}
            </li>
          );
        })}
      </ul>
      {seen ? null : (
        <button ref={button} type="button" className="btn" disabled={!data} onClick={see}>
          {t("opening.seen")}
        </button>
      )}
    </Line>
  );
}

/** What to press about an account that does not work, for whoever may; whom to tell, for the others. */
function Remedy({ shop: s }: { shop: Shop }) {
  const { t } = useWords();
  const may = useMay();
  const keeps = may("connections.keep");
  const { data } = useQuery({ ...accounts, enabled: keeps && s.cause === "authorise" });
  const account = data?.find((a) => a.id === s.account_id);
  return (
    <p className="opening-do opening-cure">
      {s.cause === "authorise" && keeps ? (
        <button
          type="button"
          className="btn primary"
          disabled={!account}
          onClick={() => account && void authorise(account).catch((e: Error) => toast(e.message || t("state.failed")))}
        >
          {t("conn.authoriseNow")}
        </button>
      ) : null}
      {s.cause === "authorise" && keeps ? null : <span>{t(`pulse.todo.${s.cause}`, { defaultValue: t("pulse.todo.wait") })}</span>}
      {s.cause !== "authorise" && may("whole.see") ? (
        <Link to={s.cause === "paused" ? "/connections" : "/status"} className="btn">
          {t(s.cause === "paused" ? "nav.connections" : "nav.status")}
        </Link>
      ) : null}
      {keeps ? null : <span className="quiet">{t("opening.told")}</span>}
    </p>
  );
}

function LastOrder({ shop, zone }: { shop: string; zone: string }) {
  const { t } = useWords();
  const { data } = useQuery({
    queryKey: ["opening", "last", shop],
    staleTime: 30_000,
    queryFn: async () => {
      const got = await answer(api.GET("/api/v1/orders", { params: { query: { shop: [shop], limit: 1, sort: "newest" } } }));
      return (got.orders ?? []).map(readSummary)[0]?.placed_at ?? 0;
    },
  });
  if (data === undefined) return null;
  return <span className="quiet">{data > 0 ? t("opening.last", { at: moment(data, serverNow(), zone) }) : t("opening.noLast")}</span>;
}
