import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { answer, api } from "../../data/api";
import { stores } from "../../data/queries";
import { Problem } from "../../ui/Problem";
import { Sheet } from "../../ui/Sheet";
import { toast } from "../../ui/toast";
import { inLanguage, languages, useWords } from "../../words";
import { useKindLabel } from "./Notify";
import { kinds, levels, type Sender } from "./notify";

/** Adds or changes a robot or a short-message service. Secrets are typed and never shown again. */
export function SenderForm({ sender: s, close }: { sender?: Sender; close: () => void }) {
  const { t, language } = useWords();
  const client = useQueryClient();
  const label = useKindLabel();
  const { data: known } = useQuery(kinds);
  const { data: places } = useQuery(stores);
  const [kind, setKind] = useState(s?.kind ?? "wecom");
  const [name, setName] = useState(s?.name ?? "");
  const [base, setBase] = useState(s?.base_url ?? "");
  const [level, setLevel] = useState(s?.level || "store");
  const [chosen, setChosen] = useState<string[]>(s?.stores ?? []);
  const [locale, setLocale] = useState(s?.locale || language);
  const [off, setOff] = useState(s?.off ?? false);
  const [values, setValues] = useState<Record<string, string>>(s?.values ?? {});
  const [sure, setSure] = useState(false);
  const id = useId();
  const of = known?.find((k) => k.kind === kind);
  const done = () => {
    for (const key of ["senders", "knocks"]) void client.invalidateQueries({ queryKey: [key] });
    toast(t("notify.saved"));
    close();
  };
  const save = useMutation({
    mutationFn: async () => {
      const credentials = Object.fromEntries(Object.entries(values).filter(([k, v]) => v && of?.fields.some((f) => f.name === k)));
      const robot = of?.sms ? {} : { level, stores: chosen, locale };
      const body = { kind, name, base_url: base, off, credentials, ...robot };
      if (s) await answer(api.PUT("/api/v1/senders/{id}", { params: { path: { id: s.id } }, body }));
      else await answer(api.POST("/api/v1/senders", { body }));
    },
    onSuccess: done,
  });
  const remove = useMutation({
    mutationFn: async () => {
      if (s) await answer(api.DELETE("/api/v1/senders/{id}", { params: { path: { id: s.id } } }));
    },
    onSuccess: done,
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  const say = (f: { label_zh: string; label_en: string }) => inLanguage(language, f.label_zh, f.label_en);
  return (
    <Sheet
      title={s ? `${t("notify.change")} ${s.name}` : t("notify.add")}
      close={close}
      footer={
        <>
          {s ? (
            <button
              type="button"
              className="btn danger"
              disabled={remove.isPending}
              onClick={() => (sure ? remove.mutate() : setSure(true))}
            >
              {t(sure ? "notify.removeAsk" : "notify.remove")}
            </button>
          ) : (
            <button type="button" className="btn" onClick={close}>
              {t("do.cancel")}
            </button>
          )}
          <button type="submit" form={id} className="btn primary" disabled={save.isPending || !name.trim()}>
            {t("do.save")}
          </button>
        </>
      }
    >
      <form id={id} className="person-form" onSubmit={submit}>
        {s ? null : (
          <label className="field">
            <span>{t("notify.kind")}</span>
            <select className="select" value={kind} onChange={(e) => setKind(e.target.value)}>
              {known?.map((k) => (
                <option key={k.kind} value={k.kind}>
                  {label(k.kind)}
                </option>
              ))}
            </select>
          </label>
        )}
        <label className="field">
          <span>{t("notify.name")}</span>
          <input className="input" value={name} maxLength={80} required autoComplete="off" onChange={(e) => setName(e.target.value)} />
        </label>
        {of?.fields.map((f) => (
          <label key={f.name} className="field">
            <span>{say(f)}</span>
            <input
              className="input"
              type={f.secret ? "password" : "text"}
              autoComplete={f.secret ? "new-password" : "off"}
              value={values[f.name] ?? ""}
              required={f.required && !(f.secret && s?.has.includes(f.name))}
              placeholder={f.secret && s?.has.includes(f.name) ? t("notify.kept") : undefined}
              maxLength={4000}
              onChange={(e) => setValues({ ...values, [f.name]: e.target.value })}
            />
          </label>
        ))}
        {of && !of.sms ? (
          <>
            <fieldset className="field">
              <legend>{t("notify.level")}</legend>
              {levels.map((l) => (
                <label key={l} className="choice">
                  <input type="radio" name="level" checked={level === l} onChange={() => setLevel(l)} />
                  <span>{t(`notify.levels.${l}`)}</span>
                </label>
              ))}
            </fieldset>
            <fieldset className="field">
              <legend>{t("people.stores")}</legend>
              <label className="choice">
                <input type="checkbox" checked={chosen.length === 0} onChange={() => setChosen([])} />
                <span>{t("notify.allStores")}</span>
              </label>
              {places?.map((p) => (
                <label key={p.id} className="choice">
                  <input
                    type="checkbox"
                    checked={chosen.includes(p.id)}
                    onChange={(e) => setChosen(e.target.checked ? [...chosen, p.id] : chosen.filter((x) => x !== p.id))}
                  />
                  <span>{p.name}</span>
                </label>
              ))}
            </fieldset>
            <label className="field">
              <span>{t("notify.language")}</span>
              <select className="select" value={locale} onChange={(e) => setLocale(e.target.value)}>
                {languages.map((l) => (
                  <option key={l.code} value={l.code} lang={l.code}>
                    {l.name}
                  </option>
                ))}
              </select>
            </label>
          </>
        ) : null}
        <label className="field">
          <span>{t("notify.address")}</span>
          <input
            className="input"
            type="url"
            value={base}
            placeholder={of?.base_url}
            maxLength={300}
            onChange={(e) => setBase(e.target.value)}
          />
        </label>
        <label className="choice">
          <input type="checkbox" checked={off} onChange={(e) => setOff(e.target.checked)} />
          <span>{t("notify.off")}</span>
        </label>
      </form>
      <Problem error={save.error ?? remove.error} />
    </Sheet>
  );
}
