import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { answer, api, Failure, onceKey } from "../../data/api";
import { useNow } from "../../data/clock";
import type { Shop, Statement } from "../../data/model";
import { audit, shops, statements } from "../../data/queries";
import { useMay } from "../../data/rights";
import { dayOf, moment } from "../../format/time";
import { useZone } from "../../shell/Shell";
import { Icon } from "../../ui/icons";
import { Mark, useChannelName } from "../../ui/Mark";
import { Bones, State, Trouble } from "../../ui/Screen";
import { toast } from "../../ui/toast";
import { inLanguage, useWords, word } from "../../words";
import "./statements.css";

/** Does the platform count as many orders as there are here? One line a shop and day; what engineers need is folded away. */
export function Statements() {
  const { t } = useWords();
  const may = useMay();
  const [shop, setShop] = useState("");
  const { data, error, isPending, refetch } = useQuery(statements(shop));
  const { data: known } = useQuery(shops);
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t("nav.statements")}</h1>
        <select className="select statement-shop" aria-label={t("stm.shop")} value={shop} onChange={(e) => setShop(e.target.value)}>
          <option value="">{t("stm.allShops")}</option>
          {known?.map((s) => (
            <option key={s.id} value={s.id}>
              {s.name || s.external_id}
            </option>
          ))}
        </select>
        <p>{t("stm.lead")}</p>
      </div>
      <Make shops={known ?? []} chosen={shop} />
      {isPending ? (
        <Bones rows={4} height={72} />
      ) : error && !data ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : data?.length === 0 ? (
        <div className="panel">
          <State icon="calm" title={t("stm.none")}>
            {t("stm.noneHelp")}
          </State>
        </div>
      ) : (
        <ul className="statements panel">
          {data?.map((s) => (
            <Row key={s.id} statement={s} shop={known?.find((k) => k.id === s.shop_id)} />
          ))}
        </ul>
      )}
      {may("whole.see") ? <Chain /> : null}
    </div>
  );
}

