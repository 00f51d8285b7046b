import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useNow } from "../../data/clock";
import type { Health } from "../../data/model";
import { health, unclear } from "../../data/queries";
import { size } from "../../format/size";
import { clock, clockSeconds, moment } from "../../format/time";
import { useZone } from "../../shell/Shell";
import { Icon } from "../../ui/icons";
import { Mark, useChannelName } from "../../ui/Mark";
import { Bones, State, Trouble } from "../../ui/Screen";
import { listed, useWords, word } from "../../words";
import { lasted } from "../connections/health";
import { advice, bars, headline, share, spoken, toneOf } from "./judge";
import "./status.css";

/** How everything is doing: one sentence an account for people, the machinery below for whoever runs it. It reads itself again. */
export function Status() {
  const { t } = useWords();
  const zone = useZone();
  const { data, error, isPending, refetch } = useQuery(health);
  return (
    <div className="page status">
      <div className="page-head">
        <h1>{t("pulse.title")}</h1>
        <span className={`quiet num ${error && data ? "status-stale" : ""}`} data-testid="as-of">
          {data ? t(error ? "pulse.stale" : "pulse.asOf", { at: clockSeconds(data.at, zone) }) : ""}
        </span>
      </div>
      {isPending ? (
        <Bones rows={5} height={96} />
      ) : data ? (
        <Board h={data} />
      ) : (
        <div className="panel">
          <Trouble error={error} retry={() => void refetch()} />
        </div>
      )}
    </div>
  );
}

function Board({ h }: { h: Health }) {
  const { t } = useWords();
  const head = headline(h);
  return (
    <>
      <p className={`status-head ${head.tone}`} role="status" data-testid="headline" data-tone={head.tone}>
        <Icon name={head.tone === "good" ? "check" : "warn"} size={22} />
        <b>{t(`pulse.head.${head.key}`, head.params)}</b>
      </p>
      <section aria-labelledby="status-accounts">
        <h2 id="status-accounts">{t("pulse.accounts")}</h2>
        {h.accounts.length === 0 ? (
          <div className="panel">
            <State
              icon="plug"
              title={t("pulse.noAccounts")}
              action={
                <Link to="/connections" search={{}} className="btn">
                  {t("nav.connections")}
                </Link>
              }
            />
          </div>
        ) : (
          <ul className="panel status-accounts">
            {h.accounts.map((a) => (
              <AccountLine key={a.account_id} a={a} now={h.at} />
            ))}
          </ul>
        )}
      </section>
      <Waiting h={h} />
      <Lanes h={h} />
      <Calls h={h} />
      <Machine h={h} />
    </>
  );
}

function AccountLine({ a, now }: { a: Health["accounts"][number]; now: number }) {
  const { t, language } = useWords();
  const zone = useZone();
  const name = useChannelName();
  const tone = toneOf(a.state);
  const since =
    a.since_at > 0 ? t("pulse.since", { at: moment(a.since_at, now, zone), time: lasted(t, Math.max(1, (now - a.since_at) / 1000)) }) : "";
  const kinds = listed(
    language,
    a.kinds.map((k) => word(t, "act", k)),
  );
  return (
    <li className="status-account" data-testid="account-health" data-id={a.account_id} data-state={a.state}>
      <Mark channel={a.channel} large />
      <div className="status-what">
        <p className="status-name">
          <b>{name(a.channel)}</b> <span className="quiet">{a.name}</span>
        </p>
        <p>
          {word(t, "pulse.means", a.cause)}
          {kinds ? ` ${t("pulse.kinds", { kinds })}` : ""}
        </p>
        {tone === "good" ? null : <p className="status-do">{word(t, "pulse.todo", advice(a.cause))}</p>}
        <p className="quiet num status-facts">
          {t("pulse.pushed", { at: a.push_at > 0 ? moment(a.push_at, now, zone) : t("conn.never") })} ·{" "}
          {t("pulse.pulled", { at: a.pull_at > 0 ? moment(a.pull_at, now, zone) : t("conn.never") })}
        </p>
      </div>
      <div className="status-side">
        <p className={`status-state ${tone}`}>
          <i aria-hidden="true" />
          {word(t, "pulse.state", a.state)}
        </p>
        <p className="quiet num status-since">{since}</p>
        <Hour a={a} />
      </div>
    </li>
  );
}

