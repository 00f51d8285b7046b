// A paired counter locks itself: what comes in goes on being shown and spoken, and whoever acts says first who it is.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { answer, api, Failure } from "../data/api";
import { useConnection } from "../data/live";
import { session } from "../data/queries";
import { idle, setTurn, touch, useTurn } from "../data/unlock";
import { Icon } from "../ui/icons";
import { useWords } from "../words";
import "./lock.css";

/** The key that locks, with who has it unlocked. Nothing where this is no paired screen. */
export function LockKey() {
  const { t } = useWords();
  const { data: user } = useQuery(session);
  const turn = useTurn();
  const lock = useLock();
  if (!user?.device?.pin || !turn) return null;
  return (
    <button type="button" className="btn small ghost" onClick={lock} data-testid="lock">
      <Icon name="lock" size={16} /> <span className="clip">{turn.name}</span> · {t("device.lock")}
    </button>
  );
}

function useLock(): () => void {
  const client = useQueryClient();
  return () => {
    setTurn(undefined);
    void answer(api.POST("/api/v1/device/lock")).catch(() => {
      // the unlock ends by itself with the next person's, or with the shift
    });
    void client.invalidateQueries({ queryKey: session.queryKey });
  };
}

/** Covers the acts of a locked counter; the list behind it stays in sight. */
export function Locked() {
  const { data: user } = useQuery(session);
  const turn = useTurn();
  const lock = useLock();
  const { state } = useConnection();
  const device = user?.device;
  const minutes = device?.lock_minutes ?? 0;
  const latest = useRef(lock);
  latest.current = lock;
  useEffect(() => {
    if (!turn || !device) return;
    const press = () => touch(Date.now());
    document.addEventListener("pointerdown", press, true);
    document.addEventListener("keydown", press, true);
    // Without network nobody could unlock it again: it stays open then.
    const timer = setInterval(() => idle(turn, minutes, Date.now()) && state === "live" && latest.current(), 5000);
    return () => {
      document.removeEventListener("pointerdown", press, true);
      document.removeEventListener("keydown", press, true);
      clearInterval(timer);
    };
  }, [turn, device, minutes, state]);
  if (!device?.pin || turn) return null;
  return <Pad />;
}

function Pad() {
  const { t } = useWords();
  const client = useQueryClient();
  const { data } = useQuery({
    queryKey: ["device"],
    refetchInterval: 30_000,
    queryFn: async () => answer(api.GET("/api/v1/device")),
  });
  const [who, setWho] = useState<{ id: string; name: string }>();
  const [pin, setPIN] = useState("");
  const first = useRef<HTMLButtonElement>(null);
  const unlock = useMutation({
    mutationFn: (digits: string) => answer(api.POST("/api/v1/device/unlock", { body: { user_id: who?.id ?? "", pin: digits } })),
    onSuccess: (got) => {
      setTurn({ id: got.id, name: got.name, touched: Date.now() });
      void client.invalidateQueries();
    },
    onError: () => setPIN(""),
  });
  useEffect(() => first.current?.focus(), []);
  const words = unlock.error instanceof Failure ? (unlock.error.code === "offline" ? t("device.lockedOffline") : unlock.error.message) : "";
  return (
    <section className="lock" aria-label={t("device.locked")} data-testid="locked">
      <h2>
        <Icon name="lock" /> {t("device.locked")}
      </h2>
      <p className="quiet">{t("device.lockedHelp")}</p>
      {who ? (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            if (pin.length >= 4) unlock.mutate(pin);
          }}
        >
          <label className="field">
            <span>{t("device.enterPin", { name: who.name })}</span>
            <input
              className="input lock-pin"
              type="password"
              inputMode="numeric"
              autoComplete="off"
              // biome-ignore lint/a11y/noAutofocus: the name was just pressed, digits follow
              autoFocus
              value={pin}
              maxLength={6}
              onChange={(e) => setPIN(e.target.value.replace(/\D/g, ""))}
            />
          </label>
          <div className="lock-do">
            <button type="submit" className="btn primary" disabled={pin.length < 4 || unlock.isPending}>
              {t("device.unlock")}
            </button>
            <button
              type="button"
              className="btn"
              onClick={() => {
                setWho(undefined);
                setPIN("");
                unlock.reset();
              }}
            >
              {t("device.others")}
            </button>
          </div>
        </form>
      ) : (
        <>
          <p>{data?.people.length === 0 ? t("device.nobody") : t("device.choosePerson")}</p>
          <div className="lock-people">
            {data?.people.map((p, n) => (
              <button key={p.id} ref={n === 0 ? first : undefined} type="button" className="btn" onClick={() => setWho(p)}>
                {p.name}
              </button>
            ))}
          </div>
        </>
      )}
      {words ? (
        <p className="notice bad" role="alert">
          {words}
        </p>
      ) : null}
    </section>
  );
}
