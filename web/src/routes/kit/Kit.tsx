import { type ReactNode, useState } from "react";
import { serverNow } from "../../data/clock";
import { formatMoney } from "../../format/money";
import { Due } from "../../ui/Due";
import { type Look, themes, usePhone } from "../../ui/device";
import { Icon, iconNames } from "../../ui/icons";
import { Mark, useChannelName, useChannels } from "../../ui/Mark";
import { Bones, State, Trouble } from "../../ui/Screen";
import { useWords, word } from "../../words";
import { ActWords } from "../orders/ActState";
import { columns, gridOf } from "../orders/columns";
import { OrderCard, OrderRow, StatusChip } from "../orders/OrderRow";
import { deadlines, failures, samples, standings } from "./samples";
import "../orders/orders.css";
import "./kit.css";

const looks = themes.filter((t): t is Look => t !== "system");
const zone = "Asia/Shanghai";
const statuses = ["unpaid", "new", "accepted", "ready", "delivering", "delivered", "done", "cancelled", "replaced"];
const flags = ["refund", "reminder", "problem", "preorder"];
const colours = ["text", "text-2", "text-3", "brand", "amber", "red", "blue", "violet"];
const grounds = ["bg", "surface", "surface-2", "surface-3", "brand-soft", "amber-soft", "red-soft", "blue-soft", "violet-soft"];
const sizes = ["xs", "sm", "md", "lg", "xl", "2xl", "number"];
const amounts = [0, 5, 1250, 103250, -3250];

/** Every piece of the console in every state and look: where one looks before building something, and after changing something. */
export function Kit() {
  const { t } = useWords();
  return (
    <div className="kit" data-testid="kit">
      <header className="kit-head">
        <h1>{t("kit.title")}</h1>
        <p className="quiet">{t("kit.lead")}</p>
      </header>
      {looks.map((look) => (
        <section key={look} data-theme={look} className="kit-look" aria-label={t(`me.themes.${look}`)} data-testid={`kit-${look}`}>
          <h2>{t(`me.themes.${look}`)}</h2>
          <Pieces />
        </section>
      ))}
    </div>
  );
}

