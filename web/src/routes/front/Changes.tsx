import { useEffect, useRef, useState } from "react";
import { useNow } from "../../data/clock";
import type { components } from "../../data/schema";
import { formatMoney } from "../../format/money";
import { moment } from "../../format/time";
import { useZone } from "../../shell/Shell";
import { Bones, State, Trouble } from "../../ui/Screen";
import { useWords } from "../../words";
import { inWords } from "../../words/reasons";
import type { Change, Edit } from "./menu";

type Field = components["schemas"]["FrontField"];

type PlanProps = {
  changes: Change[];
  consent: boolean;
  digits: number;
  busy: boolean;
  /** The plan was refused: it has to be looked at anew. */
  again: (() => void) | undefined;
  send: () => void;
  back: () => void;
};

/** What would change, before it does: each field as it is and as it will be. What takes something away has to be agreed to. */
export function Plan({ changes, consent, digits, busy, again, send, back }: PlanProps) {
  const { t } = useWords();
  const head = useRef<HTMLHeadingElement>(null);
  const [agreed, setAgreed] = useState<Change[]>();
  useEffect(() => head.current?.focus(), []);
  const free = !consent || agreed === changes; // an agreement is to these changes and no others
  return (
    <section className="panel front-plan" aria-labelledby="front-plan">
      <h2 id="front-plan" ref={head} tabIndex={-1}>
        {t("front.plan", { count: changes.length })}
      </h2>
      {changes.length === 0 ? <State icon="calm" title={t("front.nothing")} /> : null}
      <ul className="front-changes" data-testid="front-plan">
        {changes.map((c) => (
          <li key={`${c.what}/${c.op}/${c.code}/${c.sku}`} data-takes={c.takes ?? false}>
            <Changed change={c} digits={digits} />
          </li>
        ))}
      </ul>
      {consent ? (
        <label className="notice warn">
          <input type="checkbox" checked={free} onChange={(e) => setAgreed(e.target.checked ? changes : undefined)} />{" "}
          {t("front.consent", { count: changes.filter((c) => c.takes).length })}
        </label>
      ) : null}
      <div className="front-do">
        {again ? (
          <button type="button" className="btn primary" disabled={busy} onClick={again}>
            {t("front.again")}
          </button>
        ) : changes.length > 0 ? (
          <button type="button" className="btn primary" disabled={busy || !free} onClick={send}>
            {t("front.send")}
          </button>
        ) : null}
        <button type="button" className="btn" onClick={back}>
          {t("front.toMenu")}
        </button>
      </div>
    </section>
  );
}

function Changed({ change: c, digits }: { change: Change; digits: number }) {
  const { t } = useWords();
  const read = (f: Field, v: unknown) => {
    if (v === undefined || v === null) return "—";
    if (typeof v === "number" && f.name === "price") return formatMoney({ minor: v, digits, currency: "CNY" });
    if (typeof v === "boolean") return f.name === "on_sale" ? t(v ? "front.on" : "front.off") : String(v);
    return typeof v === "string" ? v : JSON.stringify(v);
  };
  return (
    <>
      <b>{c.name || c.code}</b> {c.sku ? <small className="quiet mono">{c.sku}</small> : null}{" "}
      {c.takes ? <span className="chip bad">{t(c.op === "delete" ? "front.deleted" : "front.takes")}</span> : null}
      {c.op === "delete"
        ? null
        : (c.fields ?? []).map((f) => (
            <span key={f.name} className="front-diff num">
              {t(`front.field.${f.name}`, { defaultValue: f.name })} <del>{read(f, f.before)}</del> <span aria-hidden="true">→</span>{" "}
              <ins>{read(f, f.after)}</ins>
            </span>
          ))}
    </>
  );
}

const tone = { sending: "", done: "good", partly: "warn", refused: "bad", lapsed: "bad" } as const;
const each = { waiting: "", done: "good", refused: "bad", unknown: "warn" } as const;

type EditsProps = { list: Edit[] | undefined; error: unknown; retry: () => void; digits: number; newest: boolean };

/** The last edits of a shop. newest: the first was sent from here just now, and is open. */
export function Edits({ list, error, retry, digits, newest }: EditsProps) {
  const { t } = useWords();
  const now = useNow();
  const zone = useZone();
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (newest) head.current?.focus();
  }, [newest]);
  return (
    <section className="front-edits" aria-label={t("front.edits")}>
      <h2 ref={head} tabIndex={-1}>
        {t("front.edits")}
      </h2>
      {!list && error ? <Trouble error={error} retry={retry} /> : !list ? <Bones rows={2} height={44} /> : null}
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
                  <Changed change={c} digits={digits} /> <span className={`chip ${each[c.state]}`}>{t(`front.state.${c.state}`)}</span>{" "}
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
