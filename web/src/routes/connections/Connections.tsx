import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useNow } from "../../data/clock";
import type { Account, App, Channel, Shop, Store } from "../../data/model";
import { accounts, apps, channels, merchant, shops, stores } from "../../data/queries";
import { useGate } from "../../data/rights";
import { moment } from "../../format/time";
import { useZone } from "../../shell/Shell";
import { Icon } from "../../ui/icons";
import { Mark } from "../../ui/Mark";
import { Bones, State, Trouble } from "../../ui/Screen";
import { toast } from "../../ui/toast";
import { inLanguage, listed, useWords, word } from "../../words";
import { FrontLinks } from "../front/FrontLinks";
import { authorise } from "./authorise";
import type { Form } from "./Forms";
import { healthOf, lasted } from "./health";
import { Modes } from "./Modes";
import "./connections.css";

const Forms = lazy(() => import("./Forms").then((m) => ({ default: m.Forms })));

export function Connections() {
  const { t } = useWords();
  const keep = useGate("connections.keep");
  const known = useQuery(channels);
  const all = useQuery(accounts);
  const appList = useQuery(apps);
  const shopList = useQuery(shops);
  const storeList = useQuery(stores);
  const { data: brand } = useQuery(merchant);
  const [form, setForm] = useState<Form>();

  const parts = [known, all, appList, shopList, storeList];
  const failed = parts.find((p) => p.error && !p.data);
  const ready = parts.every((p) => p.data);
  const used = known.data?.filter((c) => appList.data?.some((a) => a.channel === c.name)) ?? [];
  const unused = known.data?.filter((c) => !c.own && !used.includes(c)) ?? [];

  return (
    <div className="page">
      <div className="page-head">
        <h1>{t("conn.title")}</h1>
        <div className="conn-keys">
          {brand ? (
            <button type="button" className="btn ghost" {...keep} onClick={() => setForm({ kind: "merchant", old: brand })}>
              <Icon name="edit" size={16} /> {t("conn.merchant", { name: brand.name })}
            </button>
          ) : null}
          <button type="button" className="btn" {...keep} onClick={() => setForm({ kind: "store" })}>
            <Icon name="plus" size={16} /> {t("conn.addStore")}
          </button>
          <Link to="/guide" className="btn primary">
            <Icon name="plug" size={16} /> {t("guide.start")}
          </Link>
        </div>
        <p>{t("conn.lead")}</p>
      </div>
      {failed ? (
        <Trouble error={failed.error} retry={() => parts.forEach((p) => void p.refetch())} />
      ) : !ready ? (
        <Bones rows={3} height={180} gap={16} />
      ) : (
        <>
          {used.length === 0 ? (
            <div className="panel">
              <State icon="plug" title={t("conn.none")}>
                {t("conn.noneHelp")}
              </State>
            </div>
          ) : null}
          {used.map((c) => (
            <ChannelSection
              key={c.name}
              channel={c}
              apps={appList.data?.filter((a) => a.channel === c.name) ?? []}
              accounts={all.data ?? []}
              shops={shopList.data ?? []}
              stores={storeList.data ?? []}
              open={setForm}
            />
          ))}
          <section className="conn-more" hidden={unused.length === 0}>
            <h2>{t("conn.available")}</h2>
            <ul>
              {unused.map((c) => (
                <AddChannel key={c.name} channel={c} add={() => setForm({ kind: "app", channel: c })} />
              ))}
            </ul>
          </section>
          <StoreList stores={storeList.data ?? []} shops={shopList.data ?? []} open={setForm} />
        </>
      )}
      <Suspense>{form ? <Forms form={form} close={() => setForm(undefined)} then={setForm} /> : null}</Suspense>
    </div>
  );
}

function AddChannel({ channel: c, add }: { channel: Channel; add: () => void }) {
  const { t, language } = useWords();
  const keep = useGate("connections.keep");
  return (
    <li className="panel add-channel">
      <Mark channel={c.name} large />
      <b>{inLanguage(language, c.label_zh, c.label_en)}</b>
      <small className="quiet">{word(t, "orderKind", c.kind)}</small>
      <button type="button" className="btn small" {...keep} onClick={add}>
        {t("conn.connect")}
        <span className="sr-only"> {inLanguage(language, c.label_zh, c.label_en)}</span>
      </button>
    </li>
  );
}

type SectionProps = { channel: Channel; apps: App[]; accounts: Account[]; shops: Shop[]; stores: Store[]; open: (f: Form) => void };

