// 接入向导: one account on its way to taking orders. Every step says by itself whether it is done, so there is no next and no back.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { answer, api } from "../../data/api";
import { useNow } from "../../data/clock";
import type { Channel } from "../../data/model";
import { accounts, apps, channels } from "../../data/queries";
import { useGate } from "../../data/rights";
import { moment } from "../../format/time";
import { root } from "../../place";
import { useZone } from "../../shell/Shell";
import { Icon } from "../../ui/icons";
import { Bones, Trouble } from "../../ui/Screen";
import { toast } from "../../ui/toast";
import { inLanguage, useWords, word } from "../../words";
import { inWords } from "../../words/reasons";
import { authorise } from "../connections/authorise";
import type { Form } from "../connections/Forms";
import { ByHand, FoundShops } from "./FoundShops";
import { GoLive, StateChip } from "./GoLive";
import { type Guide, guide, type Item, refreshGuide } from "./guide";
import { There } from "./There";
import "./guide.css";

const Forms = lazy(() => import("../connections/Forms").then((m) => ({ default: m.Forms })));

export function GuidePage() {
  const { t } = useWords();
  const { accountId } = getRouteApi("/inside/guide/$accountId").useParams();
  const { data: g, error, refetch } = useQuery(guide(accountId));
  const { data: known } = useQuery(channels);
  const channel = known?.find((c) => c.name === g?.channel);
  return (
    <div className="page guide">
      <div className="page-head">
        <h1>{g ? t("guide.open", { name: g.name }) : t("guide.title")}</h1>
        <Link to="/connections" className="btn">
          <Icon name="back" size={16} /> {t("conn.title")}
        </Link>
        <p>{t("guide.lead")}</p>
      </div>
      {error && !g ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : !g || !channel ? (
        <Bones rows={4} height={120} gap={16} />
      ) : (
        <Steps g={g} channel={channel} />
      )}
    </div>
  );
}

function Steps({ g, channel }: { g: Guide; channel: Channel }) {
  const { t } = useWords();
  const of = (key: string) => g.items.find((i) => i.key === key);
  const steps: { key: "test" | "callbacks" | "authorise" | "shops" | "pull" | "live"; item?: Item; body: ReactNode }[] = [
    { key: "test", item: of("test"), body: <Test g={g} /> },
    { key: "callbacks", item: of("callbacks"), body: <Callbacks g={g} channel={channel} /> },
    ...(g.consents ? [{ key: "authorise" as const, item: of("authorise"), body: <Authorise g={g} /> }] : []),
    {
      key: "shops",
      item: of("shops"),
      body: (
        <>
          <FoundShops account={g.account_id} zone={channel.zone} />
          <ByHand account={g.account_id} channel={channel} />
        </>
      ),
    },
    { key: "pull", item: of("pull"), body: <Pull item={of("pull")} /> },
    ...(g.shops.length > 0 ? [{ key: "live" as const, body: <GoLive guide={g} /> }] : []),
  ];
  return (
    <ol className="guide-steps">
      {steps.map((s, n) => (
        <li key={s.key} className="panel guide-step" data-testid={`step-${s.key}`} data-state={s.item?.state}>
          <header>
            <h2>
              <small className="quiet num">{t("guide.number", { n: n + 1 })}</small> {t(`guide.${s.key}`)}
            </h2>
            {s.item ? <StateChip state={s.item.state} must={s.item.must} /> : null}
          </header>
          {s.key === "pull" ? null : <p className="quiet">{t(`guide.${s.key}Help`)}</p>}
          {s.body}
        </li>
      ))}
    </ol>
  );
}

function Test({ g }: { g: Guide }) {
  const { t } = useWords();
  const client = useQueryClient();
  const keep = useGate("connections.keep");
  const now = useNow();
  const zone = useZone();
  const { data: appList } = useQuery(apps);
  const { data: known } = useQuery(channels);
  const [form, setForm] = useState<Form>();
  const app = appList?.find((a) => a.id === g.app_id);
  const channel = known?.find((c) => c.name === g.channel);
  const test = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/accounts/{id}/test", { params: { path: { id: g.account_id } } })),
    onSettled: () => refreshGuide(client, g.account_id),
  });
  const r = test.isPending ? undefined : test.data && test.data.at > (g.test?.at ?? 0) ? test.data : g.test; // whoever tested last
  const said = r && !r.ok ? inWords(r.words, r.why) : "";
  return (
    <>
      <div className="guide-acts">
        <button type="button" className="btn primary" {...keep} disabled={keep.disabled || test.isPending} onClick={() => test.mutate()}>
          {t(test.isPending ? "guide.testing" : "guide.testDo")}
        </button>
        {app && channel ? (
          <button type="button" className="btn" {...keep} onClick={() => setForm({ kind: "app", channel, old: app })}>
            <Icon name="edit" size={16} /> {t("guide.edit")}
          </button>
        ) : null}
      </div>
      {test.error ? (
        <p className="notice bad" role="alert">
          <Icon name="warn" /> {test.error.message || t("state.failedHelp")}
        </p>
      ) : null}
      {r ? (
        <div className={`notice ${r.ok ? "" : "bad"}`} role="status" data-testid="tested" data-cause={r.cause}>
          <Icon name={r.ok ? "check" : "warn"} />
          <span>
            <b>{word(t, "guide.cause", r.cause)}</b> <small className="quiet num">{moment(r.at, now, zone)}</small>
            {r.took_ms > 0 ? <small className="quiet num"> {t("guide.testTook", { ms: r.took_ms })}</small> : null}
            {r.ahead_s !== 0 ? (
              <span className="guide-field">{t(r.ahead_s > 0 ? "guide.ahead" : "guide.behind", { s: Math.abs(r.ahead_s) })}</span>
            ) : null}
            {said ? <span className="guide-field quiet">{t("guide.theySay", { words: said })}</span> : null}
          </span>
        </div>
      ) : null}
      <Suspense>{form ? <Forms form={form} close={() => setForm(undefined)} then={() => setForm(undefined)} /> : null}</Suspense>
    </>
  );
}

