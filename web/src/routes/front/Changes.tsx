import { type ReactNode, useEffect, useRef, useState } from "react";
import { useNow } from "../../data/clock";
import type { components } from "../../data/schema";
import { formatMoney } from "../../format/money";
import { moment } from "../../format/time";
import { useZone } from "../../shell/Shell";
import { Problem } from "../../ui/Problem";
import { Bones, State, Trouble } from "../../ui/Screen";
import { useWords } from "../../words";
import { inWords } from "../../words/reasons";
import { Extent } from "./Extent";
import { days, type Sku, type Span } from "./menu";
import type { Point } from "./shape";
import { type Change, digits, type Editing } from "./useEdit";

type Field = components["schemas"]["FrontField"];
type DaySpan = components["schemas"]["FrontDaySpan"];
type PlanProps = {
  edit: Editing;
  plan: NonNullable<Editing["plan"]["data"]>;
  /** What is agreed to, where the plan asks for consent; else that something is deleted or hidden. */
  consent?: string;
  /** What shows the changes better than words. */
  children?: ReactNode;
};

/** What would change, before it does: each field as it is and as it will be. What takes something away has to be agreed to. */
export function Plan({ edit: { plan: asked, send, again, back }, plan, consent, children }: PlanProps) {
  const { t } = useWords();
  const head = useRef<HTMLHeadingElement>(null);
  const { changes } = plan;
  const [agreed, setAgreed] = useState<Change[]>();
  useEffect(() => head.current?.focus(), []);
  const free = !plan.consent || agreed === changes; // an agreement is to these changes and no others
  const takes = changes.filter((c) => c.takes).length;
  const busy = send.isPending || asked.isPending;
  return (
    <>
      <Problem error={send.error ?? asked.error} />
      <section className="panel front-plan" aria-labelledby="front-plan">
        <h2 id="front-plan" ref={head} tabIndex={-1}>
          {t("front.plan", { count: changes.length })}
        </h2>
        {changes.length === 0 ? <State icon="calm" title={t("front.nothing")} /> : children}
        <ul className="front-changes" data-testid="front-plan">
          {changes.map((c) => (
            <li key={`${c.what}/${c.op}/${c.code}/${c.sku}`} data-takes={c.takes ?? false}>
              <Changed change={c} />
            </li>
          ))}
        </ul>
        {plan.consent ? (
          <label className="notice warn">
            <input type="checkbox" checked={free} onChange={(e) => setAgreed(e.target.checked ? changes : undefined)} />{" "}
            {consent ?? t("front.consent", { count: takes })}
          </label>
        ) : null}
        <div className="front-do">
          {again ? (
            <button type="button" className="btn primary" disabled={busy} onClick={again}>
              {t("front.again")}
            </button>
          ) : changes.length > 0 ? (
            <button
              type="button"
              className={`btn primary ${takes > 0 ? "danger" : ""}`}
              disabled={busy || !free}
              onClick={() => send.mutate()}
            >
              {t("front.send")}
            </button>
          ) : null}
          <button type="button" className="btn" onClick={back}>
            {t("front.toEdit")}
          </button>
        </div>
      </section>
    </>
  );
}

const money: ReadonlySet<string> = new Set(["price", "min_price", "fee", "delivery_fee", "box_price"]);
const spanText = (s: Span) => `${s.from}–${s.to}`;

/** A value of a field in words. */
function useValue(): (name: string, v: unknown) => ReactNode {
  const { t } = useWords();
  return (name, v) => {
    if (v === undefined || v === null || v === "") return "—";
    if (typeof v === "number") {
      if (money.has(name)) return formatMoney({ minor: v, digits, currency: "CNY" });
      if (name === "stock" && v < 0) return t("front.uncounted");
      return name === "rider_delay_s" ? t("front.seconds", { count: v }) : String(v);
    }
    if (typeof v === "boolean") return name === "on_sale" ? t(v ? "front.on" : "front.off") : t(v ? "front.yes" : "front.no");
    if (typeof v === "string") return v;
    switch (name) {
      case "hours":
        return Array.isArray(v) ? (v as Span[]).map(spanText).join(", ") : spanText(v as Span);
      case "times": {
        const of = days.map((d) => (v as DaySpan[]).filter((s) => s.day === d).map(spanText));
        const told = of.map((list, n) => list.length > 0 && `${t(`front.day.d${days[n] ?? 1}`)} ${list.join(", ")}`);
        return told.filter(Boolean).join("; ") || t("front.timesAlways");
      }
      case "place":
        return `${(v as Point).lat}, ${(v as Point).lon}`;
      case "shape":
        return <Extent shape={v as Point[]} />;
      case "tags":
        return (v as string[]).join(", ");
      case "skus":
        return (v as Sku[])
          .map((s) =>
            [s.spec || s.code, s.price !== undefined ? formatMoney({ minor: s.price, digits, currency: "CNY" }) : ""]
              .filter(Boolean)
              .join(" "),
          )
          .join(", ");
      case "properties":
        return (v as { name: string; values: string[] }[]).map((p) => `${p.name}: ${p.values.join("/")}`).join("; ");
      default:
        return JSON.stringify(v);
    }
  };
}

