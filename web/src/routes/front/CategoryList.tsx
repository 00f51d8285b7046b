import { useState } from "react";
import { useWords } from "../../words";
import type { Categories, Category, CategoryWish } from "./menu";

type Props = {
  live: readonly Category[];
  draft: Categories;
  /** Whether one can be made here: some goods need a code of the platform's for each. */
  mayAdd: boolean;
  set: (name: string, wish: CategoryWish) => void;
  drop: (name: string) => void;
};

/** The headings of a menu: their order, their names, new ones and those that go. */
export function CategoryList({ live, draft, mayAdd, set, drop }: Props) {
  const { t } = useWords();
  const [typed, setTyped] = useState("");
  const fresh = Object.entries(draft).filter(([, w]) => w.fresh);
  const name = typed.trim();
  const used = live.some((c) => c.name === name) || draft[name] !== undefined;
  const last = Math.max(0, ...live.map((c) => c.sequence ?? 0));
  return (
    <details className="panel front-categories" data-testid="front-categories">
      <summary>
        {t("front.categories", { count: live.length })}{" "}
        {Object.keys(draft).length > 0 ? <span className="chip warn">{t("front.changed")}</span> : null}
      </summary>
      <p className="quiet">{t("front.categoriesHelp")}</p>
      <ul>
        {live.map((c) => {
          const w = draft[c.name];
          const gone = w?.gone ?? false;
          return (
            <li key={c.name} className={gone ? "gone" : ""} data-testid="front-category" data-name={c.name} data-changed={w !== undefined}>
              <input
                className="input num"
                inputMode="numeric"
                maxLength={5}
                aria-label={t("front.sequenceOf", { name: c.name })}
                value={w?.sequence ?? String(c.sequence ?? "")}
                disabled={gone}
                onChange={(e) => set(c.name, { sequence: e.target.value })}
              />
              <input
                className="input"
                maxLength={128}
                aria-label={t("front.renameOf", { name: c.name })}
                value={w?.name ?? c.name}
                disabled={gone}
                onChange={(e) => set(c.name, { name: e.target.value })}
              />
              <button
                type="button"
                className={`btn small ghost ${gone ? "" : "danger"}`}
                aria-label={t(gone ? "front.stayOf" : "front.deleteOf", { name: c.name })}
                onClick={() => set(c.name, { gone: gone ? undefined : true })}
              >
                {t(gone ? "front.stay" : "front.delete")}
              </button>
            </li>
          );
        })}
        {fresh.map(([n, w]) => (
          <li key={n} data-testid="front-category" data-name={n}>
            <input
              className="input num"
              inputMode="numeric"
              maxLength={5}
              aria-label={t("front.sequenceOf", { name: n })}
              value={w.sequence ?? ""}
              onChange={(e) => set(n, { sequence: e.target.value })}
            />
            <span>
              {n} <span className="chip info">{t("front.added")}</span>
            </span>
            <button type="button" className="btn small ghost" onClick={() => drop(n)}>
              {t("front.dropNew")}
            </button>
          </li>
        ))}
      </ul>
      {mayAdd ? (
        <form
          className="front-do"
          onSubmit={(e) => {
            e.preventDefault();
            if (!name || used) return;
            set(name, { fresh: true, sequence: String(last + fresh.length + 1) });
            setTyped("");
          }}
        >
          <label className="field front-search">
            <span>{t("front.newCategory")}</span>
            <input
              className="input"
              maxLength={128}
              value={typed}
              aria-invalid={(name !== "" && used) || undefined}
              onChange={(e) => setTyped(e.target.value)}
            />
          </label>
          <button type="submit" className="btn" disabled={!name || used}>
            {t("front.add")}
          </button>
        </form>
      ) : null}
    </details>
  );
}
