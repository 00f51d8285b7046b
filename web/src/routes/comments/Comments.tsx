import { queryOptions, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { answer, api, Failure, onceKey } from "../../data/api";
import { useNow } from "../../data/clock";
import { shops, stores } from "../../data/queries";
import { useMay } from "../../data/rights";
import type { components } from "../../data/schema";
import { moment } from "../../format/time";
import { useZone } from "../../shell/Shell";
import { Icon } from "../../ui/icons";
import { Mark, useChannelName } from "../../ui/Mark";
import { Problem } from "../../ui/Problem";
import { Bones, State, Trouble } from "../../ui/Screen";
import { Sheet } from "../../ui/Sheet";
import { toast } from "../../ui/toast";
import { useWords, word } from "../../words";
import { inWords } from "../../words/reasons";
import "./comments.css";

type Comment = components["schemas"]["Comment"];

type Templates = components["schemas"]["ReplyTemplates"];

/** What is replied most, in the customers' language: it is public there. One fills in and sends it, or writes one's own. */
const templates = queryOptions({
  queryKey: ["reply-templates"],
  staleTime: 60_000,
  queryFn: () => answer(api.GET("/api/v1/comments/templates")),
});

/** Customers' comments: the newest first, what waits for a reply marked, and a reply in two presses. */
export function Comments() {
  const { t } = useWords();
  const [shop, setShop] = useState("");
  const [only, setOnly] = useState<"" | "unanswered" | "low">("unanswered");
  const [editing, setEditing] = useState(false);
  const may = useMay();
  const { data: known } = useQuery(shops);
  const list = useInfiniteQuery({
    queryKey: ["comments", shop, only],
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/api/v1/comments", {
          params: {
            query: {
              shop_id: shop || undefined,
              unanswered: only === "unanswered" || undefined,
              low: only === "low" || undefined,
              cursor: pageParam || undefined,
            },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor || undefined,
    refetchInterval: 60_000,
  });
  const all = list.data?.pages.flatMap((p) => p.comments) ?? [];
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t("nav.comments")}</h1>
        <select className="select comment-shop" aria-label={t("cmt.shop")} value={shop} onChange={(e) => setShop(e.target.value)}>
          <option value="">{t("cmt.allShops")}</option>
          {known?.map((s) => (
            <option key={s.id} value={s.id}>
              {s.name || s.external_id}
            </option>
          ))}
        </select>
        <p>{t("cmt.lead")}</p>
      </div>
      {editing ? <TemplateSheet close={() => setEditing(false)} /> : null}
      <fieldset className="comment-only">
        <legend className="sr-only">{t("cmt.only")}</legend>
        {(["unanswered", "low", ""] as const).map((o) => (
          <label key={o}>
            <input type="radio" name="only" checked={only === o} onChange={() => setOnly(o)} /> {t(`cmt.${o || "all"}`)}
          </label>
        ))}
        {may("comments.reply") ? (
          <button type="button" className="btn small" onClick={() => setEditing(true)}>
            {t("cmt.templatesTitle")}
          </button>
        ) : null}
      </fieldset>
      {list.isPending ? (
        <Bones rows={4} height={88} />
      ) : list.error && all.length === 0 ? (
        <Trouble error={list.error} retry={() => void list.refetch()} />
      ) : all.length === 0 ? (
        <div className="panel">
          <State icon="calm" title={t(only === "unanswered" ? "cmt.noneWaits" : "cmt.none")}>
            {t("cmt.noneHelp")}
          </State>
        </div>
      ) : (
        <ul className="comments panel">
          {all.map((c) => (
            <One key={c.id} comment={c} shop={known?.find((s) => s.id === c.shop_id)?.name ?? ""} />
          ))}
        </ul>
      )}
      {list.hasNextPage ? (
        <button type="button" className="btn" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t("cmt.more")}
        </button>
      ) : null}
    </div>
  );
}

