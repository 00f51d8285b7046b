import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { answer, api } from "../../data/api";
import { stores } from "../../data/queries";
import { useMay } from "../../data/rights";
import type { components } from "../../data/schema";
import { clock } from "../../format/time";
import { useZone } from "../../shell/Shell";
import { Icon } from "../../ui/icons";
import { Problem } from "../../ui/Problem";
import { Bones, State, Trouble } from "../../ui/Screen";
import { Sheet } from "../../ui/Sheet";
import { toast } from "../../ui/toast";
import { inLanguage, listed, useWords } from "../../words";
import { couriers, riders } from "./riders";
import "../people/people.css";
import "../notify/notify.css";

type Rider = components["schemas"]["OwnRider"];
type Courier = components["schemas"]["CourierAccount"];

const kinds = queryOptions({
  queryKey: ["courier-kinds"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async () => (await answer(api.GET("/api/v1/courier-kinds"))).kinds,
});

/** The riders of one's stores with their links, and the accounts at couriers. */
export function Riders() {
  const { t, language } = useWords();
  const may = useMay();
  const list = useQuery(riders);
  const accounts = useQuery(couriers);
  const [rider, setRider] = useState<Rider | "new">();
  const [courier, setCourier] = useState<Courier | "new">();
  return (
    <div className="page notify">
      <div className="page-head">
        <h1>{t("nav.deliveries")}</h1>
        <p>{t("ride.lead")}</p>
      </div>
      <section className="panel notify-part" aria-label={t("ride.riders")}>
        <div className="notify-head">
          <h2>{t("ride.riders")}</h2>
          {may("riders.keep") ? (
            <button type="button" className="btn primary" onClick={() => setRider("new")}>
              <Icon name="plus" /> {t("ride.addRider")}
            </button>
          ) : null}
        </div>
        {list.isPending ? (
          <Bones rows={2} height={64} />
        ) : list.error && !list.data ? (
          <Trouble error={list.error} retry={() => void list.refetch()} />
        ) : list.data?.length === 0 ? (
          <State icon="people" title={t("ride.noRiders")} />
        ) : (
          <ul className="senders">
            {list.data?.map((r) => (
              <RiderRow key={r.id} rider={r} edit={() => setRider(r)} />
            ))}
          </ul>
        )}
      </section>
      <section className="panel notify-part" aria-label={t("ride.couriers")}>
        <div className="notify-head">
          <h2>{t("ride.couriers")}</h2>
          {may("couriers.keep") ? (
            <button type="button" className="btn" onClick={() => setCourier("new")}>
              <Icon name="plus" /> {t("ride.addCourier")}
            </button>
          ) : null}
        </div>
        {accounts.isPending ? (
          <Bones rows={1} height={64} />
        ) : accounts.error && !accounts.data ? (
          <Trouble error={accounts.error} retry={() => void accounts.refetch()} />
        ) : accounts.data?.length === 0 ? (
          <State icon="plug" title={t("ride.noCouriers")} />
        ) : (
          <ul className="senders">
            {accounts.data?.map((c) => (
              <li key={c.id} className="sender" data-testid="courier">
                <div className="sender-what">
                  <b>{c.name}</b> {c.off ? <span className="chip">{t("ride.off")}</span> : null}
                  <p className="quiet">{listed(language, Object.values(c.shops))}</p>
                </div>
                {may("couriers.keep") ? (
                  <div className="sender-acts">
                    <button type="button" className="btn" onClick={() => setCourier(c)}>
                      {t("ride.change")}
                      <span className="sr-only"> {c.name}</span>
                    </button>
                  </div>
                ) : null}
              </li>
            ))}
          </ul>
        )}
      </section>
      {rider ? <RiderForm rider={rider === "new" ? undefined : rider} close={() => setRider(undefined)} /> : null}
      {courier ? <CourierForm courier={courier === "new" ? undefined : courier} close={() => setCourier(undefined)} /> : null}
    </div>
  );
}

function RiderRow({ rider: r, edit }: { rider: Rider; edit: () => void }) {
  const { t } = useWords();
  const may = useMay();
  const { data: known } = useQuery(stores);
  const zone = useZone(r.store_id);
  const link = useMutation({ mutationFn: () => answer(api.POST("/api/v1/riders/{id}/link", { params: { path: { id: r.id } } })) });
  const url = link.data ? new URL(link.data.link, location.origin).href : "";
  return (
    <li className="sender" data-testid="rider">
      <div className="sender-what">
        <b>{r.name}</b> <span className="num">{r.phone}</span> {r.off ? <span className="chip">{t("ride.off")}</span> : null}
        <p className="quiet">{known?.find((s) => s.id === r.store_id)?.name}</p>
      </div>
      <div className="sender-acts">
        {!r.off && may("act.dispatch") ? (
          <button type="button" className="btn" disabled={link.isPending} onClick={() => link.mutate()}>
            {t("ride.link")}
            <span className="sr-only"> {r.name}</span>
          </button>
        ) : null}
        {may("riders.keep") ? (
          <button type="button" className="btn" onClick={edit}>
            {t("ride.change")}
            <span className="sr-only"> {r.name}</span>
          </button>
        ) : null}
      </div>
      <div aria-live="polite" className="sender-heard">
        {link.data ? (
          <>
            <p className="mono" data-testid="rider-link" style={{ overflowWrap: "anywhere" }}>
              {url}
            </p>
            <p className="quiet">
              {t("ride.linkHelp", { at: clock(link.data.until, zone) })}{" "}
              <button
                type="button"
                className="btn small"
                onClick={() => void navigator.clipboard?.writeText(url).then(() => toast(t("do.copied")))}
              >
                {t("ride.copy")}
              </button>
            </p>
          </>
        ) : null}
        <Problem error={link.error} />
      </div>
    </li>
  );
}

function RiderForm({ rider, close }: { rider?: Rider; close: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const { data: known } = useQuery(stores);
  const save = useMutation({
    mutationFn: (body: components["schemas"]["OwnRiderBody"]) =>
      rider
        ? answer(api.PUT("/api/v1/riders/{id}", { params: { path: { id: rider.id } }, body }))
        : answer(api.POST("/api/v1/riders", { body })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["riders"] });
      close();
    },
  });
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    save.mutate({
      name: String(f.get("name")),
      phone: String(f.get("phone")),
      store_id: String(f.get("store")),
      off: f.get("off") === "on",
    });
  };
  return (
    <Sheet title={t(rider ? "ride.change" : "ride.addRider")} close={close}>
      <form onSubmit={submit}>
        <label className="field">
          <span>{t("ride.name")}</span>
          <input className="input" name="name" required maxLength={40} defaultValue={rider?.name} />
        </label>
        <label className="field">
          <span>{t("ride.phone")}</span>
          <input className="input" name="phone" type="tel" required minLength={3} maxLength={32} defaultValue={rider?.phone} />
        </label>
        <label className="field">
          <span>{t("ride.store")}</span>
          <select className="input" name="store" defaultValue={rider?.store_id}>
            {known?.map((s) => (
              <option key={s.id} value={s.id}>
                {s.name}
              </option>
            ))}
          </select>
        </label>
        {rider ? (
          <label>
            <input type="checkbox" name="off" defaultChecked={rider.off} /> {t("ride.off")}
          </label>
        ) : null}
        <Problem error={save.error} />
        <p>
          <button type="submit" className="btn primary" disabled={save.isPending}>
            {t("ride.save")}
          </button>
        </p>
      </form>
    </Sheet>
  );
}