function Changed({ change: c }: { change: Change }) {
  const { t } = useWords();
  const value = useValue();
  const name = c.what === "profile" ? "" : c.name || c.code;
  const shown = (f: Field) => (
    <span key={f.name} className="front-diff num">
      {t(`front.field.${f.name}`, { defaultValue: f.name })} <del>{value(f.name, f.before)}</del>{" "}
      {c.op === "delete" ? null : (
        <>
          <span aria-hidden="true">→</span> <ins>{value(f.name, f.after)}</ins>
        </>
      )}
    </span>
  );
  return (
    <>
      {name ? <b>{c.what === "area" ? t("front.area", { code: name }) : name}</b> : null}{" "}
      {c.sku ? <small className="quiet mono">{c.sku}</small> : null}{" "}
      {c.op === "add" ? <span className="chip info">{t("front.added")}</span> : null}
      {c.takes ? <span className="chip bad">{t(c.op === "delete" ? "front.deleted" : "front.takes")}</span> : null}
      {c.op === "delete" && c.what !== "area" ? null : (c.fields ?? []).map(shown)}
    </>
  );
}

const tone = { sending: "", done: "good", partly: "warn", refused: "bad", lapsed: "bad" } as const;
const each = { waiting: "", done: "good", refused: "bad", unknown: "warn" } as const;

/** The last edits of a shop. One that was sent from here just now comes first, and is open. */
export function Edits({ edit }: { edit: Editing }) {
  const { t } = useWords();
  const now = useNow();
  const zone = useZone();
  const head = useRef<HTMLHeadingElement>(null);
  const { data: list, error, refetch } = edit.edits;
  const newest = edit.send.isSuccess;
  useEffect(() => {
    if (newest) head.current?.focus();
  }, [newest]);
  return (
    <section className="front-edits" aria-label={t("front.edits")}>
      <h2 ref={head} tabIndex={-1}>
        {t("front.edits")}
      </h2>
      {!list && error ? <Trouble error={error} retry={() => void refetch()} /> : !list ? <Bones rows={2} height={44} /> : null}
      {list?.length === 0 ? <p className="quiet">{t("front.noEdits")}</p> : null}
      {list?.map((e, n) => {
        const over = e.changes.filter((c) => c.state !== "waiting").length;
        return (
          <details
            key={e.id}
            className="panel"
            open={(newest && n === 0) || e.state === "sending" || undefined}
            data-testid="front-edit"
            data-state={e.state}
          >
            <summary>
              <span className={`chip ${tone[e.state]}`}>{t(`front.edit.${e.state}`)}</span>{" "}
              {t(`front.of.${e.part}`, { defaultValue: e.part })}{" "}
              <span className="num">
                {moment(e.at, now, zone)} · {e.by_name} · {t("front.part", { count: e.changes.length })}
              </span>
            </summary>
            {e.state === "sending" || (newest && n === 0) ? (
              <p role="status">
                <progress value={over} max={e.changes.length} aria-label={t("front.progress")} />{" "}
                {t("front.far", { done: over, of: e.changes.length })}
              </p>
            ) : null}
            {e.why ? <p className="bad">{inWords(e.why.text, e.why)}</p> : null}
            <ul className="front-changes">
              {e.changes.map((c) => (
                <li key={`${c.what}/${c.op}/${c.code}/${c.sku}`}>
                  <Changed change={c} /> <span className={`chip ${each[c.state]}`}>{t(`front.state.${c.state}`)}</span>{" "}
                  {c.why ? <span className="bad">{inWords(c.why.text, c.why)}</span> : null}
                </li>
              ))}
            </ul>
          </details>
        );
      })}
    </section>
  );
}
