import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { answer, api, Failure } from "../data/api";
import { leavePractice, practice, practiceURL } from "../data/practice";
import { useMay } from "../data/rights";
import { clock, ownZone } from "../format/time";
import { Icon } from "../ui/icons";
import { Sheet } from "../ui/Sheet";
import { useWords, word } from "../words";
import "./practice.css";

document.documentElement.dataset.practice = "";

/** Says on every screen of a practice that nothing is real, how far one has come, and the way back. */
export function Practice() {
  const { t } = useWords();
  const { data } = useQuery(practice);
  const [open, setOpen] = useState(false);
  const lessons = data?.lessons ?? [];
  const done = lessons.filter((l) => l.done).length;
  return (
    <div className="practice" data-testid="practice">
      <b className="practice-words" role="status">
        {t("practice.band")}
      </b>
      <button type="button" className="btn small" onClick={() => setOpen(true)}>
        {lessons.length > 0 ? t("practice.progress", { done, all: lessons.length }) : t("practice.list")}
      </button>
      <button type="button" className="btn small practice-end" onClick={() => void leavePractice()}>
        {t("practice.end")}
      </button>
      {open ? <Lessons close={() => setOpen(false)} /> : null}
    </div>
  );
}

function Lessons({ close }: { close: () => void }) {
  const { t } = useWords();
  const may = useMay();
  const client = useQueryClient();
  const { data } = useQuery(practice);
  const [sure, setSure] = useState(false);
  const restart = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/practice/restart")),
    onSuccess: () => {
      void client.invalidateQueries();
      close();
    },
  });
  return (
    <Sheet
      title={t("practice.title")}
      close={close}
      footer={
        <>
          {data?.guest ? null : (
            <button type="button" className="btn" disabled={restart.isPending} onClick={() => (sure ? restart.mutate() : setSure(true))}>
              {t(restart.isPending ? "practice.going" : sure ? "practice.sure" : "practice.restart")}
            </button>
          )}
          <button type="button" className="btn primary" onClick={() => void leavePractice()}>
            {t("practice.end")}
          </button>
        </>
      }
    >
      <ul className="practice-lessons">
        {(data?.lessons ?? []).map((l) => (
          <li key={l.id} className={l.done ? "done" : ""}>
            <Icon name={l.done ? "check" : "more"} size={18} />
            <div>
              <b>{word(t, "practice.lessons", l.id)}</b> <span className="quiet">{t(l.done ? "practice.done" : "practice.open")}</span>
              <p className="quiet">{word(t, "practice.how", l.id)}</p>
            </div>
          </li>
        ))}
      </ul>
      {may("keys.keep") ? <TestKey /> : null}
      <p className="quiet" role="status">
        {sure ? t("practice.restartHelp") : data ? t("practice.until", { at: clock(data.ends_at ?? 0, ownZone()) }) : ""}
      </p>
      {restart.error ? <Trouble error={restart.error} /> : null}
    </Sheet>
  );
}

/** A key with which a program may try the API out here. */
function TestKey() {
  const { t } = useWords();
  const make = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/keys", { body: { name: t("practice.key"), role: "store_manager" } })),
  });
  return (
    <section className="practice-key">
      <p>
        <b>{t("practice.key")}</b> <span className="quiet">{t("practice.keyHelp")}</span>
      </p>
      {make.data ? (
        <code className="practice-code">{`curl -H "Authorization: Bearer ${make.data.secret}" ${practiceURL()}/orders`}</code>
      ) : (
        <button type="button" className="btn small" disabled={make.isPending} onClick={() => make.mutate()}>
          {t("practice.makeKey")}
        </button>
      )}
      {make.error ? <Trouble error={make.error} /> : null}
    </section>
  );
}

function Trouble({ error }: { error: unknown }): ReactNode {
  return (
    <p className="notice bad" role="alert">
      <Icon name="warn" /> {error instanceof Failure ? error.message || error.code : String(error)}
    </p>
  );
}
