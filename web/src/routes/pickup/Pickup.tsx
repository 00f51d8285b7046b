import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { answer, api, Failure } from "../../data/api";
import { serverNow } from "../../data/clock";
import { useConnection, useLiveOrders } from "../../data/live";
import { type OrderSummary, readOrder, readSummary } from "../../data/model";
import { channels, session, shops, stores, useOrderPages } from "../../data/queries";
import { useMay } from "../../data/rights";
import { recall, remember, usePhone } from "../../ui/device";
import { Icon } from "../../ui/icons";
import { Mark, useChannelName } from "../../ui/Mark";
import { Bones, State, Trouble } from "../../ui/Screen";
import { reply } from "../../voice/speaker";
import { useWords } from "../../words";
import { numberText } from "../orders/number";
import { Camera, hasCamera } from "./Camera";
import { Compare } from "./Compare";
import { Handed } from "./Handed";
import { byTurn, exactly, perhaps, waitsFor } from "./judge";
import "./pickup.css";

/** 核销: a customer shows a number, it is compared with what stands there, and the goods are handed over. */
export function Pickup() {
  const { t } = useWords();
  const may = useMay();
  const known = useQuery(stores);
  const { data: me } = useQuery(session);
  const [chosen, setChosen] = useState(() => recall("pickup.store"));
  const sold = useQuery(shops);
  const ways = useQuery(channels);
  // At first a store that customers come to, not a warehouse.
  const first = () => {
    if ([sold, ways].some((x) => x.fetchStatus === "fetching" && !x.data)) return undefined;
    const comes = (channel: string) => ways.data?.some((c) => c.name === channel && c.pickup);
    return known.data?.find((s) => sold.data?.some((x) => x.store_id === s.id && comes(x.channel))) ?? known.data?.[0];
  };
  const store = known.data?.find((s) => s.id === (me?.device?.store_id ?? chosen)) ?? first();
  if (!may("act.dispatch")) {
    return (
      <State icon="lock" title={t("state.forbidden")}>
        {t("state.forbiddenHelp")}
      </State>
    );
  }
  return (
    <div className="page pickup-page">
      <div className="page-head">
        <h1>{t("nav.pickup")}</h1>
        {(known.data?.length ?? 0) > 1 && store ? (
          <select
            className="select pickup-store"
            aria-label={t("entry.store")}
            value={store.id}
            onChange={(e) => {
              remember("pickup.store", e.target.value);
              setChosen(e.target.value);
            }}
          >
            {known.data?.map((s) => (
              <option key={s.id} value={s.id}>
                {s.name}
              </option>
            ))}
          </select>
        ) : null}
      </div>
      {store ? (
        <Desk key={store.id} store={store} />
      ) : known.error ? (
        <Trouble error={known.error} retry={() => void known.refetch()} />
      ) : known.data?.length === 0 ? (
        <State icon="board" title={t("entry.noStore")} />
      ) : (
        <Bones rows={4} height={64} />
      )}
    </div>
  );
}

/** An order that is being looked at, and how it was found: by a whole number, or by hand. */
type Open = { order: OrderSummary; by: "code" | "hand"; at: number };

/** What became of a search: nothing, several, or words. */
type Found =
  | { kind: "looking" }
  | { kind: "which"; exact: boolean; orders: OrderSummary[] }
  | { kind: "none" | "offline" | "failed"; text: string }
  | { kind: "elsewhere"; store: string };