function Piece({ title, wide, children }: { title: string; wide?: boolean; children: ReactNode }) {
  return (
    <section className={wide ? "piece wide" : "piece"}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Pieces() {
  const { t } = useWords();
  const [now] = useState(serverNow);
  const phone = usePhone();
  return (
    <div className="pieces">
      <Piece title={t("kit.colours")}>
        <p className="kit-words">
          {colours.map((c) => (
            <span key={c} style={{ color: `var(--${c})` }}>
              {c}
            </span>
          ))}
        </p>
        <p className="kit-swatches">
          {grounds.map((c) => (
            <span key={c} style={{ background: `var(--${c})` }}>
              {c}
            </span>
          ))}
        </p>
      </Piece>
      <Piece title={t("kit.type")}>
        {sizes.map((s) => (
          <p key={s} className="clip" style={{ fontSize: `var(--text-${s})`, lineHeight: 1.35 }}>
            {t("kit.sentence")}
          </p>
        ))}
      </Piece>
      <Piece title={t("kit.figures")}>
        <p className="kit-figures num">
          {amounts.map((minor) => (
            <b key={minor}>{formatMoney({ minor, digits: 2, currency: "CNY" })}</b>
          ))}
          <b>{formatMoney({ minor: 11140800, digits: 2, currency: "COP" })}</b>
        </p>
      </Piece>
      <Piece title={t("kit.buttons")}>
        <p className="kit-row">
          <button type="button" className="btn primary">
            {t("act.accept")}
          </button>
          <button type="button" className="btn">
            {t("act.ready")}
          </button>
          <button type="button" className="btn danger">
            {t("act.refuse")}
          </button>
          <button type="button" className="btn primary danger">
            {t("ask.finalDo", { what: t("act.refuse") })}
          </button>
          <button type="button" className="btn ghost">
            {t("do.cancel")}
          </button>
          <button type="button" className="btn primary" disabled>
            {t("act.accept")}
          </button>
          <button type="button" className="btn" aria-disabled="true" title={t("why.not_accepted")}>
            {t("act.ready")}
            <span className="sr-only">: {t("why.not_accepted")}</span>
          </button>
          <button type="button" className="btn small primary">
            {t("act.accept")} <span className="num">10</span>
          </button>
          <button type="button" className="btn icon ghost" aria-label={t("do.close")}>
            <Icon name="close" />
          </button>
          <button type="button" className="link">
            {t("do.noted")}
          </button>
          <kbd>j</kbd>
        </p>
      </Piece>
      <Piece title={t("kit.fields")}>
        <p className="kit-row">
          <input className="input" aria-label={t("filter.search")} placeholder={t("filter.searchHint")} />
          <select className="select" aria-label={t("filter.channel")}>
            <option>{t("filter.allChannels")}</option>
          </select>
          <select className="select chosen" aria-label={t("filter.store")}>
            <option>山间茶事(湖滨店)</option>
          </select>
        </p>
      </Piece>
      <Piece title={t("kit.marks")}>
        <Channels />
      </Piece>
      <Piece title={t("kit.words")}>
        <p className="kit-row">
          {statuses.map((s) => (
            <StatusChip key={s} status={s} />
          ))}
          {flags.map((f) => (
            <span key={f} className={`chip ${{ refund: "bad", reminder: "warn", problem: "bad", preorder: "odd" }[f]}`}>
              {word(t, "flag", f)}
            </span>
          ))}
        </p>
      </Piece>
      <Piece title={t("kit.deadlines")}>
        <div className="kit-row kit-due">
          {deadlines(now).map(([at, from]) => (
            <span key={at} className="due-cell">
              <Due at={at} from={from} zone={zone} label={t("dueKind.accept")} caption />
            </span>
          ))}
        </div>
      </Piece>
      <Piece title={t("kit.acts")}>
        <ul className="kit-acts">
          {standings(now).map((s) => (
            <li key={s.kind}>
              <ActWords standing={s} kind="takeaway" zone={zone} noted={() => {}} />
            </li>
          ))}
        </ul>
      </Piece>
      <Piece title={t("kit.notices")}>
        <p className="notice">
          <Icon name="unclear" /> {t("unclear.until")}
        </p>
        <p className="notice warn">
          <Icon name="warn" /> {t("why.platform_cannot")}
        </p>
        <p className="notice bad">
          <Icon name="warn" />
          <span>
            <b>{t("ask.final")}</b> {t("ask.effect.refund_approve", { amount: formatMoney({ minor: 3250, digits: 2, currency: "CNY" }) })}
          </span>
        </p>
        <p>
          <span className="toast kit-toast">{t("do.copied")}</span>
        </p>
      </Piece>
      <Piece title={t("kit.pictures")}>
        <p className="kit-row kit-icons">
          {iconNames.map((name) => (
            <span key={name}>
              <Icon name={name} /> <small>{name}</small>
            </span>
          ))}
        </p>
      </Piece>
      <Piece title={t("kit.rows")} wide>
        <Rows now={now} phone={phone} />
      </Piece>
      <Piece title={t("kit.loading")}>
        <Bones rows={3} height={44} />
      </Piece>
      <Piece title={t("kit.empty")}>
        <State icon="calm" title={t("empty.new")}>
          {t("list.calm")}
        </State>
      </Piece>
      {failures.map((f) => (
        <Piece key={f.code} title={word(t, "kit.failed", f.code)}>
          <Trouble error={f} retry={() => {}} />
        </Piece>
      ))}
    </div>
  );
}

/** Channels by mark and name, in the build and one that we know nothing of. */
function Channels() {
  const known = useChannels();
  const name = useChannelName();
  return (
    <p className="kit-row">
      {[...known.keys(), "unknown"].map((c) => (
        <span key={c} className="kit-channel">
          <Mark channel={c} large /> <Mark channel={c} /> {name(c)}
        </span>
      ))}
    </p>
  );
}

/** Rows of the list and cards of the phone. They are to be looked at: nothing can be pressed. */
function Rows({ now, phone }: { now: number; phone: boolean }) {
  const { t } = useWords();
  const grid = gridOf(columns, "wide");
  const all = samples(now);
  const props = (s: (typeof all)[number]) => ({
    order: s.order,
    leaving: s.leaving ?? false,
    chosen: s.chosen ?? false,
    current: false,
    opened: false,
    showStatus: true,
    way: "" as const,
    tab: "new" as const,
    zone,
    href: "#",
    open: () => {},
    choose: () => {},
  });
  return phone ? (
    <ul className="cards" style={{ height: all.length * 222 }} aria-label={t("kit.rows")} inert>
      {all.map((s, i) => (
        <OrderCard key={s.order.id} {...props(s)} at={i} of={all.length} top={i * 222} />
      ))}
    </ul>
  ) : (
    <div className="kit-scroll" style={{ "--columns": grid } as React.CSSProperties} inert>
      <ul className="rows" style={{ height: all.length * 64 }} aria-label={t("kit.rows")}>
        {all.map((s, i) => (
          <OrderRow key={s.order.id} {...props(s)} at={i} of={all.length} top={i * 64} columns={columns} />
        ))}
      </ul>
    </div>
  );
}
