import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNow } from "../../data/clock";
import { clockSeconds } from "../../format/time";
import { useZone } from "../../shell/Shell";
import { Icon } from "../../ui/icons";
import { Mark, useChannelName } from "../../ui/Mark";
import { Bones, State, Trouble } from "../../ui/Screen";
import { useWords, word } from "../../words";
import { ConcernRow } from "./ConcernRow";
import { board, type Incident, levelOf, messages, minutes, orderKinds, type StoreState } from "./concerns";
import { Equipment } from "./Equipment";
import { Intake } from "./Intake";
import { Radar } from "./Radar";
import "./board.css";

/** Which store needs help: the worst first. A press on a store shows why, a press on that leads to the order. */
export function StoreBoard() {
  const { t } = useWords();
  const zone = useZone();
  const { data, error, isPending, refetch } = useQuery(board);
  const [open, setOpen] = useState("");
  const bad = data?.stores.filter((s) => s.level === "bad").length ?? 0;
  return (
    <div className="page board">
      <div className="page-head">
        <h1>{t("nav.board")}</h1>
        {data ? <span className="quiet num">{t("board.asOf", { at: clockSeconds(data.as_of, zone) })}</span> : null}
        <p role="status">
          {data
            ? bad > 0
              ? t("board.bad", { count: bad, of: data.stores.length })
              : t("board.fine", { count: data.stores.length })
            : t("board.lead")}
        </p>
      </div>
      {isPending ? (
        <Bones rows={5} height={72} />
      ) : error && !data ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : data ? (
        <>
          {data.incidents.map((i) => (
            <IncidentLine key={`${i.channel} ${i.cause}`} incident={i} />
          ))}
          <ul className="board-totals" aria-label={t("board.totals")}>
            {orderKinds.map((kind) => (
              <li
                key={kind}
                className={data.totals[kind]?.urgent ? "urgent" : data.totals[kind]?.n ? "" : "nothing"}
                data-testid={`total-${kind}`}
              >
                <b className="num">{data.totals[kind]?.n ?? 0}</b> {t(`msg.kind.${kind}`)}
              </li>
            ))}
          </ul>
          {data.more ? <p className="notice warn">{t("board.more")}</p> : null}
          {data.unbound > 0 ? <p className="notice warn">{t("board.unbound", { count: data.unbound })}</p> : null}
          {data.stores.length === 0 ? (
            <div className="panel">
              <State icon="calm" title={t("board.none")} />
            </div>
          ) : (
            <ul className="board-stores">
              {data.stores.map((s) => (
                <Store
                  key={s.store_id}
                  store={s}
                  open={open === s.store_id}
                  toggle={() => setOpen(open === s.store_id ? "" : s.store_id)}
                />
              ))}
            </ul>
          )}
        </>
      ) : null}
    </div>
  );
}

function IncidentLine({ incident: i }: { incident: Incident }) {
  const { t } = useWords();
  const channel = useChannelName();
  const now = useNow();
  return (
    <p className={`notice ${levelOf(i.state)}`} role="status" data-testid="incident">
      <Mark channel={i.channel} /> <b>{t("board.incident", { channel: channel(i.channel), count: i.stores, of: i.of })}</b>{" "}
      {word(t, "pulse.means", i.cause)} <span className="num">{t("msg.minutes", { count: minutes(i.since_at, now) })}</span>
    </p>
  );
}

function Store({ store: s, open, toggle }: { store: StoreState; open: boolean; toggle: () => void }) {
  const { t } = useWords();
  const channel = useChannelName();
  const now = useNow();
  const level = levelOf(s.level);
  const body = `board-${s.store_id}`;
  return (
    <li className={`panel board-store ${level}`} data-testid="store" data-level={s.level}>
      <button type="button" className="board-store-head" aria-expanded={open} aria-controls={body} onClick={toggle}>
        <span className={`board-level ${level}`}>
          <Icon name={level === "good" ? "check" : "warn"} size={16} /> {t(`board.level.${level}`)}
        </span>
        <b className="clip">{s.name}</b>
        <span className="quiet num">{t("board.open", { count: s.open })}</span>
        <span className="board-tallies">
          {orderKinds.map((kind) => {
            const n = s.tallies[kind];
            return n ? (
              <span key={kind} className={`board-tally ${n.urgent ? "urgent" : ""}`}>
                {t(`msg.kind.${kind}`)} <b className="num">{n.n}</b>
                {n.oldest_at ? <small className="num"> {t("msg.minutes", { count: minutes(n.oldest_at, now) })}</small> : null}
              </span>
            ) : null;
          })}
        </span>
        <span className="board-shops">
          {s.shops.map((x) => (
            <span key={x.shop_id} className={`board-shop ${x.mode !== "full" ? "warn" : levelOf(x.state)}`}>
              <Mark channel={x.channel} label={channel(x.channel)} />
              {x.mode !== "full" ? word(t, "mode", x.mode) : x.state === "good" ? "" : word(t, "board.shop", x.state)}
            </span>
          ))}
        </span>
      </button>
      <div id={body} hidden={!open}>
        {open ? <Intake store={s.store_id} zone={s.zone} /> : null}
        {open ? <Radar store={s.store_id} /> : null}
        {open ? <Equipment store={s} /> : null}
        {open ? <Causes store={s.store_id} /> : null}
      </div>
    </li>
  );
}

function Causes({ store }: { store: string }) {
  const { t } = useWords();
  const { data, error, isPending, refetch } = useQuery(messages(store));
  if (isPending) return <Bones rows={2} height={52} />;
  if (error && !data) return <Trouble error={error} retry={() => void refetch()} />;
  if (!data?.messages.length) return <p className="board-calm quiet">{t("board.calm")}</p>;
  return (
    <ul className="concerns">
      {data.messages.map((c) => (
        <ConcernRow key={c.key} concern={c} />
      ))}
    </ul>
  );
}
