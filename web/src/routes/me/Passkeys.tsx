import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answer, api, Failure } from "../../data/api";
import { serverNow } from "../../data/clock";
import { hasLock, NotShown, register } from "../../data/passkey";
import { myPasskeys } from "../../data/queries";
import { moment, ownZone } from "../../format/time";
import { Icon } from "../../ui/icons";
import { toast } from "../../ui/toast";
import { useWords } from "../../words";

/** Devices by whose lock one signs in: add this one, remove one that is lost. */
export function Passkeys() {
  const { t } = useWords();
  const client = useQueryClient();
  const { data, error, isPending, refetch } = useQuery(myPasskeys);
  const again = () => client.invalidateQueries({ queryKey: myPasskeys.queryKey });
  const add = useMutation({
    mutationFn: register,
    onSuccess: () => toast(t("passkey.added")),
    onSettled: again,
  });
  const remove = useMutation({
    mutationFn: (id: string) => answer(api.DELETE("/api/v1/me/passkeys/{id}", { params: { path: { id } } })),
    onSettled: again,
  });
  const failed = add.error ?? remove.error;
  const words =
    failed instanceof NotShown
      ? t("passkey.notShown")
      : failed instanceof DOMException
        ? t("passkey.already")
        : failed instanceof Failure
          ? failed.message || t("state.failed")
          : failed
            ? t("state.failed")
            : "";
  return (
    <section className="panel me-list" aria-labelledby="passkeys-title" data-testid="passkeys">
      <div className="me-line">
        <div>
          <h2 id="passkeys-title">{t("passkey.title")}</h2>
          <p className="quiet">{hasLock() ? t("passkey.help") : t("passkey.cannot")}</p>
        </div>
        {hasLock() ? (
          <div className="me-do">
            <button type="button" className="btn" disabled={add.isPending} onClick={() => add.mutate()}>
              {t("passkey.add")}
            </button>
          </div>
        ) : null}
      </div>
      {isPending ? (
        <p className="me-line quiet" role="status">
          {t("state.loading")}
        </p>
      ) : null}
      {error ? (
        <div className="me-line" role="alert">
          <span>{t("state.failed")}</span>
          <button type="button" className="btn" onClick={() => void refetch()}>
            {t("do.again")}
          </button>
        </div>
      ) : null}
      {words ? (
        <p className="me-line notice warn" role="alert">
          <Icon name="warn" /> {words}
        </p>
      ) : null}
      {data && data.length > 0 ? (
        <ul className="me-sessions">
          {data.map((p) => (
            <li key={p.id} className="me-line" data-testid="passkey">
              <div>
                <b>{p.device || t("sessions.unknown")}</b>
                <p className="quiet">
                  {t("passkey.since", { at: moment(p.made_at, serverNow(), ownZone()) })} ·{" "}
                  {p.used_at > 0 ? t("passkey.used", { at: moment(p.used_at, serverNow(), ownZone()) }) : t("passkey.unused")}
                </p>
              </div>
              <div className="me-do">
                <button
                  type="button"
                  className="btn"
                  disabled={remove.isPending}
                  aria-label={t("passkey.removeOne", { device: p.device || t("sessions.unknown") })}
                  onClick={() => remove.mutate(p.id)}
                >
                  {t("passkey.remove")}
                </button>
              </div>
            </li>
          ))}
        </ul>
      ) : null}
    </section>
  );
}
