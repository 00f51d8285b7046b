import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { answer, api } from "../../data/api";
import { stores } from "../../data/queries";
import { useGate } from "../../data/rights";
import { Icon } from "../../ui/icons";
import { toast } from "../../ui/toast";
import { useWords, word } from "../../words";
import { blocking, type Guide, type GuideShop, type Item, placeOf, refreshGuide } from "./guide";

/** Each shop's checklist, and the press that lets the chosen ones go live while the others are watched. */
export function GoLive({ guide: g }: { guide: Guide }) {
  const { t } = useWords();
  const client = useQueryClient();
  const keep = useGate("connections.keep");
  const { data: known } = useQuery(stores);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [anyway, setAnyway] = useState(false);
  const picked = g.shops.filter((s) => chosen.has(s.shop_id));
  const unready = picked.some((s) => !s.ready && s.mode !== "full");
  const set = useMutation({
    mutationFn: (mode: "full" | "watch") =>
      answer(api.PUT("/api/v1/shops/modes", { body: { mode, shop_ids: picked.slice(0, 200).map((s) => s.shop_id) } })),
    onSuccess: (got, mode) => {
      if (mode === "full") toast(t("guide.lived", { count: got.shops?.length ?? 0 }));
      else toast(t("conn.saved"));
      setChosen(new Set());
      setAnyway(false);
    },
    onSettled: () => refreshGuide(client, g.account_id),
  });
  const flip = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
    setAnyway(false);
  };
  return (
    <>
      <ul className="guide-shops">
        {g.shops.map((s) => (
          <Shop
            key={s.shop_id}
            shop={s}
            account={g.account_id}
            name={known?.find((x) => x.id === s.store_id)?.name || s.name || s.external_id}
            open={blocking(g.items).length}
            chosen={chosen.has(s.shop_id)}
            flip={() => flip(s.shop_id)}
          />
        ))}
      </ul>
      {picked.length > 0 ? (
        <div className="guide-live">
          <p className="quiet">{t("guide.pilotHelp")}</p>
          {unready ? (
            <label className="notice warn">
              <input type="checkbox" checked={anyway} onChange={(e) => setAnyway(e.target.checked)} /> {t("guide.anyway")}
            </label>
          ) : null}
          <button
            type="button"
            className="btn primary"
            {...keep}
            disabled={keep.disabled || set.isPending || (unready && !anyway)}
            onClick={() => set.mutate("full")}
          >
            {t("guide.pilot", { count: picked.length })}
          </button>{" "}
          {picked.some((s) => s.mode !== "watch") ? (
            <button type="button" className="btn" {...keep} disabled={keep.disabled || set.isPending} onClick={() => set.mutate("watch")}>
              {t("guide.observe")}
            </button>
          ) : null}
        </div>
      ) : null}
      {set.error ? (
        <p className="notice bad" role="alert">
          <Icon name="warn" /> {set.error.message || t("state.failedHelp")}
        </p>
      ) : null}
    </>
  );
}

type ShopProps = { shop: GuideShop; account: string; name: string; open: number; chosen: boolean; flip: () => void };

function Shop({ shop: s, account, name, open, chosen, flip }: ShopProps) {
  const { t } = useWords();
  const lacks = blocking(s.items).length + open;
  return (
    <li data-testid="guide-shop" data-shop={s.external_id} data-ready={s.ready} data-mode={s.mode}>
      <label className="guide-shop-head">
        <input type="checkbox" aria-label={t("guide.chooseShop", { name })} checked={chosen} onChange={flip} /> <b>{name}</b>
        <span className={`chip ${s.mode === "full" ? "good" : "odd"}`}>
          {s.mode === "full" ? t("guide.isLive") : word(t, "mode", s.mode)}
        </span>
        {s.mode === "full" && lacks === 0 ? null : (
          <span className={`chip ${s.ready ? "good" : "warn"}`}>{s.ready ? t("guide.ready") : t("guide.lacks", { count: lacks })}</span>
        )}
      </label>
      <details open={!s.ready && s.mode !== "full"}>
        <summary>{t("guide.checklist")}</summary>
        <ul>
          {s.items.map((i) => (
            <Line key={i.key} item={i} shop={s.shop_id} account={account} />
          ))}
        </ul>
      </details>
    </li>
  );
}

/** One thing of a shop's checklist: whether it is so, what to do when it is not, and the decision to go without. */
function Line({ item: i, shop, account }: { item: Item; shop: string; account: string }) {
  const { t } = useWords();
  const client = useQueryClient();
  const keep = useGate("connections.keep");
  const waive = useMutation({
    mutationFn: (waived: boolean) =>
      answer(
        api.PUT("/api/v1/shops/{id}/waived", {
          params: { path: { id: shop } },
          body: { item: i.key as "order", waived },
        }),
      ),
    onSettled: () => refreshGuide(client, account),
    onError: (e) => toast(e.message || t("state.failedHelp")),
  });
  const to = placeOf[i.key];
  const name = word(t, "guide.item", i.key);
  return (
    <li className="guide-item" data-testid="guide-item" data-key={i.key} data-state={i.state}>
      <StateChip state={i.state} must={i.must} />
      <span>
        {name} {i.count > 0 && i.state === "done" ? <small className="quiet num">{i.count}</small> : null}
        {i.state === "open" ? <small className="quiet">{word(t, "guide.todo", i.key)}</small> : null}
        {i.state === "waived" ? <small className="quiet">{t("guide.waivedBy", { by: i.by ?? "" })}</small> : null}
      </span>
      <span className="guide-acts">
        {i.state === "open" && to ? (
          <Link to={to} className="btn small">
            {t("guide.go")}
            <span className="sr-only"> {name}</span>
          </Link>
        ) : null}
        {i.order_id ? (
          <Link to="/orders/$orderId" params={{ orderId: i.order_id }} search={{}} className="btn small ghost">
            {t("guide.seen")}
          </Link>
        ) : null}
        {i.may_waive && i.state !== "done" ? (
          <button
            type="button"
            className="btn small ghost"
            {...keep}
            disabled={keep.disabled || waive.isPending}
            onClick={() => waive.mutate(i.state !== "waived")}
          >
            {t(i.state === "waived" ? "guide.want" : "guide.waive")}
            <span className="sr-only"> {name}</span>
          </button>
        ) : null}
      </span>
    </li>
  );
}

export function StateChip({ state, must }: { state: string; must: boolean }) {
  const { t } = useWords();
  const tone = state === "done" ? "good" : state === "open" && must ? "warn" : "";
  return <span className={`chip ${tone}`}>{word(t, "guide.state", state)}</span>;
}
