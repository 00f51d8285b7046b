// 打印机: how the store's printers are, a test page that somebody has to have seen, and who prints or shows an order instead.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { answer, api, Failure } from "../../data/api";
import { useMay } from "../../data/rights";
import { Icon } from "../../ui/icons";
import { Trouble } from "../../ui/Screen";
import { listed, useWords } from "../../words";
import { inWords } from "../../words/reasons";
import { devices } from "../devices/devices";
import { type Printer, printers, stateOf } from "../printers/printers";
import { Line } from "./Line";

export function PrintersLine({ id }: { id: string }) {
  const { t } = useWords();
  const may = useMay();
  const { data, error, refetch } = useQuery(printers);
  const [failed, setFailed] = useState<ReadonlySet<string>>(new Set());
  const here = data?.filter((p) => p.store_id === id && !p.off) ?? [];
  const bad = (p: Printer) => stateOf(p) === "bad" || failed.has(p.id);
  const verdict = here.length === 0 ? "notYet" : here.some(bad) ? "todo" : "fine";
  const note = (p: Printer, ok: boolean) =>
    setFailed((old) => {
      const next = new Set(old);
      if (ok) next.delete(p.id);
      else next.add(p.id);
      return next;
    });
  return (
    <Line title={t("opening.printer")} verdict={verdict}>
      {error && !data ? <Trouble error={error} retry={() => void refetch()} /> : null}
      {data && here.length === 0 ? (
        <p className="opening-do">
          <span className="quiet">{t("opening.printerNone")}</span>
          {may("printers.keep") ? (
            <Link to="/printers" className="btn">
              {t("printer.add")}
            </Link>
          ) : null}
        </p>
      ) : null}
      <ul className="opening-shops">
        {here.map((p) => (
          <One
            key={p.id}
            printer={p}
            instead={here.filter((x) => x.id !== p.id && !bad(x) && alike(p, x))}
            bad={bad(p)}
            note={(ok) => note(p, ok)}
          />
        ))}
      </ul>
    </Line>
  );
}

/** Whether a printer prints something of what another does. */
const alike = (a: Printer, b: Printer) => a.prints.some((x) => b.prints.some((y) => x.ticket === y.ticket));

function One(props: { printer: Printer; instead: Printer[]; bad: boolean; note: (ok: boolean) => void }) {
  const { printer: p, instead, bad, note } = props;
  const { t, language } = useWords();
  const may = useMay();
  const client = useQueryClient();
  const [out, setOut] = useState<boolean>();
  const { data: paired } = useQuery({ ...devices, enabled: Boolean(p.bridge_id) && may("devices.keep") });
  const bridge = paired?.find((d) => d.id === p.bridge_id);
  const test = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/printers/{id}/test", { params: { path: { id: p.id } } })),
    onMutate: () => setOut(undefined),
    onSuccess: (r) => note(r.ok),
    onError: () => note(false),
    onSettled: () => void client.invalidateQueries({ queryKey: ["concerns", "printers"] }),
  });
  const said = (ok: boolean) => {
    setOut(ok);
    note(ok);
  };
  const why =
    test.data && !test.data.ok
      ? inWords(test.data.words ?? "", test.data.why)
      : test.error instanceof Failure
        ? test.error.message
        : stateOf(p) === "bad" && p.why
          ? inWords(p.why.text, p.why)
          : "";
  return (
    <li data-testid="opening-printer" data-state={bad ? "bad" : "good"}>
      <b>{p.name}</b>
      <span className={bad ? "opening-ill" : ""}>
        {t(`printer.states.${bad ? "bad" : stateOf(p)}`)} {why}
      </span>
      {p.waiting > 0 ? <span>{t("printer.wait", { count: p.waiting })}</span> : null}
      {bridge ? <span className="quiet">{t("opening.over", { name: bridge.name })}</span> : null}
      {may("printers.keep") ? (
        <button type="button" className="btn small" disabled={test.isPending} onClick={() => test.mutate()}>
          <Icon name="printer" size={16} /> {t("printer.test")}
          <span className="sr-only"> {p.name}</span>
        </button>
      ) : null}
      {test.data?.ok && out === undefined ? (
        <span className="opening-do" role="status">
          {t("opening.outAsk")}
          <button type="button" className="btn primary small" onClick={() => said(true)}>
            {t("opening.out")}
          </button>
          <button type="button" className="btn small" onClick={() => said(false)}>
            {t("opening.outNot")}
          </button>
        </span>
      ) : null}
      {bad ? (
        <p className="opening-do opening-cure" role="status">
          <span>
            {out === false ? `${t("opening.outCure")} ` : ""}
            {instead.length > 0
              ? t("opening.instead", {
                  name: listed(
                    language,
                    instead.map((x) => x.name),
                  ),
                })
              : t("opening.insteadNone")}
          </span>
          {may("printers.keep") ? (
            <Link to="/printers" className="btn small">
              {t("opening.otherPrinter")}
            </Link>
          ) : (
            <span className="quiet">{t("opening.told")}</span>
          )}
          <a className="btn small" href={`/kitchen?store=${p.store_id}`}>
            {t("opening.kitchen")}
          </a>
        </p>
      ) : null}
    </li>
  );
}
