import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { answer, api, Failure } from "../../data/api";
import type { FrontPower } from "../../data/model";
import { Icon } from "../../ui/icons";
import { Problem } from "../../ui/Problem";
import { Bones, State, Trouble } from "../../ui/Screen";
import { useWords } from "../../words";
import { AreaMap, type Drawn, LineSample } from "./AreaMap";
import { type Area, type Draft, readHours, typedHours, type Wish, wanted, weigh, wishFor, without } from "./areas";
import { Edits, Plan } from "./Changes";
import { Extent } from "./Extent";
import { Bar, FrontPage, Leaving } from "./FrontPage";
import { readPrice, writePrice } from "./menu";
import { ShapeForm } from "./ShapeForm";
import { profileOf } from "./ShopProfile";
import { holds, type Point, squareMetres } from "./shape";
import { type Change, digits, liveKey, readOnce, useEdit } from "./useEdit";

/** 配送范围: where a shop delivers to, drawn; amounts and shapes are changed, looked at beside what is live, agreed to and sent. */
export function ShopAreas() {
  const { shopId } = useParams({ from: "/inside/shops/$shopId/areas" });
  return (
    <FrontPage shop={shopId} part="areas">
      {(shop, power) => <Live key={shop.id} shop={shop.id} power={power} />}
    </FrontPage>
  );
}

function Live({ shop: id, power }: { shop: string; power: FrontPower }) {
  const { t } = useWords();
  const [draft, setDraft] = useState<Draft>({});
  const [form, setForm] = useState<{ code?: string }>();
  const live = useQuery({
    queryKey: liveKey(id, "areas"),
    ...readOnce,
    queryFn: async () =>
      (await answer(api.GET("/api/v1/shops/{id}/front/{part}", { params: { path: { id, part: "areas" } } }))).areas ?? [],
  });
  const place = useQuery(profileOf(id)).data?.place;
  const edit = useEdit(id, "areas", () => setDraft({}));
  const { plan, send } = edit;
  const weight = weigh(draft, digits);
  const told = live.data ?? [];
  const history = <Edits edit={edit} />;
  const leaving = <Leaving count={weight.count} />;
  const gone = plan.data?.changes.filter((c) => c.takes).length ?? 0;
  if (plan.data) {
    return (
      <>
        {leaving}
        <Plan edit={edit} plan={plan.data} consent={gone > 0 ? t("front.consentGone", { count: gone }) : t("front.consentAreas")}>
          <Comparison changes={plan.data.changes} live={told} place={place} />
        </Plan>
        {history}
      </>
    );
  }
  const fresh = Object.entries(draft).filter(([, w]) => w.fresh);
  const set = (code: string, wish: Wish) =>
    setDraft((d) =>
      wishFor(
        d,
        code,
        told.find((a) => a.code === code),
        wish,
        digits,
      ),
    );
  const drawn = told.map((a, n): Drawn => ({ code: a.code, shape: a.shape ?? [], as: "live", n }));
  return (
    <>
      {leaving}
      {send.isSuccess ? history : null}
      <Bar
        reading={live.isFetching}
        read={() => void live.refetch()}
        weight={weight}
        planning={plan.isPending}
        look={() => edit.look({ areas: wanted(draft, digits) })}
        drop={() => setDraft({})}
      >
        <button type="button" className="btn" disabled={!live.data} onClick={() => setForm({})}>
          <Icon name="plus" size={16} /> {t("front.newArea")}
        </button>
      </Bar>
      {plan.error instanceof Failure && plan.error.fields.length > 0 ? (
        <Wrongs failure={plan.error} codes={Object.keys(draft)} />
      ) : (
        <Problem error={plan.error ?? (live.data ? live.error : null)} />
      )}
      {live.error && !live.data ? (
        <Trouble error={live.error} retry={() => void live.refetch()} />
      ) : !live.data ? (
        <Bones rows={4} height={120} />
      ) : (
        <>
          {told.length === 0 && fresh.length === 0 ? (
            <div className="panel">
              <State icon="calm" title={t("front.noAreas")}>
                {t("front.noAreasHelp")}
              </State>
            </div>
          ) : null}
          {told.some((a) => a.shape) ? (
            <figure className="panel front-figure">
              <AreaMap drawn={drawn} place={place} label={t("front.mapOf", { count: told.length })} />
            </figure>
          ) : null}
          <ul className="front-areas" aria-label={t("front.of.areas")}>
            {told.map((a, n) => (
              <AreaRow
                key={a.code}
                area={a}
                drawn={drawn[n]}
                place={place}
                hours={power.area_hours}
                wish={draft[a.code]}
                set={(w) => set(a.code, w)}
                shape={() => setForm({ code: a.code })}
              />
            ))}
            {fresh.map(([code, w]) => (
              <AreaRow
                key={code}
                area={{ code }}
                place={place}
                hours={power.area_hours}
                wish={w}
                set={(x) => set(code, x)}
                shape={() => setForm({ code })}
                drop={() => setDraft((d) => without(d, code))}
              />
            ))}
          </ul>
        </>
      )}
      {send.isSuccess ? null : history}
      {form ? (
        <ShapeForm
          power={power}
          code={form.code}
          taken={[...told.map((a) => a.code), ...Object.keys(draft)]}
          take={(code, shape, system) => set(code, { ...(form.code === undefined ? { fresh: true as const } : {}), shape, system })}
          close={() => setForm(undefined)}
        />
      ) : null}
    </>
  );
}