function One({ comment: c, shop }: { comment: Comment; shop: string }) {
  const { t } = useWords();
  const may = useMay();
  const now = useNow();
  const zone = useZone(c.store_id);
  const name = useChannelName();
  const { data: places } = useQuery(stores);
  const [open, setOpen] = useState(false);
  const state = c.reply ? "done" : (c.ours?.state ?? "");
  const waits = !c.reply && (state === "" || state === "refused");
  return (
    <li className={`comment ${c.score > 0 && c.score <= 2 ? "low" : ""}`} data-testid="comment" data-id={c.id} data-state={state}>
      <Mark channel={c.channel} label={name(c.channel)} />
      <div className="comment-what">
        <p className="comment-head">
          <b className="num">{c.score > 0 ? t("cmt.stars", { count: c.score }) : t("cmt.noStars")}</b>{" "}
          <span className="quiet">
            {places?.find((s) => s.id === c.store_id)?.name || shop} · <span className="num">{moment(c.at, now, zone)}</span>
          </span>
        </p>
        <p className="comment-text">{c.text || <span className="quiet">{t("cmt.noText")}</span>}</p>
        {c.reply ? (
          <p className="comment-reply">
            <b>{t("cmt.replied")}</b> {c.reply}
          </p>
        ) : c.ours ? (
          <p className={`comment-reply ${state === "refused" ? "bad" : ""}`} aria-live="polite">
            <b>{word(t, "cmt.state", state)}</b> {c.ours.text}{" "}
            {state === "refused" && c.ours.why ? `(${inWords(c.ours.why.text, c.ours.why)})` : ""}
          </p>
        ) : null}
        {waits && may("comments.reply") ? (
          open ? (
            <Reply comment={c} close={() => setOpen(false)} />
          ) : (
            <button type="button" className="btn small" onClick={() => setOpen(true)}>
              {t("cmt.reply")}
            </button>
          )
        ) : null}
      </div>
    </li>
  );
}

function Reply({ comment: c, close }: { comment: Comment; close: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const id = useId();
  const [text, setText] = useState("");
  const send = useMutation({
    mutationFn: () =>
      answer(
        api.POST("/api/v1/comments/{id}/reply", {
          params: { path: { id: c.id }, header: { "Idempotency-Key": onceKey() } },
          body: { text },
        }),
      ),
    onSuccess: () => {
      toast(t("cmt.sent"));
      close();
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ["comments"] });
      void client.invalidateQueries({ queryKey: ["concerns"] });
    },
  });
  const problem = send.error instanceof Failure ? send.error.message || send.error.code : send.error ? String(send.error) : "";
  const kept = useQuery(templates).data;
  const list = (c.score > 0 && c.score <= 3 ? kept?.low : kept?.good) ?? [];
  return (
    <form
      className="comment-form"
      onSubmit={(e) => {
        e.preventDefault();
        send.mutate();
      }}
    >
      {list.length > 0 ? (
        <fieldset className="comment-templates">
          <legend className="quiet">{t("cmt.templates")}</legend>
          {list.map((x) => (
            <button key={x} type="button" className="btn small" lang={kept?.own ? undefined : "zh-CN"} onClick={() => setText(x)}>
              {x}
            </button>
          ))}
        </fieldset>
      ) : null}
      <label htmlFor={id}>{t("cmt.yours")}</label>
      <textarea
        id={id}
        className="input"
        rows={3}
        maxLength={c.reply_most || 300}
        required
        value={text}
        onChange={(e) => setText(e.target.value)}
      />
      <p className="quiet">{t("cmt.public")}</p>
      {problem ? (
        <p className="notice bad" role="alert">
          <Icon name="warn" /> {problem}
        </p>
      ) : null}
      <div className="comment-do">
        <button type="submit" className="btn primary" disabled={send.isPending || !text.trim()}>
          {t("cmt.send")}
        </button>
        <button type="button" className="btn" onClick={close}>
          {t("do.cancel")}
        </button>
      </div>
    </form>
  );
}

