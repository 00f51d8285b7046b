import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { answer, api } from "../../data/api";
import type { FrontPower } from "../../data/model";
import { Bones, Trouble } from "../../ui/Screen";
import { Sheet } from "../../ui/Sheet";
import { useWords } from "../../words";
import {
  type Draft,
  days,
  type Item,
  type ItemField,
  itemFields,
  type Option,
  readItem,
  readOptions,
  readSku,
  readSpans,
  type Sku,
  type SkuField,
  skuFields,
  typedItem,
  typedOptions,
  typedSku,
  typedTimes,
  type Wish,
} from "./menu";
import { Upload } from "./Upload";
import { digits, liveKey, readOnce } from "./useEdit";

type Family = "food" | "retail" | "medicine";
type Props = {
  shop: string;
  power: FrontPower;
  item: Item;
  family: Family;
  draft: Draft;
  /** Names that an item can stand under. */
  categories: readonly string[];
  /** Whether goods of this kind have something. */
  has: (what: string) => boolean;
  type: (name: ItemField, typed: string) => void;
  typeSku: (sku: Sku, wish: Wish) => void;
  add: (code: string) => void;
  drop: (code: string) => void;
  choose: (live: readonly Option[], typed: string) => void;
  close: () => void;
};

const figures: ReadonlySet<ItemField> = new Set(["min_order", "sequence"]);
const codes: ReadonlySet<ItemField> = new Set(["picture", "code", "approval"]);

/** An item's own fields, its options, and those of its SKUs that the list has no room for. What is typed is in the draft at once; nothing is sent from here. */
export function ItemForm({ shop, power, item, family, draft, categories, has, type, typeSku, add, drop, choose, close }: Props) {
  const { t } = useWords();
  const id = useId();
  const wish = draft[item.code];
  const name = wish?.fields?.name || item.name || item.code;
  const most: Partial<Record<ItemField, number>> = { name: power.item_name, description: power.words, code: 128, approval: 64 };
  const shown = itemFields.filter((f) => (f === "code" ? !wish?.fresh && has("was") : has(f)));
  const live = item.skus ?? [];
  const fresh = Object.keys(wish?.skus ?? {}).filter((code) => !live.some((s) => s.code === code));
  const skus: Sku[] = [...live, ...fresh.map((code) => ({ code }))];
  return (
    <Sheet
      wide
      title={t("front.editOf", { name })}
      close={close}
      footer={
        <button type="button" className="btn primary" onClick={close}>
          {t("front.done")}
        </button>
      }
    >
      <div className="front-form" data-testid="front-form">
        {shown.map((f) => {
          const typed = wish?.fields?.[f];
          const value = typed ?? typedItem(f, item);
          const label = t(`front.field.${f}`);
          const props = {
            id: `${id}-${f}`,
            value,
            "aria-invalid": (typed !== undefined && readItem(f, typed) === undefined) || undefined,
            onChange: (e: { target: { value: string } }) => type(f, e.target.value),
          };
          return (
            <div key={f} className={`field ${f === "description" || f === "picture" ? "wide" : ""}`}>
              <label htmlFor={props.id}>
                {label} {typed !== undefined ? <span className="chip warn">{t("front.changed")}</span> : null}
              </label>
              {f === "description" ? (
                <textarea className="input" rows={3} maxLength={most[f] || 2000} {...props} />
              ) : f === "category" ? (
                <select className="select" {...props}>
                  {categories.includes(value) ? null : <option value={value}>{value || "—"}</option>}
                  {categories.map((c) => (
                    <option key={c}>{c}</option>
                  ))}
                </select>
              ) : (
                <input
                  className={`input ${codes.has(f) ? "mono" : "num"}`}
                  inputMode={figures.has(f) ? "numeric" : undefined}
                  maxLength={most[f] || 1000}
                  {...props}
                />
              )}
              {f === "picture" ? <Upload shop={shop} power={power} what={name} set={(p) => type("picture", p)} /> : null}
            </div>
          );
        })}
        {has("properties") ? (
          <Options shop={shop} family={family} item={item} typed={wish?.options} fresh={wish?.fresh} choose={choose} />
        ) : null}
        {skus.map((s, n) => (
          <SkuFields
            key={s.code || `#${n}`}
            sku={s}
            wish={wish?.skus[s.code]}
            made={fresh.includes(s.code)}
            only={skus.length === 1}
            has={has}
            set={(w) => typeSku(s, w)}
            drop={() => drop(s.code)}
          />
        ))}
        {has("skus") ? <NewSku taken={skus.map((s) => s.code)} add={add} /> : null}
      </div>
    </Sheet>
  );
}

