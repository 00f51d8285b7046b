import { useQuery } from "@tanstack/react-query";
import Form from "antd/es/form";
import Input from "antd/es/input";
import InputNumber from "antd/es/input-number";
import Modal from "antd/es/modal";
import Radio from "antd/es/radio";
import Select from "antd/es/select";
import { useEffect, useRef, useState } from "react";
import { act } from "../../data/act";
import type { Act, ActField, Choice, Order } from "../../data/model";
import { order as orderQuery } from "../../data/queries";
import { formatMoney, refundOf, sum } from "../../format/money";
import { Ant } from "../../ui/Ant";
import { Icon } from "../../ui/icons";
import { useChannels } from "../../ui/Mark";
import { Bones, Trouble } from "../../ui/Screen";
import { inLanguage, useWords } from "../../words";
import { actLabel, whyText } from "../orders/acts";
import { type Asked, endAsking } from "../orders/asked";
import { useOrderName } from "../orders/OrderRow";
import { bodyOf } from "./body";
import { useEvidence } from "./evidence";
import { PicturesField } from "./PicturesField";
import { RiderFee } from "./RiderFee";
import "./dialog.css";

type Values = Record<string, string | undefined>;

/** Asks what an act needs before it is done: a reason, a parcel, lines, and once, plainly, for what cannot be taken back. */
export function ActDialog({ asked }: { asked: Asked }) {
  return (
    <Ant>
      <Dialog asked={asked} />
    </Ant>
  );
}

function Dialog({ asked }: { asked: Asked }) {
  const { t, language } = useWords();
  const name = useOrderName();
  const [form] = Form.useForm<Values>();
  const { data: order, error, refetch } = useQuery(orderQuery(asked.order.id));
  const channels = useChannels();
  const started = useRef(false);
  const [quantities, setQuantities] = useState<Record<string, number>>({});
  const [changed, setChanged] = useState<string[]>();

  const offered = order?.action_list.find((a) => a.kind === asked.kind && (asked.for === "" || a.for === asked.for));
  const fields = offered ? withReasons(offered, channels.get(asked.order.channel)?.reasons[asked.kind] ?? []) : [];
  const plain = offered?.allowed === true && fields.length === 0 && !offered.final;
  const label = actLabel(t, asked.kind, asked.order.kind, asked.order.logistics);
  const wantsLines = fields.find((f) => f.type === "lines");
  const wantsPictures = fields.find((f) => f.type === "pictures");
  const sale = offered?.for || asked.for;
  const { list: taken } = useEvidence(asked.order.id, sale);
  const pictures = wantsPictures ? (changed ?? taken.map((p) => p.id)) : [];
  const lines = Object.entries(quantities)
    .filter(([, q]) => q > 0)
    .map(([line, quantity]) => ({ line, quantity }));

  const send = (values: Values) => {
    void act(asked.order.id, bodyOf(asked.kind, sale, values, wantsLines ? lines : [], pictures));
    endAsking();
  };
  // Nothing to ask after all: go.
  useEffect(() => {
    if (plain && !started.current) {
      started.current = true;
      send({});
    }
  });

  const note = offered ? inLanguage(language, offered.note.zh, offered.note.en) : "";
  const refused = order && !offered?.allowed;
  const danger = Boolean(offered?.final);
  return (
    <Modal
      open
      title={
        <>
          {label} · <span className="num">{name(asked.order)}</span>
        </>
      }
      onCancel={endAsking}
      onOk={() => form.submit()}
      okText={danger ? t("ask.finalDo", { what: label }) : label}
      cancelText={t("do.cancel")}
      okButtonProps={{
        danger,
        disabled:
          !order ||
          Boolean(refused) ||
          (wantsLines?.required && lines.length === 0) ||
          plain ||
          pictures.length > (wantsPictures?.max ?? 0),
      }}
      destroyOnHidden
      width={wantsLines ? 640 : 480}
    >
      {error ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : !order || plain ? (
        <Bones rows={3} height={34} />
      ) : refused ? (
        <p className="notice warn">
          <Icon name="warn" /> {whyText(t, offered)}
        </p>
      ) : (
        <Form
          form={form}
          layout="vertical"
          onFinish={send}
          requiredMark={(node, { required }) =>
            required ? (
              node
            ) : (
              <>
                {node} <span className="quiet">{t("ask.optional")}</span>
              </>
            )
          }
        >
          {note ? <p className="act-note quiet">{note}</p> : null}
          {asked.kind === "call_rider" && order.logistics === "crowd" ? <RiderFee id={order.id} form={form} /> : null}
          {wantsLines ? <Lines order={order} quantities={quantities} change={setQuantities} /> : null}
          {fields
            .filter((f) => f.type !== "lines" && f.type !== "pictures" && !(asked.kind === "call_rider" && order.logistics !== "crowd"))
            .map((f) => (
              <One key={f.name} field={f} kind={asked.kind} />
            ))}
          {wantsPictures ? <PicturesField field={wantsPictures} order={order.id} sale={sale} change={setChanged} /> : null}
          {danger && offered ? <Final act={offered} order={order} lines={wantsLines ? quantities : undefined} /> : null}
        </Form>
      )}
    </Modal>
  );
}