/** What the service found wrong before it asked the platform, by the area that it is in. */
function Wrongs({ failure, codes }: { failure: Failure; codes: readonly string[] }) {
  const { t } = useWords();
  const lines = failure.fields.map((f) => {
    const [, at, name = ""] = /areas\[([^\]]+)\]\.?(\w*)/.exec(f.location) ?? [];
    const code = at === undefined ? "" : f.location.startsWith("body.") ? (codes[Number(at)] ?? at) : at;
    return [code && t("front.area", { code }), name && t(`front.field.${name}`, { defaultValue: name }), f.message]
      .filter(Boolean)
      .join(" · ");
  });
  return (
    <div className="notice bad" role="alert">
      <Icon name="warn" />
      <ul>
        {[...new Set(lines)].map((l) => (
          <li key={l}>{l}</li>
        ))}
      </ul>
    </div>
  );
}

type RowProps = {
  area: Area;
  drawn?: Drawn;
  place: Point | undefined;
  /** Whether an area can have hours of its own. */
  hours: boolean;
  wish: Wish | undefined;
  set: (w: Wish) => void;
  shape: () => void;
  /** Of one that is not there yet. */
  drop?: () => void;
};

function AreaRow({ area: a, drawn, place, hours, wish, set, shape, drop }: RowProps) {
  const { t } = useWords();
  const gone = wish?.gone ?? false;
  const amount = (name: "min" | "fee", label: string, live: number | undefined) => (
    <label className="field">
      <span>{label}</span>
      <span className="front-amount">
        <span aria-hidden="true">¥</span>
        <input
          className="input num"
          inputMode="decimal"
          aria-label={t("front.amountOf", { what: label, code: a.code })}
          aria-invalid={wish?.[name] !== undefined && readPrice(wish[name], digits) === undefined}
          placeholder={live === undefined ? t("front.untold") : undefined}
          value={wish?.[name] ?? writePrice(live, digits)}
          disabled={gone}
          onChange={(e) => set({ [name]: e.target.value })}
        />
      </span>
    </label>
  );
  return (
    <li className={`panel front-area ${gone ? "gone" : ""}`} data-testid="front-area" data-code={a.code} data-changed={wish !== undefined}>
      <div className="front-name">
        {drawn ? <LineSample drawn={drawn} /> : null} <b>{a.code}</b>{" "}
        {wish ? (
          <span className={`chip ${gone ? "bad" : "warn"}`}>{t(gone ? "front.deleted" : drop ? "front.added" : "front.changed")}</span>
        ) : null}
        <p className="quiet num">
          {a.shape ? (
            <>
              <Extent shape={a.shape} /> · <Inside shape={a.shape} place={place} />
            </>
          ) : drop ? null : (
            t("front.noShape")
          )}
          {a.hours && !hours ? ` · ${a.hours.from}–${a.hours.to}` : ""}
        </p>
        {wish?.shape && !gone ? (
          <p className="num">
            {t("front.newShape")}: <Extent shape={wish.shape} /> · {wish.system ? t(`front.systems.${wish.system}`) : ""}{" "}
            {drop ? null : (
              <button type="button" className="link" onClick={() => set({ shape: undefined })}>
                {t("front.dropShape")}
              </button>
            )}
          </p>
        ) : null}
      </div>
      {amount("min", t("front.field.min_price"), a.min_price)}
      {amount("fee", t("front.field.fee"), a.fee)}
      {hours ? (
        <label className="field">
          <span>{t("front.areaHours")}</span>
          <input
            className="input num"
            maxLength={20}
            aria-label={t("front.amountOf", { what: t("front.areaHours"), code: a.code })}
            aria-invalid={wish?.hours !== undefined && !readHours(wish.hours)}
            title={t("front.areaHoursHelp")}
            placeholder={t("front.areaAlways")}
            value={wish?.hours ?? typedHours(a)}
            disabled={gone}
            onChange={(e) => set({ hours: e.target.value })}
          />
        </label>
      ) : null}
      <div className="front-acts">
        <button type="button" className="btn small" disabled={gone} aria-label={t("front.newShapeOf", { code: a.code })} onClick={shape}>
          {t("front.shapeDo")}
        </button>
        {drop ? (
          <button type="button" className="btn small ghost" aria-label={t("front.dropOf", { code: a.code })} onClick={drop}>
            {t("front.dropNew")}
          </button>
        ) : (
          <button
            type="button"
            className={`btn small ghost ${gone ? "" : "danger"}`}
            aria-label={t(gone ? "front.stayOf" : "front.deleteOf", { name: a.code })}
            onClick={() => set({ gone: gone ? undefined : true })}
          >
            {t(gone ? "front.stay" : "front.delete")}
          </button>
        )}
      </div>
    </li>
  );
}

