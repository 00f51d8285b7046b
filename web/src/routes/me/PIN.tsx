import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { answer, api, Failure } from "../../data/api";
import { serverNow } from "../../data/clock";
import { moment, ownZone } from "../../format/time";
import { toast } from "../../ui/toast";
import { useWords } from "../../words";

/** One's PIN for the screens of one's stores. */
export function PIN() {
  const { t } = useWords();
  const client = useQueryClient();
  const { data } = useQuery({ queryKey: ["my-pin"], queryFn: async () => (await answer(api.GET("/api/v1/me/pin"))).set_at ?? 0 });
  const [pin, setPIN] = useState("");
  const save = useMutation({
    mutationFn: () => answer(api.PUT("/api/v1/me/pin", { body: { pin } })),
    onSuccess: () => {
      setPIN("");
      toast(t("device.pinSaved"));
      void client.invalidateQueries({ queryKey: ["my-pin"] });
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (pin.length >= 4) save.mutate();
  };
  return (
    <form className="me-line" onSubmit={submit}>
      <div>
        <b>{t("device.pinMine")}</b>
        <p className="quiet">
          {t("device.pinMineHelp")} {data ? t("device.pinSet", { at: moment(data, serverNow(), ownZone()) }) : t("device.pinMineNone")}
        </p>
        {save.error ? (
          <p className="notice bad" role="alert">
            {(save.error instanceof Failure && save.error.message) || t("state.failed")}
          </p>
        ) : null}
      </div>
      <div className="me-do">
        <input
          className="input"
          type="password"
          inputMode="numeric"
          autoComplete="off"
          aria-label={t("device.pinMine")}
          maxLength={6}
          size={8}
          value={pin}
          onChange={(e) => setPIN(e.target.value.replace(/\D/g, ""))}
        />
        <button type="submit" className="btn" disabled={pin.length < 4 || save.isPending}>
          {t("device.pinSave")}
        </button>
      </div>
    </form>
  );
}
