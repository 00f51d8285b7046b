import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
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
import { Bones, State, Trouble } from "../../ui/Screen";
import { toast } from "../../ui/toast";
import { useWords, word } from "../../words";
import { inWords } from "../../words/reasons";
import "./comments.css";

type Comment = components["schemas"]["Comment"];

/** What is replied most, in the customers' language: it is public there. One fills in and sends it, or writes one's own. */
const templates = {
  bad: [
    "非常抱歉给您带来不好的体验，我们已核实并改进，期待再次为您服务。",
    "抱歉餐品没有让您满意，已反馈后厨改进口味和分量，欢迎再来监督。",
    "抱歉让您久等了，高峰期出餐慢，我们已增加人手。",
  ],
  good: ["感谢您的认可，期待您再次光临！", "谢谢您的好评，我们会继续用心做好每一份餐。"],
} as const;

/** Customers' comments: the newest first, what waits for a reply marked, and a reply in two presses. */
export function Comments() {
  const { t } = useWords();
  const [shop, setShop] = useState("");
  const [only, setOnly] = useState<"" | "unanswered" | "low">("unanswered");
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
      <fieldset className="comment-only">
        <legend className="sr-only">{t("cmt.only")}</legend>
        {(["unanswered", "low", ""] as const).map((o) => (
          <label key={o}>
            <input type="radio" name="only" checked={only === o} onChange={() => setOnly(o)} /> {t(`cmt.${o || "all"}`)}
          </label>
        ))}
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
  const list = c.score > 0 && c.score <= 3 ? templates.bad : templates.good;
  return (
    <form
      className="comment-form"
      onSubmit={(e) => {
        e.preventDefault();
        send.mutate();
      }}
    >
      <fieldset className="comment-templates">
        <legend className="quiet">{t("cmt.templates")}</legend>
        {list.map((x) => (
          <button key={x} type="button" className="btn small" lang="zh-CN" onClick={() => setText(x)}>
            {x}
          </button>
        ))}
      </fieldset>
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