/** The merchant's templates: a text each, one after the other. None at all brings back those that come with Tongdan. */
function TemplateSheet({ close }: { close: () => void }) {
  const { t } = useWords();
  const kept = useQuery({ ...templates, staleTime: 0, refetchOnWindowFocus: false });
  return (
    <Sheet wide title={t("cmt.templatesTitle")} close={close}>
      {kept.error && !kept.data ? (
        <Trouble error={kept.error} retry={() => void kept.refetch()} />
      ) : kept.data && !kept.isFetching ? (
        <TemplateForm kept={kept.data} read={() => void kept.refetch()} close={close} />
      ) : (
        <Bones rows={4} height={60} />
      )}
    </Sheet>
  );
}

const most = 20;
let lines = 0;
const line = (text: string) => ({ id: ++lines, text });

function TemplateForm({ kept, read, close }: { kept: Templates; read: () => void; close: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [draft, setDraft] = useState(() => ({ low: kept.low.map(line), good: kept.good.map(line) }));
  const save = useMutation({
    mutationFn: (want: { low: string[]; good: string[] }) =>
      answer(api.PUT("/api/v1/comments/templates", { body: { ...want, seen: kept.version } })),
    onSuccess: (now) => {
      client.setQueryData(templates.queryKey, now);
      toast(t("cmt.templatesKept"));
      close();
    },
  });
  const changed = save.error instanceof Failure && save.error.status === 409;
  return (
    <form
      className="comment-form"
      onSubmit={(e) => {
        e.preventDefault();
        const texts = (list: { text: string }[]) => list.map((l) => l.text);
        save.mutate({ low: texts(draft.low), good: texts(draft.good) });
      }}
    >
      <p className="quiet">{t(kept.own ? "cmt.templatesOwn" : "cmt.templatesUsual")}</p>
      {(["low", "good"] as const).map((of) => (
        <fieldset key={of} className="comment-lines" data-testid="templates" data-of={of}>
          <legend>{t(`cmt.templatesFor.${of}`)}</legend>
          {draft[of].map((l, n) => (
            <div key={l.id}>
              <textarea
                className="input"
                rows={2}
                maxLength={300}
                aria-label={t("cmt.templateOf", { number: n + 1 })}
                value={l.text}
                onChange={(e) => setDraft((d) => ({ ...d, [of]: d[of].map((x) => (x.id === l.id ? { ...x, text: e.target.value } : x)) }))}
              />
              <button
                type="button"
                className="btn small ghost danger"
                aria-label={t("cmt.dropTemplate", { number: n + 1 })}
                onClick={() => setDraft((d) => ({ ...d, [of]: d[of].filter((x) => x.id !== l.id) }))}
              >
                {t("cmt.drop")}
              </button>
            </div>
          ))}
          <button
            type="button"
            className="btn small"
            disabled={draft[of].length >= most}
            onClick={() => setDraft((d) => ({ ...d, [of]: [...d[of], line("")] }))}
          >
            <Icon name="plus" size={16} /> {t("cmt.addTemplate")}
          </button>
        </fieldset>
      ))}
      <Problem error={save.error} />
      <div className="comment-do">
        {changed ? (
          <button type="button" className="btn primary" onClick={read}>
            {t("cmt.readAgain")}
          </button>
        ) : (
          <button type="submit" className="btn primary" disabled={save.isPending}>
            {t("cmt.keep")}
          </button>
        )}
        <button type="button" className="btn" onClick={close}>
          {t("do.cancel")}
        </button>
        {kept.own && !changed ? (
          <button type="button" className="btn ghost" disabled={save.isPending} onClick={() => save.mutate({ low: [], good: [] })}>
            {t("cmt.usual")}
          </button>
        ) : null}
      </div>
    </form>
  );
}
