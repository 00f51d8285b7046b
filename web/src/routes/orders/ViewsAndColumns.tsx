import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { Failure } from "../../data/api";
import { useMay } from "../../data/rights";
import { Icon } from "../../ui/icons";
import { Popover } from "../../ui/Popover";
import { toast } from "../../ui/toast";
import { useWords } from "../../words";
import { columns } from "./columns";
import { type Filter, readFilter } from "./filter";
import { useColumns, useSharedViews, useViews } from "./mine";
import type { View } from "./views";

/** Views that this person saved, those that all have, and a name for the one that is open. */
export function Views({ filter }: { filter: Filter }) {
  const { t } = useWords();
  const { views, save, drop } = useViews();
  const shared = useSharedViews();
  const mayShare = useMay()("views.share");
  const [name, setName] = useState("");
  const [all, setAll] = useState(false);
  const told = (work: Promise<unknown>, then: () => void) => {
    work.then(then, (e: unknown) => toast(e instanceof Failure && e.message ? e.message : t("view.notShared")));
  };
  return (
    <Popover
      label={t("view.title")}
      face={
        <>
          <Icon name="view" size={16} /> <span>{t("view.short")}</span>
        </>
      }
    >
      {(close) => (
        <>
          <h2>{t("view.title")}</h2>
          {views.length + shared.views.length === 0 ? <p className="quiet">{t("view.none")}</p> : null}
          <ViewList views={views} drop={drop} close={close} />
          {shared.views.length > 0 ? <h3>{t("view.shared")}</h3> : null}
          <ViewList views={shared.views} drop={mayShare ? (called) => told(shared.drop(called), () => {}) : undefined} close={close} />
          <form
            onSubmit={(e: FormEvent) => {
              e.preventDefault();
              const called = name.trim().slice(0, 40);
              if (!called) return;
              const saved = () => {
                setName("");
                toast(t(all ? "view.savedShared" : "view.saved", { name: called }));
                close();
              };
              if (all) return told(shared.share(called, readFilter(filter)), saved);
              save(called, readFilter(filter));
              saved();
            }}
          >
            <div className="popover-line">
              <input
                className="input"
                aria-label={t("view.name")}
                placeholder={t("view.name")}
                maxLength={40}
                value={name}
                onChange={(e) => setName(e.target.value)}
              />
              <button type="submit" className="btn primary" disabled={!name.trim()}>
                {t("do.save")}
              </button>
            </div>
            {mayShare ? (
              <label className="popover-check">
                <input type="checkbox" checked={all} onChange={(e) => setAll(e.target.checked)} /> {t("view.forAll")}
              </label>
            ) : null}
          </form>
        </>
      )}
    </Popover>
  );
}

function ViewList({ views, drop, close }: { views: View[]; drop: ((name: string) => void) | undefined; close: () => void }) {
  const { t } = useWords();
  if (views.length === 0) return null;
  return (
    <ul>
      {views.map((v) => (
        <li key={v.name} className="popover-line">
          <Link to="/orders" search={v.filter} onClick={close} className="clip">
            {v.name}
          </Link>
          {drop ? (
            <button
              type="button"
              className="btn icon ghost small"
              aria-label={t("view.drop", { name: v.name })}
              onClick={() => drop(v.name)}
            >
              <Icon name="close" size={14} />
            </button>
          ) : null}
        </li>
      ))}
    </ul>
  );
}

/** Which columns the list shows. */
export function Columns() {
  const { t } = useWords();
  const { chosen, toggle, reset } = useColumns();
  return (
    <Popover
      label={t("view.columns")}
      face={
        <>
          <Icon name="columns" size={16} /> <span>{t("view.columnsShort")}</span>
        </>
      }
    >
      {() => (
        <>
          <h2>{t("view.columns")}</h2>
          {columns.map((c) => (
            <label key={c} className="popover-check">
              <input type="checkbox" checked={chosen.includes(c)} onChange={() => toggle(c)} /> {t(`col.${c}`)}
            </label>
          ))}
          <button type="button" className="link" onClick={reset}>
            {t("view.usual")}
          </button>
        </>
      )}
    </Popover>
  );
}
