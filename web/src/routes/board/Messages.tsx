import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { stores } from "../../data/queries";
import { Bones, State, Trouble } from "../../ui/Screen";
import { useWords, word } from "../../words";
import { ConcernRow } from "./ConcernRow";
import { messages } from "./concerns";
import "./board.css";

/** What waits for somebody, the urgent first. Each goes by itself when the fact has changed. */
export function Messages() {
  const { t } = useWords();
  const { data: known } = useQuery(stores);
  const { data, error, isPending, refetch } = useQuery(messages());
  const [kind, setKind] = useState("");
  const kinds = Object.keys(data?.counts ?? {});
  const chosen = kinds.includes(kind) ? kind : "";
  const list = data?.messages.filter((c) => !chosen || c.kind === chosen) ?? [];
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t("nav.messages")}</h1>
        <p>{t("msg.lead")}</p>
      </div>
      {isPending ? (
        <Bones rows={5} height={56} />
      ) : error && !data ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : list.length === 0 ? (
        <div className="panel">
          <State icon="calm" title={t("msg.none")}>
            {t("msg.noneHelp")}
          </State>
        </div>
      ) : (
        <>
          <fieldset className="msg-kinds" aria-label={t("msg.filter")}>
            <button type="button" className="btn small" aria-pressed={!chosen} onClick={() => setKind("")}>
              {t("msg.all")}
            </button>
            {kinds.map((k) => (
              <button key={k} type="button" className="btn small" aria-pressed={chosen === k} onClick={() => setKind(k)}>
                {word(t, "msg.kind", k)} <b className="num">{data?.counts[k]}</b>
              </button>
            ))}
          </fieldset>
          <ul className="concerns panel">
            {list.map((c) => (
              <ConcernRow key={c.key} concern={c} withStore={(known?.length ?? 0) > 1} />
            ))}
          </ul>
          {data?.more ? <p className="quiet">{t("msg.more")}</p> : null}
        </>
      )}
    </div>
  );
}
