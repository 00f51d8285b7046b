import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api } from "../../data/api";
import { stores } from "../../data/queries";
import { useMay } from "../../data/rights";
import { formatMoney } from "../../format/money";
import { Icon } from "../../ui/icons";
import { Problem } from "../../ui/Problem";
import { Bones, State, Trouble } from "../../ui/Screen";
import { useWords } from "../../words";
import { RuleForm } from "./RuleForm";
import { conditions, type Rule, rules, stateOf } from "./rules";
import "../people/people.css";
import "../notify/notify.css";

/** What each store decides by itself: in a sentence, how the day went, and whether it is on. */
export function Rules() {
  const { t } = useWords();
  const may = useMay();
  const { data, error, isPending, refetch } = useQuery(rules);
  const { data: known } = useQuery(stores);
  const [editing, setEditing] = useState<Rule>();
  const at = [...new Set(data?.map((r) => r.store_id) ?? [])];
  const nameOf = (id: string) => known?.find((s) => s.id === id)?.name ?? id;
  return (
    <div className="page notify">
      <div className="page-head">
        <h1>{t("nav.rules")}</h1>
        <p>
          {t("rules.lead")} {may("rules.keep") ? "" : t("rules.onlyKept")}
        </p>
      </div>
      {isPending ? (
        <Bones rows={3} height={72} />
      ) : error && !data ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : at.length === 0 ? (
        <State icon="calm" title={t("rules.none")} />
      ) : (
        at.map((id) => (
          <section key={id} className="panel notify-part" aria-label={nameOf(id)}>
            <div className="notify-head">
              <h2>{nameOf(id)}</h2>
            </div>
            <ul className="senders">
              {data
                ?.filter((r) => r.store_id === id)
                .map((r) => (
                  <RuleRow key={r.kind} rule={r} edit={() => setEditing(r)} />
                ))}
            </ul>
          </section>
        ))
      )}
      {editing ? <RuleForm rule={editing} store={nameOf(editing.store_id)} close={() => setEditing(undefined)} /> : null}
    </div>
  );
}

function RuleRow({ rule: r, edit }: { rule: Rule; edit: () => void }) {
  const { t } = useWords();
  const may = useMay();
  const client = useQueryClient();
  const state = stateOf(r);
  const name = t(`rules.${r.kind}`);
  const off = useMutation({
    mutationFn: () =>
      answer(
        api.PUT("/api/v1/stores/{id}/rules/{kind}", {
          params: { path: { id: r.store_id, kind: r.kind } },
          body: { version: r.version, on: false, ...conditions(r) },
        }),
      ),
    onSuccess: (got) => client.setQueryData(rules.queryKey, got.rules),
    onSettled: () => void client.invalidateQueries({ queryKey: ["concerns"] }),
  });
  const sum = r.today_sum.map((m) => formatMoney(m)).join(" + ");
  return (
    <li className="sender" data-testid="rule" data-kind={r.kind} data-state={state}>
      <div className="sender-what">
        <b>{name}</b>{" "}
        <span className={`chip ${state === "on" ? "good" : state === "paused" ? "bad" : ""}`}>
          {t(state === "paused" && r.kind === "ride" ? "rules.tippedOut" : `rules.${state}`)}
        </span>
        <p>{t(`rules.does_${r.kind}`)}</p>
        {r.version > 0 ? (
          <p className="quiet num">
            {t("rules.today", { yes: r.today_yes, no: r.today_no })}
            {sum ? ` · ${t(r.kind === "ride" ? "rules.tippedSum" : "rules.triedSum", { sum })}` : ""}
          </p>
        ) : null}
      </div>
      {may("rules.keep") ? (
        <div className="sender-acts">
          <button type="button" className={r.on ? "btn" : "btn primary"} onClick={edit}>
            {t(r.version > 0 ? "rules.change" : "rules.set")}
            <span className="sr-only"> {name}</span>
          </button>
          {r.on ? (
            <button type="button" className="btn danger" disabled={off.isPending} onClick={() => off.mutate()}>
              <Icon name="close" /> {t("rules.turnOff")}
              <span className="sr-only"> {name}</span>
            </button>
          ) : null}
        </div>
      ) : null}
      <div aria-live="polite" className="sender-heard">
        <Problem error={off.error} />
      </div>
    </li>
  );
}
