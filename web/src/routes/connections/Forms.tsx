import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import AntForm from "antd/es/form";
import Input from "antd/es/input";
import Modal from "antd/es/modal";
import Radio from "antd/es/radio";
import Select from "antd/es/select";
import { useTranslation } from "react-i18next";
import { answer, api, Failure, onceKey } from "../../data/api";
import { type Account, type App, type Channel, type CredentialField, readAccount, readApp } from "../../data/model";
import { refreshConnections, stores } from "../../data/queries";
import { Ant } from "../../ui/Ant";
import { Icon } from "../../ui/icons";
import { toast } from "../../ui/toast";
import { inLanguage } from "../../words";
import { authorise } from "./authorise";

export type Form =
  | { kind: "store" }
  | { kind: "app"; channel: Channel }
  | { kind: "account"; channel: Channel; app: App }
  | { kind: "shop"; channel: Channel; account: Account };

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
  const { t, i18n } = useTranslation();
  const client = useQueryClient();
  const [form] = AntForm.useForm<Values>();
  const platform = what.kind === "store" ? "" : inLanguage(i18n.language, what.channel.label_zh, what.channel.label_en);

  const save = useMutation({
    mutationFn: async (v: Values): Promise<Form | undefined> => {
      const header = { "Idempotency-Key": onceKey() };
      switch (what.kind) {
        case "store":
          await answer(
            api.POST("/api/v1/stores", {
              params: { header },
              body: { name: v.name ?? "", zone: v.zone ?? "", address: v.address, cutoff_minutes: Number(v.cutoff) * 60 || undefined },
            }),
          );
          return undefined;
        case "app": {
          const body = {
            channel: what.channel.name,
            name: v.name ?? "",
            credentials: credentials(v),
            base_url: v.base_url,
            public_url: v.public_url,
          };
          const app = readApp(await answer(api.POST("/api/v1/apps", { params: { header }, body })));
          return app.id ? { kind: "account", channel: what.channel, app } : undefined;
        }
        case "account": {
          const body = { app_id: what.app.id, name: v.name ?? "", credentials: credentials(v) };
          const account = readAccount(await answer(api.POST("/api/v1/accounts", { params: { header }, body })));
          if (account.state === "authorise") await authorise(account).catch(() => undefined);
          return account.id ? { kind: "shop", channel: what.channel, account } : undefined;
        }
        case "shop":
          await answer(
            api.POST("/api/v1/shops", {
              params: { header },
              body: {
                account_id: what.account.id,
                external_id: v.external_id ?? "",
                store_id: v.store_id ?? "",
                name: v.name ?? "",
                mode: v.mode === "full" ? "full" : "watch",
              },
            }),
          );
          return undefined;
      }
    },
    onSuccess: (next) => {
      refreshConnections(client);
      toast(t("conn.saved"));
      if (next) then(next);
      else close();
    },
  });
  const failure = save.error instanceof Failure ? save.error : undefined;

  return (
    <Modal
      key={what.kind}
      open
      title={t(`form.${what.kind}`, { platform })}
      onCancel={close}
      onOk={() => form.submit()}
      okText={t("do.save")}
      cancelText={t("do.cancel")}
      confirmLoading={save.isPending}
      destroyOnHidden
    >
      <p className="form-lead">{t(`form.${what.kind}Lead`, { platform })}</p>
      <AntForm
        form={form}
        layout="vertical"
        onFinish={(v) => save.mutate(v)}
        initialValues={{ mode: "watch", zone: Intl.DateTimeFormat().resolvedOptions().timeZone }}
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
            <Credentials fields={what.channel.credential_fields.app} />
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
        {what.kind === "account" ? <Credentials fields={what.channel.credential_fields.account} /> : null}
        {what.kind === "shop" ? <ShopFields channel={what.channel} /> : null}
      </AntForm>
      {save.error ? (
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

function credentials(v: Values): Record<string, string> {
  return Object.fromEntries(
    Object.entries(v).flatMap(([k, value]) => (k.startsWith("secret:") && value ? [[k.slice(7), value.trim()]] : [])),
  );
}

function Credentials({ fields }: { fields: CredentialField[] }) {
  const { t, i18n } = useTranslation();
  return fields.map((f) => {
    const label = inLanguage(i18n.language, f.label_zh, f.label_en) || f.name;
    return (
      <AntForm.Item
        key={f.name}
        name={`secret:${f.name}`}
        label={label}
        rules={[{ required: f.required, message: t("ask.required", { what: label }) }]}
        extra={f.secret ? t("form.secretHelp") : undefined}
      >
        {f.secret ? <Input.Password autoComplete="new-password" /> : <Input autoComplete="off" />}
      </AntForm.Item>
    );
  });
}

function StoreFields() {
  const { t } = useTranslation();
  const zones = Intl.supportedValuesOf("timeZone");
  return (
    <>
      <AntForm.Item name="zone" label={t("form.zone")} rules={[{ required: true, message: t("ask.required", { what: t("form.zone") }) }]}>
        <Select showSearch options={zones.map((z) => ({ value: z, label: z }))} />
      </AntForm.Item>
      <AntForm.Item name="address" label={t("form.address")}>
        <Input maxLength={200} />
      </AntForm.Item>
      <AntForm.Item name="cutoff" label={t("form.cutoff")} extra={t("form.cutoffHelp")} initialValue="0">
        <Select options={[0, 1, 2, 3, 4, 5, 6].map((h) => ({ value: String(h), label: `0${h}:00` }))} />
      </AntForm.Item>
    </>
  );
}

function ShopFields({ channel }: { channel: Channel }) {
  const { t, i18n } = useTranslation();
  const { data } = useQuery(stores);
  return (
    <>
      <AntForm.Item
        name="external_id"
        label={t("form.externalId")}
        extra={inLanguage(i18n.language, channel.shop_id.zh, channel.shop_id.en) || t("form.externalIdHelp")}
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
            { value: "full", label: t("mode.full") },
          ]}
        />
      </AntForm.Item>
    </>
  );
}
