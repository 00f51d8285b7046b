import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { answer, api, Failure } from "../../data/api";
import { useNow } from "../../data/clock";
import { stores } from "../../data/queries";
import type { components } from "../../data/schema";
import { moment } from "../../format/time";
import { useZone } from "../../shell/Shell";
import { Icon } from "../../ui/icons";
import { Bones, State, Trouble } from "../../ui/Screen";
import { Sheet } from "../../ui/Sheet";
import { toast } from "../../ui/toast";
import { listed, useWords, word } from "../../words";
import { AccessFields } from "../people/AccessFields";
import { type Access, everywhere, lacksStore } from "../people/people";
import "../people/people.css";

type Key = components["schemas"]["Key"];

const keys = queryOptions({
  queryKey: ["keys"],
  staleTime: 10_000,
  retry: false,
  queryFn: async () => (await answer(api.GET("/api/v1/keys"))).keys ?? [],
});

/** API keys: for programs of one's own. Each has a role and stores like a person, and its secret is shown once. */
export function ApiKeys() {
  const { t } = useWords();
  const { data, error, isPending, refetch } = useQuery(keys);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<{ name: string; secret: string }>();
  const [revoking, setRevoking] = useState<Key>();
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t("nav.keys")}</h1>
        <button type="button" className="btn primary" disabled={!data} onClick={() => setMaking(true)}>
          <Icon name="plus" /> {t("apiKeys.make")}
        </button>
        <p>{t("apiKeys.lead")}</p>
      </div>
      {isPending ? (
        <Bones rows={4} height={64} />
      ) : error && !data ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : data?.length === 0 ? (
        <div className="panel">
          <State icon="lock" title={t("apiKeys.none")} />
        </div>
      ) : (
        <ul className="people panel">
          {data?.map((k) => (
            <Row key={k.id} apiKey={k} revoke={() => setRevoking(k)} />
          ))}
        </ul>
      )}
      {making ? (
        <Maker
          close={() => setMaking(false)}
          gave={(k) => {
            setMaking(false);
            setMade(k);
          }}
        />
      ) : null}
      {made ? <SecretSheet made={made} close={() => setMade(undefined)} /> : null}
      {revoking ? <Revoke apiKey={revoking} close={() => setRevoking(undefined)} /> : null}
    </div>
  );
}

function Row({ apiKey: k, revoke }: { apiKey: Key; revoke: () => void }) {
  const { t, language } = useWords();
  const { data: known } = useQuery(stores);
  const zone = useZone();
  const now = useNow();
  const where =
    k.stores.length === 0
      ? t("people.all")
      : listed(
          language,
          k.stores.map((id) => known?.find((s) => s.id === id)?.name ?? t("people.gone")),
        );
  return (
    <li className="person" data-testid="api-key">
      <b className="person-name clip">{k.name}</b>
      <span className="person-role">{word(t, "role", k.role)}</span>
      <span className="person-stores">
        {where}
        {k.personal ? <small className="quiet"> · {t("people.personal")}</small> : null}
      </span>
      <span className="person-state quiet">
        {k.used_at ? t("apiKeys.used", { at: moment(k.used_at, now, zone) }) : t("apiKeys.unused")}
      </span>
      <button type="button" className="btn small danger" onClick={revoke}>
        {t("apiKeys.revoke")}
        <span className="sr-only"> {k.name}</span>
      </button>
    </li>
  );
}

function Maker({ close, gave }: { close: () => void; gave: (made: { name: string; secret: string }) => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [access, setAccess] = useState<Access>({ role: "store_manager", all: true, chosen: [], personal: false });
  const id = useId();
  const { role, all, chosen, personal } = access;
  const noStore = lacksStore(access);
  const make = useMutation({
    mutationFn: () =>
      answer(
        api.POST("/api/v1/keys", { body: { name: name.trim(), role, personal, stores: everywhere(role) || all ? undefined : chosen } }),
      ),
    onSuccess: (k) => {
      void client.invalidateQueries({ queryKey: ["keys"] });
      gave({ name: k.name, secret: k.secret });
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!noStore) make.mutate();
  };
  return (
    <Sheet
      title={t("apiKeys.make")}
      close={close}
      footer={
        <>
          <button type="button" className="btn" onClick={close}>
            {t("do.cancel")}
          </button>
          <button type="submit" form={id} className="btn primary" disabled={make.isPending || noStore || !name.trim()}>
            {t("apiKeys.make")}
          </button>
        </>
      }
    >
      <form id={id} className="person-form" onSubmit={submit}>
        <label className="field">
          <span>{t("apiKeys.name")}</span>
          <input className="input" value={name} maxLength={80} required autoComplete="off" onChange={(e) => setName(e.target.value)} />
          <small className="quiet">{t("apiKeys.nameHelp")}</small>
        </label>
        <AccessFields access={access} set={setAccess} giver="owner" />
      </form>
      <Wrong error={make.error} />
    </Sheet>
  );
}

function Wrong({ error }: { error: unknown }) {
  const { t } = useWords();
  if (!error) return null;
  const f = error instanceof Failure ? error : undefined;
  return (
    <p className="notice bad" role="alert">
      <Icon name="warn" /> {f?.code === "offline" ? t("state.offlineHelp") : f?.message || t("state.failedHelp")}
    </p>
  );
}

/** The secret, this once. */
function SecretSheet({ made, close }: { made: { name: string; secret: string }; close: () => void }) {
  const { t } = useWords();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(made.secret);
      toast(t("do.copied"));
    } catch {
      toast(t("people.copyByHand"));
    }
  };
  return (
    <Sheet
      title={t("apiKeys.secretOf", { name: made.name })}
      close={close}
      footer={
        <button type="button" className="btn primary" onClick={() => void copy()}>
          <Icon name="copy" /> {t("apiKeys.copy")}
        </button>
      }
    >
      <p>{t("apiKeys.once")}</p>
      <input
        className="input mono person-link"
        data-testid="secret"
        readOnly
        value={made.secret}
        aria-label={t("apiKeys.secretOf", { name: made.name })}
        onFocus={(e) => e.target.select()}
      />
      <p className="quiet mono">Authorization: Bearer tdk_…</p>
    </Sheet>
  );
}

function Revoke({ apiKey: k, close }: { apiKey: Key; close: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => answer(api.DELETE("/api/v1/keys/{id}", { params: { path: { id: k.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["keys"] });
      toast(t("apiKeys.revoked", { name: k.name }));
      close();
    },
  });
  return (
    <Sheet
      title={t("apiKeys.revokeOf", { name: k.name })}
      close={close}
      footer={
        <>
          <button type="button" className="btn" onClick={close}>
            {t("do.cancel")}
          </button>
          <button type="button" className="btn danger" disabled={revoke.isPending} onClick={() => revoke.mutate()}>
            {t("apiKeys.revoke")}
          </button>
        </>
      }
    >
      <p>{t("apiKeys.revokeHelp")}</p>
      <Wrong error={revoke.error} />
    </Sheet>
  );
}
