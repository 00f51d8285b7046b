import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api } from "../../data/api";
import type { Channel, Store } from "../../data/model";
import { stores } from "../../data/queries";
import { useGate } from "../../data/rights";
import { Icon } from "../../ui/icons";
import { toast } from "../../ui/toast";
import { inLanguage, useWords, word } from "../../words";
import { inWords } from "../../words/reasons";
import { type Found, firstChoice, refreshGuide } from "./guide";

/** The platform's shops with proposals which of our stores each is. Nothing is bound before the press, and what is new says so. */
export function FoundShops({ account, zone }: { account: string; zone: string }) {
  const { t } = useWords();
  const client = useQueryClient();
  const keep = useGate("connections.keep");
  const { data: known } = useQuery(stores);
  const [chosen, setChosen] = useState<{ [external: string]: string }>({});
  const find = useMutation({
    mutationFn: () => answer(api.GET("/api/v1/accounts/{id}/found", { params: { path: { id: account } } })),
    onSuccess: (got) => setChosen(Object.fromEntries(got.shops.map((f) => [f.external_id, firstChoice(f)]))),
  });
  const open = find.data?.shops.filter((f) => !f.shop_id) ?? [];
  const taken = open.filter((f) => chosen[f.external_id]);
  const made = taken.filter((f) => chosen[f.external_id] === "new");
  const bind = useMutation({
    mutationFn: () =>
      answer(
        api.POST("/api/v1/accounts/{id}/bind", {
          params: { path: { id: account } },
          body: {
            shops: taken.slice(0, 200).map((f) => {
              const shop = { external_id: f.external_id, name: f.name };
              const store = chosen[f.external_id] ?? "";
              return store === "new"
                ? { ...shop, new_store: { name: (f.name || f.external_id).slice(0, 80), address: f.address.slice(0, 300), zone } }
                : { ...shop, store_id: store };
            }),
          },
        }),
      ),
    onSuccess: (got) => {
      toast(t("guide.bound", { count: got.shops.filter((b) => !b.why).length }));
      refreshGuide(client, account);
      find.mutate();
    },
  });
  const failed = bind.data?.shops.filter((b) => b.why) ?? [];
  return (
    <div className="guide-found">
      <button type="button" className="btn" {...keep} disabled={keep.disabled || find.isPending} onClick={() => find.mutate()}>
        <Icon name="search" size={16} /> {t(find.isPending ? "guide.finding" : "guide.find")}
      </button>
      {find.error || bind.error ? (
        <p className="notice bad" role="alert">
          <Icon name="warn" /> {(find.error ?? bind.error)?.message || t("state.failedHelp")}
        </p>
      ) : null}
      {failed.map((b) => (
        <p key={b.external_id} className="notice bad" role="alert">
          <Icon name="warn" /> {t("guide.notBound", { name: b.external_id, why: inWords(b.why?.text ?? "", b.why) })}
        </p>
      ))}
      {find.data?.shops.length === 0 ? <p className="quiet">{t("guide.foundNone")}</p> : null}
      <ul>
        {find.data?.shops.map((f) => (
          <li key={f.external_id} data-testid="found" data-external={f.external_id}>
            <div>
              <b>{f.name || f.external_id}</b> <small className="quiet mono">{f.external_id}</small>
              <br />
              <small className="quiet">{[f.address, f.phone].filter(Boolean).join(" · ")}</small>
            </div>
            {f.shop_id ? (
              <span className="chip good">{t("guide.boundTo", { store: known?.find((s) => s.id === f.store_id)?.name ?? "" })}</span>
            ) : (
              <Choice
                found={f}
                stores={known ?? []}
                value={chosen[f.external_id] ?? ""}
                set={(v) => setChosen({ ...chosen, [f.external_id]: v })}
              />
            )}
          </li>
        ))}
      </ul>
      {taken.length > 0 ? (
        <button type="button" className="btn primary" {...keep} disabled={keep.disabled || bind.isPending} onClick={() => bind.mutate()}>
          {t("guide.bind", { count: taken.length })}
          {made.length > 0 ? t("guide.makes", { count: made.length }) : ""}
        </button>
      ) : null}
    </div>
  );
}

