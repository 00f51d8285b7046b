import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api } from "../../data/api";
import { useNow } from "../../data/clock";
import { stores } from "../../data/queries";
import { useMay } from "../../data/rights";
import { moment } from "../../format/time";
import { useZone } from "../../shell/Shell";
import { Icon } from "../../ui/icons";
import { Problem } from "../../ui/Problem";
import { Bones, State, Trouble } from "../../ui/Screen";
import { toast } from "../../ui/toast";
import { inLanguage, listed, useWords, word } from "../../words";
import { inWords } from "../../words/reasons";
import { PrinterForm } from "./PrinterForm";
import { kinds, type Printer, printers, stateOf } from "./printers";
import { TicketLine } from "./TicketLine";
import "../people/people.css";
import "../notify/notify.css";
import "./printers.css";

/** The printers of one's stores: how each is, what waits, what it prints; a test page. */
export function Printers() {
  const { t } = useWords();
  const may = useMay();
  const { data, error, isPending, refetch } = useQuery(printers);
  const { data: known } = useQuery(stores);
  const [editing, setEditing] = useState<Printer | "new">();
  const keeps = may("printers.keep");
  const at = [...new Set(data?.map((p) => p.store_id) ?? [])];
  const nameOf = (id: string) => known?.find((s) => s.id === id)?.name ?? id;
  return (
    <div className="page notify">
      <div className="page-head">
        <h1>{t("nav.printers")}</h1>
        <p>{t("printer.lead")}</p>
      </div>
      {keeps ? (
        <div className="notify-head">
          <span />
          <button type="button" className="btn primary" onClick={() => setEditing("new")}>
            <Icon name="plus" /> {t("printer.add")}
          </button>
        </div>
      ) : null}
      {isPending ? (
        <Bones rows={3} height={72} />
      ) : error && !data ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : data?.length === 0 ? (
        <State icon="printer" title={t("printer.none")}>
          {t(keeps ? "printer.noneHelp" : "printer.noneAsk")}
        </State>
      ) : (
        at.map((id) => (
          <section key={id} className="panel notify-part" aria-label={nameOf(id)}>
            <div className="notify-head">
              <h2>{nameOf(id)}</h2>
            </div>
            <ul className="senders">
              {data
                ?.filter((p) => p.store_id === id)
                .map((p) => (
                  <PrinterRow key={p.id} printer={p} edit={() => setEditing(p)} />
                ))}
            </ul>
          </section>
        ))
      )}
      {editing ? <PrinterForm printer={editing === "new" ? undefined : editing} close={() => setEditing(undefined)} /> : null}
    </div>
  );
}

/** The label of a make in the reader's language; Chinese has its own. */
export function useMake(): (kind: string) => string {
  const { language } = useWords();
  const may = useMay();
  const { data } = useQuery({ ...kinds, enabled: may("printers.keep") });
  return (kind) => {
    const k = data?.find((x) => x.kind === kind);
    return k ? inLanguage(language, k.label_zh, k.label_en) : "";
  };
}

function PrinterRow({ printer: p, edit }: { printer: Printer; edit: () => void }) {
  const { t, language } = useWords();
  const client = useQueryClient();
  const may = useMay();
  const make = useMake();
  const now = useNow();
  const zone = useZone(p.store_id);
  const keeps = may("printers.keep");
  const [sure, setSure] = useState(false);
  const test = useMutation({ mutationFn: () => answer(api.POST("/api/v1/printers/{id}/test", { params: { path: { id: p.id } } })) });
  const empty = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/printers/{id}/empty", { params: { path: { id: p.id } } })),
    onSuccess: (r) => toast(t("printer.emptied", { count: r.tickets })),
    onSettled: () => {
      setSure(false);
      void client.invalidateQueries({ queryKey: ["concerns"] });
    },
  });
  const state = stateOf(p);
  const heard = test.data;
  return (
    <li className="sender" data-testid="printer" data-state={state}>
      <div className="sender-what">
        <b>{p.name}</b> <span className="quiet">{make(p.kind)}</span>
        <p className={state === "bad" ? "bad" : "quiet"}>
          {state === "bad" ? <Icon name="warn" size={16} /> : null} {t(`printer.states.${state}`)}
          {p.waiting > 0 ? ` · ${t("printer.wait", { count: p.waiting })}` : ""}
          {p.stand_in_name ? ` · ${t("printer.standInOn", { name: p.stand_in_name })}` : ""}
          {state === "bad" && p.why ? ` · ${inWords(p.why.text, p.why)}` : ""}
        </p>
        <p className="quiet">
          {p.labels ? t("printer.tickets.label") : `${p.columns === 48 ? "80 mm" : "58 mm"} · `}
          {p.labels
            ? null
            : listed(
                language,
                p.prints.map((r) => word(t, "printer.tickets", r.ticket)),
              ) || t("printer.byHand")}
        </p>
      </div>
      {keeps ? (
        <div className="sender-acts">
          <button type="button" className="btn" disabled={test.isPending} onClick={() => test.mutate()}>
            {t("printer.test")}
            <span className="sr-only"> {p.name}</span>
          </button>
          <button type="button" className="btn" onClick={edit}>
            {t("notify.change")}
            <span className="sr-only"> {p.name}</span>
          </button>
          {p.waiting > 0 ? (
            <button type="button" className="btn danger" disabled={empty.isPending} onClick={() => (sure ? empty.mutate() : setSure(true))}>
              {t(sure ? "printer.emptyAsk" : "printer.empty", { count: p.waiting })}
            </button>
          ) : null}
        </div>
      ) : null}
      <div aria-live="polite" className="sender-heard">
        {heard ? (
          <p className={heard.ok ? "notice" : "notice bad"}>
            <Icon name={heard.ok ? "check" : "warn"} />{" "}
            {heard.ok ? t("printer.testOK") : `${t("printer.testNo")}：${inWords(heard.words ?? "", heard.why)}`}
          </p>
        ) : null}
        <Problem error={test.error ?? empty.error} />
      </div>
      {p.queue.length > 0 ? (
        <ol className="queue sender-heard" aria-label={t("printer.queue")}>
          {p.queue.map((x) => (
            <li key={x.id}>
              <TicketLine ticket={x} at={moment(x.made_at, now, zone)} link />
            </li>
          ))}
        </ol>
      ) : null}
    </li>
  );
}
