import { useQuery } from "@tanstack/react-query";
import { Link, useBlocker } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { FrontPower, Shop } from "../../data/model";
import { shops } from "../../data/queries";
import { useMay } from "../../data/rights";
import { Icon } from "../../ui/icons";
import { Mark, useChannels } from "../../ui/Mark";
import { Bones, State } from "../../ui/Screen";
import { Sheet } from "../../ui/Sheet";
import { inLanguage, useWords } from "../../words";
import type { Part } from "./useEdit";
import "./front.css";

const parts: readonly Part[] = ["profile", "areas", "menu"];

type Props = { shop: string; part: Part; children: (shop: Shop, power: FrontPower) => ReactNode };

/** 线上店面: one part of what a shop shows on its platform, under the shop's name and beside its other parts. */
export function FrontPage({ shop: id, part, children }: Props) {
  const { t, language } = useWords();
  const may = useMay();
  const list = useQuery(shops);
  const shop = list.data?.find((s) => s.id === id);
  const channels = useChannels();
  const power = channels.get(shop?.channel ?? "")?.front;
  const held = shop && (shop.mode === "watch" ? "only_watched" : shop.mode === "goods" && part !== "menu" ? "only_goods" : undefined);
  return (
    <div className="page front">
      <div className="page-head">
        <h1>{t(`front.of.${part}`)}</h1>
        <p>
          {shop ? <Mark channel={shop.channel} /> : null} <b>{shop?.name || shop?.external_id}</b> · {t("front.lead")}{" "}
          {may("whole.see") ? (
            <Link to="/connections">{t("front.back")}</Link>
          ) : may("fronts.keep") ? (
            <Link to="/intakes">{t("opening.open")}</Link>
          ) : null}
        </p>
      </div>
      {!may("fronts.keep") ? (
        <State icon="lock" title={t("state.forbidden")}>
          {t("why.forbidden")}
        </State>
      ) : list.data && !shop ? (
        <State icon="warn" title={t("state.notFound")} />
      ) : !shop || channels.size === 0 ? (
        <Bones rows={4} height={72} />
      ) : !power ? (
        <State icon="lock" title={t("front.noCall")} />
      ) : (
        <>
          <nav className="front-parts" aria-label={t("front.parts")}>
            {parts
              .filter((p) => p !== "areas" || power.areas)
              .map((p) => (
                <Link key={p} to={`/shops/$shopId/${p}`} params={{ shopId: id }} aria-current={p === part ? "page" : undefined}>
                  {t(`front.of.${p}`)}
                </Link>
              ))}
          </nav>
          {held ? (
            <p className="notice warn" data-testid="front-held">
              <Icon name="warn" /> {t(`why.${held}`)}
            </p>
          ) : null}
          {power.notes
            .filter((n) => n.part === part)
            .map((n) => (
              <p key={n.part} className="quiet front-note" data-testid="front-note">
                {inLanguage(language, n.note_zh, n.note_en)}
              </p>
            ))}
          {children(shop, power)}
        </>
      )}
    </div>
  );
}

/** Asks before a draft is lost: to another page of the console by our own question, out of it by the browser's. */
export function Leaving({ count }: { count: number }) {
  const { t } = useWords();
  const stop = useBlocker({
    shouldBlockFn: ({ current, next }) => count > 0 && current.pathname !== next.pathname,
    enableBeforeUnload: () => count > 0,
    withResolver: true,
  });
  if (stop.status !== "blocked") return null;
  return (
    <Sheet
      title={t("front.leaveTitle")}
      close={stop.reset}
      footer={
        <>
          <button type="button" className="btn danger" onClick={stop.proceed}>
            {t("front.leaveDo")}
          </button>
          <button type="button" className="btn primary" onClick={stop.reset}>
            {t("front.leaveStay")}
          </button>
        </>
      }
    >
      <p data-testid="leave">{t("front.leave", { count })}</p>
    </Sheet>
  );
}

type BarProps = {
  reading: boolean;
  read: () => void;
  weight: { count: number; wrong: boolean };
  planning: boolean;
  look: () => void;
  drop: () => void;
  children?: ReactNode;
};

/** What can be done with a draft, always in sight. */
export function Bar({ reading, read, weight, planning, look, drop, children }: BarProps) {
  const { t } = useWords();
  return (
    <div className="panel front-do">
      {children}
      <button type="button" className="btn" disabled={reading} onClick={read}>
        {t("front.read")}
      </button>
      <button
        type="button"
        className="btn primary"
        disabled={weight.count === 0 || weight.wrong || planning}
        title={weight.wrong ? t("front.wrong") : undefined}
        onClick={look}
      >
        {t("front.look", { count: weight.count })}
      </button>
      {weight.count > 0 ? (
        <button type="button" className="btn ghost" onClick={drop}>
          {t("front.drop")}
        </button>
      ) : null}
    </div>
  );
}
