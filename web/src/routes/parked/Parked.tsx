import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api, Failure, onceKey } from "../../data/api";
import { useNow } from "../../data/clock";
import type { Parked } from "../../data/model";
import { accounts, parked, parkedOne } from "../../data/queries";
import { size } from "../../format/size";
import { moment } from "../../format/time";
import { useZone } from "../../shell/Shell";
import { Icon } from "../../ui/icons";
import { Mark, useChannelName } from "../../ui/Mark";
import { Bones, State, Trouble } from "../../ui/Screen";
import { Sheet } from "../../ui/Sheet";
import { toast } from "../../ui/toast";
import { useWords, word } from "../../words";
import "./parked.css";

const states = ["parked", "retried", "dropped"] as const;

/** Messages that could not be read. Their bytes are safe; an order behind one of them is not lost, only not understood yet. */
export function ParkedMessages() {
  const { t } = useWords();
  const [state, setState] = useState<(typeof states)[number]>("parked");
  const { data, error, isPending, refetch } = useQuery(parked(state));
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t("parked.title")}</h1>
        <select
          className="select parked-state"
          aria-label={t("parked.state")}
          value={state}
          onChange={(e) => setState(e.target.value as typeof state)}
        >
          {states.map((s) => (
            <option key={s} value={s}>
              {t(`parked.states.${s}`)}
            </option>
          ))}
        </select>
        <p>{t("parked.lead")}</p>
      </div>
      {isPending ? (
        <Bones rows={4} height={88} />
      ) : error && !data ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : data?.length === 0 ? (
        <div className="panel">
          <State icon="calm" title={t("parked.none")}>
            {t("parked.noneHelp")}
          </State>
        </div>
      ) : (
        <ul className="parked panel">
          {data?.map((p) => (
            <Message key={p.id} message={p} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Message({ message: p }: { message: Parked }) {
  const { t } = useWords();
  const now = useNow();
  const zone = useZone();
  const name = useChannelName();
  const client = useQueryClient();
  const { data: known } = useQuery(accounts);
  const [shown, setShown] = useState(false);
  const [asking, setAsking] = useState(false);
  const send = useMutation({
    mutationFn: (what: "retry" | "drop") => {
      const params = { params: { path: { id: p.id }, header: { "Idempotency-Key": onceKey() } } };
      return answer(what === "retry" ? api.POST("/api/v1/parked/{id}/retry", params) : api.POST("/api/v1/parked/{id}/drop", params));
    },
    onSuccess: (_got, what) => {
      setAsking(false);
      toast(t(what === "retry" ? "parked.retried" : "parked.dropped"));
      void client.invalidateQueries({ queryKey: ["parked"] });
    },
  });
  const account = known?.find((a) => a.id === p.account_id)?.name;
  const problem = send.error instanceof Failure ? send.error.message || send.error.code : send.error ? String(send.error) : "";
  return (
    <li className="parked-item" data-testid="parked" data-id={p.id}>
      <Mark channel={p.channel} large />
      <div className="parked-what">
        <p>
          <b>{p.what || t("parked.unknownKind")}</b> <span className="quiet">{[name(p.channel), account].filter(Boolean).join(" · ")}</span>
        </p>
        <p className="parked-reason">{p.reason}</p>
        <p className="quiet num">
          <time>{moment(p.at, now, zone)}</time> · {size(p.size)} · {t("parked.attempts", { count: p.attempts })} ·{" "}
          {word(t, "parked.states", p.state)}
        </p>
        {problem ? (
          <p className="notice bad" role="alert">
            <Icon name="warn" /> {problem}
          </p>
        ) : null}
        {shown ? <Bytes message={p} /> : null}
      </div>
      <div className="parked-acts">
        <button type="button" className="btn small" aria-expanded={shown} onClick={() => setShown(!shown)}>
          {t(shown ? "parked.hide" : "parked.show")}
        </button>
        {p.state === "dropped" ? null : (
          <>
            <button type="button" className="btn small primary" disabled={send.isPending} onClick={() => send.mutate("retry")}>
              {t("parked.retry")}
            </button>
            <button type="button" className="btn small danger" disabled={send.isPending} onClick={() => setAsking(true)}>
              {t("parked.drop")}
            </button>
          </>
        )}
      </div>
      {asking ? (
        <Sheet
          title={t("parked.drop")}
          close={() => setAsking(false)}
          footer={
            <>
              <button type="button" className="btn" onClick={() => setAsking(false)}>
                {t("do.cancel")}
              </button>
              <button type="button" className="btn primary danger" disabled={send.isPending} onClick={() => send.mutate("drop")}>
                {t("parked.sayDrop")}
              </button>
            </>
          }
        >
          <p>{t("parked.dropHelp")}</p>
        </Sheet>
      ) : null}
    </li>
  );
}

function Bytes({ message: p }: { message: Parked }) {
  const { t } = useWords();
  const { data, isPending } = useQuery(parkedOne(p.id));
  return (
    <>
      <p className="quiet">{t("parked.masked")}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse */}
      <pre className="bytes" tabIndex={0}>
        {isPending ? p.preview : data?.body || data?.preview || p.preview}
      </pre>
    </>
  );
}