function Desk({ store }: { store: { id: string; name: string; zone: string } }) {
  const { t } = useWords();
  const phone = usePhone();
  const live = useLiveOrders();
  const lost = useConnection().state === "lost";
  const of = (logistics: string) => ({ kind: "takeaway", status: "accepted,ready", logistics, store: store.id, sort: "newest" });
  const pickups = useOrderPages(of("pickup"));
  const here = useOrderPages(of("none"));
  const [text, setText] = useState("");
  const [open, setOpen] = useState<Open>();
  const [found, setFound] = useState<Found>();
  const [camera, setCamera] = useState(false);
  const box = useRef<HTMLInputElement>(null);
  const asked = useRef(0); // which search is the last: an answer to one before it is nobody's

  // Everything that this device knows, each order in its newest version: what a search without network finds.
  const [first, second] = [pickups.data, here.data];
  const all = useMemo(() => {
    const out = new Map<string, OrderSummary>();
    const take = (o: OrderSummary) => {
      if ((out.get(o.id)?.seq ?? -1) < o.seq) out.set(o.id, o);
    };
    for (const list of [first, second]) for (const p of list?.pages ?? []) p.orders.forEach(take);
    live.forEach(take);
    return out;
  }, [first, second, live]);
  const waiting = useMemo(() => [...all.values()].filter((o) => waitsFor(o, store.id)).sort(byTurn), [all, store.id]);
  const shown = text.trim() === "" ? waiting : perhaps(waiting, text);

  const show = useCallback((order: OrderSummary, by: Open["by"]) => {
    asked.current++;
    setOpen({ order, by, at: serverNow() });
    setFound(undefined);
    setText("");
  }, []);

  async function look(what: string) {
    const wanted = what.trim();
    if (wanted === "") return;
    const turn = ++asked.current;
    const say = (next: Found) => {
      if (turn !== asked.current) return;
      setFound(next);
      if (next.kind !== "looking" && next.kind !== "which") void reply("no");
    };
    const several = (orders: OrderSummary[], exact: boolean) => {
      if (turn !== asked.current) return;
      if (orders.length === 1 && orders[0]) show(orders[0], exact ? "code" : "hand");
      else say({ kind: "which", exact, orders });
    };
    setOpen(undefined);
    setText("");
    const known = exactly(waiting, wanted, serverNow());
    if (known.length === 1) return several(known, true);
    say({ kind: "looking" });
    try {
      const orders = await search(wanted);
      const exact = exactly(orders, wanted, serverNow());
      if (exact.length > 0) return several(exact, true);
      if (orders.length > 0) return several(orders, false);
      const whose = await storeOf(wanted);
      say(whose ? { kind: "elsewhere", store: whose } : { kind: "none", text: wanted });
    } catch (e) {
      if (!(e instanceof Failure && e.code === "offline")) return say({ kind: "failed", text: e instanceof Failure ? e.message : "" });
      const exact = exactly(all.values(), wanted, serverNow());
      if (exact.length > 0) return several(exact, true);
      const maybe = perhaps(all.values(), wanted);
      if (maybe.length > 0) return several(maybe, false);
      say({ kind: "offline", text: wanted });
    }
  }
  const submit = (e: FormEvent) => {
    e.preventDefault();
    void look(text);
  };

  // A scanner types wherever the focus is: what it types goes into the box.
  useEffect(() => {
    const hear = (e: KeyboardEvent) => {
      if (e.ctrlKey || e.metaKey || e.altKey || e.key.length !== 1 || e.key === " ") return;
      const at = e.target instanceof Element ? e.target : null;
      if (at?.closest("input, textarea, select, [contenteditable=true]") || document.querySelector("dialog[open], .ant-modal-wrap")) return;
      box.current?.focus();
    };
    window.addEventListener("keydown", hear);
    return () => window.removeEventListener("keydown", hear);
  }, []);
  useEffect(() => {
    if (!phone) box.current?.focus(); // on a phone its keyboard would cover the list
  }, [phone]);

  const close = () => {
    setOpen(undefined);
    if (!phone) box.current?.focus();
  };
  return (
    <div className="pickup">
      <form className="pickup-find" onSubmit={submit}>
        <input
          ref={box}
          className="input"
          type="search"
          enterKeyHint="search"
          autoComplete="off"
          aria-label={t("pickup.find")}
          placeholder={t("pickup.findHint")}
          maxLength={60}
          value={text}
          onChange={(e) => {
            setText(e.target.value);
            setFound(undefined);
          }}
        />
        <button type="submit" className="btn" disabled={text.trim() === ""}>
          {t("pickup.look")}
        </button>
        {hasCamera() ? (
          <button type="button" className="btn" onClick={() => setCamera(true)}>
            {t("pickup.camera")}
          </button>
        ) : null}
      </form>
      {camera ? (
        <Camera
          close={() => setCamera(false)}
          found={(code) => {
            setCamera(false);
            void look(code);
          }}
        />
      ) : null}
      <div role="status" data-testid="pickup-found">
        {found ? <Said found={found} choose={show} /> : null}
      </div>
      {open ? (
        <Compare key={`${open.order.id}/${open.at}`} summary={newest(open.order, all)} by={open.by} store={store} close={close} />
      ) : (
        <section aria-label={t("pickup.waiting")}>
          <h2 className="pickup-title">
            {t("pickup.waiting")} <span className="num quiet">{waiting.length}</span>
          </h2>
          {pickups.isPending && waiting.length === 0 ? (
            <Bones rows={4} height={64} />
          ) : pickups.error && waiting.length === 0 && !lost ? (
            <Trouble error={pickups.error} retry={() => void pickups.refetch()} />
          ) : shown.length === 0 ? (
            <State icon="calm" title={text.trim() ? t("pickup.noneHere", { text: text.trim() }) : t("empty.pickup")}>
              {text.trim() ? t("pickup.pressLook") : t("pickup.noneHelp")}
            </State>
          ) : (
            <Rows orders={shown} choose={(o) => show(o, "hand")} />
          )}
          {pickups.hasNextPage || here.hasNextPage ? (
            <button
              type="button"
              className="btn"
              disabled={pickups.isFetchingNextPage || here.isFetchingNextPage}
              onClick={() => void [pickups, here].map((l) => l.hasNextPage && l.fetchNextPage())}
            >
              {t("list.more")}
            </button>
          ) : null}
        </section>
      )}
      {open ? null : <Handed store={store} />}
    </div>
  );
}

