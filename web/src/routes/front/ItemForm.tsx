import { useId, useState } from "react";
import type { FrontPower } from "../../data/model";
import { Sheet } from "../../ui/Sheet";
import { useWords } from "../../words";
import {
  type Item,
  type ItemField,
  type ItemWish,
  itemFields,
  readItem,
  readSku,
  type Sku,
  type SkuField,
  typedItem,
  typedSku,
} from "./menu";
import { Upload } from "./Upload";
import { digits } from "./useEdit";

type Props = {
  shop: string;
  power: FrontPower;
  item: Item;
  wish: ItemWish | undefined;
  /** Names that an item can stand under. */
  categories: readonly string[];
  /** Whether goods of this kind have something. */
  has: (what: string) => boolean;
  type: (name: ItemField, typed: string) => void;
  typeSku: (sku: Sku, name: SkuField, typed: string) => void;
  close: () => void;
};

/** An item's own fields and those of its SKUs that the list has no room for. What is typed is in the draft at once; nothing is sent from here. */
export function ItemForm({ shop, power, item, wish, categories, has, type, typeSku, close }: Props) {
  const { t } = useWords();
  const id = useId();
  const name = wish?.fields?.name || item.name || item.code;
  const most: Partial<Record<ItemField, number>> = { name: power.item_name, description: power.words };
  const skuFields: SkuField[] = (["spec", "box_count", "box_price"] as const).filter((f) => has(`sku.${f}`));
  const skus: Sku[] = wish?.fresh ? Object.keys(wish.skus).map((code) => ({ code })) : (item.skus ?? []);
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
        {itemFields.filter(has).map((f) => {
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
                  className={`input ${f === "picture" ? "mono" : "num"}`}
                  inputMode={f === "min_order" || f === "sequence" ? "numeric" : undefined}
                  maxLength={most[f] || 1000}
                  {...props}
                />
              )}
              {f === "picture" ? <Upload shop={shop} power={power} what={name} set={(p) => type("picture", p)} /> : null}
            </div>
          );
        })}
        {skus.map((s, n) => {
          const of = wish?.skus[s.code];
          const what = s.spec || s.code || t("front.one");
          const shown: SkuField[] = wish?.fresh ? ["price", "stock", ...skuFields] : skuFields;
          return (
            <fieldset key={s.code || `#${n}`} className="wide">
              <legend>{t("front.skuOf", { what })}</legend>
              {shown.map((f) => {
                const typed = of?.[f];
                return (
                  <label key={f} className="field">
                    <span>
                      {t(`front.field.${f}`)}{" "}
                      {typed !== undefined && !wish?.fresh ? <span className="chip warn">{t("front.changed")}</span> : null}
                    </span>
                    <input
                      className="input num"
                      inputMode={f === "spec" ? undefined : "decimal"}
                      maxLength={100}
                      placeholder={f === "stock" ? t("front.uncounted") : undefined}
                      value={typed ?? typedSku(f, s, digits)}
                      aria-invalid={(typed !== undefined && readSku(f, typed, digits) === undefined) || undefined}
                      onChange={(e) => typeSku(s, f, e.target.value)}
                    />
                  </label>
                );
              })}
            </fieldset>
          );
        })}
      </div>
    </Sheet>
  );
}

/** Asks for the code of a new item, by which the platform will know it. */
export function NewItem({ taken, begin, close }: { taken: readonly string[]; begin: (code: string) => void; close: () => void }) {
  const { t } = useWords();
  const id = useId();
  const [typed, setTyped] = useState("");
  const code = typed.trim();
  const used = taken.includes(code);
  return (
    <Sheet title={t("front.newItem")} close={close}>
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