function ChannelSection({ channel: c, apps: list, accounts: all, shops: shopList, stores: storeList, open }: SectionProps) {
  const { t, language } = useWords();
  const keep = useGate("connections.keep");
  return (
    <section className="conn-channel panel" data-testid={`channel-${c.name}`}>
      <header>
        <Mark channel={c.name} large />
        <h2>{inLanguage(language, c.label_zh, c.label_en)}</h2>
        <button type="button" className="btn small" {...keep} onClick={() => open({ kind: "app", channel: c })}>
          <Icon name="plus" size={14} /> {t("conn.addApp")}
        </button>
      </header>
      {list.map((app) => (
        <div key={app.id} className="conn-app">
          <div className="conn-app-head">
            <b>{app.name}</b>
            <small className="quiet mono">{app.id}</small>
            <Change what={app.name} open={() => open({ kind: "app", channel: c, old: app })} />
            <button type="button" className="btn small" {...keep} onClick={() => open({ kind: "account", channel: c, app })}>
              <Icon name="plus" size={14} /> {t("conn.addAccount")}
            </button>
          </div>
          <Callbacks app={app} channel={c} />
          {app.refused_24h > 0 ? (
            <p className="notice warn" data-testid="refused">
              <Icon name="warn" /> {t("conn.refused", { count: app.refused_24h })}
            </p>
          ) : null}
          {all
            .filter((a) => a.app_id === app.id)
            .map((a) => (
              <AccountCard
                key={a.id}
                account={a}
                app={app}
                channel={c}
                shops={shopList.filter((s) => s.account_id === a.id)}
                stores={storeList}
                open={open}
              />
            ))}
        </div>
      ))}
      <Powers channel={c} />
    </section>
  );
}