/** The last hour in sixty strokes; in words for whoever does not see them. */
function Hour({ a }: { a: Health["accounts"][number] }) {
  const { t } = useWords();
  const n = spoken(a);
  return (
    <svg className="status-hour" viewBox="0 0 180 20" preserveAspectRatio="none" role="img" aria-label={t("pulse.hour", n)}>
      <title>{t("pulse.hour", n)}</title>
      {bars(a).map((tone, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a stroke is its place
        <rect key={i} className={tone} x={i * 3} y={tone === "none" ? 8 : 0} width="2" height={tone === "none" ? 4 : 20} />
      ))}
    </svg>
  );
}

function Fact({
  label,
  value,
  tone = "",
  help,
  to,
}: {
  label: string;
  value: string;
  tone?: string;
  help: string;
  to?: "/parked" | "/unclear";
}) {
  return (
    <div className={`status-fact panel ${tone}`}>
      <dt>{to ? <Link to={to}>{label}</Link> : label}</dt>
      <dd className="num">{value}</dd>
      <dd className="quiet status-help">{help}</dd>
    </div>
  );
}

function Waiting({ h }: { h: Health }) {
  const { t } = useWords();
  const { data: doubts } = useQuery(unclear);
  const zone = useZone();
  const seconds = (ms: number) => lasted(t, Math.floor(ms / 1000));
  const behind = h.follower.since_at > 0 ? h.at - h.follower.since_at : 0;
  const person = doubts?.length ?? h.lanes.reduce((n, l) => n + l.person, 0);
  return (
    <section aria-labelledby="status-waiting">
      <h2 id="status-waiting">{t("pulse.waiting")}</h2>
      <dl className="status-facts-grid">
        {h.queue.map((q) => (
          <Fact
            key={q.class}
            label={word(t, "pulse.queue", q.class)}
            value={String(q.waiting)}
            tone={q.oldest_ms > 5000 ? "bad" : q.oldest_ms > 1000 ? "warn" : ""}
            help={q.waiting > 0 ? t("pulse.oldest", { time: seconds(q.oldest_ms) }) : t("pulse.nothing")}
          />
        ))}
        <Fact
          label={t("pulse.follower")}
          value={h.follower.behind > 0 ? String(h.follower.behind) : t("pulse.upToDate")}
          tone={behind > 30_000 ? "bad" : behind > 10_000 ? "warn" : ""}
          help={h.follower.since_at > 0 ? t("pulse.countsAsOf", { at: clockSeconds(h.follower.since_at, zone) }) : t("pulse.countsNow")}
        />
        <Fact
          to="/parked"
          label={t("nav.parked")}
          value={String(h.parked)}
          tone={h.parked > 0 ? "warn" : ""}
          help={t(h.parked > 0 ? "pulse.parkedHelp" : "pulse.nothing")}
        />
        <Fact
          to="/unclear"
          label={t("nav.unclear")}
          value={String(person)}
          tone={person > 0 ? "bad" : ""}
          help={t(person > 0 ? "pulse.personHelp" : "pulse.nothing")}
        />
      </dl>
    </section>
  );
}

