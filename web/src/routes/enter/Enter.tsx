import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate, useRouter } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { answer, api, Failure } from "../../data/api";
import { type Loose, readUser, type User } from "../../data/model";
import { practiseAsGuest } from "../../data/practice";
import { session, ways as waysIn } from "../../data/queries";
import { languages, setLanguage, useWords } from "../../words";
import { ByLock } from "./ByLock";
import { PhoneForm } from "./PhoneForm";
import "./enter.css";

export function Frame({ title, lead, children }: { title: string; lead: string; children: ReactNode }) {
  const { t, language } = useWords();
  return (
    <div className="enter">
      <main className="enter-card panel">
        <div className="enter-brand">
          <img src="/favicon.svg" alt="" width="40" height="40" />
          <span>{t("brand")}</span>
        </div>
        <h1>{title}</h1>
        <p className="enter-lead">{lead}</p>
        {children}
      </main>
      <p className="enter-languages">
        {languages.map((l) => (
          <button
            key={l.code}
            type="button"
            className="link"
            lang={l.code}
            aria-pressed={language === l.code}
            onClick={() => void setLanguage(l.code)}
          >
            {l.name}
          </button>
        ))}
      </p>
    </div>
  );
}

export function Field(props: {
  label: string;
  value: string;
  set: (v: string) => void;
  type?: string;
  autoComplete: string;
  hint?: string;
  error?: string;
  autoFocus?: boolean;
  inputMode?: "numeric" | "tel";
}) {
  const id = useId();
  const help = props.error || props.hint;
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        className="input"
        type={props.type ?? "text"}
        autoComplete={props.autoComplete}
        inputMode={props.inputMode}
        // biome-ignore lint/a11y/noAutofocus: the page has one purpose and this is its first field
        autoFocus={props.autoFocus}
        value={props.value}
        required
        aria-invalid={Boolean(props.error)}
        aria-describedby={help ? `${id}-help` : undefined}
        onChange={(e) => props.set(e.target.value)}
      />
      {help ? (
        <small id={`${id}-help`} className={props.error ? "enter-error" : "quiet"}>
          {help}
        </small>
      ) : null}
    </div>
  );
}

export function useEnter(call: () => Promise<{ user?: Loose<User> }>, next: string) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const router = useRouter();
  return useMutation({
    mutationFn: call,
    onSuccess: async (got) => {
      client.clear();
      client.setQueryData(session.queryKey, readUser(got.user ?? {}));
      await router.invalidate();
      await navigate({ href: next });
    },
  });
}

/** A path of this console, never another site: the address bar is not to be trusted with where a sign-in leads. */
export function safeNext(next: string | undefined): string {
  return next?.startsWith("/") && !/^\/[/\\]/.test(next) && !next.startsWith("/sign-in") ? next : "/orders";
}

export function SignIn() {
  const { t } = useWords();
  const { next } = getRouteApi("/sign-in").useSearch();
  const { data: ways } = useQuery(waysIn);
  const [byPhone, setByPhone] = useState(false);
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const enter = useEnter(() => answer(api.POST("/api/v1/session", { body: { name, password } })), safeNext(next));
  const submit = (e: FormEvent) => {
    e.preventDefault();
    enter.mutate();
  };
  const other = ways?.phone ? (
    <p className="enter-other">
      <button type="button" className="link" onClick={() => setByPhone(!byPhone)}>
        {t(byPhone ? "enter.byPassword" : "enter.byPhone")}
      </button>
    </p>
  ) : null;
  if (byPhone) {
    return (
      <Frame title={t("enter.title")} lead={t("enter.lead")}>
        <PhoneForm next={safeNext(next)} />
        {other}
      </Frame>
    );
  }
  return (
    <Frame title={t("enter.title")} lead={t("enter.lead")}>
      <form onSubmit={submit} className="enter-form">
        <Field label={t("enter.name")} value={name} set={setName} autoComplete="username" autoFocus />
        <Field label={t("enter.password")} value={password} set={setPassword} type="password" autoComplete="current-password" />
        <Refusal error={enter.error} wrong={t("enter.wrong")} />
        <button type="submit" className="btn primary enter-go" disabled={enter.isPending}>
          {enter.isPending ? t("enter.going") : t("enter.go")}
        </button>
      </form>
      <ByLock next={safeNext(next)} />
      <p className="enter-other">
        <a className="link" href="/pair">
          {t("device.asCounter")}
        </a>
      </p>
      {other}
      {ways?.guest ? <AsGuest /> : null}
    </Frame>
  );
}

/** For whoever has no account yet: to practise, on orders that are not real. */
function AsGuest() {
  const { t, language } = useWords();
  const begin = useMutation({ mutationFn: () => practiseAsGuest(language) });
  return (
    <section className="enter-guest">
      <button type="button" className="btn enter-go" disabled={begin.isPending} onClick={() => begin.mutate()}>
        {t(begin.isPending ? "practice.going" : "practice.guest")}
      </button>
      <small className="quiet">{t("practice.guestLead")}</small>
      {begin.error ? <Refusal error={begin.error} wrong={t("practice.failed")} /> : null}
    </section>
  );
}

export function Setup() {
  const { t, language } = useWords();
  const { token } = getRouteApi("/setup").useSearch();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [repeat, setRepeat] = useState("");
  const [tried, setTried] = useState(false);
  const enter = useEnter(
    () => answer(api.POST("/api/v1/setup", { body: { token: token ?? "", name, password, locale: language } })),
    "/connections",
  );
  const short = password.length < 8;
  const differs = password !== repeat;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    setTried(true);
    if (!short && !differs) enter.mutate();
  };
  return (
    <Frame title={t("setup.title")} lead={token ? t("setup.lead") : t("setup.noToken")}>
      {token ? (
        <form onSubmit={submit} className="enter-form">
          <Field label={t("enter.name")} value={name} set={setName} autoComplete="username" autoFocus />
          <Field
            label={t("enter.password")}
            value={password}
            set={setPassword}
            type="password"
            autoComplete="new-password"
            hint={t("setup.passwordHint")}
            error={tried && short ? t("setup.short") : undefined}
          />
          <Field
            label={t("setup.repeat")}
            value={repeat}
            set={setRepeat}
            type="password"
            autoComplete="new-password"
            error={tried && differs ? t("setup.differs") : undefined}
          />
          <Refusal error={enter.error} wrong={t("setup.wrong")} />
          <button type="submit" className="btn primary enter-go" disabled={enter.isPending}>
            {enter.isPending ? t("enter.going") : t("setup.go")}
          </button>
        </form>
      ) : null}
    </Frame>
  );
}

export function Refusal({ error, wrong }: { error: unknown; wrong: string }) {
  const { t } = useWords();
  if (!error) return <p className="enter-refusal" aria-live="polite" />;
  const f = error instanceof Failure ? error : undefined;
  const words = f?.code === "offline" ? t("state.offlineHelp") : f?.status === 401 ? wrong : f?.message || wrong;
  return (
    <p className="enter-refusal enter-error" role="alert">
      {words}
    </p>
  );
}
