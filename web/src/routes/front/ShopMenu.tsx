import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { answer, api } from "../../data/api";
import type { FrontPower } from "../../data/model";
import { Icon } from "../../ui/icons";
import { useChannels } from "../../ui/Mark";
import { Problem } from "../../ui/Problem";
import { Bones, State, Trouble } from "../../ui/Screen";
import { useWords } from "../../words";
import { CategoryList } from "./CategoryList";
import { Edits, Plan } from "./Changes";
import { Bar, FrontPage, Leaving } from "./FrontPage";
import { ItemForm, NewCode } from "./ItemForm";
import {
  addSku,
  begin,
  type Categories,
  type CategoryWish,
  call,
  chooseOptions,
  type Draft,
  dropSku,
  flipGone,
  found,
  type Item,
  readPrice,
  type Sku,
  typeInto,
  type Wish,
  wanted,
  wantedCategories,
  weigh,
  weighCategories,
  wishFor,
  wishForCategory,
  without,
  writePrice,
} from "./menu";
import { digits, liveKey, readOnce, useEdit } from "./useEdit";

const page = 50;
type Family = "food" | "retail" | "medicine";
const families: readonly Family[] = ["food", "retail", "medicine"];

/** 线上菜单: what a shop sells on its platform, read live; changes are collected, looked at as a plan, and sent together. */
export function ShopMenu() {
  const { shopId } = useParams({ from: "/inside/shops/$shopId/menu" });
  return (
    <FrontPage shop={shopId} part="menu">
      {(shop, power) => <Live key={shop.id} shop={shop.id} channel={shop.channel} power={power} />}
    </FrontPage>
  );
}

