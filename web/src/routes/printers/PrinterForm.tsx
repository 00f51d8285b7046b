import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { answer, api } from "../../data/api";
import { stores } from "../../data/queries";
import { useMay } from "../../data/rights";
import { Problem } from "../../ui/Problem";
import { Sheet } from "../../ui/Sheet";
import { toast } from "../../ui/toast";
import { inLanguage, languages, useWords } from "../../words";
import { devices } from "../devices/devices";
import { useMake } from "./Printers";
import { kinds, type Printer, printers, prints, switched, words } from "./printers";

const usual: Printer["prints"] = [{ ticket: "kitchen", when: "accept" }, { ticket: "cancel" }, { ticket: "change" }];

/** Adds or changes a printer. Keys are typed and never shown again. */
export function PrinterForm({ printer: p, close }: { printer?: Printer; close: () => void }) {
  const { t, language } = useWords();
  const client = useQueryClient();
  const may = useMay();
  const make = useMake();
  const { data: known } = useQuery(kinds);
  const { data: places } = useQuery(stores);
  const { data: paired } = useQuery({ ...devices, enabled: may("devices.keep") });
  const [kind, setKind] = useState(p?.kind ?? "escpos");
  const [name, setName] = useState(p?.name ?? "");
  const [chosen, setStore] = useState(p?.store_id ?? "");
  const [address, setAddress] = useState(p?.address ?? "");
  const [bridge, setBridge] = useState(p?.bridge_id ?? "");
  const [columns, setColumns] = useState<32 | 48>(p?.columns ?? 32);
  const [locale, setLocale] = useState(p?.locale ?? "zh-CN");
  const [mute, setMute] = useState(p?.mute ?? false);
  const [again, setAgain] = useState(p?.again ?? false);
  const [standIn, setStandIn] = useState(p?.stand_in ?? "");
  const [after, setAfter] = useState(p?.stand_in_after_s || 180);
  const { data: others } = useQuery(printers);
  const [off, setOff] = useState(p?.off ?? false);
  const [rules, setRules] = useState<Printer["prints"]>(p?.prints ?? usual);
  const [values, setValues] = useState<Record<string, string>>(p?.values ?? {});
  const [sure, setSure] = useState(false);
  const id = useId();
  const of = known?.find((k) => k.kind === kind);
  const store = chosen || places?.[0]?.id || "";
  const standIns = others?.filter((x) => x.store_id === store && x.id !== p?.id && !x.labels) ?? [];
  const bridges = paired?.filter((d) => d.kind === "bridge" && d.store_id === store) ?? [];
  const say = (zh: string, en: string) => inLanguage(language, zh, en);
  const done = () => {
    void client.invalidateQueries({ queryKey: ["concerns"] });
    toast(t("notify.saved"));
    close();
  };
  const save = useMutation({
    mutationFn: async () => {
      const credentials = Object.fromEntries(Object.entries(values).filter(([k, v]) => v && of?.fields.some((f) => f.name === k)));
      const carried = bridge && !of?.cloud ? { bridge_id: bridge } : {};
      const relieved = standIns.some((x) => x.id === standIn) && !of?.labels ? { stand_in: standIn, stand_in_after_s: after } : {};
      const body = {
        kind,
        name,
        store_id: store,
        address,
        columns,
        locale,
        mute,
        again,
        off,
        prints: rules,
        credentials,
        ...carried,
        ...relieved,
      };
      if (p) await answer(api.PUT("/api/v1/printers/{id}", { params: { path: { id: p.id } }, body }));
      else await answer(api.POST("/api/v1/printers", { body }));
    },
    onSuccess: done,
  });
  const remove = useMutation({
    mutationFn: async () => {
      if (p) await answer(api.DELETE("/api/v1/printers/{id}", { params: { path: { id: p.id } } }));
    },
    onSuccess: done,
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  return (
    <Sheet
      title={p ? `${t("notify.change")} ${p.name}` : t("printer.add")}
      close={close}
      footer={
        <>
          {p ? (
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
          <button type="submit" form={id} className="btn primary" disabled={save.isPending || !name.trim() || !store}>
            {t("do.save")}
          </button>
        </>
      }
    >
      <form id={id} className="person-form" onSubmit={submit}>
        {p ? null : (
          <label className="field">
            <span>{t("printer.make")}</span>
            <select className="select" value={kind} onChange={(e) => setKind(e.target.value)}>
              {known?.map((k) => (
                <option key={k.kind} value={k.kind}>
                  {make(k.kind)}
                </option>
              ))}
            </select>
          </label>
        )}
        {of ? <p className="quiet">{say(of.guide.zh, of.guide.en)}</p> : null}
        <label className="field">
          <span>{t("printer.store")}</span>
          <select className="select" value={store} onChange={(e) => setStore(e.target.value)}>
            {places?.map((s) => (
              <option key={s.id} value={s.id}>
                {s.name}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>{t("notify.name")}</span>
          <input className="input" value={name} maxLength={80} required autoComplete="off" onChange={(e) => setName(e.target.value)} />
        </label>
        {of?.fields.map((f) => (
          <label key={f.name} className="field">
            <span>{say(f.label_zh, f.label_en)}</span>
            <input
              className="input"
              type={f.secret ? "password" : "text"}
              autoComplete={f.secret ? "new-password" : "off"}
              value={values[f.name] ?? ""}
              required={f.required && !(f.secret && p?.has.includes(f.name))}
              placeholder={f.secret && p?.has.includes(f.name) ? t("notify.kept") : undefined}
              maxLength={400}
              onChange={(e) => setValues({ ...values, [f.name]: e.target.value })}
            />
          </label>
        ))}
        <label className="field">
          <span>{t(of?.cloud ? "notify.address" : "printer.address")}</span>
          <input
            className="input"
            value={address}
            required={!of?.cloud}
            placeholder={of?.cloud ? of.base_url : "192.168.1.50"}
            maxLength={300}
            autoComplete="off"
            onChange={(e) => setAddress(e.target.value)}
          />
        </label>
        {of && !of.cloud ? (
          <>
            {bridges.length > 0 ? (
              <label className="field">
                <span>{t("printer.way")}</span>
                <select className="select" value={bridge} onChange={(e) => setBridge(e.target.value)}>
                  <option value="">{t("printer.direct")}</option>
                  {bridges.map((d) => (
                    <option key={d.id} value={d.id}>
                      {d.name}
                    </option>
                  ))}
                </select>
                <small className="quiet">{t("printer.wayHelp")}</small>
              </label>
            ) : null}
            {of.labels ? null : (
              <label className="choice">
                <input type="checkbox" checked={mute} onChange={(e) => setMute(e.target.checked)} />
                <span>{t("printer.mute")}</span>
              </label>
            )}
          </>
        ) : null}
        {of?.labels ? null : (
          <>
            <fieldset className="field">
              <legend>{t("printer.paper")}</legend>
              {([32, 48] as const).map((n) => (
                <label key={n} className="choice">
                  <input type="radio" name="columns" checked={columns === n} onChange={() => setColumns(n)} />
                  <span>{n === 32 ? "58 mm" : "80 mm"}</span>
                </label>
              ))}
            </fieldset>
            <fieldset className="field">
              <legend>{t("printer.prints")}</legend>
              {prints.map((ticket) => {
                const r = rules.find((x) => x.ticket === ticket);
                const set = (change: Partial<Printer["prints"][number]>) => setRules(switched(rules, ticket, true, change));
                return (
                  <div key={ticket}>
                    <label className="choice">
                      <input type="checkbox" checked={Boolean(r)} onChange={(e) => setRules(switched(rules, ticket, e.target.checked))} />
                      <span>{t(`printer.tickets.${ticket}`)}</span>
                    </label>
                    {r && (ticket === "kitchen" || ticket === "shop") ? (
                      <div className="printer-rule">
                        <label>
                          <span>{t("printer.when")}</span>
                          <select
                            className="select"
                            value={r.when ?? "accept"}
                            onChange={(e) => set({ when: e.target.value as "accept" | "arrive" })}
                          >
                            <option value="accept">{t("printer.whenAccept")}</option>
                            <option value="arrive">{t("printer.whenArrive")}</option>
                          </select>
                        </label>
                        <label>
                          <span>{t("printer.copies")}</span>
                          <input
                            className="input num"
                            type="number"
                            min={1}
                            max={5}
                            value={r.copies || 1}
                            onChange={(e) => set({ copies: Math.min(5, Math.max(1, Number(e.target.value))) })}
                          />
                        </label>
                        <label className="choice">
                          <input type="checkbox" checked={r.at_once ?? false} onChange={(e) => set({ at_once: e.target.checked })} />
                          <span>{t("printer.atOnce")}</span>
                        </label>
                        {ticket === "kitchen" ? (
                          <label>
                            <span>{t("printer.only")}</span>
                            <input
                              className="input"
                              defaultValue={r.only?.join("，")}
                              placeholder={t("printer.onlyAll")}
                              maxLength={300}
                              onChange={(e) => set({ only: words(e.target.value) })}
                            />
                          </label>
                        ) : null}
                      </div>
                    ) : null}
                  </div>
                );
              })}
            </fieldset>
          </>
        )}
        {of?.labels || standIns.length === 0 ? null : (
          <>
            <label className="field">
              <span>{t("printer.standIn")}</span>
              <select className="select" value={standIn} onChange={(e) => setStandIn(e.target.value)}>
                <option value="">{t("printer.standInNone")}</option>
                {standIns.map((x) => (
                  <option key={x.id} value={x.id}>
                    {x.name}
                  </option>
                ))}
              </select>
              <small className="quiet">{t("printer.standInHelp")}</small>
            </label>
            {standIn ? (
              <label className="field">
                <span>{t("printer.standInAfter")}</span>
                <select className="select" value={after} onChange={(e) => setAfter(Number(e.target.value))}>
                  {[...new Set([60, 120, 180, 300, 600, after])]
                    .sort((a, b) => a - b)
                    .map((s) => (
                      <option key={s} value={s}>
                        {t("printer.minutes", { count: Math.max(1, Math.round(s / 60)) })}
                      </option>
                    ))}
                </select>
              </label>
            ) : null}
          </>
        )}
        <label className="choice">
          <input type="checkbox" checked={again} onChange={(e) => setAgain(e.target.checked)} />
          <span>{t("printer.again")}</span>
        </label>
        <label className="field">
          <span>{t("printer.language")}</span>
          <select className="select" value={locale} onChange={(e) => setLocale(e.target.value as Printer["locale"])}>
            {languages.map((l) => (
              <option key={l.code} value={l.code} lang={l.code}>
                {l.name}
              </option>
            ))}
          </select>
        </label>
        <label className="choice">
          <input type="checkbox" checked={off} onChange={(e) => setOff(e.target.checked)} />
          <span>{t("printer.off")}</span>
        </label>
      </form>
      <Problem error={save.error ?? remove.error} />
    </Sheet>
  );
}
