import { useQuery } from "@tanstack/react-query";
import { useNavigate, useRouterState } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { useLiveOrders } from "../data/live";
import { findOrders, order as orderQuery, shops } from "../data/queries";
import { useMay } from "../data/rights";
import { actLabel, othersOf, primaryOf } from "../routes/orders/acts";
import { begin } from "../routes/orders/asked";
import { firstOfHistory, tabs } from "../routes/orders/filter";
import { useSharedViews, useViews } from "../routes/orders/mine";
import { numberText, useOrderName } from "../routes/orders/OrderRow";
import { setTheme, themes } from "../ui/device";
import { Icon, type IconName } from "../ui/icons";
import { Mark, useChannels } from "../ui/Mark";
import { Sheet } from "../ui/Sheet";
import { useWords, word } from "../words";
import "./palette.css";

type Command = { key: string; icon: IconName; channel?: string; text: string; more?: string; do: () => void };

const fronts = ["profile", "areas", "menu"] as const;

export type Place = { to: string; icon: IconName; label: string };

/** One box for everything: places, tabs, saved views, looks, the acts on the open order, and any order by whatever one knows of it. */
export function Palette({ places, close }: { places: Place[]; close: () => void }) {
  const { t } = useWords();
  const navigate = useNavigate();
  const name = useOrderName();
  const { views: own } = useViews();
  const { views: shared } = useSharedViews();
  const views = useMemo(() => [...own, ...shared.filter((v) => !own.some((o) => o.name === v.name))], [own, shared]);
  const may = useMay();
  const known = useChannels();
  const { data: shopList } = useQuery({ ...shops, enabled: may("fronts.keep") });
  const [q, setQ] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const box = useRef<HTMLInputElement>(null);
  const openId = useRouterState({ select: (s) => /^\/orders\/([^/]+)$/.exec(s.location.pathname)?.[1] });
  const live = useLiveOrders().get(openId ?? "");
  const { data: read } = useQuery({ ...orderQuery(openId ?? ""), enabled: Boolean(openId) });
  const opened = live && read && live.seq > read.seq ? live : read;
  const wanted = useLater(q.trim(), 200);
  const found = useQuery({ ...findOrders(wanted), enabled: wanted.length >= 2 });

  useEffect(() => box.current?.focus(), []);

  const commands = useMemo((): Command[] => {
    const acts = opened ? [primaryOf(opened), ...othersOf(opened)].filter((k): k is string => Boolean(k) && k !== "refund") : [];
    const go = (to: string, search: Record<string, unknown> = {}) => void navigate({ to, search } as never);
    return [
      ...acts.map(
        (kind): Command => ({
          key: `act-${kind}`,
          icon: "check",
          text: t("palette.act", { what: actLabel(t, kind, opened?.kind ?? "", opened?.logistics), order: opened ? name(opened) : "" }),
          do: () => {
            if (opened) void begin(opened, kind);
          },
        }),
      ),
      ...tabs.map(
        (tab): Command => ({
          key: `tab-${tab}`,
          icon: tabs.indexOf(tab) < tabs.indexOf(firstOfHistory) ? "orders" : "pulse",
          text: t("palette.tab", { tab: t(`tab.${tab}`) }),
          do: () => go("/orders", { tab }),
        }),
      ),
      ...views.map(
        (v): Command => ({
          key: `view-${v.name}`,
          icon: "view",
          text: t("palette.view", { name: v.name }),
          do: () => go("/orders", v.filter),
        }),
      ),
      ...places.map((p): Command => ({ key: p.to, icon: p.icon, text: t("palette.go", { to: p.label }), do: () => go(p.to) })),
      ...(shopList ?? []).flatMap((s) =>
        fronts
          .filter((part) => (part === "areas" ? known.get(s.channel)?.front?.areas : known.get(s.channel)?.front))
          .map(
            (part): Command => ({
              key: `front-${part}-${s.id}`,
              icon: "board",
              channel: s.channel,
              text: t("palette.front", { part: t(`front.of.${part}`), shop: s.name || s.external_id }),
              do: () => go(`/shops/${s.id}/${part}`),
            }),
          ),
      ),
      ...themes.map(
        (theme): Command => ({
          key: `theme-${theme}`,
          icon: "view",
          text: t("palette.theme", { theme: t(`me.themes.${theme}`) }),
          do: () => setTheme(theme),
        }),
      ),
    ];
  }, [opened, views, places, shopList, known, navigate, name, t]);

  const asked = fold(q);
  const shown: Command[] = [
    ...commands.filter((c) => asked === "" || fold(c.text).includes(asked)).slice(0, 8),
    ...(wanted.length >= 2 ? (found.data ?? []) : []).map(
      (o): Command => ({
        key: o.id,
        icon: "orders",
        channel: o.channel,
        text: numberText(o),
        more: [word(t, "status", o.status), o.summary, o.customer?.name, o.customer?.phone_tail].filter(Boolean).join(" · "),
        do: () => void navigate({ to: "/orders/$orderId", params: { orderId: o.id }, search: { tab: "all" } } as never),
      }),
    ),
    ...(asked
      ? [
          {
            key: "search",
            icon: "search" as const,
            text: t("palette.searchAll", { q: q.trim() }),
            do: () => void navigate({ to: "/orders", search: { tab: "all", q: q.trim() } } as never),
          },
        ]
      : []),
  ];
  const current = Math.min(at, shown.length - 1);
  const run = (c: Command | undefined) => {
    if (!c) return;
    close();
    c.do();
  };
  function onKeyDown(e: KeyboardEvent) {
    const by = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    if (by !== 0 && shown.length > 0) setAt((current + by + shown.length) % shown.length);
    else if (e.key === "Enter" && !e.nativeEvent.isComposing) run(shown[current]);
    else return;
    e.preventDefault();
  }
  return (
    <Sheet title={t("palette.title")} close={close} wide>
      <div className="palette">
        <input
          ref={box}
          className="input"
          role="combobox"
          aria-expanded="true"
          aria-controls={list}
          aria-activedescendant={shown[current] ? `${list}-${current}` : undefined}
          aria-label={t("palette.hint")}
          placeholder={t("palette.hint")}
          value={q}
          onChange={(e) => {
            setQ(e.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        <div id={list} className="palette-list" role="listbox" aria-label={t("palette.title")}>
          {shown.map((c, i) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the box above hears the keys
            // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the box, which says which option is meant
            <div
              key={c.key}
              id={`${list}-${i}`}
              role="option"
              aria-selected={i === current}
              onClick={() => run(c)}
              onPointerMove={() => setAt(i)}
            >
              {c.channel ? <Mark channel={c.channel} /> : <Icon name={c.icon} size={16} />}
              <b className="clip num">{c.text}</b>
              {c.more ? <small className="quiet clip">{c.more}</small> : null}
            </div>
          ))}
        </div>
        {shown.length === 0 ? <p className="quiet">{t("palette.none")}</p> : null}
        <p className="quiet" role="status">
          {found.isFetching ? t("palette.searching") : ""}
        </p>
      </div>
    </Sheet>
  );
}

const fold = (s: string) => s.trim().toLowerCase();

function useLater(value: string, after: number): string {
  const [later, setLater] = useState(value);
  useEffect(() => {
    const wait = setTimeout(() => setLater(value), after);
    return () => clearTimeout(wait);
  }, [value, after]);
  return later;
}