function Live({ shop: id, channel, power }: { shop: string; channel: string; power: FrontPower }) {
  const { t } = useWords();
  const menus = useChannels().get(channel)?.menus ?? [];
  const [chosen, setChosen] = useState<Family>();
  const [q, setQ] = useState("");
  const [most, setMost] = useState(page);
  const [draft, setDraft] = useState<Draft>({});
  const [headings, setHeadings] = useState<Categories>({});
  const [form, setForm] = useState<{ code?: string; called?: string }>();
  const family = chosen ?? families.find((f) => f === menus[0]) ?? "food";
  const has = (what: string) => !power.lacks.some((l) => l.family === family && l.what === what);
  const live = useQuery({
    queryKey: [...liveKey(id, "menu"), chosen ?? ""],
    ...readOnce,
    queryFn: async () => {
      const params = { path: { id, part: "menu" as const }, query: { family: chosen } };
      const got = await answer(api.GET("/api/v1/shops/{id}/front/{part}", { params }));
      return { items: got.items ?? [], categories: got.categories ?? [] };
    },
  });
  const forget = () => {
    setDraft({});
    setHeadings({});
  };
  const edit = useEdit(id, "menu", forget);
  const { plan, send } = edit;
  const [weights, more] = [weigh(draft, digits), weighCategories(headings)];
  const weight = { count: weights.count + more.count, wrong: weights.wrong || more.wrong };
  const told = live.data?.items ?? [];
  const fresh = Object.entries(draft).filter(([, w]) => w.fresh);
  const all = [...fresh.map(([code, w]): Item => ({ code, name: w.fields?.name, category: w.fields?.category, skus: [] })), ...told];
  const items = found(all, q);
  const history = <Edits edit={edit} />;
  const leaving = <Leaving count={weight.count} />;
  if (plan.data) {
    return (
      <>
        {leaving}
        <Plan edit={edit} plan={plan.data} />
        {history}
      </>
    );
  }
  const categories = live.data?.categories ?? [];
  const names = [
    ...categories.filter((c) => !headings[c.name]?.gone).map((c) => headings[c.name]?.name?.trim() || c.name),
    ...Object.entries(headings).flatMap(([name, w]) => (w.fresh ? [name] : [])),
  ];
  const opened = form?.code === undefined ? undefined : (told.find((i) => i.code === form.code) ?? { code: form.code });
  const look = () => {
    const [changed, named] = [wanted(draft, digits), wantedCategories(headings, categories)];
    edit.look({
      family: chosen,
      ...(changed.length > 0 ? { items: changed } : {}),
      ...(named.length > 0 ? { categories: named } : {}),
    });
  };
  return (
    <>
      {leaving}
      {send.isSuccess ? history : null}
      <Bar reading={live.isFetching} read={() => void live.refetch()} weight={weight} planning={plan.isPending} look={look} drop={forget}>
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
        {has("name") ? (
          <button type="button" className="btn" disabled={!live.data} onClick={() => setForm({})}>
            <Icon name="plus" size={16} /> {t("front.newItem")}
          </button>
        ) : null}
      </Bar>
      <Problem error={plan.error ?? (live.data ? live.error : null)} />
      {live.data ? (
        <CategoryList
          live={categories}
          draft={headings}
          mayAdd={!power.codes.includes(family)}
          set={(name: string, w: CategoryWish) =>
            setHeadings((d) =>
              wishForCategory(
                d,
                name,
                categories.find((c) => c.name === name),
                w,
              ),
            )
          }
          drop={(name) => setHeadings(({ [name]: _, ...rest }) => rest)}
        />
      ) : null}
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
          <p className="quiet num">{t("front.count", { count: items.length, all: all.length })}</p>
          <ul className="front-items" aria-label={t("front.of.menu")}>
            {items.slice(0, most).map((i, n) => (
              <ItemRow
                key={i.code || `#${n}`}
                item={i}
                draft={draft}
                set={setDraft}
                edit={() => setForm({ code: i.code })}
                code={has("was") ? () => setForm({ called: i.name }) : undefined}
              />
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
      {opened ? (
        <ItemForm
          shop={id}
          power={power}
          item={opened}
          family={family}
          draft={draft}
          categories={names}
          has={has}
          type={(name, typed) => setDraft((d) => typeInto(d, opened, name, typed))}
          typeSku={(sku, w) => setDraft((d) => wishFor(d, opened.code, sku, w, digits))}
          add={(code) => setDraft((d) => addSku(d, opened.code, code))}
          drop={(code) => setDraft((d) => dropSku(d, opened.code, code))}
          choose={(told, typed) => setDraft((d) => chooseOptions(d, opened.code, told, typed))}
          close={() => setForm(undefined)}
        />
      ) : form ? (
        <NewCode
          title={form.called === undefined ? t("front.newItem") : t("front.callOf", { name: form.called })}
          taken={[...all.map((i) => i.code), ...Object.keys(draft)]}
          begin={(code) => {
            const { called } = form;
            setDraft((d) => (called === undefined ? begin(d, code) : call(d, code, called)));
            setForm(called === undefined ? { code } : undefined);
          }}
          close={() => setForm(undefined)}
        />
      ) : null}
    </>
  );
}

/** code: asks for a code, where an item without one can be given one. */
type ItemProps = { item: Item; draft: Draft; set: (d: Draft) => void; edit: () => void; code?: () => void };

function ItemRow({ item: i, draft, set, edit, code }: ItemProps) {
  const { t } = useWords();
  const one = i.code ? draft[i.code] : undefined;
  const given = i.code ? undefined : Object.entries(draft).find(([, w]) => w.called !== undefined && w.called === i.name)?.[0];
  const name = one?.fields?.name || i.name || i.code;
  const gone = Boolean(i.code && one?.gone);
  const changed = Object.keys(one?.fields ?? {}).length > 0 || one?.options !== undefined;
  return (
    <li className={`panel front-item ${gone ? "gone" : ""}`} data-testid="front-item" data-code={i.code} data-changed={changed}>
      <div className="front-name">
        <b>{name}</b> <small className="quiet">{[one?.fields?.category ?? i.category, i.code].filter(Boolean).join(" · ")}</small>{" "}
        {one?.fresh ? (
          <span className="chip info">{t("front.added")}</span>
        ) : changed ? (
          <span className="chip warn">{t("front.changed")}</span>
        ) : null}
        {i.code ? (
          <>
            {gone ? null : (
              <button type="button" className="btn small ghost" aria-label={t("front.editOf", { name })} onClick={edit}>
                {t("front.editDo")}
              </button>
            )}
            <button
              type="button"
              className="btn small ghost"
              aria-label={t(one?.fresh ? "front.dropItem" : gone ? "front.stayOf" : "front.deleteOf", { name })}
              onClick={() => set(one?.fresh ? without(draft, i.code) : flipGone(draft, i.code))}
            >
              {t(one?.fresh ? "front.dropNew" : gone ? "front.stay" : "front.delete")}
            </button>
          </>
        ) : given !== undefined ? (
          <>
            <span className="chip warn">{t("front.called", { code: given })}</span>{" "}
            <button type="button" className="btn small ghost" onClick={() => set(without(draft, given))}>
              {t("front.dropNew")}
            </button>
          </>
        ) : (
          <>
            <small className="quiet">
              <Icon name="lock" size={14} /> {t(code ? "front.noCode" : "front.neverCode")}
            </small>{" "}
            {code && i.name ? (
              <button type="button" className="btn small" aria-label={t("front.callOf", { name })} onClick={code}>
                {t("front.callDo")}
              </button>
            ) : null}
          </>
        )}
      </div>
      <ul>
        {(i.skus ?? []).map((s, n) => (
          <SkuRow
            key={s.code || `#${n}`}
            name={name}
            sku={s}
            fixed={!i.code || gone || one?.skus[s.code]?.gone === true}
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
  wish: Wish | undefined;
  set: (w: Wish) => void;
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
      {wish ? <span className={`chip ${wish.gone ? "bad" : "warn"}`}>{t(wish.gone ? "front.deleted" : "front.changed")}</span> : null}
    </li>
  );
}