function CourierForm({ courier, close }: { courier?: Courier; close: () => void }) {
  const { t, language } = useWords();
  const client = useQueryClient();
  const { data: known } = useQuery(stores);
  const { data: all } = useQuery(kinds);
  const kind = all?.find((k) => !courier || k.kind === courier.kind);
  const save = useMutation({
    mutationFn: (body: components["schemas"]["CourierAccountBody"]) =>
      courier
        ? answer(api.PUT("/api/v1/couriers/{id}", { params: { path: { id: courier.id } }, body }))
        : answer(api.POST("/api/v1/couriers", { body })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["couriers"] });
      close();
    },
  });
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    const named = (prefix: string) =>
      Object.fromEntries(
        [...f.entries()].flatMap(([k, v]) =>
          k.startsWith(prefix) && String(v).trim() ? [[k.slice(prefix.length), String(v).trim()]] : [],
        ),
      );
    save.mutate({
      kind: kind?.kind ?? "",
      name: String(f.get("name")),
      address: String(f.get("address") ?? ""),
      off: f.get("off") === "on",
      shops: named("shop/"),
      credentials: named("cred/"),
    });
  };
  return (
    <Sheet title={t(courier ? "ride.change" : "ride.addCourier")} close={close}>
      {kind ? (
        <form onSubmit={submit}>
          <p className="quiet">{inLanguage(language, kind.guide.zh, kind.guide.en)}</p>
          <label className="field">
            <span>{t("ride.name")}</span>
            <input
              className="input"
              name="name"
              required
              maxLength={80}
              defaultValue={courier?.name ?? inLanguage(language, kind.label_zh, kind.label_en)}
            />
          </label>
          {kind.fields.map((c) => (
            <label className="field" key={c.name}>
              <span>{inLanguage(language, c.label_zh, c.label_en)}</span>
              <input
                className="input"
                name={`cred/${c.name}`}
                type={c.secret ? "password" : "text"}
                autoComplete="off"
                maxLength={300}
                defaultValue={courier?.values[c.name]}
                placeholder={courier?.has.includes(c.name) ? t("ride.stays") : undefined}
              />
            </label>
          ))}
          <label className="field">
            <span>{t("ride.address")}</span>
            <input className="input" name="address" maxLength={300} defaultValue={courier?.address} placeholder={kind.base_url} />
          </label>
          <fieldset>
            <legend>{t("ride.shops")}</legend>
            {known?.map((s) => (
              <label className="field" key={s.id}>
                <span>{s.name}</span>
                <input className="input" name={`shop/${s.id}`} maxLength={64} defaultValue={courier?.shops[s.id]} />
              </label>
            ))}
          </fieldset>
          {courier ? (
            <label>
              <input type="checkbox" name="off" defaultChecked={courier.off} /> {t("ride.off")}
            </label>
          ) : null}
          <details>
            <summary>{t("ride.unconfirmed")}</summary>
            <ul>
              {kind.unconfirmed.map((u) => (
                <li key={u.en}>{inLanguage(language, u.zh, u.en)}</li>
              ))}
            </ul>
          </details>
          <Problem error={save.error} />
          <p>
            <button type="submit" className="btn primary" disabled={save.isPending}>
              {t("ride.save")}
            </button>
          </p>
        </form>
      ) : (
        <Bones rows={3} height={44} />
      )}
    </Sheet>
  );
}
