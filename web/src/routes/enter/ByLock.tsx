import { hasLock, NotShown, signInByLock } from "../../data/passkey";
import { Icon } from "../../ui/icons";
import { useWords } from "../../words";
import { Refusal, useEnter } from "./Enter";

/** Signing in by the lock of this device, where the browser can. */
export function ByLock({ next }: { next: string }) {
  const { t } = useWords();
  const enter = useEnter(signInByLock, next);
  if (!hasLock()) return null;
  return (
    <div className="enter-lock">
      <button type="button" className="btn" disabled={enter.isPending} onClick={() => enter.mutate()}>
        <Icon name="lock" size={18} /> {t("passkey.enter")}
      </button>
      {enter.error instanceof NotShown ? (
        <p className="quiet" role="status">
          {t("passkey.notShown")}
        </p>
      ) : enter.error ? (
        <Refusal error={enter.error} wrong={t("why.passkey_wrong")} />
      ) : null}
    </div>
  );
}
