import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { answer, api } from "../../data/api";
import { Bones } from "../../ui/Screen";
import { useWords } from "../../words";
import { Field, Frame, Refusal, useEnter } from "./Enter";

/** Where a one-time link leads: one sets one's password and is signed in. */
export function Join() {
  const { t } = useWords();
  const [token] = useState(() => location.hash.slice(1));
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const look = useQuery({
    queryKey: ["join"],
    enabled: token !== "",
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => answer(api.POST("/api/v1/join/look", { body: { token } })),
  });
  const enter = useEnter(() => answer(api.POST("/api/v1/join", { body: { token, password } })), "/orders");
  const short = password.length < 8;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    setTried(true);
    if (!short) enter.mutate();
  };
  const of = look.data;
  const lead = of ? t(of.joined ? "join.again" : "join.lead", { name: of.name }) : t(token && !look.error ? "state.loading" : "join.gone");
  return (
    <Frame title={of ? t("join.title", { merchant: of.merchant }) : t("join.plain")} lead={lead}>
      {look.isLoading ? <Bones rows={2} height={40} /> : null}
      {of ? (
        <form onSubmit={submit} className="enter-form">
          <input type="hidden" name="username" autoComplete="username" value={of.name} readOnly />
          <Field
            label={t("enter.password")}
            value={password}
            set={setPassword}
            type="password"
            autoComplete="new-password"
            hint={t("setup.passwordHint")}
            error={tried && short ? t("setup.short") : undefined}
            autoFocus
          />
          <Refusal error={enter.error} wrong={t("join.gone")} />
          <button type="submit" className="btn primary enter-go" disabled={enter.isPending}>
            {enter.isPending ? t("enter.going") : t("join.go")}
          </button>
        </form>
      ) : null}
    </Frame>
  );
}
