// The orders of one store, kept current for a screen on the wall: read whole, then told by the stream, and read whole again every
// twenty seconds, which is also how a dead network is noticed. The last picture stays on the device, so that a page that was loaded
// anew shows at once what it knew, with its age.

import { useSyncExternalStore } from "react";
import { serverNow } from "../data/clock";
import { type Loose, type OrderSummary, readOrder, readSummary, type WireOrder } from "../data/model";
import { root } from "../place";
import { remember } from "../ui/device";
import { recallJSON } from "./kept";
import { call, Refusal } from "./net";

export type Picture = {
  /** loading: nothing is known yet · live · lost: no answer, the picture is of `asOf` · shut: signed out or not allowed, see status */
  state: "loading" | "live" | "lost" | "shut";
  status: number;
  /** When the picture was last known to be whole, by the service's clock; 0 = never. */
  asOf: number;
  orders: ReadonlyMap<string, OrderSummary>;
};

const every = 20_000;
const most = 200;

type Page = { orders: Loose<OrderSummary>[] };

/** Which orders a screen wants: with what they are asked for, and whether one still belongs. */
export type Wish = { store: string; status: string };

export class Watch {
  private picture: Picture = { state: "loading", status: 0, asOf: 0, orders: new Map() };
  private watchers = new Set<() => void>();
  private source: EventSource | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking = false;
  private stopped = false;
  private readonly wish: Wish;
  private readonly name: string;

  constructor(wish: Wish) {
    this.wish = wish;
    this.name = `floor.${wish.store}.${wish.status}`;
    const kept = recallJSON<{ asOf: number; orders: Loose<OrderSummary>[] }>(this.name, { asOf: 0, orders: [] });
    if (kept.asOf > 0 && serverNow() - kept.asOf < 12 * 3600_000) {
      const orders = kept.orders.map(readSummary);
      this.picture = { ...this.picture, asOf: kept.asOf, orders: new Map(orders.map((o) => [o.id, o] as [string, OrderSummary])) };
    }
  }

  read = (): Picture => this.picture;
  subscribe = (w: () => void): (() => void) => {
    this.watchers.add(w);
    return () => this.watchers.delete(w);
  };

  private set(next: Partial<Picture>): void {
    this.picture = { ...this.picture, ...next };
    for (const w of this.watchers) w();
  }

  /** Begins to follow; gives how to end it. */
  start = (): (() => void) => {
    this.stopped = false;
    const online = () => void this.ask();
    const offline = () => this.set({ state: "lost" });
    window.addEventListener("online", online);
    window.addEventListener("offline", offline);
    void this.ask();
    this.listen();
    return () => {
      this.stopped = true;
      clearTimeout(this.timer);
      this.source?.close();
      window.removeEventListener("online", online);
      window.removeEventListener("offline", offline);
    };
  };

  private listen(): void {
    this.source?.close();
    const source = new EventSource(`${root}/api/v1/stream`);
    this.source = source;
    source.addEventListener("open", () => void this.ask());
    source.addEventListener("gone", () => void this.ask());
    source.addEventListener("change", (e) => this.hear((e as MessageEvent).data as string));
    source.addEventListener("error", () => {
      if (this.stopped) return;
      void this.ask();
      if (source.readyState === 2) setTimeout(() => !this.stopped && this.source === source && this.listen(), 5000); // refused: it does not come again by itself
    });
  }

  private hear(data: string): void {
    const c = JSON.parse(data) as { kind?: string; order?: Loose<OrderSummary> };
    if (c.kind !== "order" || !c.order) return;
    const o = readSummary(c.order);
    const old = this.picture.orders.get(o.id);
    if (o.store?.id !== this.wish.store || (old && old.seq > o.seq)) return;
    const orders = new Map(this.picture.orders);
    orders.set(o.id, o);
    this.set({ orders });
  }

  /** Reads the whole picture. Orders that are known and not in it any more are asked for one by one, once. */
  private ask = async (): Promise<void> => {
    if (this.asking || this.stopped) return;
    this.asking = true;
    clearTimeout(this.timer);
    try {
      const { store, status } = this.wish;
      const page = await call<Page>("GET", `/orders?store=${store}&kind=takeaway&status=${status}&sort=newest&limit=${most}`);
      const orders = new Map<string, OrderSummary>();
      for (const o of page.orders.map(readSummary)) {
        const heard = this.picture.orders.get(o.id);
        orders.set(o.id, heard && heard.seq > o.seq ? heard : o);
      }
      const wanted = status.split(",");
      const gone = Array.from(this.picture.orders.values()).filter((o) => !orders.has(o.id));
      for (const o of gone) {
        if (wanted.indexOf(o.status) < 0) {
          // what became of it is known; it is kept for a while for those who look at cancelled ones
          if (serverNow() - o.changed_at < 6 * 3600_000) orders.set(o.id, o);
          continue;
        }
        const now = await call<WireOrder>("GET", `/orders/${o.id}`).catch((e: unknown) => {
          if (e instanceof Refusal && e.status === 404) return undefined;
          throw e;
        });
        if (now) orders.set(o.id, readOrder(now));
      }
      this.set({ state: "live", status: 0, asOf: serverNow(), orders });
      const small = Array.from(orders.values()).slice(-most);
      remember(this.name, JSON.stringify({ asOf: this.picture.asOf, orders: small }));
    } catch (e) {
      const status = e instanceof Refusal ? e.status : 0;
      this.set(status === 401 || status === 403 ? { state: "shut", status } : { state: "lost", status });
    } finally {
      this.asking = false;
      if (!this.stopped) this.timer = setTimeout(this.ask, this.picture.state === "live" ? every : 4000);
    }
  };
}

export const usePicture = (w: Watch): Picture => useSyncExternalStore(w.subscribe, w.read);
