// 开店检查: a minute before opening; and 打烊检查, a look at what is left in the evening. Each line says whether it is fine; what Tongdan cannot see it says so.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { answer, api, Failure } from "../../data/api";
import { serverNow } from "../../data/clock";
import { session, stores } from "../../data/queries";
import { clock, moment } from "../../format/time";
import { Icon } from "../../ui/icons";
import { Bones, State, Trouble } from "../../ui/Screen";
import { toast } from "../../ui/toast";
import { switchOn, useSpeaker } from "../../voice/speaker";
import { useWords } from "../../words";
import { ChannelsLine } from "./ChannelsLine";
import { Closing } from "./Closing";
import { Line } from "./Line";
import { endOfDay, preorders } from "./opening";
import { PreorderList } from "./PreorderList";
import { PrintersLine } from "./PrintersLine";
import { usePreorders } from "./usePreorders";
import "./opening.css";

export function OpeningCheck() {
  const { t } = useWords();
  const { store: asked, part } = getRouteApi("/inside/opening").useSearch();
  const { data: user } = useQuery(session);
  const { data: all, error, isPending, refetch } = useQuery(stores);
  const [chosen, setChosen] = useState("");
  const id = user?.device?.store_id || chosen || asked || (all?.length === 1 ? all[0]?.id : undefined);
  const store = all?.find((s) => s.id === id);
  const foreign = Boolean(id && all && !store);
  return (
    <div className="page opening">
      <div className="page-head">
        <h1>{t(part === "closing" ? "closing.title" : "nav.opening")}</h1>
        <Link to="/opening" search={part === "closing" ? { store: id } : { store: id, part: "closing" }} className="btn">
          {t(part === "closing" ? "nav.opening" : "closing.title")}
        </Link>
        <p>{t(part === "closing" ? "closing.lead" : "opening.lead")}</p>
      </div>
      {isPending ? (
        <Bones rows={5} height={64} />
      ) : error && !all ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : (
        <>
          {all && (all.length > 1 || foreign) && !user?.device ? (
            <label className="field opening-store">
              <span>{t("opening.store")}</span>
              <select className="select" value={store?.id ?? ""} onChange={(e) => setChosen(e.target.value)}>
                <option value="">{t("device.choose")}</option>
                {all.map((s) => (
                  <option key={s.id} value={s.id}>
                    {s.name}
                  </option>
                ))}
              </select>
            </label>
          ) : null}
          {store && part === "closing" ? <Closing key={store.id} id={store.id} zone={store.zone || "UTC"} /> : null}
          {store && part !== "closing" ? <Lines key={store.id} id={store.id} zone={store.zone || "UTC"} /> : null}
          {foreign ? (
            <State icon="lock" title={t("state.forbidden")}>
              {t("state.forbiddenHelp")}
            </State>
          ) : null}
        </>
      )}
    </div>
  );
}

function Lines({ id, zone }: { id: string; zone: string }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [heard, setHeard] = useState<"" | "heard" | "unheard">("");
  const [seen, setSeen] = useState(false);
  const finish = useRef<HTMLButtonElement>(null);
  const channels = useRef<HTMLButtonElement>(null);
  const notes = useQuery({
    queryKey: ["openings", id],
    queryFn: () => answer(api.GET("/api/v1/stores/{id}/openings", { params: { path: { id } } })),
  });
  const note = useMutation({
    mutationFn: (skipped: boolean) =>
      answer(api.POST("/api/v1/stores/{id}/openings", { params: { path: { id } }, body: { skipped, heard } })),
    onSuccess: (got) => {
      client.setQueryData(["openings", id], got);
      toast(t("people.saved"));
    },
  });
  const today = notes.data?.openings.find((o) => o.day === notes.data?.today);
  const whole = heard === "heard" && seen;
  useEffect(() => {
    if (heard === "heard") channels.current?.focus();
  }, [heard]);
  useEffect(() => {
    if (seen) finish.current?.focus();
  }, [seen]);
  return (
    <>
      {today ? (
        <p className={today.skipped ? "notice" : "notice good"} role="status" data-testid="opening-note">
          <Icon name={today.skipped ? "warn" : "check"} />
          {t(today.skipped ? "opening.skippedBy" : "opening.passedBy", { at: clock(today.at, zone), name: today.by_name })}
        </p>
      ) : null}
      <ol className="panel opening-lines">
        <SoundLine heard={heard} set={setHeard} />
        <ChannelsLine id={id} zone={zone} seen={seen} see={() => setSeen(true)} button={channels} />
        <Preorders id={id} zone={zone} />
        <PrintersLine id={id} />
        <SoldOut id={id} zone={zone} />
      </ol>
      <div className="opening-do">
        <button ref={finish} type="button" className="btn primary" disabled={!whole || note.isPending} onClick={() => note.mutate(false)}>
          {t("opening.finish")}
        </button>
        <button type="button" className="btn" disabled={note.isPending} onClick={() => note.mutate(true)}>
          {t("opening.skip")}
        </button>
        <span className="quiet opening-keys">{t("opening.keys")}</span>
      </div>
      {note.error ? (
        <p className="notice bad" role="alert">
          <Icon name="warn" /> {(note.error instanceof Failure && note.error.message) || t("state.failedHelp")}
        </p>
      ) : null}
    </>
  );
}