/** A table that scrolls in itself on a small screen, also by keyboard. */
function Table({ label, head, children }: { label: string; head: string[]; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
    <section className="panel status-scroll" tabIndex={0} aria-label={label}>
      <table className="status-table">
        <thead>
          <tr>
            {head.map((h) => (
              <th key={h} scope="col">
                {h}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}

function Lanes({ h }: { h: Health }) {
  const { t } = useWords();
  const name = useChannelName();
  const hosts = new Map(h.nodes.map((n) => [n.name, n.host]));
  if (h.lanes.length === 0) return null;
  return (
    <section aria-labelledby="status-lanes">
      <h2 id="status-lanes">{t("pulse.lanes")}</h2>
      <Table label={t("pulse.lanes")} head={[t("pulse.account"), t("pulse.node"), t("pulse.open"), t("pulse.oldestDue")]}>
        {h.lanes.map((l) => {
          const a = h.accounts.find((x) => x.account_id === l.account_id);
          const late = l.due_at > 0 ? Math.floor((h.at - l.due_at) / 1000) : 0;
          return (
            <tr key={l.account_id}>
              <th scope="row">{[a ? name(a.channel) : "", a?.name || (a ? "" : l.account_id)].filter(Boolean).join(" · ")}</th>
              <td>
                {l.node ? (
                  hosts.get(l.node) || <span className="mono">{l.node}</span>
                ) : (
                  <b className="status-word bad">{t("pulse.nobody")}</b>
                )}
              </td>
              <td className="num">{l.open}</td>
              <td className={`num ${late > 60 ? "status-word warn" : ""}`}>
                {late > 0 ? t("pulse.late", { time: lasted(t, late) }) : t("pulse.onTime")}
              </td>
            </tr>
          );
        })}
      </Table>
    </section>
  );
}

function Calls({ h }: { h: Health }) {
  const { t } = useWords();
  const name = useChannelName();
  return (
    <section aria-labelledby="status-calls">
      <h2 id="status-calls">{t("pulse.calls")}</h2>
      {h.calls.length === 0 ? (
        <p className="panel status-none quiet">{t("pulse.noCalls")}</p>
      ) : (
        <Table label={t("pulse.calls")} head={[t("pulse.call"), t("pulse.quarter"), t("pulse.lastHour"), t("pulse.mean")]}>
          {h.calls.map((c) => (
            <tr key={`${c.channel} ${c.kind}`} data-testid="call-health" data-kind={c.kind}>
              <th scope="row">{[name(c.channel), word(t, "act", c.kind)].filter(Boolean).join(" · ")}</th>
              {[c.quarter, c.hour].map((n, i) => (
                <td key={i === 0 ? "quarter" : "hour"} className={`num ${n.failed > 0 ? "status-word bad" : ""}`}>
                  {n.calls === 0 ? "–" : t("pulse.failedOf", { share: share(n.failed, n.calls), failed: n.failed, calls: n.calls })}
                </td>
              ))}
              <td className="num">{t("pulse.ms", { ms: c.hour.mean_ms })}</td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}

function Machine({ h }: { h: Health }) {
  const { t } = useWords();
  const zone = useZone();
  const now = useNow();
  return (
    <section aria-labelledby="status-machine">
      <h2 id="status-machine">{t("pulse.machine")}</h2>
      <dl className="panel status-list">
        <dt>{t("pulse.database")}</dt>
        <dd className="num">
          {word(t, "pulse.engine", h.database.engine)} · {size(h.database.size_bytes)}
          {h.database.free_bytes > 0 ? ` · ${t("pulse.free", { size: size(h.database.free_bytes) })}` : ""}
          {h.armed ? "" : ` · ${t("pulse.disarmed")}`}
        </dd>
        <dt>{t("pulse.nodes")}</dt>
        <dd>
          <ul>
            {h.nodes.map((n) => (
              <li key={n.name} className="num" data-testid="node">
                {n.host || n.name} {n.me ? <span className="quiet">({t("pulse.me")})</span> : null}{" "}
                <span className="quiet">
                  {t("pulse.nodeFacts", { lanes: n.lanes, version: n.version, at: moment(n.started_at, now, zone) })}
                  {n.waiting > 0 ? ` · ${t("pulse.waiting")}: ${n.waiting}` : ""}
                </span>
              </li>
            ))}
          </ul>
        </dd>
        <dt>{t("pulse.backups")}</dt>
        <dd>
          {h.checks.length === 0 ? <span className="quiet">{t("pulse.noChecks")}</span> : null}
          {h.checks.map((c) => (
            <p key={c.name} className={c.ok ? "num" : "num status-word bad"}>
              {t(c.ok ? "pulse.checkGood" : "pulse.checkBad", {
                at: moment(c.at, now, zone),
                of: c.about_at > 0 ? clock(c.about_at, zone) : "–",
              })}{" "}
              {c.ok ? "" : c.words}
            </p>
          ))}
        </dd>
        <dt>{t("pulse.version")}</dt>
        <dd className="mono">{h.version}</dd>
      </dl>
    </section>
  );
}
