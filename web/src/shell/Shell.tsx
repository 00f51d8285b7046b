import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouter, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { takeUp } from "../data/act";
import { useNow } from "../data/clock";
import { currentAsOf, follow, useConnection, useLastOrderAt } from "../data/live";
import { keepPicture } from "../data/picture";
import { accounts, merchant, parked, session, stores, unclear } from "../data/queries";
import { useMay } from "../data/rights";
import { clock, clockSeconds, moment, ownZone } from "../format/time";
import { Newer } from "../install/Newer";
import { practising, root } from "../place";
import { messages } from "../routes/board/concerns";
import { lastSearch } from "../routes/orders/last";
import { Anchor } from "../ui/Anchor";
import { usePhone } from "../ui/device";
import { Icon, type IconName } from "../ui/icons";
import { Channels } from "../ui/Mark";
import { Later, useSettled } from "../ui/paint";
import { Announcer } from "../voice/Announcer";
import { mute, switchOn, useSpeaker } from "../voice/speaker";
import { useWords } from "../words";
import type { After } from "../words/reader";
import { BackupAlarm } from "./BackupAlarm";
import { Disarmed } from "./Disarmed";
import { Locked, LockKey } from "./Lock";
import { Replaced } from "./Replaced";
import { Unsent } from "./Unsent";
import "./shell.css";

const Practice = lazy(() => import("./Practice").then((m) => ({ default: m.Practice })));
const IntakeStrip = lazy(() => import("./IntakeStrip").then((m) => ({ default: m.IntakeStrip })));
const loadPalette = () => import("./Palette").then((m) => ({ default: m.Palette }));
const Palette = lazy(loadPalette);

/** The zone that lists and the strip are shown in: the chosen store's, else the one that all stores share, else the device's. */
export function useZone(storeId?: string): string {
  const { data } = useQuery(stores);
  const chosen = data?.find((s) => s.id === storeId)?.zone;
  const shared = data?.every((s) => s.zone === data[0]?.zone) ? data[0]?.zone : "";
  return chosen || shared || ownZone();
}

export function Shell() {
  const client = useQueryClient();
  const { t } = useWords();
  const phone = usePhone();
  useEffect(() => follow(client), [client]);
  const { data: user } = useQuery(session);
  useEffect(() => {
    if (!user) return;
    takeUp(user.id);
    return keepPicture(client, user, currentAsOf);
  }, [client, user]);
  return (
    <Channels>
      <div className="shell">
        <a className="skip btn" href="#main">
          {t("nav.skip")}
        </a>
        {phone ? null : <Side />}
        <div className="shell-body">
          <Strip phone={phone} />
          <Newer />
          <div className="afoot">
            <Unsent />
            <Later>
              <Disarmed />
              <BackupAlarm />
              <Replaced />
            </Later>
            <Stale />
          </div>
          <main id="main" tabIndex={-1}>
            <Outlet />
          </main>
        </div>
        {phone ? <BottomBar /> : null}
        <Commands />
        <Locked />
      </div>
    </Channels>
  );
}

/** Where one can go: what a day's work asks for, what a store is set up with, and the machinery. */
const places: { to: Target; icon: IconName; name: After<"nav">; right?: string; begins?: true }[] = [
  { to: "/orders", icon: "orders", name: "orders" },
  { to: "/entry", icon: "plus", name: "entry", right: "orders.enter" },
  { to: "/pickup", icon: "scan", name: "pickup", right: "act.dispatch" },
  { to: "/messages", icon: "bell", name: "messages" },
  { to: "/refunds", icon: "refund", name: "refunds" },
  { to: "/comments", icon: "comment", name: "comments" },
  { to: "/board", icon: "board", name: "board" },
  { to: "/intakes", icon: "power", name: "intakes" },
  { to: "/opening", icon: "dawn", name: "opening" },
  { to: "/money", icon: "money", name: "money", right: "money.see", begins: true },
  { to: "/rules", icon: "bolt", name: "rules" },
  { to: "/deliveries", icon: "bike", name: "deliveries", right: "riders.keep" },
  { to: "/printers", icon: "printer", name: "printers" },
  { to: "/devices", icon: "tablet", name: "devices", right: "devices.keep" },
  { to: "/notify", icon: "phone", name: "notify", right: "knocks.keep" },
  { to: "/people", icon: "people", name: "people", right: "people.keep" },
  { to: "/connections", icon: "plug", name: "connections", right: "whole.see", begins: true },
  { to: "/parked", icon: "parked", name: "parked", right: "parked.see" },
  { to: "/unclear", icon: "unclear", name: "unclear" },
  { to: "/statements", icon: "seal", name: "statements", right: "statements.see" },
  { to: "/history", icon: "tally", name: "history", right: "setup.see" },
  { to: "/status", icon: "pulse", name: "status", right: "whole.see" },
  { to: "/keys", icon: "key", name: "keys", right: "keys.keep" },
];