const newest = (o: OrderSummary, all: ReadonlyMap<string, OrderSummary>): OrderSummary => {
  const known = all.get(o.id);
  return known && known.seq > o.seq ? known : o;
};

/** Orders for whatever somebody shows or says, of all stores that one sees. */
async function search(text: string): Promise<OrderSummary[]> {
  if (/^ord_\w+$/.test(text)) {
    try {
      return [readOrder(await answer(api.GET("/api/v1/orders/{id}", { params: { path: { id: text } } })))];
    } catch (e) {
      if (e instanceof Failure && (e.status === 404 || e.status === 422 || e.status === 400)) return [];
      throw e;
    }
  }
  const q = text.replace(/^#/, "");
  const got = await answer(api.GET("/api/v1/orders", { params: { query: { q, kind: "takeaway", sort: "newest", limit: 20 } } }));
  return (got.orders ?? []).map(readSummary);
}

/** The store of an order that one does not see; "" when there is no such order. */
async function storeOf(code: string): Promise<string> {
  try {
    return (await answer(api.GET("/api/v1/tickets/whose", { params: { query: { code } } }))).store_name;
  } catch (e) {
    if (e instanceof Failure && e.status === 404) return "";
    throw e;
  }
}

function Said({ found, choose }: { found: Found; choose: (o: OrderSummary, by: Open["by"]) => void }) {
  const { t } = useWords();
  switch (found.kind) {
    case "looking":
      return <p className="quiet pickup-said">{t("state.loading")}</p>;
    case "which":
      return (
        <div className="pickup-said">
          <p>{t(found.exact ? "pickup.which" : "pickup.perhaps", { count: found.orders.length })}</p>
          <Rows orders={found.orders} choose={(o) => choose(o, found.exact ? "code" : "hand")} />
        </div>
      );
    case "elsewhere":
      return <Bad words={t("pickup.store", { store: found.store })} />;
    case "offline":
      return <Bad words={t("pickup.offlineNone", { text: found.text })} />;
    case "none":
      return <Bad words={t("pickup.none", { text: found.text })} />;
    default:
      return <Bad words={found.text || t("state.failed")} />;
  }
}

function Bad({ words }: { words: string }) {
  return (
    <p className="notice bad pickup-said">
      <Icon name="warn" /> <b>{words}</b>
    </p>
  );
}

function Rows({ orders, choose }: { orders: OrderSummary[]; choose: (o: OrderSummary) => void }) {
  const { t } = useWords();
  const name = useChannelName();
  return (
    <ul className="pickup-rows">
      {orders.map((o) => (
        <li key={o.id}>
          <button type="button" className="panel" data-testid="pickup-row" data-id={o.id} onClick={() => choose(o)}>
            <Mark channel={o.channel} label={name(o.channel)} />
            <b className="num pickup-number">{numberText(o)}</b>
            <span className="clip">{o.summary}</span>
            <small className="quiet clip">
              {[o.customer?.name, o.customer?.phone_tail ? t("row.tail", { tail: o.customer.phone_tail }) : ""].filter(Boolean).join(" · ")}
            </small>
            <StatusWord order={o} />
          </button>
        </li>
      ))}
    </ul>
  );
}

function StatusWord({ order: o }: { order: OrderSummary }) {
  const { t } = useWords();
  const due = o.axes.payment === "pay_later";
  return (
    <span className={`chip ${due ? "warn" : o.status === "ready" ? "good" : ""}`}>
      {due ? t("pickup.due") : t(`status.${o.status}`, { defaultValue: o.status })}
    </span>
  );
}
