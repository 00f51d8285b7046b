import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { answer, api, onceKey } from "../../data/api";
import { useNow } from "../../data/clock";
import { session, stores } from "../../data/queries";
import { useMay } from "../../data/rights";
import { moment } from "../../format/time";
import { useZone } from "../../shell/Shell";
import { Icon } from "../../ui/icons";
import { Problem } from "../../ui/Problem";
import { Bones, State, Trouble } from "../../ui/Screen";
import { toast } from "../../ui/toast";
import { inLanguage, listed, useWords, word } from "../../words";
import { inWords } from "../../words/reasons";
import {
  asMinute,
  asTime,
  kinds,
  knocks,
  type Matter,
  matters,
  mayKnock,
  patience,
  type Rules,
  rules,
  type Sender,
  senders,
} from "./notify";
import { SenderForm } from "./SenderForm";
import "../people/people.css";
import "./notify.css";

/** What knocks at phones outside the console: by which way, at whom, when, and what became of it. */
export function Notify() {
  const { t } = useWords();
  const may = useMay();
  if (!may("knocks.keep")) {
    return (
      <State icon="lock" title={t("state.forbidden")}>
        {t("state.forbiddenHelp")}
      </State>
    );
  }
  return (
    <div className="page notify">
      <div className="page-head">
        <h1>{t("nav.notify")}</h1>
        <p>{t("notify.lead")}</p>
      </div>
      <Senders />
      <When />
      <Recent />
    </div>
  );
}

function Senders() {
  const { t } = useWords();
  const may = useMay();
  const { data, error, isPending, refetch } = useQuery(senders);
  const [editing, setEditing] = useState<Sender | "new">();
  return (
    <section className="panel notify-part" aria-labelledby="notify-senders">
      <div className="notify-head">
        <h2 id="notify-senders">{t("notify.senders")}</h2>
        {may("senders.keep") ? (
          <button type="button" className="btn" onClick={() => setEditing("new")}>
            <Icon name="plus" /> {t("notify.add")}
          </button>
        ) : null}
      </div>
      {isPending ? (
        <Bones rows={2} height={56} />
      ) : error && !data ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : data?.length === 0 ? (
        <State icon="bell" title={t("notify.noSenders")}>
          {t("notify.noSendersHelp")}
        </State>
      ) : (
        <ul className="senders">
          {data?.map((s) => (
            <SenderRow key={s.id} sender={s} edit={() => setEditing(s)} />
          ))}
        </ul>
      )}
      {editing ? <SenderForm sender={editing === "new" ? undefined : editing} close={() => setEditing(undefined)} /> : null}
    </section>
  );
}

/** The label of a kind in the reader's language; Chinese has its own. */
export function useKindLabel(): (kind: string) => string {
  const { language } = useWords();
  const { data } = useQuery(kinds);
  return (kind) => {
    const k = data?.find((x) => x.kind === kind);
    return k ? inLanguage(language, k.label_zh, k.label_en) : kind;
  };
}

