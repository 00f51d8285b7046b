import { useInfiniteQuery } from "@tanstack/react-query";
import { answer, api } from "../../data/api";
import { useNow } from "../../data/clock";
import type { components } from "../../data/schema";
import { moment } from "../../format/time";
import { useZone } from "../../shell/Shell";
import { useChannelName } from "../../ui/Mark";
import { Bones, State, Trouble } from "../../ui/Screen";
import { useWords, word } from "../../words";
import "./history.css";

type Line = components["schemas"]["SetUpLine"];
type Change = components["schemas"]["SetUpChange"];

/** Who changed how the merchant is set up, and from what to what. */
export function History() {
  const { t } = useWords();
  const list = useInfiniteQuery({
    queryKey: ["audit", "setup"],
    queryFn: ({ pageParam, signal }) =>
      answer(api.GET("/api/v1/audit/setup", { params: { query: { cursor: pageParam || undefined } }, signal })),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor || undefined,
  });
  const all = list.data?.pages.flatMap((p) => p.lines ?? []) ?? [];
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t("nav.history")}</h1>
        <p>{t("hist.lead")}</p>
      </div>
      {list.isPending ? (
        <Bones rows={5} height={64} />
      ) : list.error && !list.data ? (
        <Trouble error={list.error} retry={() => void list.refetch()} />
      ) : all.length === 0 ? (
        <div className="panel">
          <State icon="calm" title={t("hist.none")} />
        </div>
      ) : (
        <ul className="histories panel">
          {all.map((l) => (
            <Row key={l.id} line={l} />
          ))}
        </ul>
      )}
      {list.hasNextPage ? (
        <button type="button" className="btn" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t(list.isFetchingNextPage ? "state.loading" : "hist.more")}
        </button>
      ) : null}
    </div>
  );
}

function Row({ line: l }: { line: Line }) {
  const { t } = useWords();
  const now = useNow();
  const zone = useZone();
  const [thing = "", did = ""] = l.what.split(/[. ]/);
  return (
    <li className="history" data-testid="history" data-what={l.what}>
      <p className="history-what">
        <b>{[word(t, "hist.thing", thing), did === "replaced" ? "" : word(t, "hist.did", did)].filter(Boolean).join(" · ")}</b>{" "}
        <span>{l.name}</span>
      </p>
      <p className="quiet history-who">
        {l.by_name || word(t, "hist.by", l.by)} · <time dateTime={new Date(l.at).toISOString()}>{moment(l.at, now, zone)}</time>
      </p>
      {l.changes?.length ? (
        <ul className="history-changes">
          {l.changes.map((c) => (
            <Told key={c.field} change={c} made={did === "make"} />
          ))}
        </ul>
      ) : null}
    </li>
  );
}

function Told({ change: c, made }: { change: Change; made: boolean }) {
  const { t } = useWords();
  const said = useSaid();
  const credential = c.field.startsWith("credentials.") ? c.field.slice("credentials.".length) : "";
  // An id says nothing beside the name that is told as well.
  if (c.field.endsWith("_id") && c.field !== "external_id" && c.field !== "sku_id") return null;
  return (
    <li>
      <span className="quiet">{credential ? t("hist.credential", { name: credential }) : word(t, "hist.field", c.field)}</span>{" "}
      {c.secret ? (
        <span>{t(made ? "hist.given" : "hist.secret")}</span>
      ) : (
        <>
          {c.was === undefined ? null : (
            <>
              <del>{said(c.field, c.was)}</del> <span aria-hidden="true">→</span>{" "}
            </>
          )}
          <ins>{c.is === undefined ? t("hist.nothing") : said(c.field, c.is)}</ins>
        </>
      )}
    </li>
  );
}

/** A value as people say it. */
function useSaid(): (field: string, value: unknown) => string {
  const { t } = useWords();
  const channel = useChannelName();
  return (field, value) => {
    if (typeof value === "boolean") return t(value ? "hist.yes" : "hist.no");
    if (typeof value === "number") return String(value);
    if (Array.isArray(value) && value.every((v) => typeof v === "string")) return value.join(", ");
    if (field === "prints" && Array.isArray(value))
      return value.map((p: { ticket?: string }) => word(t, "printer.tickets", p.ticket ?? "")).join(", ");
    if (typeof value !== "string") return JSON.stringify(value);
    if (field === "mode" || field === "role") return word(t, field, value);
    return field === "channel" ? channel(value) : value;
  };
}
