// Who stands before a paired screen. It locks by a key and by itself; locked it goes on showing and ringing, and whoever acts says
// first who it is: a name and a PIN, two seconds.

import { useCallback, useEffect, useRef, useState } from "react";
import { idle, setTurn, touch, useTurn } from "../data/unlock";
import type { Place } from "./Door";
import { call, Refusal } from "./net";
import { t } from "./words";

type Crew = { pin: boolean; lock_minutes: number; people: { id: string; name: string }[]; unlock?: { id: string } };

export type Lock = {
  /** Whether acts need somebody to say who it is first. */
  locked: boolean;
  /** Whose turn it is; "" where the screen needs nobody, or is locked. */
  name: string;
  lock: () => void;
  /** Asks who it is. */
  ask: () => void;
  asking: boolean;
  leave: () => void;
  people: Crew["people"];
  live: boolean;
};

/** @param live whether the service answers: without it nobody could unlock, so the screen does not lock itself */
export function useLock(place: Place, live: boolean): Lock {
  const turn = useTurn();
  const [crew, setCrew] = useState<Crew | undefined>(place.device ? { ...place.device, people: [] } : undefined);
  const [asking, setAsking] = useState(false);
  const paired = Boolean(place.device);
  useEffect(() => {
    if (!paired || !live) return;
    let left = false;
    const look = () =>
      call<Crew>("GET", "/device").then(
        (got) => {
          if (left) return;
          setCrew(got);
          if (got.pin && !got.unlock && turn) setTurn(undefined); // somebody locked it elsewhere
        },
        () => {
          // the picture says that the network is lost
        },
      );
    void look();
    const timer = setInterval(look, 20_000);
    return () => {
      left = true;
      clearInterval(timer);
    };
  }, [paired, live, turn]);
  const lock = useCallback(() => {
    setTurn(undefined);
    call("POST", "/device/lock").catch(() => {
      // it ends with the next person's turn, or with the shift
    });
  }, []);
  const minutes = crew?.pin ? crew.lock_minutes : 0;
  useEffect(() => {
    if (!turn) return;
    const press = () => touch(Date.now());
    document.addEventListener("pointerdown", press, true);
    document.addEventListener("keydown", press, true);
    const timer = setInterval(() => {
      if (live && idle(turn, minutes, Date.now())) lock();
    }, 2000);
    return () => {
      document.removeEventListener("pointerdown", press, true);
      document.removeEventListener("keydown", press, true);
      clearInterval(timer);
    };
  }, [turn, minutes, live, lock]);
  return {
    locked: Boolean(crew?.pin) && !turn,
    name: crew?.pin && turn ? turn.name : "",
    lock,
    ask: () => setAsking(true),
    asking: asking && Boolean(crew?.pin) && !turn,
    leave: () => setAsking(false),
    people: crew ? crew.people : [],
    live,
  };
}

/** Whose turn it is, and the key to lock or unlock. */
export function LockKey({ lock }: { lock: Lock }) {
  if (lock.locked)
    return (
      <button type="button" className="key main" onClick={lock.ask} data-testid="unlock">
        {t("lockedKey")}
      </button>
    );
  if (lock.name === "") return null;
  return (
    <button type="button" className="key" onClick={lock.lock} data-testid="lock">
      {lock.name} · {t("lock")}
    </button>
  );
}

export function Pad({ lock }: { lock: Lock }) {
  const [who, setWho] = useState<{ id: string; name: string }>();
  const [pin, setPIN] = useState("");
  const [words, setWords] = useState("");
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (first.current) first.current.focus();
  }, []);
  const send = (digits: string) => {
    if (!who || digits.length < 4 || busy) return;
    setBusy(true);
    call<{ id: string; name: string }>("POST", "/device/unlock", { user_id: who.id, pin: digits }).then(
      (got) => {
        lock.leave();
        setTurn({ id: got.id, name: got.name, touched: Date.now() });
      },
      (e: unknown) => {
        setBusy(false);
        setPIN("");
        const why = e instanceof Refusal ? e.why : "";
        const text: Record<string, string> = {
          pin_wrong: t("pinWrong"),
          pin_shut: t("pinShut"),
          no_pin: t("pinNone"),
          too_many_tries: t("pinSlow"),
        };
        setWords(text[why] || t("pinOffline"));
      },
    );
  };
  const add = (d: string) => setPIN((p) => (p + d).slice(0, 6));
  return (
    <section className="pad" role="dialog" aria-label={t("lockedKey")} data-testid="pad">
      {who ? (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            send(pin);
          }}
        >
          <h2>{t("pinOf", { name: who.name })}</h2>
          <input
            className="pad-pin"
            type="password"
            inputMode="none"
            autoComplete="off"
            // biome-ignore lint/a11y/noAutofocus: the name was just pressed, digits follow
            autoFocus
            aria-label={t("pinOf", { name: who.name })}
            value={pin}
            maxLength={6}
            onChange={(e) => setPIN(e.target.value.replace(/\D/g, ""))}
          />
          <div className="pad-keys">
            {["1", "2", "3", "4", "5", "6", "7", "8", "9"].map((d) => (
              <button key={d} type="button" className="key" onClick={() => add(d)}>
                {d}
              </button>
            ))}
            <button type="button" className="key" onClick={() => setPIN("")}>
              {t("clear")}
            </button>
            <button type="button" className="key" onClick={() => add("0")}>
              0
            </button>
            <button type="submit" className="key main" disabled={pin.length < 4 || busy}>
              {t("unlock")}
            </button>
          </div>
          <button
            type="button"
            className="key"
            onClick={() => {
              setWho(undefined);
              setPIN("");
              setWords("");
            }}
          >
            {t("otherPerson")}
          </button>
        </form>
      ) : (
        <>
          <h2>{t(lock.people.length > 0 ? "whoAreYou" : "nobodyHasPin")}</h2>
          <div className="pad-people">
            {lock.people.map((p, n) => (
              <button key={p.id} ref={n === 0 ? first : undefined} type="button" className="key" onClick={() => setWho(p)}>
                {p.name}
              </button>
            ))}
          </div>
        </>
      )}
      {words || !lock.live ? (
        <p className="trouble" role="alert">
          {words || t("pinOffline")}
        </p>
      ) : null}
      <button type="button" className="key" onClick={lock.leave}>
        {t("padClose")}
      </button>
    </section>
  );
}
