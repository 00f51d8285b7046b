import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import Button from "antd/es/button";
import AntForm from "antd/es/form";
import Input from "antd/es/input";
import Modal from "antd/es/modal";
import Radio from "antd/es/radio";
import Select from "antd/es/select";
import { useState } from "react";
import { answer, api, Failure, onceKey } from "../../data/api";
import { type Account, type App, type Channel, type CredentialField, readAccount, readApp, type Shop, type Store } from "../../data/model";
import { refreshConnections, stores } from "../../data/queries";
import { Ant } from "../../ui/Ant";
import { Icon } from "../../ui/icons";
import { toast } from "../../ui/toast";
import { inLanguage, useWords } from "../../words";
import { authorise } from "./authorise";
import { lasted } from "./health";
import { modes } from "./Modes";

/** What is added, or with `old` changed or deleted. */
export type Form =
  | { kind: "merchant"; old: { name: string } }
  | { kind: "store"; old?: Store }
  | { kind: "app"; channel: Channel; old?: App }
  | { kind: "account"; channel: Channel; app: App; old?: Account }
  | { kind: "shop"; channel: Channel; account: Account; old?: Shop };

type Values = Record<string, string | undefined>;

/** One form for each thing that connects a store with a platform; what a platform wants to know it has told us itself. */
export function Forms(props: { form: Form; close: () => void; then: (next: Form) => void }) {
  return (
    <Ant>
      <Dialog {...props} />
    </Ant>
  );
}