/** Counts a shop's day at the platform now. */
function Make({ shops: list, chosen }: { shops: Shop[]; chosen: string }) {
  const { t } = useWords();
  const client = useQueryClient();
  const zone = useZone();
  const now = useNow();
  const [own, setOwn] = useState("");
  const [day, setDay] = useState("");
  const shop = chosen || own || list[0]?.id || "";
  const make = useMutation({
    mutationFn: () =>
      answer(
        api.POST("/api/v1/statements", {
          params: { header: { "Idempotency-Key": onceKey() } },
          body: { shop_id: shop, ...(day ? { day } : {}) },
        }),
      ),
    onSuccess: () => {
      toast(t("stm.made"));
      void client.invalidateQueries({ queryKey: ["statements"] });
      void client.invalidateQueries({ queryKey: ["audit"] });
    },
  });
  if (list.length === 0) return null;
  const problem = make.error instanceof Failure ? make.error.message || make.error.code : make.error ? String(make.error) : "";
  return (
    <form
      className="panel statement-make"
      onSubmit={(e) => {
        e.preventDefault();
        make.mutate();
      }}
    >
      {chosen ? null : (
        <label>
          <span>{t("stm.shop")}</span>
          <select className="select" value={shop} onChange={(e) => setOwn(e.target.value)}>
            {list.map((s) => (
              <option key={s.id} value={s.id}>
                {s.name || s.external_id}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        <span>{t("stm.day")}</span>
        <input className="input" type="date" value={day} max={dayOf(now, zone)} onChange={(e) => setDay(e.target.value)} />
      </label>
      <button type="submit" className="btn primary" disabled={make.isPending}>
        {t(make.isPending ? "stm.making" : "stm.make")}
      </button>
      {problem ? (
        <p className="notice bad" role="alert">
          <Icon name="warn" /> {problem}
        </p>
      ) : null}
    </form>
  );
}

function Row({ statement: s, shop }: { statement: Statement; shop: Shop | undefined }) {
  const { t, language } = useWords();
  const now = useNow();
  const zone = useZone();
  const name = useChannelName();
  const say = (text: { zh: string; en: string }) => inLanguage(language, text.zh, text.en);
  const theirs = s.platform?.orders ?? 0;
  const gap = s.missing.length + s.extra.length + s.empty.length;
  const verdict = s.good ? s.verdict : "broken";
  const line = {
    agrees: t("stm.agrees", { theirs, ours: s.ours.orders }),
    differs: t("stm.differs", { theirs, ours: s.ours.orders, count: gap }),
    unverifiable: t("stm.unverifiable", { why: s.cannot ? say(s.cannot) : "" }),
    broken: t("stm.broken"),
  }[verdict as "agrees" | "differs" | "unverifiable" | "broken"];
  return (
    <li className="statement" data-testid="statement" data-verdict={verdict}>
      <Mark channel={s.channel} large />
      <div className="statement-what">
        <p>
          <b>{shop?.name || s.shop}</b>{" "}
          <span className="quiet num">
            {name(s.channel)} · {s.day}
            {s.closed ? "" : ` · ${t("stm.soFar")}`}
          </span>
        </p>
        <p className={`statement-line ${verdict}`}>
          {verdict === "agrees" ? null : <Icon name={verdict === "unverifiable" ? "unclear" : "warn"} size={16} />} <span>{line}</span>
        </p>
        <Ids label={t("stm.missing")} ids={s.missing} />
        <Ids label={t("stm.extra")} ids={s.extra} />
        <Ids label={t("stm.empty")} ids={s.empty} />
        {s.repaired_count > 0 ? <p className="quiet">{t("stm.repaired", { count: s.repaired_count })}</p> : null}
        <details className="statement-more">
          <summary>{t("stm.more")}</summary>
          <dl>
            {s.platform ? <Fact name={t("stm.means")}>{say(s.platform.means)}</Fact> : null}
            <Fact name={t("stm.madeAt")}>{moment(s.made_at, now, zone)}</Fact>
            {s.repaired.length > 0 ? (
              <Fact name={t("stm.repairs")}>
                {s.repaired.map((r) => (
                  <span key={r.order} className="statement-id">
                    {r.order} {word(t, "stm.how", r.how)}
                  </span>
                ))}
              </Fact>
            ) : null}
            {s.push_only.length > 0 ? (
              <Fact name={t("stm.pushOnly")}>
                {s.push_only.map((p) => (
                  <span key={p.en} className="statement-fact">
                    {say(p)}
                  </span>
                ))}
              </Fact>
            ) : null}
            {s.platform ? <Fact name={t("stm.theirHash")} mono text={s.platform.hash} /> : null}
            <Fact name={t("stm.ourHash")} mono text={s.ours.hash} />
            <Fact name={t("stm.head")} mono text={`${s.audit.number} ${s.audit.hash}`} />
            <Fact name={t("stm.signature")} mono text={s.signature} />
            <Fact name={t("stm.key")} mono text={s.public_key} />
          </dl>
          <p className="quiet">{t("stm.document")}</p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse */}
          <pre className="statement-doc" tabIndex={0}>
            {s.document}
          </pre>
        </details>
      </div>
    </li>
  );
}

function Ids({ label, ids }: { label: string; ids: string[] }) {
  if (ids.length === 0) return null;
  return (
    <p className="statement-ids">
      {label}{" "}
      {ids.map((id) => (
        <span key={id} className="statement-id num">
          {id}
        </span>
      ))}
    </p>
  );
}

function Fact({ name, text, mono, children }: { name: string; text?: string; mono?: boolean; children?: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className={mono ? "mono" : ""}>{text ?? children}</dd>
    </>
  );
}

/** Where the audit chain ends: what to note elsewhere. */
function Chain() {
  const { t } = useWords();
  const now = useNow();
  const zone = useZone();
  const { data } = useQuery(audit);
  if (!data || data.head.number === 0) return null;
  return (
    <p className="quiet statement-chain">
      {t("stm.chain", { number: data.head.number, at: moment(data.head.at, now, zone) })}{" "}
      <span className="mono">{data.head.hash.slice(0, 16)}</span>
    </p>
  );
}
