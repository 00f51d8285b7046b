import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useBlocker, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { answer, api, mayPass, onceKey } from "../../data/api";
import { shops } from "../../data/queries";
import { useMay } from "../../data/rights";
import { Icon } from "../../ui/icons";
import { Mark, useChannels } from "../../ui/Mark";
import { Problem } from "../../ui/Problem";
import { Bones, State, Trouble } from "../../ui/Screen";
import { Sheet } from "../../ui/Sheet";
import { useWords } from "../../words";
import { Edits, Plan } from "./Changes";
import { type Draft, flipGone, found, type Item, readPrice, type Sku, wanted, weigh, wishFor, writePrice } from "./menu";
import "./front.css";

/** A platform with menus takes prices in fen so far. */
const digits = 2;
const page = 50;
type Family = "food" | "retail" | "medicine";
const families: readonly Family[] = ["food", "retail", "medicine"];

/** 线上菜单: what a shop shows on its platform, read live; changes are collected, looked at as a plan, and sent together. */
export function ShopMenu() {
  const { t } = useWords();
  const may = useMay();
  const { shopId: id } = useParams({ from: "/inside/shops/$shopId/menu" });
  const shop = useQuery({ ...shops, select: (list) => list.find((s) => s.id === id) }).data;
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t("front.title")}</h1>
        <p>
          {shop ? <Mark channel={shop.channel} /> : null} <b>{shop?.name || shop?.external_id}</b> · {t("front.lead")}{" "}
          {may("whole.see") ? (
            <Link to="/connections">{t("front.back")}</Link>
          ) : may("fronts.keep") ? (
            <Link to="/intakes">{t("opening.open")}</Link>
          ) : null}
        </p>
      </div>
      {may("fronts.keep") ? (
        <Live key={id} shop={id} channel={shop?.channel ?? ""} />
      ) : (
        <State icon="lock" title={t("state.forbidden")}>
          {t("why.forbidden")}
        </State>
      )}
    </div>
  );
}