/** Options that do not change the price (辣度), a line each. They are read for this one item, when somebody wants to see them. */
function Options({
  shop,
  family,
  item,
  typed,
  fresh,
  choose,
}: Pick<Props, "shop" | "family" | "item" | "choose"> & { typed?: string; fresh?: true }) {
  const { t } = useWords();
  const id = useId();
  const [wanted, setWanted] = useState(typed !== undefined || fresh === true);
  const live = useQuery({
    queryKey: [...liveKey(shop, "menu"), "options", family, item.code],
    ...readOnce,
    enabled: wanted && !fresh,
    queryFn: async () => {
      const params = { path: { id: shop, part: "menu" as const }, query: { family, properties: item.code } };
      const got = await answer(api.GET("/api/v1/shops/{id}/front/{part}", { params }));
      return got.items?.find((i) => i.code === item.code)?.properties ?? [];
    },
  });
  const told = fresh ? [] : live.data;
  const value = typed ?? typedOptions(told ?? []);
  return (
    <fieldset className="wide" data-testid="front-options">
      <legend>
        {t("front.field.properties")} {typed !== undefined ? <span className="chip warn">{t("front.changed")}</span> : null}
      </legend>
      {!wanted ? (
        <button type="button" className="btn small" onClick={() => setWanted(true)}>
          {t("front.optionsRead")}
        </button>
      ) : live.error && !told ? (
        <Trouble error={live.error} retry={() => void live.refetch()} />
      ) : !told ? (
        <Bones rows={1} height={64} />
      ) : (
        <div className="field wide">
          <label htmlFor={id}>{t("front.optionsLabel")}</label>
          <textarea
            id={id}
            className="input"
            rows={3}
            maxLength={4000}
            aria-invalid={readOptions(value) === undefined || undefined}
            aria-describedby={`${id}-help`}
            placeholder={t("front.optionsExample")}
            value={value}
            onChange={(e) => choose(told, e.target.value)}
          />
          <small id={`${id}-help`} className="quiet">
            {t("front.optionsHelp")}
          </small>
        </div>
      )}
    </fieldset>
  );
}

type SkuProps = {
  sku: Sku;
  wish: Wish | undefined;
  /** It is not there yet. */
  made: boolean;
  only: boolean;
  has: (what: string) => boolean;
  set: (w: Wish) => void;
  drop: () => void;
};

const inFigures: ReadonlySet<SkuField> = new Set(["stock", "box_count", "weight_g"]);