/** Everywhere that whoever is signed in can go. */
export function usePlaces() {
  const { t } = useWords();
  const may = useMay();
  return places.filter((p) => !p.right || may(p.right)).map((p) => ({ ...p, label: t(`nav.${p.name}`) }));
}

/** The command palette, on Ctrl or Command with K. */
function Commands() {
  const [open, setOpen] = useState(false);
  const { t } = useWords();
  const places = [...usePlaces(), { to: "/me", icon: "person" as const, label: t("nav.me") }];
  useEffect(() => {
    // Ready before it is wanted: what is typed right after the keys must not go elsewhere.
    const ahead = setTimeout(() => void loadPalette().catch(() => {}), 3000);
    return () => clearTimeout(ahead);
  }, []);
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if (e.key.toLowerCase() !== "k" || !(e.ctrlKey || e.metaKey) || e.altKey || e.shiftKey) return;
      e.preventDefault();
      if (!document.querySelector("dialog[open], .ant-modal-wrap:not([style*='display: none'])")) setOpen(true);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
  return <Suspense>{open ? <Palette places={places} close={() => setOpen(false)} /> : null}</Suspense>;
}

function useTroubles() {
  const may = useMay();
  const settled = useSettled();
  const { data: unclearEffects } = useQuery({ ...unclear, enabled: settled });
  const { data: waiting } = useQuery({ ...messages(), enabled: settled });
  const { data: parkedNow } = useQuery({ ...parked("parked"), enabled: settled && may("parked.see") });
  const { data: all } = useQuery({ ...accounts, enabled: settled && may("whole.see") });
  return {
    unclear: unclearEffects?.length ?? 0,
    messages: waiting?.untaken ?? 0,
    parked: parkedNow?.length ?? 0,
    accounts: all?.filter((a) => a.state === "authorise" || a.state === "failing").length ?? 0,
  };
}

function Side() {
  const { t } = useWords();
  const { data: user } = useQuery(session);
  const { data: shop } = useQuery(merchant);
  const n = useTroubles();
  const places = usePlaces();
  const waiting: Record<string, number> = {
    "/messages": n.messages,
    "/connections": n.accounts,
    "/parked": n.parked,
    "/unclear": n.unclear,
  };
  return (
    <nav className="side" aria-label={t("nav.label")}>
      <div className="brand">
        <img src="/favicon.svg" alt="" width="28" height="28" />
        <div className="clip">
          <b>{t("brand")}</b>
          <span className="quiet clip">{shop?.name}</span>
        </div>
      </div>
      {places.map((p) => (
        <Entry key={p.to} to={p.to} icon={p.icon} label={p.label} begins={p.begins} count={waiting[p.to]} />
      ))}
      <div className="side-end">
        <Entry to="/me" icon="person" label={user?.name || t("nav.me")} />
      </div>
    </nav>
  );
}

function BottomBar() {
  const { t } = useWords();
  useRouterState({ select: (s) => s.location.href }); // where 订单 leads changes with where one was
  const may = useMay();
  const n = useTroubles();
  return (
    <nav className="bottom" aria-label={t("nav.label")}>
      <Entry to="/orders" search={lastSearch()} again={() => window.scrollTo({ top: 0 })} icon="orders" label={t("nav.orders")} />
      {may("orders.enter") ? <Entry to="/entry" icon="plus" label={t("nav.entry")} /> : null}
      <Entry to="/messages" icon="bell" label={t("nav.messages")} count={n.messages} />
      <Entry to="/board" icon="board" label={t("nav.board")} />
      <Entry to="/me" icon="person" label={t("nav.me")} count={n.parked} />
    </nav>
  );
}

type Target =
  | "/orders"
  | "/entry"
  | "/pickup"
  | "/connections"
  | "/parked"
  | "/unclear"
  | "/statements"
  | "/history"
  | "/comments"
  | "/status"
  | "/people"
  | "/notify"
  | "/printers"
  | "/deliveries"
  | "/money"
  | "/rules"
  | "/refunds"
  | "/keys"
  | "/opening"
  | "/devices"
  | "/messages"
  | "/board"
  | "/intakes"
  | "/me";