function SenderRow({ sender: s, edit }: { sender: Sender; edit: () => void }) {
  const { t, language } = useWords();
  const may = useMay();
  const label = useKindLabel();
  const { data: known } = useQuery(stores);
  const sms = !s.level;
  const [phone, setPhone] = useState("");
  const [asking, setAsking] = useState(false);
  const test = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/senders/{id}/test", { params: { path: { id: s.id } }, body: phone ? { phone } : {} })),
  });
  const go = (e: FormEvent) => {
    e.preventDefault();
    test.mutate();
  };
  const heard = test.data;
  const of =
    s.stores.length === 0
      ? t("notify.allStores")
      : listed(
          language,
          s.stores.map((id) => known?.find((x) => x.id === id)?.name ?? t("people.gone")),
        );
  return (
    <li className="sender">
      <div className="sender-what">
        <b>{s.name}</b> <span className="quiet">{label(s.kind)}</span>
        <p className="quiet">
          {s.off ? t("notify.off") : t("notify.on")} · {sms ? t("notify.sms") : `${word(t, "notify.levels", s.level)} · ${of}`}
        </p>
      </div>
      {may("senders.keep") ? (
        <div className="sender-acts">
          {sms && asking ? (
            <form className="sender-test" onSubmit={go}>
              <input
                className="input"
                type="tel"
                autoComplete="tel"
                aria-label={t("notify.testPhone")}
                placeholder={t("notify.testPhone")}
                value={phone}
                required
                maxLength={30}
                // biome-ignore lint/a11y/noAutofocus: it appears because somebody pressed for it
                autoFocus
                onChange={(e) => setPhone(e.target.value)}
              />
              <button type="submit" className="btn" disabled={test.isPending}>
                {t("notify.test")}
              </button>
            </form>
          ) : (
            <button type="button" className="btn" disabled={test.isPending} onClick={() => (sms ? setAsking(true) : test.mutate())}>
              {t("notify.test")}
              <span className="sr-only"> {s.name}</span>
            </button>
          )}
          <button type="button" className="btn" onClick={edit}>
            {t("notify.change")}
            <span className="sr-only"> {s.name}</span>
          </button>
        </div>
      ) : null}
      <div aria-live="polite" className="sender-heard">
        {heard ? (
          <p className={heard.ok ? "notice" : "notice bad"}>
            <Icon name={heard.ok ? "check" : "warn"} />{" "}
            {heard.ok ? t("notify.testOK") : t("state.said", { what: t("notify.testNo"), words: inWords(heard.words ?? "", heard.why) })}
          </p>
        ) : null}
        <Problem error={test.error} />
      </div>
    </li>
  );
}

/** Rules: of all stores, or of one. */
function When() {
  const { t } = useWords();
  const { data, error, isPending, refetch } = useQuery(rules);
  const { data: me } = useQuery(session);
  const { data: known } = useQuery(stores);
  const whole = me?.stores.length === 0;
  const [chosen, setChosen] = useState<string>();
  const id = chosen ?? (whole ? "" : (data?.[1]?.store_id ?? ""));
  const rule = data?.find((r) => r.store_id === id);
  return (
    <section className="panel notify-part" aria-labelledby="notify-rules">
      <div className="notify-head">
        <h2 id="notify-rules">{t("notify.rules")}</h2>
        <select className="select" aria-label={t("notify.rulesFor")} value={id} onChange={(e) => setChosen(e.target.value)}>
          {data?.map((r) => (
            <option key={r.store_id} value={r.store_id}>
              {r.store_id === "" ? t("notify.allStores") : (known?.find((s) => s.id === r.store_id)?.name ?? r.store_id)}
              {r.store_id !== "" && r.own ? ` · ${t("notify.own")}` : ""}
            </option>
          ))}
        </select>
      </div>
      {isPending ? (
        <Bones rows={3} height={44} />
      ) : error && !data ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : rule ? (
        <RuleForm key={`${id}-${rule.own}`} rule={rule} locked={id === "" && !whole} />
      ) : null}
    </section>
  );
}