/** A rider is a name and a phone. Where a reason is wanted and the order does not list any, the platform's general list serves. */
function withReasons(a: Act, reasons: { code: string; label_zh: string; label_en: string }[]): ActField[] {
  const fields = a.fields.flatMap((f) =>
    f.name === "courier"
      ? [
          { ...f, name: "courier_name", label: { zh: "", en: "" } },
          { ...f, name: "courier_phone", required: false, label: { zh: "", en: "" } },
        ]
      : [f],
  );
  return fields.map((f) =>
    f.name === "reason_code" && f.choices.length === 0
      ? { ...f, choices: reasons.map((r) => ({ value: r.code, label_zh: r.label_zh, label_en: r.label_en })) }
      : f,
  );
}

function One({ field, kind }: { field: ActField; kind: string }) {
  const { t, language } = useWords();
  const label = inLanguage(language, field.label.zh, field.label.en) || t(`field.${field.name}`, { defaultValue: field.name });
  const rules = [{ required: field.required, message: t("ask.required", { what: label }) }];
  const text = (c: Choice) => inLanguage(language, c.label_zh, c.label_en) || c.value;
  if (field.choices.length > 8 || (field.choices.length > 0 && field.name === "carrier")) {
    return (
      <Form.Item name={field.name} label={label} rules={rules}>
        <Select showSearch={{ optionFilterProp: "label" }} options={field.choices.map((c) => ({ value: c.value, label: text(c) }))} />
      </Form.Item>
    );
  }
  if (field.choices.length > 0) {
    return (
      <Form.Item name={field.name} label={label} rules={rules}>
        <Radio.Group className="reasons" options={field.choices.map((c) => ({ value: c.value, label: text(c) }))} />
      </Form.Item>
    );
  }
  const long = kind === "note" || field.name === "reason" || field.name === "text";
  const props = { maxLength: field.max || 200, autoComplete: "off" };
  return (
    <Form.Item name={field.name} label={label} rules={rules} initialValue="">
      {long ? (
        <Input.TextArea {...props} showCount autoSize={{ minRows: 2, maxRows: 5 }} />
      ) : (
        <Input {...props} inputMode={field.type === "money" ? "decimal" : undefined} />
      )}
    </Form.Item>
  );
}

function Lines({
  order,
  quantities,
  change,
}: {
  order: Order;
  quantities: Record<string, number>;
  change: (q: Record<string, number>) => void;
}) {
  const { t } = useWords();
  const picked = order.lines.flatMap((l) => (l.total ? [refundOf({ ...l, total: l.total }, quantities[l.key] ?? 0)] : []));
  const total = sum(picked);
  return (
    <fieldset className="refund-lines">
      <legend>{t("ask.lines")}</legend>
      {order.lines.map((l) => {
        const left = l.quantity - l.refunded_quantity;
        const amount = l.total ? refundOf({ ...l, total: l.total }, quantities[l.key] ?? 0) : undefined;
        return (
          <div key={l.key} className="refund-line">
            <span className="clip">
              {l.name} <small className="quiet">{[l.spec, ...l.options].filter(Boolean).join(" · ")}</small>
            </span>
            <small className="quiet num">{t("ask.left", { count: left })}</small>
            <InputNumber
              min={0}
              max={left}
              precision={0}
              disabled={left <= 0}
              value={quantities[l.key] ?? 0}
              mode="spinner"
              aria-label={t("ask.quantityOf", { what: l.name })}
              onChange={(v) => change({ ...quantities, [l.key]: Math.max(0, Math.min(left, Number(v ?? 0))) })}
            />
            <b className="num">{amount ? formatMoney(amount) : "—"}</b>
          </div>
        );
      })}
      <p className="refund-sum">
        <span>{t("ask.sum")}</span>
        <b className="num" data-testid="refund-sum">
          {total ? formatMoney(total) : "—"}
        </b>
      </p>
    </fieldset>
  );
}

/** Says what is final, with the money in it. */
function Final({ act: offered, order, lines }: { act: Act; order: Order; lines?: Record<string, number> }) {
  const { t } = useWords();
  const asked = order.after_sales.find((a) => a.key === offered.for);
  const parts = lines
    ? sum(order.lines.flatMap((l) => (l.total ? [refundOf({ ...l, total: l.total }, lines[l.key] ?? 0)] : [])))
    : undefined;
  const amount = parts ?? asked?.amount ?? order.paid ?? order.money.total;
  return (
    <p className="notice bad" data-testid="final">
      <Icon name="warn" />
      <span>
        <b>{t("ask.final")}</b> {t(`ask.effect.${offered.kind}`, { defaultValue: "", amount: amount ? formatMoney(amount) : "" })}
      </span>
    </p>
  );
}
