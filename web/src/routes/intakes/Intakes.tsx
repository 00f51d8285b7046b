import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api } from "../../data/api";
import { serverNow, useNow } from "../../data/clock";
import { useGate } from "../../data/rights";
import { clock, moment } from "../../format/time";
import { Icon } from "../../ui/icons";
import { Mark, useChannelName } from "../../ui/Mark";
import { ModeChip } from "../../ui/ModeChip";
import { Bones, State, Trouble } from "../../ui/Screen";
import { useWords } from "../../words";
import { inWords } from "../../words/reasons";
import { FrontLinks } from "../front/FrontLinks";
import { intakes, type Press, progress, reachable, type ShopIntake, type StoreIntake, shopsOf, shownOf } from "./intakes";
import "./intakes.css";

const tone = { open: "good", resting: "warn", offline: "bad", unknown: "" } as const;
const kinds = ["resting", "offline", "open", "unknown"] as const;

/** 营业控制: how every store is shown on every channel, and one press that opens many of them or lets them rest. */
export function Intakes() {
  const { t } = useWords();
  const client = useQueryClient();
  const may = useGate("stores.rest");
  const { data, error, refetch } = useQuery(intakes);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [only, setOnly] = useState<(typeof kinds)[number]>();
  const [press, setPress] = useState<Press>();
  const [until, setUntil] = useState("");
  const set = useMutation({
    mutationFn: async (want: { ids: readonly string[]; until: number }) => {
      const body = { shop_ids: [...want.ids], until_at: Math.round(want.until) };
      const { results } = await answer(api.PUT("/api/v1/intakes", { body }));
      return { ...want, refused: new Map((results ?? []).filter((r) => !r.ok).map((r) => [r.shop_id, r])) };
    },
    onSuccess: async (p) => {
      await client.invalidateQueries({ queryKey: ["intakes"] });
      setPress(p);
    },
  });
  const stores = data ?? [];
  const all = stores.flatMap(shopsOf);
  const rows = only ? stores.filter((s) => shopsOf(s).some((c) => shownOf(c) === only)) : stores;
  const ids = stores
    .filter((s) => chosen.has(s.store_id))
    .flatMap((s) =>
      shopsOf(s)
        .filter(reachable)
        .map((c) => c.shop_id),
    );
  const far = press ? progress(press, stores) : undefined;
  const failed = far && far.waiting.length === 0 ? far.failed : [];
  const blocked = { ...may, disabled: may.disabled || set.isPending || ids.length === 0 };
  const flip = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  const whole = rows.length > 0 && rows.every((s) => chosen.has(s.store_id));
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t("control.title")}</h1>
        <p>{t("control.lead")}</p>
      </div>
      {error && !data ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Bones rows={6} height={56} />
      ) : stores.length === 0 ? (
        <div className="panel">
          <State icon="calm" title={t("board.none")} />
        </div>
      ) : (
        <>
          <fieldset className="control-kinds">
            <legend className="sr-only">{t("control.only")}</legend>
            {kinds.map((k) => (
              <button
                key={k}
                type="button"
                className={`btn small ${only === k ? "primary" : ""}`}
                aria-pressed={only === k}
                onClick={() => setOnly(only === k ? undefined : k)}
              >
                {t(`control.shown.${k}`)} <b className="num">{all.filter((c) => shownOf(c) === k).length}</b>
              </button>
            ))}
          </fieldset>
          <div className="panel control-do">
            <label>
              <input type="checkbox" checked={whole} onChange={() => setChosen(whole ? new Set() : new Set(rows.map((s) => s.store_id)))} />{" "}
              {t("control.all")}
            </label>
            <span className="quiet num">{t("control.chosen", { count: chosen.size, shops: ids.length })}</span>
            <button type="button" className="btn primary" {...blocked} onClick={() => set.mutate({ ids, until: 0 })}>
              {t("control.open")}
            </button>
            {[15, 30, 60].map((n) => (
              <button
                key={n}
                type="button"
                className="btn"
                {...blocked}
                onClick={() => set.mutate({ ids, until: serverNow() + n * 60_000 })}
              >
                {t("control.busy", { count: n })}
              </button>
            ))}
            <span className="control-until">
              <input
                type="time"
                className="input"
                aria-label={t("control.untilLabel")}
                value={until}
                onChange={(e) => setUntil(e.target.value)}
              />
              <button
                type="button"
                className="btn"
                {...blocked}
                disabled={blocked.disabled || !until}
                onClick={() => set.mutate({ ids, until: next(until, serverNow()) })}
              >
                {t("control.until")}
              </button>
            </span>
            <small className="quiet">{t("control.help")}</small>
          </div>
          {set.error ? (
            <p className="notice bad" role="alert">
              <Icon name="warn" /> {set.error.message || t("state.failedHelp")}
            </p>
          ) : null}
          {press && far ? (
            <div
              className={`notice ${failed.length > 0 ? "bad" : far.waiting.length > 0 ? "" : "good"}`}
              role="status"
              data-testid="progress"
            >
              <progress value={far.done.length + far.failed.length} max={press.ids.length} aria-label={t("control.progress")} />{" "}
              {t("control.far", { done: far.done.length, of: press.ids.length, failed: far.failed.length })}{" "}
              {failed.length > 0 ? (
                <button
                  type="button"
                  className="btn small"
                  {...may}
                  disabled={may.disabled || set.isPending}
                  onClick={() => set.mutate({ ids: failed, until: press.until })}
                >
                  {t("control.again", { count: failed.length })}
                </button>
              ) : null}
            </div>
          ) : null}
          <ul className="control-stores" aria-label={t("control.title")}>
            {rows.map((s) => (
              <Row key={s.store_id} store={s} chosen={chosen.has(s.store_id)} flip={() => flip(s.store_id)} press={press} />
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

/** The next moment at which the device's clock shows a time. */
function next(time: string, now: number): number {
  const [h = 0, m = 0] = time.split(":").map(Number);
  const at = new Date(now);
  at.setHours(h, m, 0, 0);
  return at.getTime() > now ? at.getTime() : at.getTime() + 24 * 3600_000;
}

type RowProps = { store: StoreIntake; chosen: boolean; flip: () => void; press: Press | undefined };

function Row({ store: s, chosen, flip, press }: RowProps) {
  const { t } = useWords();
  return (
    <li className="panel control-store" data-testid="control-store" data-store={s.store_id}>
      <label className="control-name">
        <input type="checkbox" checked={chosen} onChange={flip} /> <b>{s.name}</b>{" "}
        <small className="quiet num">{s.hours || t("control.noHours")}</small>
      </label>
      <ul>
        {shopsOf(s).map((c) => (
          <Shop key={c.shop_id} shop={c} store={s.name} zone={s.zone} late={s.opened_at > 0} refused={press?.refused.get(c.shop_id)} />
        ))}
        {shopsOf(s).length === 0 ? <li className="quiet">{t("control.noShops")}</li> : null}
      </ul>
    </li>
  );
}

type ShopProps = {
  shop: ShopIntake;
  store: string;
  zone: string;
  late: boolean;
  refused: { words?: string; why?: { code?: string } | null } | undefined;
};

function Shop({ shop: c, store, zone, late, refused }: ShopProps) {
  const { t } = useWords();
  const channel = useChannelName();
  const now = useNow();
  const shown = shownOf(c);
  const ours = c.state === "open" || c.state === "watched" ? "" : t(`intake.state.${c.state}`, { at: clock(c.until_at, zone) });
  return (
    <li data-testid="control-shop" data-shown={shown} data-state={c.state}>
      <Mark channel={c.channel} /> {channel(c.channel)}{" "}
      <span className={`chip ${shown === "resting" && !late ? "" : tone[shown]}`}>{t(`control.shown.${shown}`)}</span>{" "}
      <ModeChip mode={c.mode} />
      <FrontLinks shop={c.shop_id} channel={c.channel} name={`${store} ${channel(c.channel)}`} />
      {shown !== "open" && c.shown.since_at > 0 ? (
        <small className="quiet num">{t("control.since", { at: moment(c.shown.since_at, now, zone) })}</small>
      ) : null}{" "}
      {c.shown.held && shown !== "open" ? <b className="bad">{t("control.held")}</b> : null} <span className="quiet">{c.shown.words}</span>{" "}
      {ours ? <span className={c.state === "failed" ? "bad" : "quiet"}>{ours}</span> : null}{" "}
      {c.state === "failed" || c.state === "opening" ? <span className="bad">{inWords(c.words ?? "", c.why)}</span> : null}
      {refused ? (
        <span className="bad" role="alert">
          {inWords(refused.words ?? "", refused.why)}
        </span>
      ) : null}
    </li>
  );
}
