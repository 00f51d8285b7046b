// The strip above a screen: where it is, whether it is current, whether it speaks.

import { type ReactNode, useEffect, useState } from "react";
import { serverNow, useNow } from "../data/clock";
import { clock } from "../format/time";
import type { Kind } from "../voice/announcement";
import { type Post, type Speaking, useSpeakingDevice, type Door as VoiceDoor } from "../voice/post";
import { useSpeakingTab } from "../voice/ringing";
import { mute, say, setVolume, setVolumeOf, switchOn, unlockOnPress, useSpeaker } from "../voice/speaker";
import type { Place } from "./Door";
import { call } from "./net";
import type { Picture } from "./watch";
import { recovered } from "./watchdog";
import { chooseLanguage, language, languages, t } from "./words";

export function Head({
  place,
  title,
  picture,
  offline,
  unsent,
  middle,
  settings,
  speaking,
  heard,
}: {
  place: Place;
  title: string;
  picture: Picture;
  /** What to say without network. */
  offline: string;
  /** Taps that wait for the network. */
  unsent: number;
  middle?: ReactNode;
  settings?: ReactNode;
  /** What is spoken here, each with a volume of its own. */
  heard: Kind[];
  /** Which device speaks at this post. */
  speaking: Speaking;
}) {
  const now = useNow();
  const [open, setOpen] = useState(false);
  const lost = picture.state === "lost";
  const back = recovered > 0 && Date.now() - recovered < 30_000;
  return (
    <>
      <header className="head">
        <h1>
          {t(title)} <span>{place.name}</span>
        </h1>
        {middle}
        <span className={`net ${picture.state}`} data-testid="network" data-state={picture.state}>
          <i aria-hidden="true" />
          {/* While it is read for the first time the page itself says so; a long word here would move everything when it goes. */}
          {picture.state === "loading" ? "…" : t(picture.state === "live" ? "live" : "lost")}
        </span>
        <b className="clock num">{clock(now, place.zone)}</b>
        {speaking.name && !speaking.mine && !speaking.everybody ? (
          <span className="speaks" data-testid="speaks">
            {t("speaks", { name: speaking.name })}
          </span>
        ) : null}
        <Sound />
        <button type="button" className="key" aria-expanded={open} onClick={() => setOpen(!open)}>
          {t("settings")}
        </button>
      </header>
      {lost ? (
        <p className="banner bad" role="status" data-testid="offline">
          <b>{offline}</b> {picture.asOf > 0 ? t("since", { at: clock(picture.asOf, place.zone) }) : ""}
          {unsent > 0 ? <b> · {t("waitingToSend", { n: unsent })}</b> : null}
        </p>
      ) : null}
      {back ? (
        <p className="banner" role="status">
          {t("recovered", { at: clock(recovered + (serverNow() - Date.now()), place.zone) })}
        </p>
      ) : null}
      {open ? (
        <section className="settings" aria-label={t("settings")}>
          {settings}
          <Volume kinds={heard} />
          <p data-testid="voices">
            {speaking.everybody ? t("allSpeak") : speaking.name ? t("speaks", { name: speaking.name }) : t("nobodySpeaks")}{" "}
            {speaking.everybody || !speaking.mine ? (
              <button
                type="button"
                className="key"
                onClick={() => {
                  if (speaking.everybody) speaking.letAll(false);
                  speaking.take();
                }}
              >
                {t("speakHere")}
              </button>
            ) : null}{" "}
            {speaking.everybody ? null : (
              <button type="button" className="key" onClick={() => speaking.letAll(true)}>
                {t("letAll")}
              </button>
            )}
          </p>
          <p>
            {t("language")}{" "}
            {languages.map((l) => (
              <button
                key={l.code}
                type="button"
                className="key"
                lang={l.code}
                aria-pressed={language === l.code}
                onClick={() => chooseLanguage(l.code)}
              >
                {l.name}
              </button>
            ))}
          </p>
          <p>
            {place.leave ? (
              <button type="button" className="key" onClick={place.leave}>
                {t("change")}
              </button>
            ) : null}{" "}
            <button type="button" className="key main" onClick={() => setOpen(false)}>
              {t("close")}
            </button>
          </p>
        </section>
      ) : null}
    </>
  );
}