function SkuFields({ sku: s, wish, made, only, has, set, drop }: SkuProps) {
  const { t } = useWords();
  const what = wish?.spec || s.spec || s.code || t("front.one");
  const fields: SkuField[] = [...(made ? (["price"] as const) : []), ...skuFields.filter((f) => has(`sku.${f}`))];
  const times = wish?.times ?? typedTimes(s);
  const gone = wish?.gone ?? false;
  return (
    <fieldset className={`wide ${gone ? "gone" : ""}`} data-testid="front-sku-form" data-sku={s.code}>
      <legend>
        {t("front.skuOf", { what })} {made ? <span className="chip info">{t("front.added")}</span> : null}
        {gone ? <span className="chip bad">{t("front.deleted")}</span> : null}
      </legend>
      {gone
        ? null
        : fields.map((f) => {
            const typed = wish?.[f];
            return (
              <label key={f} className="field">
                <span>
                  {t(`front.field.${f}`)} {typed !== undefined && !made ? <span className="chip warn">{t("front.changed")}</span> : null}
                </span>
                <input
                  className={`input ${f === "upc" || f === "shelf" ? "mono" : "num"}`}
                  inputMode={inFigures.has(f) ? "numeric" : f === "price" || f === "box_price" ? "decimal" : undefined}
                  maxLength={100}
                  placeholder={f === "stock" ? t("front.uncounted") : undefined}
                  value={typed ?? typedSku(f, s, digits)}
                  aria-invalid={(typed !== undefined && readSku(f, typed, digits) === undefined) || undefined}
                  onChange={(e) => set({ [f]: e.target.value })}
                />
              </label>
            );
          })}
      {gone || !has("sku.times") ? null : (
        <details className="wide" open={wish?.times !== undefined || undefined}>
          <summary>
            {t("front.times")} {wish?.times !== undefined && !made ? <span className="chip warn">{t("front.changed")}</span> : null}{" "}
            <small className="quiet">{times.every((d) => d.trim() === "") ? t("front.timesAlways") : ""}</small>
          </summary>
          <div className="front-days">
            {days.map((d) => {
              const typed = times[d - 1] ?? "";
              return (
                <label key={d} className="field">
                  <span>{t(`front.day.d${d}`)}</span>
                  <input
                    className="input num"
                    maxLength={200}
                    placeholder="09:00-14:00, 17:00-21:30"
                    value={typed}
                    aria-invalid={readSpans(typed) === undefined || undefined}
                    onChange={(e) => set({ times: times.map((x, n) => (n === d - 1 ? e.target.value : x)) })}
                  />
                </label>
              );
            })}
            <button type="button" className="btn small" onClick={() => set({ times: times.map(() => times[0] ?? "") })}>
              {t("front.timesAlike")}
            </button>
          </div>
          <small className="quiet">{t("front.timesHelp")}</small>
        </details>
      )}
      {made ? (
        only ? null : (
          <button type="button" className="btn small ghost" aria-label={t("front.dropSku", { what })} onClick={drop}>
            {t("front.dropNew")}
          </button>
        )
      ) : has("skus") && !only ? (
        <button
          type="button"
          className={`btn small ghost ${gone ? "" : "danger"}`}
          aria-label={t(gone ? "front.stayOf" : "front.deleteOf", { name: what })}
          onClick={() => set({ gone: gone ? undefined : true })}
        >
          {t(gone ? "front.stay" : "front.delete")}
        </button>
      ) : null}
    </fieldset>
  );
}

/** Adds a SKU by its code; its price and the rest are typed in the fields that appear. */
function NewSku({ taken, add }: { taken: readonly string[]; add: (code: string) => void }) {
  const { t } = useWords();
  const [typed, setTyped] = useState("");
  const code = typed.trim();
  const used = taken.includes(code);
  return (
    <form
      className="front-do wide"
      onSubmit={(e) => {
        e.preventDefault();
        if (!code || used) return;
        add(code);
        setTyped("");
      }}
    >
      <label className="field front-search">
        <span>{t("front.newSku")}</span>
        <input
          className="input mono"
          maxLength={128}
          value={typed}
          aria-invalid={(code !== "" && used) || undefined}
          onChange={(e) => setTyped(e.target.value)}
        />
      </label>
      <button type="submit" className="btn" disabled={!code || used}>
        {t("front.addSku")}
      </button>
    </form>
  );
}

type CodeProps = { title: string; taken: readonly string[]; begin: (code: string) => void; close: () => void };

/** Asks for the code of an item, by which the platform will know it. */
export function NewCode({ title, taken, begin, close }: CodeProps) {
  const { t } = useWords();
  const id = useId();
  const [typed, setTyped] = useState("");
  const code = typed.trim();
  const used = taken.includes(code);
  return (
    <Sheet title={title} close={close}>
      <form
        className="front-shape"
        onSubmit={(e) => {
          e.preventDefault();
          if (code && !used) begin(code);
        }}
      >
        <label className="field">
          <span>{t("front.field.code")}</span>
          <input
            className="input mono"
            maxLength={128}
            value={typed}
            aria-invalid={used || undefined}
            aria-describedby={id}
            onChange={(e) => setTyped(e.target.value)}
          />
        </label>
        <p id={id} className={used ? "bad" : "quiet"}>
          {t(used ? "front.itemCodeTaken" : "front.itemCodeHelp")}
        </p>
        <button type="submit" className="btn primary" disabled={!code || used}>
          {t("front.next")}
        </button>
      </form>
    </Sheet>
  );
}