function Callbacks({ g, channel: c }: { g: Guide; channel: Channel }) {
  const { t, language } = useWords();
  const copy = (url: string) => void navigator.clipboard?.writeText(url).then(() => toast(t("do.copied")));
  const line = (url: string, what: string, more?: ReactNode) => (
    <li key={url}>
      <div>
        <b>{what}</b> {more}
      </div>
      <code className="mono">{url}</code>
      <button type="button" className="btn icon ghost small" aria-label={t("conn.copyUrl", { url })} onClick={() => copy(url)}>
        <Icon name="copy" size={16} />
      </button>
    </li>
  );
  return (
    <>
      {g.address.cause ? (
        <p className="notice warn" data-testid="address" data-cause={g.address.cause}>
          <Icon name="warn" /> {t(`guide.address.${g.address.cause}`, { port: g.address.port, ports: g.address.ports.join(" / ") })}
        </p>
      ) : null}
      <There joining={c.joining} />
      <ul className="guide-urls">
        {g.redirect_url ? line(g.redirect_url, t("guide.redirect")) : null}
        {g.callbacks.map((u) =>
          line(
            u.url,
            inLanguage(language, u.what.zh, u.what.en),
            <>
              <span className={`chip ${u.came_at > 0 ? "good" : u.must && u.probed_at === 0 ? "warn" : ""}`} data-came={u.came_at > 0}>
                {u.came_at === 0 && u.rare
                  ? t("guide.rare")
                  : t(u.came_at > 0 ? "connect.came" : u.probed_at > 0 ? "connect.probed" : "connect.never")}
              </span>{" "}
              {u.must ? <span className="chip info">{t("guide.must")}</span> : null}
              <small className="quiet guide-field">{inLanguage(language, u.use.zh, u.use.en)}</small>
            </>,
          ),
        )}
      </ul>
    </>
  );
}

function Authorise({ g }: { g: Guide }) {
  const { t } = useWords();
  const keep = useGate("connections.keep");
  const { data: list } = useQuery(accounts);
  const [picture, setPicture] = useState(0);
  const account = list?.find((a) => a.id === g.account_id);
  const go = useMutation({ mutationFn: async () => account && authorise(account) });
  return (
    <>
      <div className="guide-acts">
        <button
          type="button"
          className="btn primary"
          {...keep}
          disabled={keep.disabled || !account || go.isPending}
          onClick={() => go.mutate()}
        >
          {t("guide.authoriseDo")}
        </button>
        <button type="button" className="btn" {...keep} onClick={() => setPicture(picture + 1)}>
          <Icon name="phone" size={16} /> {t("guide.qr")}
        </button>
      </div>
      {go.error ? (
        <p className="notice bad" role="alert">
          <Icon name="warn" /> {go.error.message || t("state.failedHelp")}
        </p>
      ) : null}
      {picture > 0 ? (
        <figure className="guide-qr">
          <img alt={t("guide.qrAlt")} src={`${root}/api/v1/accounts/${g.account_id}/authorise/qr?n=${picture}`} width={220} height={220} />
          <figcaption className="quiet">{t("guide.qrHelp")}</figcaption>
        </figure>
      ) : null}
    </>
  );
}

function Pull({ item: i }: { item: Item | undefined }) {
  const { t } = useWords();
  const now = useNow();
  const zone = useZone();
  if (!i) return null;
  const why = i.cause === "paused" ? "guide.todo.pullPaused" : i.cause === "late" ? "guide.todo.pullLate" : "guide.todo.pull";
  return <p className="quiet num">{i.state === "done" ? moment(i.at, now, zone) : t(why)}</p>;
}