function Live({ shop: id, channel }: { shop: string; channel: string }) {
  const { t } = useWords();
  const client = useQueryClient();
  const menus = useChannels().get(channel)?.menus ?? [];
  const [chosen, setChosen] = useState<Family>();
  const [q, setQ] = useState("");
  const [most, setMost] = useState(page);
  const [draft, setDraft] = useState<Draft>({});
  const path = { id, part: "menu" as const };
  const live = useQuery({
    queryKey: ["front", id, chosen ?? ""],
    staleTime: 5 * 60_000, // a whole menu is many calls to the platform
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    retry: 1,
    queryFn: async () =>
      (await answer(api.GET("/api/v1/shops/{id}/front/{part}", { params: { path, query: { family: chosen } } }))).items ?? [],
  });
  const edits = useQuery({
    queryKey: ["edits", id],
    staleTime: 2000,
    placeholderData: keepPreviousData,
    refetchInterval: (x) => (x.state.data?.some((e) => e.state === "sending") ? 1000 : false),
    queryFn: async () => {
      const before = client.getQueryData<{ id: string; state: string }[]>(["edits", id]);
      const { edits: list } = await answer(api.GET("/api/v1/shops/{id}/edits", { params: { path: { id }, query: { limit: 10 } } }));
      const over = (e: { state: string }) => e.state !== "sending";
      const ended = before && list.some((e) => over(e) && !before.some((b) => b.id === e.id && over(b)));
      if (ended) void client.invalidateQueries({ queryKey: ["front", id] });
      return list;
    },
  });
  const plan = useMutation({
    mutationFn: async () => {
      const items = wanted(draft, digits);
      const body = { items, family: chosen };
      const got = await answer(api.POST("/api/v1/shops/{id}/front/{part}/plan", { params: { path }, body }));
      return { ...got, body, key: onceKey() };
    },
  });
  const send = useMutation({
    mutationFn: async () => {
      if (!plan.data) return;
      const { body, digest, key } = plan.data;
      const header = { "Idempotency-Key": key };
      await answer(api.PUT("/api/v1/shops/{id}/front/{part}", { params: { path, header }, body: { ...body, digest } }));
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["edits", id] });
      setDraft({});
      plan.reset();
    },
  });
  const look = () => {
    send.reset();
    plan.mutate();
  };
  const weight = weigh(draft, digits);
  const items = found(live.data ?? [], q);
  const history = (
    <Edits list={edits.data} error={edits.error} retry={() => void edits.refetch()} digits={digits} newest={send.isSuccess} />
  );
  const leaving = <Leaving count={weight.count} />;
  if (plan.data) {
    return (
      <>
        {leaving}
        <Problem error={send.error ?? plan.error} />
        <Plan
          changes={plan.data.changes}
          consent={plan.data.consent}
          digits={digits}
          busy={send.isPending || plan.isPending}
          again={send.error !== null && !mayPass(send.error) ? look : undefined}
          send={() => send.mutate()}
          back={() => {
            plan.reset();
            send.reset();
          }}
        />
        {history}
      </>
    );
  }
  return (
    <>
      {leaving}
      {send.isSuccess ? history : null}
      <div className="panel front-do">
        <label className="field front-search">
          <span>{t("front.search")}</span>
          <input
            className="input"
            type="search"
            value={q}
            onChange={(e) => {
              setQ(e.target.value);
              setMost(page);
            }}
          />
        </label>
        {menus.length > 1 ? (
          <label className="field">
            <span>{t("front.goods")}</span>
            <select
              className="select"
              value={chosen ?? menus[0]}
              disabled={weight.count > 0}
              title={weight.count > 0 ? t("front.goodsHelp") : undefined}
              onChange={(e) => setChosen(families.find((f) => f === e.target.value))}
            >
              {families
                .filter((f) => menus.includes(f))
                .map((f) => (
                  <option key={f} value={f}>
                    {t(`front.family.${f}`)}
                  </option>
                ))}
            </select>
          </label>
        ) : null}
        <button type="button" className="btn" disabled={live.isFetching} onClick={() => void live.refetch()}>
          {t("front.read")}
        </button>
        <button
          type="button"
          className="btn primary"
          disabled={weight.count === 0 || weight.wrong || plan.isPending}
          title={weight.wrong ? t("front.wrong") : undefined}
          onClick={look}
        >
          {t("front.look", { count: weight.count })}
        </button>
        {weight.count > 0 ? (
          <button type="button" className="btn ghost" onClick={() => setDraft({})}>
            {t("front.drop")}
          </button>
        ) : null}
      </div>
      <Problem error={plan.error ?? (live.data ? live.error : null)} />
      {live.error && !live.data ? (
        <Trouble error={live.error} retry={() => void live.refetch()} />
      ) : !live.data ? (
        <Bones rows={6} height={72} />
      ) : items.length === 0 ? (
        <div className="panel">
          <State icon="calm" title={t(q ? "front.notFound" : "front.empty")} />
        </div>
      ) : (
        <>
          <p className="quiet num">{t("front.count", { count: items.length, all: live.data.length })}</p>
          <ul className="front-items" aria-label={t("front.title")}>
            {items.slice(0, most).map((i, n) => (
              <ItemRow key={i.code || `#${n}`} item={i} draft={draft} set={setDraft} />
            ))}
          </ul>
          {items.length > most ? (
            <button type="button" className="btn" onClick={() => setMost(most + page)}>
              {t("front.more", { count: items.length - most })}
            </button>
          ) : null}
        </>
      )}
      {send.isSuccess ? null : history}
    </>
  );
}