/** Whether the shop lies in an area, where both are known. */
function Inside({ shape, place }: { shape: readonly Point[]; place: Point | undefined }) {
  const { t } = useWords();
  if (!place) return t("front.spotUnknown");
  return holds(shape, place) ? t("front.inside") : <b className="bad">{t("front.outside")}</b>;
}

const shapeIn = (c: Change, when: "before" | "after") => c.fields?.find((f) => f.name === "shape")?.[when] as Point[] | undefined;

/** The areas as they are beside how they would be, with what is to be looked at in words. */
function Comparison({ changes, live, place }: { changes: readonly Change[]; live: readonly Area[]; place: Point | undefined }) {
  const { t } = useWords();
  const of = new Map(changes.map((c) => [c.code, c]));
  const shapes = live.map((a) => a.code).concat(changes.filter((c) => c.op === "add").map((c) => c.code ?? ""));
  const drawn = shapes.flatMap((code, n): Drawn[] => {
    const c = of.get(code);
    const is = live.find((a) => a.code === code)?.shape ?? [];
    if (!c) return [{ code, shape: is, as: "same", n }];
    if (c.op === "delete") return [{ code, shape: shapeIn(c, "before") ?? is, as: "gone", n }];
    const after = shapeIn(c, "after");
    if (!after) return [{ code, shape: is, as: "same", n }];
    return [
      { code, shape: shapeIn(c, "before") ?? [], as: "before", n },
      { code, shape: after, as: "after", n },
    ];
  });
  const left = live.length + changes.filter((c) => c.op === "add").length - changes.filter((c) => c.op === "delete").length;
  const drawings = changes.filter((c) => c.op !== "delete" && shapeIn(c, "after"));
  if (!drawn.some((d) => d.as !== "same")) return null;
  return (
    <>
      <figure className="front-figure">
        <AreaMap drawn={drawn.filter((d) => d.shape.length > 0)} place={place} label={t("front.mapOfPlan", { count: changes.length })} />
        <figcaption className="front-legend">
          {(["same", "before", "after", "gone"] as const)
            .filter((as) => drawn.some((d) => d.as === as && d.shape.length > 0))
            .map((as) => (
              <span key={as}>
                <LineSample drawn={{ code: "", shape: [], as, n: 0 }} /> {t(`front.legend.${as}`)}
              </span>
            ))}
        </figcaption>
      </figure>
      {left === 0 ? <p className="notice bad">{t("front.noneLeft")}</p> : null}
      <ul className="front-checks" aria-label={t("front.checks")}>
        {drawings.map((c) => {
          const [before, after] = [shapeIn(c, "before"), shapeIn(c, "after") ?? []];
          const by = before ? squareMetres(after) / squareMetres(before) - 1 : undefined;
          return (
            <li key={c.code} data-testid="front-check">
              <b>{t("front.area", { code: c.code })}</b>: <Extent shape={after} />
              {by !== undefined && Number.isFinite(by) ? ` (${by >= 0 ? "+" : "−"}${Math.abs(by * 100).toFixed(0)} %)` : ""} ·{" "}
              <Inside shape={after} place={place} /> · {t("front.simple")}
            </li>
          );
        })}
      </ul>
    </>
  );
}