/** One press, a sentence, and whether it was heard. */
function SoundLine({ heard, set }: { heard: "" | "heard" | "unheard"; set: (h: "heard" | "unheard") => void }) {
  const { t, language } = useWords();
  const s = useSpeaker();
  const [played, setPlayed] = useState(false);
  const yes = useRef<HTMLButtonElement>(null);
  const play = () => {
    setPlayed(true);
    void switchOn(t("voice.hello"), language);
  };
  useEffect(() => {
    if (played && heard !== "heard") yes.current?.focus();
  }, [played, heard]);
  useEffect(() => {
    if (!played || heard === "heard") return;
    const key = (e: KeyboardEvent) => {
      const at = e.target as HTMLElement | null;
      if (e.ctrlKey || e.metaKey || e.altKey || (at && /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName))) return;
      if (e.key.toLowerCase() === "y") set("heard");
      else if (e.key.toLowerCase() === "n") set("unheard");
    };
    document.addEventListener("keydown", key);
    return () => document.removeEventListener("keydown", key);
  }, [played, heard, set]);
  return (
    <Line title={t("opening.sound")} verdict={heard === "heard" ? "fine" : "todo"}>
      <p className="quiet">{t("opening.soundAsk")}</p>
      <p className="opening-do">
        <button
          type="button"
          className={played ? "btn" : "btn primary"}
          // biome-ignore lint/a11y/noAutofocus: the check begins with this press
          autoFocus
          onClick={play}
        >
          <Icon name="voice" size={16} /> {t(played ? "opening.soundAgain" : "opening.soundOn")}
        </button>
        {played && heard !== "heard" ? (
          <>
            <span>{t("opening.heardAsk")}</span>
            <button ref={yes} type="button" className="btn primary" onClick={() => set("heard")}>
              {t("opening.heard")}
            </button>
            <button type="button" className="btn" onClick={() => set("unheard")}>
              {t("opening.unheard")}
            </button>
          </>
        ) : null}
      </p>
      {played && s.mode === "on" && !s.allowed ? (
        <p className="notice bad" role="alert">
          <Icon name="mute" /> {t("voice.blocked")}
        </p>
      ) : null}
      {played && s.speaks === false ? <p className="quiet">{t("opening.chime")}</p> : null}
      {heard === "unheard" ? (
        <ol className="opening-cures" role="status">
          <li>{t("opening.cure1")}</li>
          <li>{t("opening.cure2")}</li>
          <li>{t("opening.cure3")}</li>
        </ol>
      ) : null}
    </Line>
  );
}

/** 昨日估清: what is still sold out by hand, and when it comes back. */
function SoldOut({ id, zone }: { id: string; zone: string }) {
  const { t } = useWords();
  const { data, error } = useQuery({
    queryKey: ["sold-out", id],
    queryFn: async () => (await answer(api.GET("/api/v1/stores/{id}/soldout", { params: { path: { id } } }))).dishes ?? [],
  });
  return (
    <Line title={t("opening.soldOut")} verdict={data ? "fine" : "todo"}>
      {error && !data ? <p>{t("opening.soldOutNot")}</p> : null}
      {data?.length === 0 ? <p className="quiet">{t("opening.soldOutNone")}</p> : null}
      <ul className="opening-shops">
        {data?.map((d) => (
          <li key={d.sku_id}>{t("opening.soldOutUntil", { name: d.name, at: moment(d.until_at, serverNow(), zone) })}</li>
        ))}
      </ul>
    </Line>
  );
}

function Preorders({ id, zone }: { id: string; zone: string }) {
  const { t } = useWords();
  const { data, error, refetch } = usePreorders(id);
  const list = data ? preorders(data, endOfDay(serverNow(), zone)) : [];
  return (
    <Line title={`${t("opening.preorders")} ${list.length || ""}`} verdict={data ? "fine" : "todo"}>
      {error && !data ? <Trouble error={error} retry={() => void refetch()} /> : null}
      {data && list.length === 0 ? <p className="quiet">{t("opening.preordersNone")}</p> : null}
      <PreorderList list={list} zone={zone} />
    </Line>
  );
}
