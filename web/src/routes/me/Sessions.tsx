import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { answer, api, Failure } from "../../data/api";
import { serverNow } from "../../data/clock";
import { mySessions } from "../../data/queries";
import { moment, ownZone } from "../../format/time";
import { Icon } from "../../ui/icons";
import { Sheet } from "../../ui/Sheet";
import { toast } from "../../ui/toast";
import { useWords } from "../../words";

/** Where one is signed in: end one place, end all others, choose another password. */
export function Sessions() {
  const { t } = useWords();
  const client = useQueryClient();
  const { data, error, isPending, refetch } = useQuery(mySessions);
  const [changing, setChanging] = useState(false);
  const again = () => client.invalidateQueries({ queryKey: mySessions.queryKey });
  const end = useMutation({
    mutationFn: (id: string) => answer(api.DELETE("/api/v1/me/sessions/{id}", { params: { path: { id } } })),
    onSettled: again,
  });
  const endOthers = useMutation({ mutationFn: () => answer(api.DELETE("/api/v1/me/sessions")), onSettled: again });
  const busy = end.isPending || endOthers.isPending;
  const failed = end.error ?? endOthers.error;

  return (
    <section className="panel me-list" aria-labelledby="sessions-title" data-testid="sessions">
      <div className="me-line">
        <div>
          <h2 id="sessions-title">{t("sessions.title")}</h2>
          <p className="quiet">{t("sessions.help")}</p>
        </div>
        <div className="me-do">
          <button type="button" className="btn" onClick={() => setChanging(true)}>
            {t("sessions.password")}
          </button>
          {data && data.length > 1 ? (
            <button type="button" className="btn danger" disabled={busy} onClick={() => endOthers.mutate()}>
              {t("sessions.endOthers")}
            </button>
          ) : null}
        </div>
      </div>
      {isPending ? (
        <p className="me-line quiet" role="status">
          {t("state.loading")}
        </p>
      ) : null}
      {error ? (
        <div className="me-line" role="alert">
          <span>{error instanceof Failure && error.status === 403 ? t("state.forbidden") : t("state.failed")}</span>
          <button type="button" className="btn" onClick={() => void refetch()}>
            {t("do.again")}
          </button>
        </div>
      ) : null}
      {failed ? (
        <p className="me-line notice bad" role="alert">
          <Icon name="warn" /> {failed instanceof Failure ? failed.message || t("state.failed") : t("state.failed")}
        </p>
      ) : null}
      {data && data.length > 0 ? (
        <ul className="me-sessions">
          {data.map((s) => (
            <li key={s.id} className="me-line">
              <div>
                <b>{s.device || t("sessions.unknown")}</b>
                <p className="quiet">
                  {s.current ? t("sessions.current") : t("sessions.seen", { at: moment(s.seen_at, serverNow(), ownZone()) })} ·{" "}
                  {t("sessions.since", { at: moment(s.made_at, serverNow(), ownZone()) })}
                </p>
              </div>
              {s.current ? null : (
                <div className="me-do">
                  <button
                    type="button"
                    className="btn"
                    disabled={busy}
                    aria-label={t("sessions.endOne", { device: s.device || t("sessions.unknown") })}
                    onClick={() => end.mutate(s.id)}
                  >
                    {t("sessions.end")}
                  </button>
                </div>
              )}
            </li>
          ))}
        </ul>
      ) : null}
      {changing ? <Password close={() => setChanging(false)} changed={again} /> : null}
    </section>
  );
}

/** Another password; it ends every other session. */
function Password({ close, changed }: { close: () => void; changed: () => void }) {
  const { t } = useWords();
  const form = useId();
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [repeat, setRepeat] = useState("");
  const short = next !== "" && [...next].length < 8;
  const differs = repeat !== "" && repeat !== next;
  const change = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/me/password", { body: { old_password: old, new_password: next } })),
    onSuccess: () => {
      toast(t("sessions.changed"));
      changed();
      close();
    },
  });
  const wrong =
    change.error instanceof Failure && change.error.fields.some((f) => f.location === "body.old_password")
      ? t("sessions.wrong")
      : change.error instanceof Failure
        ? change.error.message || t("state.failed")
        : change.error
          ? t("state.failed")
          : "";
  const go = (e: FormEvent) => {
    e.preventDefault();
    if (old && next && !short && next === repeat) change.mutate();
  };
  const field = (label: string, value: string, set: (v: string) => void, complete: string, help: string) => (
    <label className="field">
      <span>{label}</span>
      <input className="input" type="password" required autoComplete={complete} value={value} onChange={(e) => set(e.target.value)} />
      {help ? <span className="quiet">{help}</span> : null}
    </label>
  );
  return (
    <Sheet
      title={t("sessions.password")}
      close={close}
      footer={
        <>
          <button type="button" className="btn" onClick={close}>
            {t("do.cancel")}
          </button>
          <button
            type="submit"
            form={form}
            className="btn primary"
            disabled={change.isPending || !old || !next || short || next !== repeat}
          >
            {t("do.save")}
          </button>
        </>
      }
    >
      <form id={form} onSubmit={go}>
        {field(t("sessions.old"), old, setOld, "current-password", "")}
        {field(t("sessions.next"), next, setNext, "new-password", short ? t("setup.short") : t("setup.passwordHint"))}
        {field(t("setup.repeat"), repeat, setRepeat, "new-password", differs ? t("setup.differs") : "")}
        <p className="quiet">{t("sessions.endsOthers")}</p>
        {wrong ? (
          <p className="notice bad" role="alert">
            <Icon name="warn" /> {wrong}
          </p>
        ) : null}
      </form>
    </Sheet>
  );
}
