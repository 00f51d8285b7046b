import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Failure } from "../../data/api";
import type { Customer, Order } from "../../data/model";
import { uncover as askFor } from "../../data/queries";
import { Icon } from "../../ui/icons";
import { toast } from "../../ui/toast";
import { useWords, word } from "../../words";
import { ChangeDelivery } from "./ChangeDelivery";
import { Section } from "./Section";
import { veiledName, veiledPhone, veiledPlace } from "./veiled";

// While it can still arrive somewhere else.
const movable = ["new", "accepted", "ready", "delivering"];

/**
 * Who gets it and where, covered until somebody asks: a screen at the counter is read by those who queue, too. A real number and the
 * address are not even here before: the service gives them to whoever asks, and writes down who did.
 */
export function CustomerCard({ order: o }: { order: Order }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [asked, setAsked] = useState(false);
  const [full, setFull] = useState<Customer | null>(null);
  const [trouble, setTrouble] = useState("");
  const [asking, setAsking] = useState(false);
  const [changing, setChanging] = useState(false);
  if (!o.full_customer) return null;
  const open = o.full_customer.masked || asked;
  const c = (asked && full) || o.full_customer;
  const place = [c.country, c.state, c.city, c.address, c.address_detail, c.zip].filter(Boolean).join(" ");
  const copy = (text: string) => void navigator.clipboard?.writeText(text).then(() => toast(t("do.copied")));
  async function uncover() {
    setTrouble("");
    if (o.full_customer?.covered.length) {
      setAsking(true);
      try {
        setFull(await askFor(o.id));
        void client.invalidateQueries({ queryKey: ["order", o.id] }); // the timeline has a line more
      } catch (e) {
        setTrouble(
          (e instanceof Failure && e.message) || t(e instanceof Failure && e.code === "offline" ? "state.offline" : "state.failed"),
        );
        return;
      } finally {
        setAsking(false);
      }
    }
    setAsked(true);
  }
  function coverAgain() {
    setAsked(false);
    setFull(null);
  }
  const button = asked ? (
    <button type="button" className="btn small ghost" onClick={coverAgain}>
      {t("order.cover")}
    </button>
  ) : (
    <button
      type="button"
      className="btn small"
      data-testid="uncover"
      disabled={asking}
      title={o.full_customer.covered.length > 0 ? t("order.recorded") : undefined}
      onClick={() => void uncover()}
    >
      {t("order.uncover")}
    </button>
  );
  return (
    <Section title={t("order.customer")} aside={c.masked ? <span className="chip">{t("order.masked")}</span> : button}>
      {trouble ? (
        <p className="notice bad" role="alert">
          {trouble}
        </p>
      ) : null}
      <p className="customer-line">
        <b>{(open ? c.name : veiledName(c.name)) || "—"}</b>
        {c.phone ? (
          !c.masked && (open || c.phone_kind === "privacy") ? (
            <a className="num" href={`tel:${c.phone.replace(/[^\d+,]/g, "")}`}>
              {c.phone}
            </a>
          ) : (
            <span className="num">{open ? c.phone : veiledPhone(c.phone)}</span>
          )
        ) : null}
        {c.phone && c.phone_kind !== "real" ? <small className="quiet">{word(t, "phoneKind", c.phone_kind)}</small> : null}
      </p>
      {place ? (
        <p className="customer-line">
          <span>{open ? place : veiledPlace(c.city, c.address)}</span>
          {open ? (
            <button
              type="button"
              className="btn icon ghost small"
              aria-label={t("order.copyAddress")}
              onClick={() => copy(`${c.name} ${c.phone} ${place}`)}
            >
              <Icon name="copy" size={16} />
            </button>
          ) : null}
        </p>
      ) : null}
      {c.user_ref ? (
        <p className="customer-line quiet">
          <span className="mono">{t("order.userRef", { id: c.user_ref })}</span>
          <Link to="/orders" search={{ tab: "all", q: c.user_ref }}>
            {t("order.allOf")}
          </Link>
        </p>
      ) : null}
      {c.note ? <p className="remark">{c.note}</p> : null}
      {movable.includes(o.status) ? (
        <p className="customer-line">
          <button type="button" className="btn small ghost" onClick={() => setChanging(true)}>
            {t("change.title")}
          </button>
        </p>
      ) : null}
      {changing ? <ChangeDelivery order={o} close={() => setChanging(false)} /> : null}
    </Section>
  );
}
