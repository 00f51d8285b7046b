import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { answer, api } from "../../data/api";
import { useWords } from "../../words";
import { Field, Refusal, useEnter } from "./Enter";

const pause = 60; // seconds between two codes for one number

/** Sign-in by a code that a phone is sent: of a number that is typed, or of a knock's link. */
export function PhoneForm({ next, token }: { next: string; token?: string }) {
  const { t } = useWords();
  const [phone, setPhone] = useState("");
  const [code, setCode] = useState("");
  const [left, setLeft] = useState(0);
  const who = token ? { token } : { phone };
  const ask = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/session/code", { body: who })),
    onSuccess: () => setLeft(pause),
  });
  const enter = useEnter(() => answer(api.POST("/api/v1/session/phone", { body: { ...who, code } })), next);
  useEffect(() => {
    if (left <= 0) return;
    const timer = setTimeout(() => setLeft(left - 1), 1000);
    return () => clearTimeout(timer);
  }, [left]);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    enter.mutate();
  };
  return (
    <form onSubmit={submit} className="enter-form">
      {token ? null : (
        <Field label={t("enter.phone")} value={phone} set={setPhone} type="tel" inputMode="tel" autoComplete="tel" autoFocus />
      )}
      <button type="button" className="btn" disabled={ask.isPending || left > 0 || (!token && !phone.trim())} onClick={() => ask.mutate()}>
        {left > 0 ? t("enter.codeIn", { n: left }) : t("enter.sendCode")}
      </button>
      <p className="quiet" aria-live="polite">
        {ask.isSuccess ? t("enter.codeSent") : null}
      </p>
      <Field label={t("enter.code")} value={code} set={setCode} inputMode="numeric" autoComplete="one-time-code" />
      <Refusal error={ask.error ?? enter.error} wrong={t("enter.wrong")} />
      <button type="submit" className="btn primary enter-go" disabled={enter.isPending || code.trim().length < 6}>
        {enter.isPending ? t("enter.going") : t("enter.go")}
      </button>
    </form>
  );
}
