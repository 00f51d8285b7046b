import { useQueries } from "@tanstack/react-query";
import Input from "antd/es/input";
import Modal from "antd/es/modal";
import Select from "antd/es/select";
import { type ClipboardEvent, useEffect, useRef, useState } from "react";
import type { ActBody } from "../../data/act";
import type { ActField, OrderSummary } from "../../data/model";
import { order as orderQuery } from "../../data/queries";
import { Ant } from "../../ui/Ant";
import { Bones } from "../../ui/Screen";
import { inLanguage, useWords } from "../../words";
import { endShipping, startBatch, startEach } from "./batches";
import { useOrderName } from "./OrderRow";
import "../order/dialog.css";

/**
 * Parcels for many orders: one carrier, a number each; a column copied from a spreadsheet is pasted as a whole. What has to be filled
 * in is asked of one order of each channel and kind of logistics, since it is the same for all of them. Where the platform gives the
 * number itself, nothing is asked and nothing is written back.
 */
export function ShipForm({ orders }: { orders: OrderSummary[] }) {
  return (
    <Ant>
      <Dialog orders={orders} />
    </Ant>
  );
}

const groupOf = (o: OrderSummary) => `${o.channel}/${o.logistics}`;

function Dialog({ orders }: { orders: OrderSummary[] }) {
  const { t, language } = useWords();
  const name = useOrderName();
  const samples = [...new Map(orders.map((o) => [groupOf(o), o])).values()];
  const answers = useQueries({ queries: samples.map((o) => orderQuery(o.id)) });
  const ready = answers.every((a) => !a.isPending);
  const fieldsOf = new Map<string, ActField[]>();
  samples.forEach((s, i) => {
    fieldsOf.set(groupOf(s), answers[i]?.data?.action_list.find((a) => a.kind === "ship")?.fields ?? []);
  });
  const asks = (o: OrderSummary, field: string) => fieldsOf.get(groupOf(o))?.find((f) => f.name === field);
  const carriers = [
    ...new Map(
      [...fieldsOf.values()].flat().flatMap((f) => (f.name === "carrier" ? f.choices.map((c) => [c.value, c] as const) : [])),
    ).values(),
  ];

  const [carrier, setCarrier] = useState<string>();
  const [numbers, setNumbers] = useState<Record<string, string>>({});
  const open = orders.filter((o) => asks(o, "tracking") || asks(o, "carrier"));
  const missing = open.filter((o) => asks(o, "tracking")?.required && !numbers[o.id]?.trim());
  const noCarrier = open.some((o) => asks(o, "carrier")?.required) && !carrier;

  const started = useRef(false);
  useEffect(() => {
    if (ready && open.length === 0 && !started.current) {
      started.current = true;
      void startBatch("ship", orders);
      endShipping();
    }
  });

  const paste = (from: number) => (e: ClipboardEvent) => {
    const column = e.clipboardData
      .getData("text")
      .split(/\r?\n/)
      .map((s) => s.trim())
      .filter(Boolean);
    if (column.length < 2) return;
    e.preventDefault();
    setNumbers((old) => {
      const next = { ...old };
      open.slice(from).forEach((o, i) => {
        const v = column[i];
        if (v) next[o.id] = v.slice(0, 64);
      });
      return next;
    });
  };

  const send = () => {
    const bodies = new Map<string, ActBody>();
    for (const o of orders) {
      const body: ActBody = { kind: "ship" };
      if (carrier && asks(o, "carrier")) body.carrier = carrier;
      const number = numbers[o.id]?.trim();
      if (number && asks(o, "tracking")) body.tracking = number;
      bodies.set(o.id, body);
    }
    void startEach("ship", orders, bodies);
    endShipping();
  };

  return (
    <Modal
      open
      width={720}
      title={t("ship.title", { count: orders.length })}
      onCancel={endShipping}
      onOk={send}
      okText={t("ship.go", { count: orders.length })}
      cancelText={t("do.cancel")}
      okButtonProps={{ disabled: !ready || missing.length > 0 || noCarrier }}
    >
      {!ready ? (
        <Bones rows={5} height={34} />
      ) : (
        <>
          <div className="ship-head">
            {carriers.length > 0 ? (
              <Select
                aria-label={t("field.carrier")}
                placeholder={t("field.carrier")}
                showSearch={{ optionFilterProp: "label" }}
                value={carrier}
                onChange={setCarrier}
                options={carriers.map((c) => ({ value: c.value, label: inLanguage(language, c.label_zh, c.label_en) || c.value }))}
              />
            ) : open.some((o) => asks(o, "carrier")) ? (
              <Input
                aria-label={t("field.carrier")}
                placeholder={t("field.carrier")}
                value={carrier}
                onChange={(e) => setCarrier(e.target.value)}
              />
            ) : null}
            <p className="quiet">{t("ship.paste")}</p>
          </div>
          <div className="ship-scroll">
            <table className="ship-lines">
              <thead>
                <tr>
                  <th scope="col">{t("col.order")}</th>
                  <th scope="col">{t("col.items")}</th>
                  <th scope="col">{t("field.tracking")}</th>
                </tr>
              </thead>
              <tbody>
                {open.map((o, i) => (
                  <tr key={o.id}>
                    <td className="num">{name(o)}</td>
                    <td className="quiet">{o.summary}</td>
                    <td>
                      <Input
                        aria-label={t("ship.numberOf", { order: name(o) })}
                        value={numbers[o.id] ?? ""}
                        maxLength={64}
                        autoComplete="off"
                        onPaste={paste(i)}
                        onChange={(e) => setNumbers({ ...numbers, [o.id]: e.target.value })}
                      />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {orders.length > open.length ? <p className="quiet">{t("ship.byPlatform", { count: orders.length - open.length })}</p> : null}
          {missing.length > 0 ? <p role="status">{t("ship.missing", { count: missing.length })}</p> : null}
        </>
      )}
    </Modal>
  );
}