function Callbacks({ app, channel: c }: { app: App; channel: Channel }) {
  const { t, language } = useWords();
  if (!app.public_url) {
    return (
      <p className="notice warn">
        <Icon name="warn" />
        <span>
          <b>{t("conn.pullOnly")}</b>{" "}
          {inLanguage(language, c.pull_only.zh, c.pull_only.en) || t("conn.pullOnlyHelp", { every: lasted(t, c.pull_every_s || 60) })}{" "}
          {c.push_only.length > 0
            ? t("conn.pullLoses", {
                facts: listed(
                  language,
                  c.push_only.map((f) => inLanguage(language, f.zh, f.en)),
                ),
              })
            : null}
        </span>
      </p>
    );
  }
  const copy = (url: string) => void navigator.clipboard?.writeText(url).then(() => toast(t("do.copied")));
  const never = app.callback_urls.filter((u) => u.came_at === 0);
  const at = new URL(app.public_url);
  const port = Number(at.port) || (at.protocol === "https:" ? 443 : 80);
  return (
    <>
      {app.ports.length > 0 && !app.ports.includes(port) ? (
        <p className="notice warn" data-testid="port">
          <Icon name="warn" /> {t("connect.port", { port, ports: app.ports.join(" / ") })}
        </p>
      ) : null}
      <details className="callbacks" open={app.callback_urls.length <= 2}>
        <summary>
          {t("conn.callbacks", { count: app.callback_urls.length })}{" "}
          {never.length > 0 ? <span className="quiet">{t("connect.missing", { count: never.length })}</span> : null}
        </summary>
        <ul>
          {app.callback_urls.map(({ url, what_zh, what_en, came_at, probed_at }) => (
            <li key={url}>
              <small>
                {inLanguage(language, what_zh, what_en) || t("conn.callback")}{" "}
                <span className={`chip ${came_at > 0 ? "good" : probed_at > 0 ? "" : "warn"}`} data-testid="heard" data-came={came_at > 0}>
                  {t(came_at > 0 ? "connect.came" : probed_at > 0 ? "connect.probed" : "connect.never")}
                </span>
              </small>
              <code className="mono">{url}</code>
              <button type="button" className="btn icon ghost small" aria-label={t("conn.copyUrl", { url })} onClick={() => copy(url)}>
                <Icon name="copy" size={16} />
              </button>
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}

type CardProps = { account: Account; app: App; channel: Channel; shops: Shop[]; stores: Store[]; open: (f: Form) => void };

function AccountCard({ account: a, app, channel: c, shops: shopList, stores: storeList, open }: CardProps) {
  const { t } = useWords();
  const keep = useGate("connections.keep");
  const now = useNow();
  const zone = useZone();
  const health = healthOf(a, c, Boolean(app.public_url), now);
  const ago = (at: number) => (at > 0 ? t("conn.ago", { time: lasted(t, Math.max(0, Math.round((now - at) / 1000))) }) : t("conn.never"));
  const again = () => void authorise(a).catch((e: Error) => toast(e.message || t("state.failed")));
  return (
    <article className={`account ${health.tone}`} data-testid="account" data-id={a.id} data-state={a.state}>
      <header>
        <i className={`dot ${health.tone === "good" ? "live" : health.tone === "warn" ? "asking" : "bad"}`} aria-hidden="true" />
        <h3>{a.name}</h3>
        <span className={`chip ${health.tone}`}>{word(t, "accountState", a.state)}</span>
        {a.big_chain ? (
          <span className="chip" data-testid="chain">
            {t("form.chain", { time: lasted(t, c.chain_refund_s) })}
          </span>
        ) : null}
        <Change what={a.name} open={() => open({ kind: "account", channel: c, app, old: a })} />
        <Link to="/guide/$accountId" params={{ accountId: a.id }} className="btn small" aria-label={t("guide.open", { name: a.name })}>
          {t("guide.start")}
        </Link>
        {a.state === "authorise" || a.authorise_url ? (
          <button type="button" className={`btn small ${a.state === "authorise" ? "primary" : ""}`} {...keep} onClick={again}>
            {t(a.state === "authorise" ? "conn.authoriseNow" : "conn.authoriseAgain")}
          </button>
        ) : null}
      </header>
      {health.words.map((w) => (
        <p key={w.key} className={`notice ${w.tone}`}>
          <Icon name="warn" /> {t(`health.${w.key}`, { ...w.params, time: w.seconds === undefined ? "" : lasted(t, w.seconds) })}
        </p>
      ))}
      <dl className="account-facts num">
        <div>
          <dt>{t("conn.lastPush")}</dt>
          <dd title={a.last_push_at > 0 ? moment(a.last_push_at, now, zone) : undefined}>{ago(a.last_push_at)}</dd>
        </div>
        <div>
          <dt>{t("conn.lastPull")}</dt>
          <dd title={a.last_pull_at > 0 ? moment(a.last_pull_at, now, zone) : undefined}>{ago(a.last_pull_at)}</dd>
        </div>
        <div>
          <dt>{t("conn.backlog")}</dt>
          <dd>{t("conn.backlogOf", { effects: a.backlog.effects, hints: a.backlog.hints, parked: a.backlog.parked })}</dd>
        </div>
        <div>
          <dt>{t("conn.authoriseBy")}</dt>
          <dd>{a.authorise_by_at > 0 ? moment(a.authorise_by_at, now, zone) : t("conn.noEnd")}</dd>
        </div>
      </dl>
      {a.last_error ? (
        <p className="account-error">
          <small className="quiet num">{t("conn.lastError", { at: moment(a.last_error.at, now, zone) })}</small> {a.last_error.words}{" "}
          <span className="mono quiet">{a.last_error.code}</span>
        </p>
      ) : null}
      <div className="account-shops">
        <span className="quiet">{t("conn.shops")}</span>
        {shopList.map((s) => (
          <span key={s.id} className="shop-tag">
            {s.name || s.external_id}
            <small>
              → {storeList.find((x) => x.id === s.store_id)?.name || t("conn.unbound")} · {word(t, "mode", s.mode)}
            </small>
            <FrontLinks shop={s.id} channel={c.name} name={s.name || s.external_id} />
            <Change what={s.name || s.external_id} open={() => open({ kind: "shop", channel: c, account: a, old: s })} />
          </span>
        ))}
        <button type="button" className="btn small ghost" {...keep} onClick={() => open({ kind: "shop", channel: c, account: a })}>
          <Icon name="plus" size={14} /> {t("conn.addShop")}
        </button>
      </div>
      <Modes shops={shopList} stores={storeList} />
    </article>
  );
}

function Change({ what, open }: { what: string; open: () => void }) {
  const { t } = useWords();
  const keep = useGate("connections.keep");
  return (
    <button type="button" className="btn icon ghost small" aria-label={t("conn.change", { what })} {...keep} onClick={open}>
      <Icon name="edit" size={14} />
    </button>
  );
}

/** What can be done on this platform and what cannot, in words, before somebody looks for a button that is not there. */
function Powers({ channel: c }: { channel: Channel }) {
  const { t, language } = useWords();
  return (
    <details className="powers">
      <summary>{t("conn.powers", { count: c.powers.length })}</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("conn.power")}</th>
            <th scope="col">{t("conn.nature")}</th>
            <th scope="col">{t("conn.note")}</th>
          </tr>
        </thead>
        <tbody>
          {c.powers.map((p) => (
            <tr key={p.name}>
              <th scope="row">{word(t, "power", p.name)}</th>
              <td>{word(t, "nature", p.nature)}</td>
              <td>
                {inLanguage(language, p.note_zh, p.note_en)}{" "}
                <small className="quiet">
                  {listed(
                    language,
                    [...p.limits.logistics.map((l) => word(t, "logistics", l)), p.limits.local ? t("conn.local") : ""].filter(Boolean),
                  )}
                </small>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {c.push_only.length > 0 ? (
        <p className="quiet">
          {t("conn.pushOnly", {
            facts: listed(
              language,
              c.push_only.map((f) => inLanguage(language, f.zh, f.en)),
            ),
          })}
        </p>
      ) : null}
    </details>
  );
}

function StoreList({ stores: list, shops: shopList, open }: { stores: Store[]; shops: Shop[]; open: (f: Form) => void }) {
  const { t } = useWords();
  if (list.length === 0) return null;
  return (
    <section className="conn-more">
      <h2>{t("conn.stores")}</h2>
      <ul className="panel store-list">
        {list.map((s) => (
          <li key={s.id}>
            <b>{s.name}</b>
            <span className="quiet">{s.address}</span>
            <small className="quiet">{s.zone}</small>
            <small className="quiet num">{t("conn.shopCount", { count: shopList.filter((x) => x.store_id === s.id).length })}</small>
            <small className="quiet num">{t("conn.pace", { prepare: s.prepare_minutes, travel: s.travel_minutes })}</small>
            <Change what={s.name} open={() => open({ kind: "store", old: s })} />
          </li>
        ))}
      </ul>
    </section>
  );
}