function Dialog({ form: what, close, then }: { form: Form; close: () => void; then: (next: Form) => void }) {
  const { t, language } = useWords();
  const client = useQueryClient();
  const [form] = AntForm.useForm<Values>();
  const [deleting, setDeleting] = useState(false);
  const platform = "channel" in what ? inLanguage(language, what.channel.label_zh, what.channel.label_en) : "";
  const id = what.kind === "merchant" ? "" : (what.old?.id ?? "");

  const save = useMutation({
    mutationFn: async (v: Values): Promise<Form | undefined> => {
      const header = { "Idempotency-Key": onceKey() };
      const params = { path: { id }, header };
      switch (what.kind) {
        case "merchant":
          await answer(api.PUT("/api/v1/me/merchant", { body: { name: v.name ?? "" } }));
          return undefined;
        case "store": {
          const body = {
            name: v.name ?? "",
            zone: v.zone ?? "",
            address: v.address,
            cutoff_minutes: Number(v.cutoff) || undefined,
            prepare_minutes: minutes(v.prepare),
            travel_minutes: minutes(v.travel),
            hours: v.hours ?? "",
          };
          await answer(id ? api.PUT("/api/v1/stores/{id}", { params, body }) : api.POST("/api/v1/stores", { params: { header }, body }));
          return undefined;
        }
        case "app": {
          const body = {
            channel: what.channel.name,
            name: v.name ?? "",
            credentials: credentials(v),
            base_url: v.base_url,
            public_url: v.public_url,
          };
          if (id) {
            await answer(api.PUT("/api/v1/apps/{id}", { params, body }));
            return undefined;
          }
          const app = readApp(await answer(api.POST("/api/v1/apps", { params: { header }, body })));
          return app.id ? { kind: "account", channel: what.channel, app } : undefined;
        }
        case "account": {
          const big_chain = what.channel.chain_refund_s > 0 ? v.chain === "yes" : undefined;
          const body = { app_id: what.app.id, name: v.name ?? "", credentials: credentials(v), big_chain };
          if (what.old) {
            const { paused, external_id } = what.old;
            await answer(api.PUT("/api/v1/accounts/{id}", { params, body: { ...body, paused, external_id: external_id || undefined } }));
            return undefined;
          }
          const account = readAccount(await answer(api.POST("/api/v1/accounts", { params: { header }, body })));
          if (account.state === "authorise") await authorise(account).catch(() => undefined);
          return account.id ? { kind: "shop", channel: what.channel, account } : undefined;
        }
        case "shop": {
          const body = {
            account_id: what.account.id,
            external_id: v.external_id ?? "",
            store_id: v.store_id ?? "",
            name: v.name ?? "",
            mode: modes.find((m) => m === v.mode) ?? "watch",
          };
          await answer(id ? api.PUT("/api/v1/shops/{id}", { params, body }) : api.POST("/api/v1/shops", { params: { header }, body }));
          return undefined;
        }
      }
    },
    onSuccess: (next) => {
      refreshConnections(client);
      void client.invalidateQueries({ queryKey: ["merchant"] });
      toast(t("conn.saved"));
      if (next) then(next);
      else close();
    },
  });
  const drop = useMutation({
    mutationFn: async () => {
      const call = { params: { path: { id } } };
      switch (what.kind) {
        case "store":
          return answer(api.DELETE("/api/v1/stores/{id}", call));
        case "app":
          return answer(api.DELETE("/api/v1/apps/{id}", call));
        case "account":
          return answer(api.DELETE("/api/v1/accounts/{id}", call));
        case "shop":
          return answer(api.DELETE("/api/v1/shops/{id}", call));
      }
    },
    onSuccess: () => {
      refreshConnections(client);
      toast(t("form.deleted"));
      close();
    },
  });
  const error = save.error ?? drop.error;
  const failure = error instanceof Failure ? error : undefined;
  const remove = id ? (
    <Button
      key="delete"
      danger
      loading={drop.isPending}
      style={{ float: "left" }}
      onClick={() => (deleting ? drop.mutate() : setDeleting(true))}
    >
      {t(deleting ? "form.deleteNow" : "form.delete")}
    </Button>
  ) : null;

  return (
    <Modal
      key={what.kind}
      open
      title={what.kind === "merchant" ? t("form.merchant") : t(`form.${what.kind}${id ? "Change" : ""}`, { platform })}
      onCancel={close}
      onOk={() => form.submit()}
      okText={t("do.save")}
      cancelText={t("do.cancel")}
      confirmLoading={save.isPending}
      footer={(buttons) => (
        <>
          {remove}
          {buttons}
        </>
      )}
      destroyOnHidden
    >
      <p className="form-lead">{t(deleting ? "form.deleteHelp" : `form.${what.kind}Lead`, { platform })}</p>
      <AntForm
        form={form}
        layout="vertical"
        onFinish={(v) => save.mutate(v)}
        initialValues={{ mode: "watch", chain: "", zone: Intl.DateTimeFormat().resolvedOptions().timeZone, ...valuesOf(what) }}
        requiredMark="optional"
        autoComplete="off"
      >
        <AntForm.Item
          name="name"
          label={t(`form.${what.kind}Name`)}
          rules={[{ required: true, message: t("ask.required", { what: t(`form.${what.kind}Name`) }) }]}
        >
          <Input maxLength={80} />
        </AntForm.Item>
        {what.kind === "store" ? <StoreFields /> : null}
        {what.kind === "app" ? (
          <>
            <Credentials fields={what.channel.credential_fields.app} given={Boolean(id)} />
            <AntForm.Item
              name="public_url"
              label={t("form.publicUrl")}
              extra={t("form.publicUrlHelp")}
              rules={[{ type: "url", message: t("form.urlWrong") }]}
            >
              <Input placeholder="https://" inputMode="url" />
            </AntForm.Item>
            <AntForm.Item name="base_url" label={t("form.baseUrl")} extra={t("form.baseUrlHelp")}>
              <Input placeholder="https://" inputMode="url" />
            </AntForm.Item>
          </>
        ) : null}
        {what.kind === "account" ? (
          <>
            <Credentials fields={what.channel.credential_fields.account} given={Boolean(id)} />
            {what.channel.chain_refund_s > 0 ? (
              <AntForm.Item name="chain" label={t("form.refundTime")} extra={t("form.refundTimeHelp")}>
                <Radio.Group
                  options={[
                    { value: "", label: lasted(t, what.channel.refund_s) },
                    { value: "yes", label: t("form.chain", { time: lasted(t, what.channel.chain_refund_s) }) },
                  ]}
                />
              </AntForm.Item>
            ) : null}
          </>
        ) : null}
        {what.kind === "shop" ? <ShopFields channel={what.channel} /> : null}
      </AntForm>
      {error ? (
        <div className="notice bad" role="alert">
          <Icon name="warn" />
          <span>
            {failure?.code === "offline" ? t("state.offlineHelp") : failure?.message || t("state.failedHelp")}
            {failure?.fields.map((f) => (
              <span key={f.location} style={{ display: "block" }}>
                <span className="mono">{f.location}</span> {f.message}
              </span>
            ))}
          </span>
        </div>
      ) : null}
    </Modal>
  );
}

const minutes = (v: string | undefined): number | undefined => (v === undefined || v === "" ? undefined : Number(v));

