import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../../ui/icons";
import { Popover } from "../../ui/Popover";
import { toast } from "../../ui/toast";
import { columns } from "./columns";
import { type Filter, readFilter } from "./filter";
import { useColumns, useViews } from "./mine";

/** Views that this person saved, and a name for the one that is open. */
export function Views({ filter }: { filter: Filter }) {
  const { t } = useTranslation();
  const { views, save, drop } = useViews();
  const [name, setName] = useState("");
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
          {views.length === 0 ? <p className="quiet">{t("view.none")}</p> : null}
          <ul>
            {views.map((v) => (
              <li key={v.name} className="popover-line">
                <Link to="/orders" search={v.filter} onClick={close} className="clip">
                  {v.name}
                </Link>
                <button
                  type="button"
                  className="btn icon ghost small"
                  aria-label={t("view.drop", { name: v.name })}
                  onClick={() => drop(v.name)}
                >
                  <Icon name="close" size={14} />
                </button>
              </li>
            ))}
          </ul>
          <form
            className="popover-line"
            onSubmit={(e: FormEvent) => {
              e.preventDefault();
              const called = name.trim().slice(0, 40);
              if (!called) return;
              save(called, readFilter(filter));
              setName("");
              toast(t("view.saved", { name: called }));
              close();
            }}
          >
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
          </form>
        </>
      )}
    </Popover>
  );
}

/** Which columns the list shows. */
export function Columns() {
  const { t } = useTranslation();
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