function RuleForm({ rule, locked }: { rule: Rules; locked: boolean }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [now, setNow] = useState(rule);
  const all = rule.store_id === "";
  const save = useMutation({
    mutationFn: (reset: boolean) => {
      const { store_id, own: _, ...values } = now;
      const body = { ...(all ? {} : { store_id }), ...(reset ? {} : { rules: values }) };
      return answer(api.PUT("/api/v1/knock-rules", { params: { header: { "Idempotency-Key": onceKey() } }, body }));
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["knock-rules"] });
      toast(t("notify.saved"));
    },
  });
  const has = (m: Matter) => now.kinds.includes(m);
  const number = (field: "per_hour" | "per_day", most: number) => (
    <label className="field notify-number">
      <span>{t(field === "per_hour" ? "notify.perHour" : "notify.perDay")}</span>
      <input
        className="input num"
        type="number"
        min={1}
        max={most}
        value={now[field]}
        onChange={(e) => setNow({ ...now, [field]: Number(e.target.value) })}
      />
    </label>
  );
  return (
    <form
      className="rule-form"
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate(false);
      }}
    >
      {locked ? <p className="quiet">{t("notify.onlyWhole")}</p> : null}
      <fieldset disabled={locked}>
        <legend className="sr-only">{t("notify.rules")}</legend>
        <fieldset className="field notify-kinds">
          <legend>{t("notify.kinds")}</legend>
          {mayKnock.map((m) => (
            <label key={m} className="choice">
              <input
                type="checkbox"
                checked={has(m)}
                onChange={(e) => setNow({ ...now, kinds: e.target.checked ? [...now.kinds, m] : now.kinds.filter((k) => k !== m) })}
              />
              <span>{t(`notify.of.${m}`)}</span>
            </label>
          ))}
        </fieldset>
        <label className="field notify-number">
          <span>{t("notify.accept")}</span>
          <input
            className="input num"
            type="number"
            min={2}
            max={30}
            value={Math.round(now.accept_s / 60)}
            onChange={(e) => setNow({ ...now, accept_s: Number(e.target.value) * 60 })}
          />
        </label>
        {now.delivery ? (
          <fieldset className="field notify-patience">
            <legend>{t("notify.delivery")}</legend>
            {patience.map((p) => (
              <label key={p} className="notify-number">
                <span>{t(`notify.patience.${p}`)}</span>
                <input
                  className="input num"
                  type="number"
                  min={p === "late" ? 1 : 3}
                  max={120}
                  required
                  value={now.delivery?.[p]}
                  onChange={(e) => setNow((r) => (r.delivery ? { ...r, delivery: { ...r.delivery, [p]: Number(e.target.value) } } : r))}
                />
              </label>
            ))}
            <small className="quiet">{t("notify.deliveryHelp")}</small>
          </fieldset>
        ) : null}
        <label className="choice">
          <input type="checkbox" checked={now.people} onChange={(e) => setNow({ ...now, people: e.target.checked })} />
          <span>{t("notify.people")}</span>
        </label>
        <fieldset className="field notify-quiet">
          <legend>{t("notify.quiet")}</legend>
          {(["quiet_from", "quiet_to"] as const).map((field) => (
            <label key={field}>
              <span>{t(field === "quiet_from" ? "notify.quietFrom" : "notify.quietTo")}</span>{" "}
              <input
                className="input"
                type="time"
                required
                value={asTime(now[field])}
                onChange={(e) => setNow({ ...now, [field]: asMinute(e.target.value) })}
              />
            </label>
          ))}
          <small className="quiet">{t("notify.quietHelp")}</small>
        </fieldset>
        {all ? (
          <>
            {number("per_hour", 200)}
            {number("per_day", 1000)}
          </>
        ) : null}
      </fieldset>
      <Problem error={save.error} />
      {locked ? null : (
        <div className="notify-end">
          {!all && rule.own ? (
            <button type="button" className="btn" disabled={save.isPending} onClick={() => save.mutate(true)}>
              {t("notify.reset")}
            </button>
          ) : !all ? (
            <span className="quiet">{t("notify.same")}</span>
          ) : null}
          <button type="submit" className="btn primary" disabled={save.isPending}>
            {t("do.save")}
          </button>
        </div>
      )}
    </form>
  );
}

function Recent() {
  const { t, language } = useWords();
  const { data, error, isPending, refetch } = useQuery(knocks);
  const now = useNow();
  const zone = useZone();
  return (
    <section className="panel notify-part" aria-labelledby="notify-recent">
      <div className="notify-head">
        <h2 id="notify-recent">{t("notify.recent")}</h2>
      </div>
      {isPending ? (
        <Bones rows={3} height={44} />
      ) : error && !data ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : data?.length === 0 ? (
        <State icon="calm" title={t("notify.noRecent")}>
          {t("notify.noRecentHelp")}
        </State>
      ) : (
        <ul className="knocks">
          {data?.map((k) => (
            <li key={k.id} className="knock" data-testid="knock" data-state={k.state}>
              <span className="num quiet">{moment(k.made_at, now, zone)}</span>
              <b className="clip">{k.to_name || t("people.gone")}</b>
              <span>
                {listed(
                  language,
                  matters(k).map((m) => word(t, "notify.of", m)),
                )}
                {k.messages.length > 1 ? <span className="quiet num"> ×{k.messages.length}</span> : null}
              </span>
              <span className={k.state === "refused" ? "knock-state bad" : "knock-state"}>
                {word(t, "notify.states", k.state)}
                {k.attempts > 1 ? ` · ${t("notify.attempts", { n: k.attempts })}` : ""}
                {k.words ? <span className="quiet knock-words"> {inWords(k.words, k.why)}</span> : null}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
