import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { answer, api, Failure } from "../../data/api";
import { serverNow, useNow } from "../../data/clock";
import { stores } from "../../data/queries";
import { moment, ownZone } from "../../format/time";
import { useZone } from "../../shell/Shell";
import { Icon } from "../../ui/icons";
import { Bones, State, Trouble } from "../../ui/Screen";
import { Sheet } from "../../ui/Sheet";
import { toast } from "../../ui/toast";
import { useWords, word } from "../../words";
import { away, type Device, devices, grouped, type Holder, holders, type Kind, kinds, plain } from "./devices";
import "./devices.css";

/** The screens of one's stores, and the PINs of those who work at them. */
export function Devices() {
  const { t } = useWords();
  const { data, error, isPending, refetch } = useQuery(devices);
  const { data: known } = useQuery(stores);
  const scanned = plain(new URLSearchParams(location.search).get("code") ?? "");
  const [editing, setEditing] = useState<Device | "new" | undefined>(scanned ? "new" : undefined);
  const places = [...new Set(data?.map((d) => d.store_id))];
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t("nav.devices")}</h1>
        <button type="button" className="btn primary" disabled={!data} onClick={() => setEditing("new")}>
          <Icon name="plus" /> {t("device.pair")}
        </button>
        <p>{t("device.lead")}</p>
      </div>
      {isPending ? (
        <Bones rows={4} height={64} />
      ) : error && !data ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : data?.length === 0 ? (
        <div className="panel">
          <State icon="view" title={t("device.none")}>
            {t("device.noneHelp")}
          </State>
        </div>
      ) : (
        places.map((id) => (
          <section key={id} className="panel devices">
            <h2>{known?.find((s) => s.id === id)?.name ?? t("people.gone")}</h2>
            <ul>
              {data
                ?.filter((d) => d.store_id === id)
                .map((d) => (
                  <Row key={d.id} device={d} edit={() => setEditing(d)} />
                ))}
            </ul>
            <Voices store={id} />
          </section>
        ))
      )}
      {data ? <PINs /> : null}
      {editing ? <Editor device={editing === "new" ? undefined : editing} scanned={scanned} close={() => setEditing(undefined)} /> : null}
    </div>
  );
}

