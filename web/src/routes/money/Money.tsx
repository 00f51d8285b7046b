import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { answer, api } from "../../data/api";
import { useNow } from "../../data/clock";
import { stores } from "../../data/queries";
import { useMay } from "../../data/rights";
import type { components } from "../../data/schema";
import { formatMoney } from "../../format/money";
import { dayOf } from "../../format/time";
import { root } from "../../place";
import { useZone } from "../../shell/Shell";
import { Icon } from "../../ui/icons";
import { Mark, useChannelName, useChannels } from "../../ui/Mark";
import { Problem } from "../../ui/Problem";
import { Bones, State, Trouble } from "../../ui/Screen";
import { toast } from "../../ui/toast";
import { useWords } from "../../words";
import "../people/people.css";
import "../notify/notify.css";
import "./money.css";

type Order = components["schemas"]["BillOrder"];

const monthBefore = (day: string) => new Date(Date.parse(`${day}T00:00:00Z`) - 30 * 86_400_000).toISOString().slice(0, 10);
const yuan = (fen: number) => formatMoney({ minor: fen, digits: 2, currency: "CNY" });

/** What platforms have settled beside what was expected, by store, channel and day; then the orders that differ, and by what. */
export function Money() {
  const { t } = useWords();
  const may = useMay();
  const now = useNow();
  const zone = useZone();
  const today = dayOf(now, zone);
  const [from, setFrom] = useState(monthBefore(today));
  const [to, setTo] = useState(today);
  const query = { from, to };
  const days = useQuery({
    queryKey: ["money", from, to],
    queryFn: async () => (await answer(api.GET("/api/v1/money", { params: { query } }))).days,
  });
  const orders = useQuery({
    queryKey: ["money", "orders", from, to],
    queryFn: () => answer(api.GET("/api/v1/money/orders", { params: { query } })),
  });
  const { data: known } = useQuery(stores);
  const nameOf = (id: string) => known?.find((s) => s.id === id)?.name ?? t("settle.noStore");
  return (
    <div className="page notify">
      <div className="page-head">
        <h1>{t("nav.money")}</h1>
        <p>{t("settle.lead")}</p>
      </div>
      {may("money.keep") ? <Import /> : null}
      <div className="money-range">
        <label className="field">
          <span>{t("settle.from")}</span>
          <input className="input" type="date" value={from} max={to} onChange={(e) => e.target.value && setFrom(e.target.value)} />
        </label>
        <label className="field">
          <span>{t("settle.to")}</span>
          <input className="input" type="date" value={to} min={from} onChange={(e) => e.target.value && setTo(e.target.value)} />
        </label>
        <a className="btn" href={`${root}/api/v1/money/export?from=${from}&to=${to}&all=true`} download>
          {t("settle.export")}
        </a>
      </div>
      {days.isPending ? (
        <Bones rows={4} height={48} />
      ) : days.error && !days.data ? (
        <Trouble error={days.error} retry={() => void days.refetch()} />
      ) : days.data?.length === 0 ? (
        <State icon="calm" title={t("settle.none")}>
          {t("settle.importHelp")}
        </State>
      ) : (
        <section className="panel notify-part money-table">
          <table data-testid="money-days">
            <thead>
              <tr>
                <th>{t("settle.day")}</th>
                <th>{t("settle.store")}</th>
                <th>{t("settle.orders")}</th>
                <th>{t("settle.expected")}</th>
                <th>{t("settle.net")}</th>
                <th>{t("settle.by")}</th>
              </tr>
            </thead>
            <tbody>
              {days.data?.map((d) => (
                <tr key={`${d.day}/${d.channel}/${d.store_id}`} className={d.differ > 0 ? "bad" : undefined}>
                  <td className="num">{d.day}</td>
                  <td>
                    <Mark channel={d.channel} /> {nameOf(d.store_id)}
                  </td>
                  <td className="num">
                    {d.orders}
                    {d.differ > 0 ? ` · ${t("settle.differ")} ${d.differ}` : ""}
                  </td>
                  <td className="num">{formatMoney(d.expected)}</td>
                  <td className="num">{formatMoney(d.net)}</td>
                  <td className="num">{d.differ > 0 ? formatMoney(d.by) : "—"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {orders.data && orders.data.orders.length > 0 ? (
        <section className="panel notify-part" aria-label={t("settle.what")}>
          <div className="notify-head">
            <h2>{t("settle.what")}</h2>
          </div>
          <ul className="senders">
            {orders.data.orders.map((o) => (
              <Differing key={`${o.day}/${o.ref}`} order={o} store={nameOf(o.store_id)} />
            ))}
          </ul>
          {orders.data.more ? <p className="quiet">{t("settle.more")}</p> : null}
        </section>
      ) : null}
    </div>
  );
}

function Differing({ order: o, store }: { order: Order; store: string }) {
  const { t } = useWords();
  const named = (what: string) => (what === "net" ? t("settle.sum") : what === "settled" ? t("settle.settled") : what);
  return (
    <li className="sender" data-testid="money-order" data-state={o.state}>
      <div className="sender-what">
        <b className="num">{o.day}</b>{" "}
        {o.order_id ? (
          <Link to="/orders/$orderId" params={{ orderId: o.order_id }} search={{}} className="mono">
            {o.ref}
          </Link>
        ) : (
          <span className="mono">{o.ref}</span>
        )}{" "}
        <span className="chip bad">{t(`settle.state.${o.state}`)}</span> <small className="quiet">{store}</small>
        <p className="num">
          {t("settle.expected")} {formatMoney(o.expected)} · {t("settle.net")} {formatMoney(o.net)} · {t("settle.by")}{" "}
          <b>{yuan(o.net.minor - o.expected.minor)}</b>
        </p>
        {o.wrong?.map((w) => (
          <p key={w.key} className="quiet" data-testid="money-wrong">
            {t(`ride.wrong.${w.what}`)} · {t("ride.liable")}: <b>{t(`ride.party.${w.party}`)}</b>
            {w.why ? ` · ${w.why.replace(/^by_(courier|merchant|customer)\s*/, "")}` : ""}
          </p>
        ))}
        {o.differs.map((d) => (
          <p key={d.what} className="quiet num">
            {named(d.what)}: {yuan(d.here)} → {yuan(d.bill)}
          </p>
        ))}
      </div>
    </li>
  );
}

/** Takes a file as the platform gave it, and lists those that were taken. */
function Import() {
  const { t } = useWords();
  const client = useQueryClient();
  const channels = useChannels();
  const nameOf = useChannelName();
  const bills = useQuery({ queryKey: ["bills"], queryFn: async () => (await answer(api.GET("/api/v1/bills"))).bills });
  const again = () => {
    void client.invalidateQueries({ queryKey: ["bills"] });
    void client.invalidateQueries({ queryKey: ["money"] });
  };
  const read = useMutation({
    mutationFn: async ({ channel, file }: { channel: string; file: File }) => {
      const bytes = new Uint8Array(await file.arrayBuffer());
      let text = "";
      for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
      return answer(api.POST("/api/v1/bills", { body: { channel, name: file.name, content: btoa(text) } }));
    },
    onSuccess: (b) => {
      toast(t("settle.done", { count: b.lines }));
      again();
    },
  });
  const drop = useMutation({
    mutationFn: (id: string) => answer(api.DELETE("/api/v1/bills/{id}", { params: { path: { id } } })),
    onSuccess: again,
  });
  const [file, setFile] = useState("");
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    const given = f.get("file");
    if (given instanceof File && given.size > 0) read.mutate({ channel: String(f.get("channel")), file: given });
  };
  return (
    <section className="panel notify-part" aria-label={t("settle.import")}>
      <form className="money-range" onSubmit={submit}>
        <label className="field">
          <span>{t("settle.channel")}</span>
          <select className="input" name="channel">
            {[...channels.values()].map((c) => (
              <option key={c.name} value={c.name}>
                {nameOf(c.name)}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>{t("settle.file")}</span>
          <span className="input money-file">
            <input name="file" type="file" accept=".csv,.xlsx,.txt" required onChange={(e) => setFile(e.target.files?.[0]?.name ?? "")} />
            {file || <span className="quiet">{t("settle.choose")}</span>}
          </span>
        </label>
        <button type="submit" className="btn primary" disabled={read.isPending}>
          <Icon name="plus" /> {t("settle.read")}
        </button>
      </form>
      <p className="quiet money-help">{t("settle.importHelp")}</p>
      <Problem error={read.error ?? drop.error} />
      {bills.data && bills.data.length > 0 ? (
        <details>
          <summary>{t("settle.files")}</summary>
          <ul className="senders">
            {bills.data.map((b) => (
              <li key={b.id} className="sender">
                <div className="sender-what">
                  <Mark channel={b.channel} /> {b.name} <small className="quiet num">{b.lines}</small>
                </div>
                <div className="sender-acts">
                  <button type="button" className="btn small" disabled={drop.isPending} onClick={() => drop.mutate(b.id)}>
                    {t("settle.drop")}
                    <span className="sr-only"> {b.name}</span>
                  </button>
                </div>
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </section>
  );
}
