import { useQuery } from "@tanstack/react-query";
import { memo, useEffect, useRef, useState } from "react";
import { serverNow } from "../../data/clock";
import { channels, stores } from "../../data/queries";
import { addDays, dayOf } from "../../format/time";
import { Icon } from "../../ui/icons";
import { inLanguage, useWords } from "../../words";
import type { After } from "../../words/reader";
import { type Filter, hasTab, sortOf, type Way } from "./filter";
import { typing } from "./Orders";
import { Columns, Views } from "./ViewsAndColumns";

type Props = {
  filter: Filter;
  /** The ways of work there are, and the one that is shown. */
  ways: Way[];
  way: Way;
  zone: string;
  change: (next: Partial<Filter>) => void;
  showKeys: () => void;
};

export const Filters = memo(function Filters({ filter, ways, way, zone, change, showKeys }: Props) {
  const { t, language } = useWords();
  const { data: known } = useQuery(channels);
  const { data: places } = useQuery(stores);
  const narrowed = filter.channel || filter.store || filter.from || filter.to || filter.q;
  return (
    <search className="filters">
      {ways.length > 1 ? (
        <fieldset className="ways" aria-label={t("way.label")}>
          {(["", ...ways] as Way[]).map((w) => (
            <button
              key={w}
              type="button"
              aria-pressed={w === way}
              data-testid={`way-${w || "both"}`}
              onClick={() => change({ kind: w, tab: hasTab(w, filter.tab) ? filter.tab : undefined })}
            >
              {t(`way.${w || "both"}`)}
            </button>
          ))}
        </fieldset>
      ) : null}
      <SearchBox value={filter.q} change={(q) => change({ q })} />
      <select
        className={`select ${filter.channel ? "chosen" : ""}`}
        aria-label={t("filter.channel")}
        value={filter.channel}
        onChange={(e) => change({ channel: e.target.value })}
      >
        <option value="">{t("filter.allChannels")}</option>
        {known?.map((c) => (
          <option key={c.name} value={c.name}>
            {inLanguage(language, c.label_zh, c.label_en)}
          </option>
        ))}
      </select>
      <select
        className={`select ${filter.store ? "chosen" : ""}`}
        aria-label={t("filter.store")}
        value={filter.store}
        onChange={(e) => change({ store: e.target.value })}
      >
        <option value="">{t("filter.allStores")}</option>
        {places?.map((s) => (
          <option key={s.id} value={s.id}>
            {s.name}
          </option>
        ))}
      </select>
      <Days filter={filter} zone={zone} change={change} />
      <select
        className="select"
        aria-label={t("filter.sort")}
        value={sortOf(filter)}
        onChange={(e) => change({ sort: e.target.value as Filter["sort"] })}
      >
        <option value="due">{t("filter.due")}</option>
        <option value="newest">{t("filter.newest")}</option>
      </select>
      <button
        type="button"
        className={narrowed ? "btn ghost" : "btn ghost unseen"}
        aria-label={t("filter.clear")}
        title={t("filter.clear")}
        onClick={() => change({ channel: "", store: "", from: "", to: "", q: "" })}
      >
        <Icon name="close" size={16} /> <span>{t("filter.clear")}</span>
      </button>
      <span className="filters-end">
        <Views filter={filter} />
        <Columns />
      </span>
      <button
        type="button"
        className="btn icon ghost keys-button"
        aria-label={t("keys.title")}
        title={`${t("keys.title")} (?)`}
        onClick={showKeys}
      >
        <Icon name="keyboard" />
      </button>
    </search>
  );
});

/** Searches while one types, a quarter of a second behind, and never loses what was typed to an answer that comes late. */
function SearchBox({ value, change }: { value: string; change: (q: string) => void }) {
  const { t } = useWords();
  const [text, setText] = useState(value);
  const sent = useRef(value);
  const box = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value;
      setText(value);
    }
  }, [value]);
  useEffect(() => {
    if (text === sent.current) return;
    const wait = setTimeout(() => {
      sent.current = text;
      change(text);
    }, 250);
    return () => clearTimeout(wait);
  }, [text, change]);
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if (e.key === "/" && !typing(e.target)) {
        e.preventDefault();
        box.current?.focus();
        box.current?.select();
      }
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);

  return (
    <div className="search-box">
      <Icon name="search" />
      <input
        ref={box}
        className="input"
        type="search"
        aria-label={t("filter.search")}
        placeholder={t("filter.searchHint")}
        value={text}
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === "Escape") {
            setText("");
            box.current?.blur();
          }
        }}
      />
      {text ? null : (
        <span className="cap" aria-hidden="true">
          /
        </span>
      )}
    </div>
  );
}

function Days({ filter, zone, change }: Pick<Props, "filter" | "zone" | "change">) {
  const { t } = useWords();
  const today = dayOf(serverNow(), zone);
  const presets: { [K in Exclude<After<"days">, "own">]?: [string, string] } = {
    any: ["", ""],
    today: [today, today],
    yesterday: [addDays(today, -1), addDays(today, -1)],
    week: [addDays(today, -6), today],
    month: [addDays(today, -29), today],
  };
  const match = (Object.keys(presets) as (keyof typeof presets)[]).find(
    (k) => presets[k]?.[0] === filter.from && presets[k]?.[1] === filter.to,
  );
  const [own, setOwn] = useState(match === undefined);
  const shown = own || match === undefined ? "own" : match;
  return (
    <>
      <select
        className={`select ${filter.from || filter.to ? "chosen" : ""}`}
        aria-label={t("filter.days")}
        value={shown}
        onChange={(e) => {
          const p = presets[e.target.value as keyof typeof presets];
          setOwn(!p);
          if (p) change({ from: p[0], to: p[1] });
          else change({ from: filter.from || today, to: filter.to || today });
        }}
      >
        {[...(Object.keys(presets) as (keyof typeof presets)[]), "own" as const].map((k) => (
          <option key={k} value={k}>
            {t(`days.${k}`)}
          </option>
        ))}
      </select>
      {shown === "own" ? (
        <span className="own-days">
          <input
            className="input"
            type="date"
            aria-label={t("days.from")}
            value={filter.from}
            max={filter.to}
            onChange={(e) => change({ from: e.target.value })}
          />
          <span aria-hidden="true">–</span>
          <input
            className="input"
            type="date"
            aria-label={t("days.to")}
            value={filter.to}
            min={filter.from}
            onChange={(e) => change({ to: e.target.value })}
          />
        </span>
      ) : null}
    </>
  );
}