/** 主播报设备: which of a store's devices speaks, at each post. */
function Voices({ store }: { store: string }) {
  const { t } = useWords();
  const { data } = useQuery({
    queryKey: ["voices", store],
    refetchInterval: 10_000,
    queryFn: async () => (await answer(api.GET("/api/v1/stores/{id}/voices", { params: { path: { id: store } } }))).voices ?? [],
  });
  if (!data?.length) return null;
  return (
    <dl className="device-voices" data-testid="voices">
      {data.map((v) => (
        <div key={v.post}>
          <dt>{t(`device.post.${v.post}`)}</dt>
          <dd className={v.alive ? "" : "device-off"}>
            {!v.alive ? t("device.nobodySpeaks") : v.everybody ? t("device.allSpeak") : v.name}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Row({ device: d, edit }: { device: Device; edit: () => void }) {
  const { t } = useWords();
  const zone = useZone(d.store_id);
  const now = useNow();
  const off = d.seen_at > 0 && away(d, now);
  return (
    <li className="device" data-testid="device" data-id={d.id}>
      <b className="clip">{d.name}</b>
      <span>{word(t, "role", d.kind)}</span>
      <span className="quiet">
        {t(d.pin ? (d.lock_minutes > 0 ? "device.locksAfter" : "device.locksByHand") : "device.locksNever", { count: d.lock_minutes })}
      </span>
      <span className={off ? "device-off" : "quiet"}>
        {off ? <Icon name="warn" size={16} /> : null}
        {d.seen_at === 0 ? t("device.unseen") : t("device.seen", { at: moment(d.seen_at, now, zone) })}
        {d.browser ? ` · ${d.browser}` : ""}
      </span>
      <button type="button" className="btn small" onClick={edit}>
        {t("people.change")}
        <span className="sr-only"> {d.name}</span>
      </button>
    </li>
  );
}

function Editor({ device: d, scanned, close }: { device?: Device; scanned: string; close: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const { data: known } = useQuery(stores);
  const [code, setCode] = useState(scanned);
  const [name, setName] = useState(d?.name ?? "");
  const [store, setStore] = useState(d?.store_id ?? "");
  const [kind, setKind] = useState<Kind | "">("");
  const [pin, setPIN] = useState(d?.pin ?? true);
  const [minutes, setMinutes] = useState(d?.lock_minutes ?? 10);
  const [ending, setEnding] = useState(false);
  const id = useId();
  const at = store || (known?.length === 1 ? (known[0]?.id ?? "") : "");
  const done = (text: string) => {
    void client.invalidateQueries({ queryKey: ["devices"] });
    toast(text);
    close();
  };
  const save = useMutation({
    mutationFn: () => {
      const lock = { name, pin, lock_minutes: minutes };
      return d
        ? answer(api.PUT("/api/v1/devices/{id}", { params: { path: { id: d.id } }, body: lock }))
        : answer(api.POST("/api/v1/devices", { body: { ...lock, code: plain(code), store_id: at, kind: kind || undefined } }));
    },
    onSuccess: () => done(t(d ? "people.saved" : "device.paired")),
  });
  const revoke = useMutation({
    mutationFn: () => answer(api.DELETE("/api/v1/devices/{id}", { params: { path: { id: d?.id ?? "" } } })),
    onSuccess: () => done(t("device.revoked")),
  });
  const lacks = !name.trim() || (!d && (plain(code).length < 6 || !at));
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!lacks) save.mutate();
  };
  return (
    <Sheet
      title={d ? t("people.changeOf", { name: d.name }) : t("device.pair")}
      close={close}
      footer={
        <>
          <button type="button" className="btn" onClick={close}>
            {t("do.cancel")}
          </button>
          <button type="submit" form={id} className="btn primary" disabled={save.isPending || lacks}>
            {t(d ? "do.save" : "device.pair")}
          </button>
        </>
      }
    >
      <form id={id} className="device-form" onSubmit={submit}>
        {d ? null : (
          <>
            <ol className="device-steps">
              <li>{t("device.step1")}</li>
              <li>{t("device.step2")}</li>
            </ol>
            <label className="field">
              <span>{t("device.code")}</span>
              <input
                className="input device-code"
                value={grouped(plain(code)).trim()}
                placeholder="K7M 4QX"
                autoComplete="off"
                autoCapitalize="characters"
                spellCheck={false}
                onChange={(e) => setCode(e.target.value)}
              />
            </label>
            <label className="field">
              <span>{t("people.stores")}</span>
              <select className="select" value={at} onChange={(e) => setStore(e.target.value)}>
                {known?.length === 1 ? null : <option value="">{t("device.choose")}</option>}
                {known?.map((s) => (
                  <option key={s.id} value={s.id}>
                    {s.name}
                  </option>
                ))}
              </select>
            </label>
          </>
        )}
        <label className="field">
          <span>{t("device.name")}</span>
          <input
            className="input"
            value={name}
            maxLength={80}
            autoComplete="off"
            placeholder={t("device.nameLike")}
            onChange={(e) => setName(e.target.value)}
          />
        </label>
        {d ? null : (
          <label className="field">
            <span>{t("device.kind")}</span>
            <select className="select" value={kind} onChange={(e) => setKind(e.target.value as Kind | "")}>
              <option value="">{t("device.asItSays")}</option>
              {kinds.map((k) => (
                <option key={k} value={k}>
                  {word(t, "role", k)}
                </option>
              ))}
            </select>
          </label>
        )}
        <label className="device-choice">
          <input type="checkbox" checked={pin} onChange={(e) => setPIN(e.target.checked)} />
          <span>
            {t("device.pin")} <small className="quiet">{t("device.pinHelp")}</small>
          </span>
        </label>
        {pin ? (
          <label className="field">
            <span>{t("device.lockMinutes")}</span>
            <input
              className="input"
              type="number"
              min={0}
              max={480}
              value={minutes}
              onChange={(e) => setMinutes(Math.min(480, Math.max(0, Math.round(Number(e.target.value) || 0))))}
            />
            <small className="quiet">{t("device.lockHelp")}</small>
          </label>
        ) : null}
      </form>
      <Problem error={save.error ?? revoke.error} />
      {d ? (
        <div className="device-more">
          {ending ? (
            <>
              <p role="alert">{t("device.revokeSure", { name: d.name })}</p>
              <button type="button" className="btn danger" disabled={revoke.isPending} onClick={() => revoke.mutate()}>
                {t("device.revokeYes")}
              </button>
            </>
          ) : (
            <button type="button" className="btn danger" onClick={() => setEnding(true)}>
              {t("device.revoke")}
            </button>
          )}
        </div>
      ) : null}
    </Sheet>
  );
}

function Problem({ error }: { error: unknown }): ReactNode {
  const { t } = useWords();
  if (!error) return null;
  const f = error instanceof Failure ? error : undefined;
  return (
    <p className="notice bad" role="alert">
      <Icon name="warn" /> {f?.code === "offline" ? t("state.offlineHelp") : f?.message || t("state.failedHelp")}
    </p>
  );
}

/** 员工 PIN: who has one, and new ones, each shown once. */
function PINs() {
  const { t } = useWords();
  const client = useQueryClient();
  const { data, error, isPending, refetch } = useQuery(holders);
  const [given, setGiven] = useState<{ name: string; pin: string }>();
  const give = useMutation({
    mutationFn: async (p: Holder) => ({
      name: p.name,
      pin: (await answer(api.POST("/api/v1/pins/{id}", { params: { path: { id: p.id } } }))).pin,
    }),
    onSuccess: setGiven,
    onSettled: () => client.invalidateQueries({ queryKey: ["pins"] }),
  });
  const take = useMutation({
    mutationFn: (p: Holder) => answer(api.DELETE("/api/v1/pins/{id}", { params: { path: { id: p.id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: ["pins"] }),
  });
  const busy = give.isPending || take.isPending;
  return (
    <section className="panel devices" aria-labelledby="pins-title">
      <h2 id="pins-title">{t("device.pins")}</h2>
      <p className="quiet">{t("device.pinsHelp")}</p>
      <Problem error={give.error ?? take.error} />
      {isPending ? (
        <Bones rows={3} height={48} />
      ) : error && !data ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : (
        <ul>
          {data?.map((p) => (
            <li key={p.id} className="device pin" data-testid="pin" data-name={p.name}>
              <b className="clip">{p.name}</b>
              <span>{word(t, "role", p.role)}</span>
              <span className={p.shut ? "device-off" : "quiet"}>
                {p.shut
                  ? t("device.pinShut")
                  : p.set_at > 0
                    ? t("device.pinSet", { at: moment(p.set_at, serverNow(), ownZone()) })
                    : t("device.pinNone")}
              </span>
              <span className="device-do">
                <button type="button" className="btn small" disabled={busy || !p.may_give} onClick={() => give.mutate(p)}>
                  {t(p.set_at > 0 ? "device.pinNew" : "device.pinGive")}
                  <span className="sr-only"> {p.name}</span>
                </button>
                {p.set_at > 0 ? (
                  <button type="button" className="btn small ghost" disabled={busy || !p.may_give} onClick={() => take.mutate(p)}>
                    {t("device.pinTake")}
                    <span className="sr-only"> {p.name}</span>
                  </button>
                ) : null}
              </span>
            </li>
          ))}
        </ul>
      )}
      {given ? (
        <Sheet title={t("device.pinOf", { name: given.name })} close={() => setGiven(undefined)}>
          <p>{t("device.pinOnce", { name: given.name })}</p>
          <p className="device-given num" data-testid="given-pin">
            {given.pin}
          </p>
        </Sheet>
      ) : null}
    </section>
  );
}
