// Which way to connect, what it needs, and the first entries. From there on the guide of the account goes on by what is so.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useId, useState } from "react";
import { answer, api, Failure } from "../../data/api";
import type { Channel, CredentialField } from "../../data/model";
import { readAccount, readApp } from "../../data/model";
import { onceKey } from "../../data/once";
import { apps, channels, refreshConnections } from "../../data/queries";
import { useGate } from "../../data/rights";
import { Icon } from "../../ui/icons";
import { Mark } from "../../ui/Mark";
import { Bones, State, Trouble } from "../../ui/Screen";
import { inLanguage, useWords } from "../../words";
import type { Joining } from "./guide";
import { There } from "./There";
import "./guide.css";

export function NewConnection() {
  const { t, language } = useWords();
  const { data, error, refetch } = useQuery(channels);
  const { channel } = useSearch({ from: "/inside/guide" });
  const keep = useGate("connections.keep");
  const go = useNavigate();
  const list = data?.filter((c) => !c.own) ?? [];
  const chosen = list.find((c) => c.name === channel);
  return (
    <div className="page guide">
      <div className="page-head">
        <h1>{chosen ? inLanguage(language, chosen.label_zh, chosen.label_en) : t("guide.choose")}</h1>
        {chosen ? (
          <Link to="/guide" className="btn">
            <Icon name="back" size={16} /> {t("guide.back")}
          </Link>
        ) : (
          <Link to="/connections" className="btn">
            <Icon name="back" size={16} /> {t("conn.title")}
          </Link>
        )}
        <p>{chosen ? t("guide.lead") : t("guide.chooseLead")}</p>
      </div>
      {error && !data ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Bones rows={3} height={180} gap={16} />
      ) : chosen ? (
        <Entries key={chosen.name} channel={chosen} />
      ) : list.length === 0 ? (
        <State icon="plug" title={t("guide.noChannel")} />
      ) : (
        <ul className="guide-ways">
          {list.map((c) => (
            <li key={c.name} className="panel" data-testid={`way-${c.name}`}>
              <h2>
                <Mark channel={c.name} large /> {inLanguage(language, c.label_zh, c.label_en)}
              </h2>
              {c.joining ? <Way joining={c.joining} /> : null}
              <button
                type="button"
                className="btn primary"
                {...keep}
                onClick={() => void go({ to: "/guide", search: { channel: c.name } })}
              >
                {t("guide.pick")}
                <span className="sr-only"> {inLanguage(language, c.label_zh, c.label_en)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Way({ joining: j }: { joining: Joining }) {
  const { t, language } = useWords();
  return (
    <>
      <p>{inLanguage(language, j.for.zh, j.for.en)}</p>
      <h3>{t("guide.needs")}</h3>
      <ul className="guide-list">
        {j.needs.map((n) => (
          <li key={n.en}>{inLanguage(language, n.zh, n.en)}</li>
        ))}
      </ul>
      <h3>{t("guide.takes")}</h3>
      <p>{inLanguage(language, j.takes.zh, j.takes.en)}</p>
    </>
  );
}

/** The form: an app, or one that there is already, and the account under it. */
function Entries({ channel: c }: { channel: Channel }) {
  const { t, language } = useWords();
  const client = useQueryClient();
  const go = useNavigate();
  const keep = useGate("connections.keep");
  const { data, isPending } = useQuery(apps);
  const there = data?.filter((a) => a.channel === c.name) ?? [];
  const [picked, setPicked] = useState<string>();
  const [made, setMade] = useState("");
  const appID = made || (picked ?? there[0]?.id ?? "");
  const save = useMutation({
    mutationFn: async (form: FormData) => {
      const given = (name: string) => String(form.get(name) ?? "").trim();
      const credentials = (side: string, fields: CredentialField[]) =>
        Object.fromEntries(fields.flatMap((f) => (given(`${side}:${f.name}`) ? [[f.name, given(`${side}:${f.name}`)]] : [])));
      let app = appID;
      if (!app) {
        const body = {
          channel: c.name,
          name: given("app"),
          public_url: given("public_url"),
          base_url: given("base_url"),
          credentials: credentials("app", c.credential_fields.app),
        };
        app = readApp(await answer(api.POST("/api/v1/apps", { params: { header: { "Idempotency-Key": onceKey() } }, body }))).id;
        setMade(app); // a second press makes no second one
      }
      const body = { app_id: app, name: given("account"), credentials: credentials("account", c.credential_fields.account) };
      return readAccount(await answer(api.POST("/api/v1/accounts", { params: { header: { "Idempotency-Key": onceKey() } }, body })));
    },
    onSuccess: (account) => void go({ to: "/guide/$accountId", params: { accountId: account.id } }),
    onSettled: () => refreshConnections(client),
  });
  if (isPending) return <Bones rows={3} height={60} />; // which fields there are depends on the apps
  const failure = save.error instanceof Failure ? save.error : undefined;
  return (
    <form
      className="panel guide-step guide-form"
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate(new FormData(e.currentTarget));
      }}
    >
      <There joining={c.joining} />
      {there.length > 0 && !made ? (
        <label className="field">
          <span>{t("guide.appOf")}</span>
          <select className="select" value={appID} onChange={(e) => setPicked(e.target.value)}>
            {there.map((a) => (
              <option key={a.id} value={a.id}>
                {a.name}
              </option>
            ))}
            <option value="">{t("guide.newApp")}</option>
          </select>
        </label>
      ) : null}
      {appID === "" ? (
        <>
          <label className="field">
            <span>{t("guide.appName")}</span>
            <input className="input" name="app" required maxLength={80} defaultValue={inLanguage(language, c.label_zh, c.label_en)} />
          </label>
          <Credentials side="app" fields={c.credential_fields.app} />
          <label className="field">
            <span>{t("form.publicUrl")}</span>
            <input className="input" name="public_url" type="url" maxLength={300} placeholder="https://" />
            <small className="quiet">{t("form.publicUrlHelp")}</small>
          </label>
          <label className="field">
            <span>{t("form.baseUrl")}</span>
            <input className="input" name="base_url" type="url" maxLength={300} placeholder="https://" />
            <small className="quiet">{t("form.baseUrlHelp")}</small>
          </label>
        </>
      ) : null}
      <label className="field">
        <span>{t("guide.accountName")}</span>
        <input className="input" name="account" required maxLength={80} />
      </label>
      <Credentials side="account" fields={c.credential_fields.account} />
      {save.error ? (
        <p className="notice bad" role="alert">
          <Icon name="warn" />
          <span>
            {save.error.message || t("state.failedHelp")}
            {failure?.fields.map((f) => (
              <span key={f.location} className="guide-field">
                <span className="mono">{f.location}</span> {f.message}
              </span>
            ))}
          </span>
        </p>
      ) : null}
      <button type="submit" className="btn primary" {...keep} disabled={keep.disabled || save.isPending}>
        {t("guide.save")}
      </button>
    </form>
  );
}

function Credentials({ side, fields }: { side: string; fields: CredentialField[] }) {
  const { language } = useWords();
  const id = useId();
  return fields.map((f) => (
    <label key={f.name} className="field" htmlFor={`${id}${f.name}`}>
      <span>{inLanguage(language, f.label_zh, f.label_en) || f.name}</span>
      <input
        id={`${id}${f.name}`}
        className="input mono"
        name={`${side}:${f.name}`}
        type={f.secret ? "password" : "text"}
        autoComplete={f.secret ? "new-password" : "off"}
        required={f.required}
        maxLength={4096}
      />
    </label>
  ));
}