type EntryProps = {
  to: Target;
  icon: IconName;
  label: string;
  begins?: true;
  count?: number;
  search?: Record<string, unknown>;
  again?: () => void;
};

/** @param again what a press does where one is already */
function Entry({ to, icon, label, begins, count, search = {}, again }: EntryProps) {
  const { t } = useWords();
  const navigate = useNavigate();
  const { stringifySearch } = useRouter().options;
  const here = useRouterState({ select: (s) => `${s.location.pathname}/`.replace(root, "").startsWith(`${to}/`) });
  const go = () => {
    void navigate({ to, search } as never);
    if (here) again?.();
  };
  return (
    <Anchor
      href={`${root}${to}${stringifySearch(search)}`}
      go={go}
      className={`entry${here ? " active" : ""}${begins ? " begins" : ""}`}
      aria-current={here ? "page" : undefined}
    >
      <Icon name={icon} size={20} />
      <span className="clip">{label}</span>
      {count ? (
        <b className="entry-count num">
          {count}
          <span className="sr-only"> {t("nav.waiting")}</span>
        </b>
      ) : null}
    </Anchor>
  );
}

/** Always in sight. Quiet when all is well; a trouble is a word and a mark. */
function Strip({ phone }: { phone: boolean }) {
  const { t } = useWords();
  const zone = useZone();
  const lastOrder = useLastOrderAt();
  const n = useTroubles();
  const { data: known } = useQuery(stores);
  const only = known?.length === 1 ? known[0] : undefined;
  return (
    <header className="strip">
      {practising ? (
        <Suspense>
          <Practice />
        </Suspense>
      ) : null}
      {phone ? <img src="/favicon.svg" alt={t("brand")} width="26" height="26" /> : null}
      <Network />
      {n.accounts > 0 ? (
        <Link to="/connections" className="strip-item bad" aria-label={t("strip.accounts", { count: n.accounts })}>
          <Icon name="warn" size={phone ? 20 : 16} /> <span>{t("strip.accounts", { count: n.accounts })}</span>
        </Link>
      ) : null}
      {phone ? null : (
        <span className="strip-item quiet num">{lastOrder > 0 ? t("strip.last", { at: clock(lastOrder, zone) }) : t("strip.none")}</span>
      )}
      {only ? (
        <Suspense>
          <IntakeStrip store={only.id} zone={only.zone} />
        </Suspense>
      ) : null}
      <Later>
        <Announcer />
      </Later>
      <LockKey />
      <Sound />
    </header>
  );
}

function Network() {
  const { t } = useWords();
  const { state } = useConnection();
  const bad = state === "lost";
  return (
    <span className={`strip-item ${bad ? "bad" : ""}`} data-testid="network" data-state={state} title={t(`strip.${state}`)}>
      {bad ? <Icon name="offline" size={16} /> : <i className={`dot ${state}`} aria-hidden="true" />}
      <span>{t(`strip.${state}`)}</span>
    </span>
  );
}

function Sound() {
  const { t, language } = useWords();
  const s = useSpeaker();
  if (s.mode === "off") return null;
  const on = s.mode === "on";
  return (
    <button
      type="button"
      className={`btn small ghost sound ${on ? "" : "muted"}`}
      aria-pressed={on}
      title={on && s.speaks === false ? t("voice.chimeOnly") : undefined}
      onClick={() => (on ? mute() : void switchOn(t("voice.hello"), language))}
    >
      <Icon name={on ? "voice" : "mute"} size={18} />
      <span>{on ? (s.speaks === false ? t("voice.chimes") : t("voice.isOn")) : t("voice.muted")}</span>
    </button>
  );
}

/** Says since when the picture is old. A gap of a few seconds is no news. */
function Stale() {
  const { t } = useWords();
  const { state, asOf } = useConnection();
  const zone = useZone();
  const now = useNow();
  const [opened] = useState(now);
  const old = state === "lost" || (state === "connecting" && now - opened > 6000);
  if (!old || (asOf > 0 && now - asOf < 5000)) return null;
  return (
    <div className="stale" role="status" data-testid="stale">
      <Icon name="offline" size={18} />
      <b>
        {asOf > 0 ? t("stale.since", { at: now - asOf > 60_000 ? moment(asOf, now, zone) : clockSeconds(asOf, zone) }) : t("stale.never")}
      </b>
      <span>{t("stale.help")}</span>
    </div>
  );
}
