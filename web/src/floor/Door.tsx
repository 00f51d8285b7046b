// What comes before a screen: who this device is, and which store it is for. Nothing here signs out: a service that cannot be
// reached is waited for, and what was known before is enough to begin with.

import { Component, type ReactNode, useCallback, useEffect, useMemo, useState } from "react";
import { type Loose, type OwnDevice, readOwnDevice, type Store } from "../data/model";
import { practising } from "../place";
import { remember } from "../ui/device";
import { recallJSON } from "./kept";
import { call, Refusal } from "./net";
import { Pairing } from "./Pairing";
import { reload } from "./watchdog";
import { t } from "./words";

export type Named = { name: string; mark: string; zh: string; en: string };
/** Where a screen stands: its store, and how channels are called. */
export type Place = {
  store: string;
  name: string;
  zone: string;
  channels: Named[];
  /** What this screen is, where it is paired; undefined when a person is signed in. */
  device: OwnDevice | undefined;
  /** Chooses another store, where there is another. */
  leave: (() => void) | undefined;
  /** Says that the service does not know this screen any more, with its status. */
  shut: (status: number) => void;
};

type Entry =
  | { state: "loading" }
  | { state: "shut"; status: number }
  | { state: "choose"; stores: Store[] }
  | { state: "in"; store: Store };

type Known = { stores: Store[]; channels: Named[]; device?: OwnDevice | undefined };

export function Door({ title, children }: { title: string; children: (place: Place) => ReactNode }) {
  const [known, setKnown] = useState<Known | undefined>(() => recallJSON<Known | undefined>("floor.known", undefined));
  const [chosen, setChosen] = useState(() => recallJSON<string>("floor.store", ""));
  const [shut, setShut] = useState<number>();

  useEffect(() => {
    document.title = `${t(title)} · ${t("brand")}`;
  }, [title]);

  const look = useCallback(async () => {
    try {
      const me = await call<{ user?: { device?: Loose<OwnDevice> } }>("GET", "/session");
      const [s, c] = await Promise.all([
        call<{ stores: Loose<Store>[] }>("GET", "/stores"),
        call<{ channels: { name: string; mark?: string; label_zh?: string; label_en?: string }[] }>("GET", "/channels"),
      ]);
      const next = {
        stores: s.stores.map((x) => ({ id: String(x.id), name: String(x.name), zone: String(x.zone || "") }) as Store),
        device: me.user?.device ? readOwnDevice(me.user.device) : undefined,
        channels: c.channels.map((x) => ({ name: x.name, mark: x.mark || "", zh: x.label_zh || x.name, en: x.label_en || x.name })),
      };
      remember("floor.known", JSON.stringify(next));
      setKnown(next);
      setShut(undefined);
    } catch (e) {
      if (e instanceof Refusal && (e.status === 401 || e.status === 403)) setShut(e.status);
      else setTimeout(look, 4000);
    }
  }, []);
  useEffect(() => void look(), [look]);

  const choose = useCallback((id: string) => {
    remember("floor.store", JSON.stringify(id));
    setChosen(id);
  }, []);
  const entry = useMemo(() => enter(known, chosen, shut), [known, chosen, shut]);
  const place = useMemo(() => {
    if (entry.state !== "in") return undefined;
    const { store } = entry;
    return {
      store: store.id,
      name: store.name,
      zone: store.zone,
      channels: known ? known.channels : [],
      device: known ? known.device : undefined,
      leave: known && known.stores.length > 1 ? () => choose("") : undefined,
      shut: setShut,
    };
  }, [entry, known, choose]);
  if (entry.state === "in" && place) {
    return <Mishap key={place.store}>{children(place)}</Mishap>;
  }
  return (
    <main className="door">
      <p className="door-brand">
        <img src="/favicon.svg" alt="" width="40" height="40" /> {t("brand")} · {t(title)}
      </p>
      {entry.state === "loading" ? (
        <div role="status">
          <p>{t("loading")}</p>
          <div className="bones" aria-hidden="true" />
          <div className="bones" aria-hidden="true" />
        </div>
      ) : entry.state === "shut" ? (
        <>
          <h1>{t(entry.status === 403 ? "forbidden" : "shut")}</h1>
          <p>{t(entry.status === 403 ? "forbiddenLead" : "shutLead")}</p>
          {entry.status === 401 ? (
            <Pairing kind={title === "callout" ? "callout_screen" : "kitchen_screen"} paired={() => void look()} />
          ) : null}
          <p>
            <a className="key" href={practising ? "/me" : `/sign-in?next=${location.pathname}`}>
              {t("signIn")}
            </a>{" "}
            <button type="button" className="key" onClick={() => void look()}>
              {t("again")}
            </button>
          </p>
        </>
      ) : entry.state === "in" ? null : (
        <>
          <h1>{t("store")}</h1>
          <p>{t(entry.stores.length > 0 ? "storeLead" : "noStore")}</p>
          <ul className="door-stores">
            {entry.stores.map((s) => (
              <li key={s.id}>
                <button type="button" className="key" onClick={() => choose(s.id)}>
                  {s.name}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </main>
  );
}

function enter(known: Known | undefined, chosen: string, shut: number | undefined): Entry {
  if (shut) return { state: "shut", status: shut };
  if (!known) return { state: "loading" };
  const asked = new URLSearchParams(location.search).get("store");
  const store =
    known.stores.filter((s) => s.id === asked)[0] ||
    known.stores.filter((s) => s.id === chosen)[0] ||
    (known.stores.length === 1 ? known.stores[0] : undefined);
  if (!store) return { state: "choose", stores: known.stores };
  return { state: "in", store };
}

/** A screen that broke is loaded anew: nobody stands before it who could. */
class Mishap extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };
  static getDerivedStateFromError() {
    return { broken: true };
  }
  override componentDidCatch() {
    setTimeout(() => void reload("broken"), 3000);
  }
  override render() {
    return this.state.broken ? <p className="door">{t("loading")}</p> : this.props.children;
  }
}
