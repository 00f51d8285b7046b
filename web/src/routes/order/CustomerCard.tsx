import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Order } from "../../data/model";
import { Icon } from "../../ui/icons";
import { toast } from "../../ui/toast";
import { word } from "../../words";
import { Section } from "./Section";
import { veiledName, veiledPhone, veiledPlace } from "./veiled";

/** Who gets it and where, covered until somebody asks: a screen at the counter is read by those who queue, too. */
export function CustomerCard({ order: o }: { order: Order }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState(false);
  const c = o.full_customer;
  if (!c) return null;
  const place = [c.country, c.state, c.city, c.address, c.address_detail, c.zip].filter(Boolean).join(" ");
  const copy = (text: string) => void navigator.clipboard?.writeText(text).then(() => toast(t("do.copied")));
  const open = c.masked || asked;
  const cover = asked ? (
    <button type="button" className="btn small ghost" onClick={() => setAsked(false)}>
      {t("order.cover")}
    </button>
  ) : (
    <button type="button" className="btn small" data-testid="uncover" onClick={() => setAsked(true)}>
      {t("order.uncover")}
    </button>
  );
  return (
    <Section title={t("order.customer")} aside={c.masked ? <span className="chip">{t("order.masked")}</span> : cover}>
      <p className="customer-line">
        <b>{(open ? c.name : veiledName(c.name)) || "—"}</b>
        {c.phone ? (
          open && !c.masked ? (
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
      {c.note ? <p className="remark">{c.note}</p> : null}
    </Section>
  );
}
