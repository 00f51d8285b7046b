import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useRouter } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { leaveBehind, useWaiting } from "../../data/act";
import { answer, api } from "../../data/api";
import { serverNow } from "../../data/clock";
import { forgetPicture } from "../../data/picture";
import { enterPractice, practice } from "../../data/practice";
import { merchant, parked, session } from "../../data/queries";
import { useMay } from "../../data/rights";
import { practising, root } from "../../place";
import { usePlaces } from "../../shell/Shell";
import { setTheme, type Theme, themes, usePhone, useTheme } from "../../ui/device";
import { Icon } from "../../ui/icons";
import { announcement } from "../../voice/announcement";
import { mute, say, setVolumeOf, switchOn, useSpeaker } from "../../voice/speaker";
import { languages, setLanguage, useWords, word } from "../../words";
import { Passkeys } from "./Passkeys";
import { PIN } from "./PIN";
import { Sessions } from "./Sessions";
import "./me.css";

export function Me() {
  const { t, language } = useWords();
  const client = useQueryClient();
  const navigate = useNavigate();
  const router = useRouter();
  const phone = usePhone();
  const { data: user } = useQuery(session);
  const { data: shop } = useQuery(merchant);
  const may = useMay();
  const theme = useTheme();
  const speaker = useSpeaker();
  const [leaving, setLeaving] = useState(false);
  const unsent = useWaiting().filter((p) => !p.sent && !p.end).length;

  const signOut = async () => {
    setLeaving(true);
    try {
      await answer(api.DELETE("/api/v1/session"));
    } catch {
      // the service did not hear it; the page forgets the person all the same and the cookie runs out
    }
    client.clear();
    client.setQueryData(session.queryKey, null);
    leaveBehind();
    await forgetPicture();
    await router.invalidate();
    await navigate({ to: "/sign-in", search: {} });
  };
  const test = () => {
    const sample = {
      kind: "new" as const,
      id: "",
      channel: t("voice.sampleChannel"),
      number: "12",
      quantity: 3,
      at: serverNow() + 290_000,
    };
    void say(announcement([sample], new Set([""]), serverNow(), language), "new", language);
  };

  return (
    <div className="page me">
      <div className="page-head">
        <h1>{t("nav.me")}</h1>
      </div>
      {phone ? <Elsewhere /> : null}
      <section className="panel me-list">
        <Line label={user?.name ?? ""} help={[word(t, "role", user?.role ?? ""), shop?.name].filter(Boolean).join(" · ")}>
          {user?.device ? null : (
            <button type="button" className="btn" disabled={leaving} onClick={() => void signOut()}>
              {t("me.signOut")}
            </button>
          )}
        </Line>
        {unsent > 0 ? (
          <p className="me-line notice warn" role="status">
            {t("unsent.leaving", { count: unsent })}
          </p>
        ) : null}
        {may("see") ? (
          <Line label={t("me.screens")} help={t("me.screensHelp")}>
            <a href={`${root}/kitchen`} className="btn">
              {t("me.kitchen")}
            </a>
            <a href={`${root}/callout`} className="btn">
              {t("me.callout")}
            </a>
          </Line>
        ) : null}
        {user && !user.device ? <PIN /> : null}
        <PracticeLine />
        <Line
          label={t("voice.title")}
          help={t(speaker.mode === "on" ? (speaker.speaks === false ? "voice.chimeOnly" : "voice.onHelp") : "voice.offHelp")}
        >
          {speaker.mode === "on" ? (
            <>
              <button type="button" className="btn" onClick={test}>
                {t("voice.test")}
              </button>
              <button type="button" className="btn" onClick={mute}>
                {t("voice.mute")}
              </button>
            </>
          ) : (
            <button type="button" className="btn primary" onClick={() => void switchOn(t("voice.hello"), language)}>
              {t("voice.on")}
            </button>
          )}
        </Line>
        {speaker.mode === "on" ? (
          <Line label={t("voice.volumes")} help={t("voice.volumesHelp")}>
            <div className="me-volumes">
              {(["new", "reminder", "refund", "rider"] as const).map((k) => (
                <label key={k}>
                  <span>{t(`voice.kind.${k}`)}</span>
                  <input
                    type="range"
                    min="0.1"
                    max="1"
                    step="0.1"
                    value={speaker.volumes[k] ?? 1}
                    onChange={(e) => setVolumeOf(k, Number(e.target.value))}
                    onPointerUp={() => void say(t(`voice.kind.${k}`), k, language)}
                  />
                </label>
              ))}
            </div>
          </Line>
        ) : null}
        <Line label={t("me.language")} help={t("me.languageHelp")}>
          <select className="select" aria-label={t("me.language")} value={language} onChange={(e) => void setLanguage(e.target.value)}>
            {languages.map((l) => (
              <option key={l.code} value={l.code} lang={l.code}>
                {l.name}
              </option>
            ))}
          </select>
        </Line>
        <Line label={t("me.theme")} help={t("me.themeHelp")}>
          <select className="select" aria-label={t("me.theme")} value={theme} onChange={(e) => setTheme(e.target.value as Theme)}>
            {themes.map((k) => (
              <option key={k} value={k}>
                {t(`me.themes.${k}`)}
              </option>
            ))}
          </select>
        </Line>
      </section>
      {user?.device ? null : <Passkeys />}
      {user?.device ? null : <Sessions />}
    </div>
  );
}

/** The way to practise, where it is offered. */
function PracticeLine() {
  const { t } = useWords();
  const { data } = useQuery(practice);
  const enter = useMutation({ mutationFn: enterPractice });
  if (practising || !data?.offered) return null;
  return (
    <Line label={t("practice.title")} help={enter.error ? t("practice.failed") : t("practice.lead")}>
      <button type="button" className="btn" disabled={enter.isPending} onClick={() => enter.mutate()}>
        {t(enter.isPending ? "practice.going" : "practice.begin")}
      </button>
    </Line>
  );
}

function Line({ label, help, children }: { label: string; help: string; children: ReactNode }) {
  return (
    <div className="me-line">
      <div>
        <b>{label}</b>
        <p className="quiet">{help}</p>
      </div>
      <div className="me-do">{children}</div>
    </div>
  );
}

/** On a phone: where the bar below does not lead. */
function Elsewhere() {
  const may = useMay();
  const { t } = useWords();
  const { data: waiting } = useQuery({ ...parked("parked"), enabled: may("parked.see") });
  const places = usePlaces().filter((p) => !["/orders", "/entry", "/messages", "/board"].includes(p.to));
  return (
    <nav className="panel me-places" aria-label={t("me.elsewhere")}>
      {places.map((p) => (
        <Link key={p.to} to={p.to} className="btn">
          <Icon name={p.icon} size={18} /> {p.label}
          {p.to === "/parked" && waiting?.length ? <b className="num"> {waiting.length}</b> : null}
        </Link>
      ))}
    </nav>
  );
}