/** Opens the sound, which browsers let only a press do, and asks whether it was heard. */
function Sound() {
  const s = useSpeaker();
  const [asked, setAsked] = useState<"" | "heard" | "cures">("");
  useEffect(unlockOnPress, []);
  const test = () => {
    setAsked("heard");
    void switchOn(t("voiceHello"), language);
  };
  const blocked = s.mode === "on" && !s.allowed && asked === "";
  return (
    <>
      {s.mode === "on" && !blocked ? (
        <button type="button" className="key" onClick={mute} title={s.speaks === false ? t("chimeOnly") : undefined}>
          {t("voiceOff")}
        </button>
      ) : blocked ? null : (
        <button type="button" className="key main" onClick={test}>
          {t("voiceOn")}
        </button>
      )}
      {blocked ? (
        <button type="button" className="banner bad wide" onClick={test} data-testid="sound-blocked">
          {t("voiceBlocked")}
        </button>
      ) : null}
      {asked ? (
        <div className="banner wide" role="status">
          <span>{t(asked === "heard" ? "voiceHeard" : "voiceCures")}</span>{" "}
          <button type="button" className="key main" onClick={() => setAsked("")}>
            {t("voiceYes")}
          </button>{" "}
          {asked === "heard" ? (
            <button type="button" className="key" onClick={() => setAsked("cures")}>
              {t("voiceNo")}
            </button>
          ) : (
            <button type="button" className="key" onClick={test}>
              {t("voiceTest")}
            </button>
          )}
        </div>
      ) : null}
    </>
  );
}

function Volume({ kinds }: { kinds: Kind[] }) {
  const s = useSpeaker();
  const test = (kind: Kind) => s.mode === "on" && void say(t("voiceHello"), kind, language);
  const slider = (label: string, kind: Kind, value: number, set: (v: number) => void) => (
    <p key={label}>
      <label>
        {label}{" "}
        <input
          type="range"
          min="0.1"
          max="1"
          step="0.1"
          value={value}
          onChange={(e) => set(Number(e.target.value))}
          onMouseUp={() => test(kind)}
          onTouchEnd={() => test(kind)}
        />
      </label>
    </p>
  );
  return (
    <>
      {slider(t("volume"), kinds[0] || "new", s.volume, setVolume)}
      {kinds.length > 1 ? kinds.map((k) => slider(t(`volume_${k}`), k, s.volumes[k] || 1, (v) => setVolumeOf(k, v))) : null}
    </>
  );
}

const door: VoiceDoor = {
  ask: (store, body) => call("POST", `/stores/${store}/voices`, body),
  letAll: (store, body) => call("PUT", `/stores/${store}/voices`, body),
};

/** Whether this screen is the one that speaks at its post. */
export function useSpeaking(place: Place, post: Post): Speaking {
  const s = useSpeaker();
  return useSpeakingDevice(door, place.store, post, useSpeakingTab(), s.mode === "on" && s.allowed);
}

/** The coloured mark of a channel; its name stands beside it or is its label. */
export function Mark({ place, channel }: { place: Place; channel: string }) {
  const c = place.channels.filter((x) => x.name === channel)[0];
  return (
    <span className={`mark ${channel}`} role="img" aria-label={nameOf(place, channel)}>
      {c?.mark || (c?.zh || channel).slice(0, 1)}
    </span>
  );
}

export function nameOf(place: Place, channel: string): string {
  const c = place.channels.filter((x) => x.name === channel)[0];
  if (channel === "counter") return t("ownChannel"); // others are called the same everywhere but in Chinese
  return c ? (language === "zh-CN" ? c.zh : c.en) : channel;
}
