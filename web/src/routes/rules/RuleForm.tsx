import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { answer, api } from "../../data/api";
import { readGround } from "../../data/model";
import { channels } from "../../data/queries";
import { formatMoney } from "../../format/money";
import { useChannelName } from "../../ui/Mark";
import { Problem } from "../../ui/Problem";
import { Sheet } from "../../ui/Sheet";
import { toast } from "../../ui/toast";
import { useWords } from "../../words";
import { inWords } from "../../words/reasons";
import { Choice, type Fields, Input } from "./fields";
import { RideFields } from "./RideFields";
import { conditions, type Rule, rules, type Trial } from "./rules";

/** Sets a rule up: its conditions, what it would have done in the last days, and then the switch. */
export function RuleForm({ rule, store, close }: { rule: Rule; store: string; close: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [r, setRule] = useState(rule);
  const id = useId();
  const path = { id: r.store_id, kind: r.kind };
  const tried = useMutation({
    mutationFn: () =>
      answer(
        api.POST("/api/v1/stores/{id}/rules/{kind}/try", { params: { path }, body: { version: r.version, on: false, ...conditions(r) } }),
      ),
  });
  const save = useMutation({
    mutationFn: (on: boolean) =>
      answer(api.PUT("/api/v1/stores/{id}/rules/{kind}", { params: { path }, body: { version: r.version, on, ...conditions(r) } })),
    onSuccess: (got) => {
      client.setQueryData(rules.queryKey, got.rules);
      void client.invalidateQueries({ queryKey: ["concerns"] });
      toast(t("notify.saved"));
      close();
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    tried.mutate();
  };
  const change = (next: Rule) => {
    tried.reset(); // it would have done something else
    setRule(next);
  };
  return (
    <Sheet
      title={`${t(`rules.${r.kind}`)} · ${store}`}
      close={close}
      footer={
        <>
          <button type="submit" form={id} className="btn" disabled={tried.isPending}>
            {t("rules.try")}
          </button>
          <button
            type="button"
            className="btn primary"
            disabled={save.isPending || (!rule.on && !tried.data)}
            onClick={() => save.mutate(true)}
          >
            {t(rule.on ? "rules.save" : "rules.turnOn")}
          </button>
        </>
      }
    >
      <form id={id} className="person-form" onSubmit={submit}>
        <p>{t(`rules.does_${r.kind}`)}</p>
        <Channels rule={r} change={change} />
        {r.accept ? (
          <AcceptFields rule={r} change={change} />
        ) : r.ride ? (
          <RideFields rule={r} change={change} />
        ) : (
          <RefundFields rule={r} change={change} />
        )}
      </form>
      <div aria-live="polite">
        {tried.data ? <Tried trial={tried.data} kind={r.kind} /> : null}
        <Problem error={tried.error ?? save.error} />
      </div>
    </Sheet>
  );
}

function Channels({ rule: r, change }: Fields) {
  const { t } = useWords();
  const name = useChannelName();
  const { data } = useQuery(channels);
  const sold = data?.filter((c) => c.kind === "takeaway" && (r.ride || !c.own)).map((c) => c.name) ?? [];
  const of = r.accept ?? r.refund ?? r.ride;
  if (!of || sold.length < 2) return null;
  const chosen = of.channels ?? [];
  return (
    <fieldset>
      <legend>{t("rules.channels")}</legend>
      {sold.map((c) => (
        <Choice
          key={c}
          on={chosen.includes(c)}
          set={(on) => {
            const only = on ? [...chosen, c] : chosen.filter((x) => x !== c);
            change({
              ...r,
              accept: r.accept && { ...r.accept, channels: only },
              refund: r.refund && { ...r.refund, channels: only },
              ride: r.ride && { ...r.ride, channels: only },
            });
          }}
        >
          {name(c)}
        </Choice>
      ))}
    </fieldset>
  );
}

function AcceptFields({ rule: r, change }: Fields) {
  const { t } = useWords();
  const a = r.accept;
  if (!a) return null;
  const set = (part: Partial<typeof a>) => change({ ...r, accept: { ...a, ...part } });
  return (
    <>
      <fieldset>
        <legend>{t("rules.hours")}</legend>
        <Input label={t("rules.from")} type="time" value={a.from ?? ""} set={(from) => set({ from })} />
        <Input label={t("rules.to")} type="time" value={a.to ?? ""} set={(to) => set({ to })} />
      </fieldset>
      <Input label={`${t("rules.most")}（${t("rules.mostAny")}）`} value={a.most ?? ""} set={(most) => set({ most })} decimal />
      <Choice on={a.pre_orders} set={(pre_orders) => set({ pre_orders })}>
        {t("rules.preOrders")}
      </Choice>
    </>
  );
}

function RefundFields({ rule: r, change }: Fields) {
  const { t } = useWords();
  const f = r.refund;
  if (!f) return null;
  const set = (part: Partial<typeof f>) => change({ ...r, refund: { ...f, ...part } });
  return (
    <>
      <Input label={t("rules.minutes")} type="number" value={String(f.minutes)} set={(v) => set({ minutes: Number(v) || 0 })} />
      <Input label={t("rules.most")} value={f.most} set={(most) => set({ most })} decimal />
      <Choice on={f.full} set={(full) => set({ full })}>
        {t("rules.full")}
      </Choice>
      <Choice on={f.part} set={(part) => set({ part })}>
        {t("rules.part")}
      </Choice>
      <Choice on={f.begun} set={(begun) => set({ begun })}>
        {t("rules.begun")}
      </Choice>
      <Input label={t("rules.perDay")} type="number" value={String(f.per_day)} set={(v) => set({ per_day: Number(v) || 0 })} />
      <Input label={t("rules.daySum")} value={f.day_sum} set={(day_sum) => set({ day_sum })} decimal />
      <Input label={t("rules.words")} value={f.words ?? ""} set={(words) => set({ words })} />
    </>
  );
}

/** What a rule would have done, in sentences. */
function Tried({ trial, kind }: { trial: Trial; kind: string }) {
  const { t } = useWords();
  const sum = trial.sum.map((m) => formatMoney(m)).join(" + ");
  return (
    <div className="notice" data-testid="trial">
      <div>
        <b>
          {t("rules.tried", { asked: trial.asked, yes: trial.yes })}
          {sum ? ` · ${t(kind === "ride" ? "rules.tippedSum" : "rules.triedSum", { sum })}` : ""}
        </b>
        <ul>
          {trial.lapsed > 0 ? <li>{t("rules.lapsed", { count: trial.lapsed })}</li> : null}
          {trial.denied > 0 ? <li>{t("rules.denied", { count: trial.denied })}</li> : null}
          {trial.left.map((l) => {
            const { why } = readGround(l.ground);
            return <li key={why.code}>{t("rules.left", { count: l.count, why: inWords(why.text, why) })}</li>;
          })}
          {kind === "accept" ? <li className="quiet">{t("rules.supposed")}</li> : null}
          {trial.more ? <li className="quiet">{t("rules.more")}</li> : null}
        </ul>
      </div>
    </div>
  );
}
