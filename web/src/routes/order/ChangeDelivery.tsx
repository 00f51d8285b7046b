import { useId, useState } from "react";
import type { Order } from "../../data/model";
import { Icon } from "../../ui/icons";
import { useChannelName } from "../../ui/Mark";
import { Sheet } from "../../ui/Sheet";
import { toast } from "../../ui/toast";
import { useWords } from "../../words";
import { numberText } from "../orders/OrderRow";
import { type Change, parts, riderText } from "./rider";

/**
 * 修改配送信息: no platform that is connected lets a store change where an order goes, so this says so and makes the text for the
 * rider, who can be told.
 */
export function ChangeDelivery({ order: o, close }: { order: Order; close: () => void }) {
  const { t } = useWords();
  const channel = useChannelName();
  const [values, setValues] = useState<Change>({});
  const id = useId();
  const text = riderText(`${channel(o.channel)} ${numberText(o)}`, values, (p) => t(`change.${p}`), {
    said: (what, words) => t("state.said", { what, words }),
    and: t("state.and"),
  });
  const rider = o.deliveries.findLast((d) => d.rider?.phone)?.rider;
  const copy = () =>
    navigator.clipboard?.writeText(text).then(
      () => toast(t("do.copied")),
      () => toast(t("people.copyByHand")),
    );
  return (
    <Sheet
      title={t("change.title")}
      close={close}
      footer={
        <>
          {rider?.phone ? (
            <a className="btn" href={`tel:${rider.phone.replace(/[^\d+,]/g, "")}`}>
              <Icon name="phone" size={16} /> {t("change.call")}
            </a>
          ) : null}
          <button type="button" className="btn primary" disabled={!text} onClick={() => void copy()}>
            <Icon name="copy" size={16} /> {t("change.copy")}
          </button>
        </>
      }
    >
      <p className="notice warn">
        <Icon name="warn" /> {t("change.unsupported", { channel: channel(o.channel) })}
      </p>
      {parts.map((p) => (
        <label key={p} className="field">
          <span>{t(`change.${p}`)}</span>
          <input
            className="input"
            value={values[p] ?? ""}
            maxLength={120}
            autoComplete="off"
            inputMode={p === "phone" ? "tel" : undefined}
            onChange={(e) => setValues({ ...values, [p]: e.target.value })}
          />
        </label>
      ))}
      <label className="field" htmlFor={id}>
        <span>{t("change.text")}</span>
        <textarea id={id} className="input" data-testid="rider-text" readOnly rows={3} value={text} placeholder={t("change.textHelp")} />
      </label>
    </Sheet>
  );
}