function Choice({ found: f, stores: known, value, set }: { found: Found; stores: Store[]; value: string; set: (v: string) => void }) {
  const { t } = useWords();
  const name = f.name || f.external_id;
  const shown = f.guesses.find((g) => g.store_id === value) ?? f.guesses[0];
  const others = known.filter((s) => !f.guesses.some((g) => g.store_id === s.id));
  const nameOf = (id: string) => known.find((s) => s.id === id)?.name ?? id;
  return (
    <div className="guide-choice">
      <select className="select" aria-label={t("guide.isOur", { name })} value={value} onChange={(e) => set(e.target.value)}>
        <option value="">{t("guide.leave")}</option>
        {f.guesses.map((g) => (
          <option key={g.store_id} value={g.store_id}>
            {nameOf(g.store_id)}
          </option>
        ))}
        <option value="new">{t("guide.newStore", { name })}</option>
        {others.map((s) => (
          <option key={s.id} value={s.id}>
            {s.name}
          </option>
        ))}
      </select>
      <small>
        {shown ? (
          <>
            <span className={`chip ${f.sure ? "good" : "warn"}`}>
              {t(f.sure ? "guide.sure" : "guide.like")} {nameOf(shown.store_id)}
            </span>{" "}
            {shown.grounds.map((g) => (
              <span key={g.kind} className={g.against ? "guide-against" : "quiet"}>
                {word(t, "guide.ground", g.against && g.kind !== "far" ? `other_${g.kind}` : g.kind)}
                {g.metres ? ` ${g.metres} m` : ""}{" "}
              </span>
            ))}
          </>
        ) : (
          <span className="quiet">{t("guide.nobody")}</span>
        )}
      </small>
    </div>
  );
}

/** A shop that the platform does not list, or whose id is one's own choice. */
export function ByHand({ account, channel: c }: { account: string; channel: Channel }) {
  const { t, language } = useWords();
  const client = useQueryClient();
  const keep = useGate("connections.keep");
  const { data: known } = useQuery(stores);
  const bind = useMutation({
    mutationFn: (form: FormData) => {
      const given = (name: string) => String(form.get(name) ?? "").trim();
      const name = known?.find((s) => s.id === given("store"))?.name ?? "";
      return answer(
        api.POST("/api/v1/accounts/{id}/bind", {
          params: { path: { id: account } },
          body: { shops: [{ external_id: given("external"), name, store_id: given("store") }] },
        }),
      );
    },
    onSuccess: () => refreshGuide(client, account),
  });
  const why = bind.data?.shops[0]?.why;
  return (
    <details className="guide-hand">
      <summary>{t("guide.byHand")}</summary>
      <form
        className="guide-form"
        onSubmit={(e) => {
          e.preventDefault();
          bind.mutate(new FormData(e.currentTarget));
        }}
      >
        <label className="field">
          <span>{inLanguage(language, c.shop_id.zh, c.shop_id.en) || t("guide.external")}</span>
          <input className="input mono" name="external" required maxLength={80} autoComplete="off" />
        </label>
        <label className="field">
          <span>{t("guide.store")}</span>
          <select className="select" name="store" required>
            {known?.map((s) => (
              <option key={s.id} value={s.id}>
                {s.name}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" className="btn" {...keep} disabled={keep.disabled || bind.isPending}>
          {t("guide.byHandDo")}
        </button>
        {why || bind.error ? (
          <p className="notice bad" role="alert">
            <Icon name="warn" /> {why ? inWords(why.text, why) : bind.error?.message || t("state.failedHelp")}
          </p>
        ) : null}
      </form>
    </details>
  );
}
