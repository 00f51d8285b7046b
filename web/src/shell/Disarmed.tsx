import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api, Failure } from "../data/api";
import { status } from "../data/queries";
import { useGate } from "../data/rights";
import { Icon } from "../ui/icons";
import { Sheet } from "../ui/Sheet";
import { useWords } from "../words";

/** Says that this database was restored or copied and sends nothing, until a person arms it. */
export function Disarmed() {
  const { t } = useWords();
  const gate = useGate("arm");
  const client = useQueryClient();
  const { data } = useQuery(status);
  const [asking, setAsking] = useState(false);
  const arm = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/status/arm")),
    onSuccess: () => {
      setAsking(false);
      void client.invalidateQueries({ queryKey: ["status"] });
    },
  });
  if (!data || data.armed) return null;
  return (
    <div className="stale" role="status" data-testid="disarmed">
      <Icon name="lock" size={18} />
      <b>{t("disarmed.title")}</b>
      <span>{t("disarmed.help")}</span>
      <button type="button" className="btn small" {...gate} onClick={() => setAsking(true)}>
        {t("disarmed.arm")}
      </button>
      {asking ? (
        <Sheet
          title={t("disarmed.arm")}
          close={() => setAsking(false)}
          footer={
            <>
              <button type="button" className="btn" onClick={() => setAsking(false)}>
                {t("do.cancel")}
              </button>
              <button type="button" className="btn primary danger" disabled={arm.isPending} onClick={() => arm.mutate()}>
                {t("disarmed.sure")}
              </button>
            </>
          }
        >
          <p>{t("disarmed.warn")}</p>
          {arm.error ? (
            <p className="notice bad" role="alert">
              <Icon name="warn" /> {arm.error instanceof Failure ? arm.error.message || arm.error.code : String(arm.error)}
            </p>
          ) : null}
        </Sheet>
      ) : null}
    </div>
  );
}