/** Asks before a draft is lost: to another page of the console by our own question, out of it by the browser's. */
function Leaving({ count }: { count: number }) {
  const { t } = useWords();
  const stop = useBlocker({
    shouldBlockFn: ({ current, next }) => count > 0 && current.pathname !== next.pathname,
    enableBeforeUnload: () => count > 0,
    withResolver: true,
  });
  if (stop.status !== "blocked") return null;
  return (
    <Sheet
      title={t("front.leaveTitle")}
      close={stop.reset}
      footer={
        <>
          <button type="button" className="btn danger" onClick={stop.proceed}>
            {t("front.leaveDo")}
          </button>
          <button type="button" className="btn primary" onClick={stop.reset}>
            {t("front.leaveStay")}
          </button>
        </>
      }
    >
      <p data-testid="leave">{t("front.leave", { count })}</p>
    </Sheet>
  );
}

function ItemRow({ item: i, draft, set }: { item: Item; draft: Draft; set: (d: Draft) => void }) {
  const { t } = useWords();
  const name = i.name || i.code;
  const one = draft[i.code];
  const gone = Boolean(i.code && one?.gone);
  return (
    <li className={`panel front-item ${gone ? "gone" : ""}`} data-testid="front-item" data-code={i.code}>
      <div className="front-name">
        <b>{name}</b> <small className="quiet">{[i.category, i.code].filter(Boolean).join(" · ")}</small>
        {i.code ? (
          <button
            type="button"
            className="btn small ghost"
            aria-label={t(gone ? "front.stayOf" : "front.deleteOf", { name })}
            onClick={() => set(flipGone(draft, i.code))}
          >
            {t(gone ? "front.stay" : "front.delete")}
          </button>
        ) : (
          <small className="quiet">
            <Icon name="lock" size={14} /> {t("front.noCode")}
          </small>
        )}
      </div>
      <ul>
        {(i.skus ?? []).map((s, n) => (
          <SkuRow
            key={s.code || `#${n}`}
            name={name}
            sku={s}
            fixed={!i.code || gone}
            wish={one?.skus[s.code]}
            set={(w) => set(wishFor(draft, i.code, s, w, digits))}
          />
        ))}
      </ul>
    </li>
  );
}

type SkuProps = {
  name: string;
  sku: Sku;
  fixed: boolean;
  wish: Draft[string]["skus"][string] | undefined;
  set: (w: Draft[string]["skus"][string]) => void;
};

function SkuRow({ name, sku: s, fixed, wish, set }: SkuProps) {
  const { t } = useWords();
  const what = [name, s.spec].filter(Boolean).join(" ");
  const sale = wish?.on_sale ?? s.on_sale;
  const price = wish?.price ?? writePrice(s.price, digits);
  return (
    <li data-testid="front-sku" data-sku={s.code} data-changed={wish !== undefined}>
      <span className="front-spec">
        {s.spec || t("front.one")}{" "}
        <small className="quiet num">
          {s.stock === undefined ? "" : s.stock < 0 ? t("front.uncounted") : t("front.stock", { count: s.stock })}
        </small>
      </span>
      <label>
        <span aria-hidden="true">¥</span>
        <input
          className="input num"
          inputMode="decimal"
          aria-label={t("front.priceOf", { what })}
          aria-invalid={wish?.price !== undefined && readPrice(wish.price, digits) === undefined}
          value={price}
          disabled={fixed}
          onChange={(e) => set({ price: e.target.value })}
        />
      </label>
      <select
        className="select"
        aria-label={t("front.saleOf", { what })}
        value={sale === undefined ? "" : String(sale)}
        disabled={fixed}
        onChange={(e) => set({ on_sale: e.target.value === "" ? undefined : e.target.value === "true" })}
      >
        {s.on_sale === undefined ? <option value="">{t("front.untold")}</option> : null}
        <option value="true">{t("front.on")}</option>
        <option value="false">{t("front.off")}</option>
      </select>
      {wish ? <span className="chip warn">{t("front.changed")}</span> : null}
    </li>
  );
}
