import { useQuery } from "@tanstack/react-query";
import { Icon } from "../../ui/icons";
import { useWords } from "../../words";
import { couriers, riders } from "../deliveries/riders";
import { type Fields, Input } from "./fields";
import type { Way } from "./rules";

const keyOf = (w: Way) => `${w.by} ${w.courier_id ?? ""}${w.rider_id ?? ""}`;

/** While no rider comes: how much more is offered, and who is asked instead, in turn. */
export function RideFields({ rule: r, change }: Fields) {
  const { t } = useWords();
  const accounts = useQuery(couriers);
  const people = useQuery(riders);
  const f = r.ride;
  if (!f) return null;
  const set = (part: Partial<typeof f>) => change({ ...r, ride: { ...f, ...part } });
  const all: { way: Way; label: string }[] = [
    { way: { by: "platform" }, label: t("rules.way.platform") },
    { way: { by: "crowd" }, label: t("rules.way.crowd") },
    ...(accounts.data ?? [])
      .filter((c) => !c.off && c.shops[r.store_id])
      .map((c) => ({ way: { by: "courier" as const, courier_id: c.id }, label: `${t("rules.way.courier")} · ${c.name}` })),
    { way: { by: "own" }, label: t("rules.way.own") },
    ...(people.data ?? [])
      .filter((p) => !p.off && p.store_id === r.store_id)
      .map((p) => ({ way: { by: "own" as const, rider_id: p.id }, label: `${t("ride.own")} · ${p.name}` })),
  ];
  const ways = f.ways ?? [];
  const left = all.filter((x) => !ways.some((w) => keyOf(w) === keyOf(x.way)));
  const label = (w: Way) => all.find((x) => keyOf(x.way) === keyOf(w))?.label ?? t(`rules.way.${w.by}`);
  const up = (i: number) => {
    const next = [...ways];
    next.splice(i - 1, 2, ...ways.slice(i - 1, i + 1).reverse());
    set({ ways: next });
  };
  return (
    <>
      <Input label={t("rules.tipAfter")} type="number" value={String(f.tip_after)} set={(v) => set({ tip_after: Number(v) || 0 })} />
      {f.tip_after > 0 ? (
        <>
          <Input label={t("rules.tipStep")} value={f.tip_step ?? ""} set={(tip_step) => set({ tip_step })} decimal />
          <Input label={t("rules.tipMost")} value={f.tip_most ?? ""} set={(tip_most) => set({ tip_most })} decimal />
          <Input label={t("rules.tipDay")} value={f.tip_day ?? ""} set={(tip_day) => set({ tip_day })} decimal />
        </>
      ) : null}
      <fieldset className="rule-ways">
        <legend>{t("rules.ways")}</legend>
        {ways.length === 0 ? <p className="quiet">{t("rules.noWays")}</p> : null}
        <ol className="case-lines">
          {ways.map((w, i) => (
            <li key={keyOf(w)} data-testid="rule-way">
              <span>
                {i + 1}. {label(w)}
              </span>
              <span>
                {i > 0 ? (
                  <button type="button" className="btn small ghost" onClick={() => up(i)}>
                    {t("rules.wayUp")}
                    <span className="sr-only"> {label(w)}</span>
                  </button>
                ) : null}{" "}
                <button type="button" className="btn small ghost" onClick={() => set({ ways: ways.filter((x) => x !== w) })}>
                  <Icon name="close" size={16} /> {t("rules.wayAway")}
                  <span className="sr-only"> {label(w)}</span>
                </button>
              </span>
            </li>
          ))}
        </ol>
        {left.length > 0 && ways.length < 8 ? (
          <select
            className="input"
            aria-label={t("rules.addWay")}
            value=""
            onChange={(e) => {
              const x = left.find((l) => keyOf(l.way) === e.target.value);
              if (x) set({ ways: [...ways, x.way] });
            }}
          >
            <option value="">{t("rules.addWay")}</option>
            {left.map((x) => (
              <option key={keyOf(x.way)} value={keyOf(x.way)}>
                {x.label}
              </option>
            ))}
          </select>
        ) : null}
      </fieldset>
      {ways.length > 0 ? (
        <>
          <Input
            label={t("rules.switchAfter")}
            type="number"
            value={String(f.switch_after)}
            set={(v) => set({ switch_after: Number(v) || 0 })}
          />
          <Input label={t("rules.feeMost")} value={f.fee_most ?? ""} set={(fee_most) => set({ fee_most })} decimal />
        </>
      ) : null}
    </>
  );
}