/** The fields of what is changed; credentials are never given out, and what is left empty stays. */
function valuesOf(what: Form): Values {
  const { old } = what;
  if (!old) return {};
  switch (what.kind) {
    case "merchant":
      return { name: old.name };
    case "store": {
      const s = old as Store;
      return {
        name: s.name,
        zone: s.zone,
        address: s.address,
        cutoff: String(s.cutoff_minutes),
        prepare: String(s.prepare_minutes),
        travel: String(s.travel_minutes),
        hours: s.hours,
      };
    }
    case "app": {
      const a = old as App;
      return { name: a.name, public_url: a.public_url || undefined, base_url: a.base_url || undefined };
    }
    case "account":
      return { name: old.name, chain: (old as Account).big_chain ? "yes" : "" };
    case "shop": {
      const s = old as Shop;
      return { name: s.name, external_id: s.external_id, store_id: s.store_id, mode: s.mode };
    }
  }
}

function credentials(v: Values): Record<string, string> {
  return Object.fromEntries(
    Object.entries(v).flatMap(([k, value]) => (k.startsWith("secret:") && value ? [[k.slice(7), value.trim()]] : [])),
  );
}

function Credentials({ fields, given }: { fields: CredentialField[]; given: boolean }) {
  const { t, language } = useWords();
  return fields.map((f) => {
    const label = inLanguage(language, f.label_zh, f.label_en) || f.name;
    return (
      <AntForm.Item
        key={f.name}
        name={`secret:${f.name}`}
        label={label}
        rules={[{ required: f.required && !given, message: t("ask.required", { what: label }) }]}
        extra={given ? t("form.keepHelp") : f.secret ? t("form.secretHelp") : undefined}
      >
        {f.secret ? <Input.Password autoComplete="new-password" /> : <Input autoComplete="off" />}
      </AntForm.Item>
    );
  });
}

function StoreFields() {
  const { t } = useWords();
  const zones = Intl.supportedValuesOf("timeZone");
  return (
    <>
      <AntForm.Item name="zone" label={t("form.zone")} rules={[{ required: true, message: t("ask.required", { what: t("form.zone") }) }]}>
        <Select showSearch options={zones.map((z) => ({ value: z, label: z }))} />
      </AntForm.Item>
      <AntForm.Item name="address" label={t("form.address")}>
        <Input maxLength={200} />
      </AntForm.Item>
      <AntForm.Item name="hours" label={t("form.hours")} extra={t("form.hoursHelp")}>
        <Input maxLength={120} placeholder="11:00-14:00,17:00-22:00" />
      </AntForm.Item>
      <AntForm.Item name="cutoff" label={t("form.cutoff")} extra={t("form.cutoffHelp")} initialValue="0">
        <Select options={[0, 1, 2, 3, 4, 5, 6].map((h) => ({ value: String(h * 60), label: `0${h}:00` }))} />
      </AntForm.Item>
      <AntForm.Item name="prepare" label={t("form.prepare")} extra={t("form.prepareHelp")} initialValue="15">
        <Input type="number" min={0} max={720} inputMode="numeric" />
      </AntForm.Item>
      <AntForm.Item name="travel" label={t("form.travel")} extra={t("form.travelHelp")} initialValue="30">
        <Input type="number" min={0} max={720} inputMode="numeric" />
      </AntForm.Item>
    </>
  );
}

function ShopFields({ channel }: { channel: Channel }) {
  const { t, language } = useWords();
  const { data } = useQuery(stores);
  return (
    <>
      <AntForm.Item
        name="external_id"
        label={t("form.externalId")}
        extra={inLanguage(language, channel.shop_id.zh, channel.shop_id.en) || t("form.externalIdHelp")}
        rules={[{ required: true, message: t("ask.required", { what: t("form.externalId") }) }]}
      >
        <Input maxLength={64} autoComplete="off" />
      </AntForm.Item>
      <AntForm.Item
        name="store_id"
        label={t("form.storeOf")}
        rules={[{ required: true, message: t("ask.required", { what: t("form.storeOf") }) }]}
      >
        <Select options={data?.map((s) => ({ value: s.id, label: s.name })) ?? []} />
      </AntForm.Item>
      <AntForm.Item name="mode" label={t("form.mode")} extra={t("form.modeHelp")}>
        <Radio.Group
          options={[
            { value: "watch", label: t("mode.watch") },
            { value: "goods", label: t("mode.goods") },
            { value: "full", label: t("mode.full") },
          ]}
        />
      </AntForm.Item>
    </>
  );
}
