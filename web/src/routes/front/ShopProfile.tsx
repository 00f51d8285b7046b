import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useId, useState } from "react";
import { answer, api } from "../../data/api";
import type { FrontPower } from "../../data/model";
import { useMay } from "../../data/rights";
import { Icon } from "../../ui/icons";
import { Problem } from "../../ui/Problem";
import { Bones, State, Trouble } from "../../ui/Screen";
import { useWords } from "../../words";
import { Edits, Plan } from "./Changes";
import { Bar, FrontPage, Leaving } from "./FrontPage";
import {
  type Draft,
  fields,
  figures,
  type Name,
  needed,
  type Profile,
  readTyped,
  typedOf,
  typeInto,
  wanted,
  weigh,
  yesNo,
} from "./profile";
import { type System, systems } from "./shape";
import { Upload } from "./Upload";
import { digits, liveKey, readOnce, useEdit } from "./useEdit";

/** 店铺资料: what a shop says of itself on its platform, read live; changed fields are looked at as a plan and sent together. */
export function ShopProfile() {
  const { shopId } = useParams({ from: "/inside/shops/$shopId/profile" });
  return (
    <FrontPage shop={shopId} part="profile">
      {(shop, power) => <Live key={shop.id} shop={shop.id} power={power} />}
    </FrontPage>
  );
}

/** What is live of a shop's profile. */
export const profileOf = (id: string) => ({
  queryKey: liveKey(id, "profile"),
  ...readOnce,
  queryFn: async () =>
    (await answer(api.GET("/api/v1/shops/{id}/front/{part}", { params: { path: { id, part: "profile" } } }))).profile ?? null,
});

function Live({ shop: id, power }: { shop: string; power: FrontPower }) {
  const { t } = useWords();
  const may = useMay();
  const [draft, setDraft] = useState<Draft>({});
  const live = useQuery(profileOf(id));
  const edit = useEdit(id, "profile", () => setDraft({}));
  const { plan, send } = edit;
  const counted = weigh(draft, digits);
  const fresh = live.data === null && needed.every((n) => power.profile.includes(n));
  const lacks = needed.filter((n) => draft[n] === undefined);
  const weight = { ...counted, wrong: counted.wrong || (fresh && lacks.length > 0) };
  const history = <Edits edit={edit} />;
  const leaving = <Leaving count={weight.count} />;
  if (plan.data) {
    return (
      <>
        {leaving}
        <Plan edit={edit} plan={plan.data} />
        {history}
      </>
    );
  }
  const told = fresh ? {} : live.data;
  return (
    <>
      {leaving}
      {send.isSuccess ? history : null}
      <Bar
        reading={live.isFetching}
        read={() => void live.refetch()}
        weight={weight}
        planning={plan.isPending}
        look={() => edit.look({ profile: wanted({ ...draft, system: draft.system ?? systemOf(power) }, digits) })}
        drop={() => setDraft({})}
      />
      <Problem error={plan.error ?? (told ? live.error : null)} />
      {live.error && told === undefined ? (
        <Trouble error={live.error} retry={() => void live.refetch()} />
      ) : told === undefined ? (
        <Bones rows={8} height={56} />
      ) : told === null ? (
        <div className="panel">
          <State icon="warn" title={t("front.noShop")} />
        </div>
      ) : (
        <>
          {fresh ? (
            <p className="notice" data-testid="front-fresh">
              <Icon name="plus" /> {t("front.freshShop", { fields: needed.map((n) => t(`front.field.${n}`)).join(", ") })}
            </p>
          ) : null}
          <ul className="front-fields" aria-label={t("front.of.profile")}>
            {fields.map((name) => (
              <FieldRow
                key={name}
                name={name}
                shop={id}
                live={told}
                power={power}
                draft={draft}
                type={(typed) => setDraft((d) => typeInto(d, told, name, typed, digits))}
                choose={(system) => setDraft((d) => ({ ...d, system }))}
                more={name === "hours" ? <Hours all={may("whole.see")} /> : null}
              />
            ))}
          </ul>
        </>
      )}
      {send.isSuccess ? null : history}
    </>
  );
}

const systemOf = (power: FrontPower): System => systems.find((s) => s === power.system) ?? "wgs84";

/** Where else hours are kept, since these are the platform's alone. */
function Hours({ all }: { all: boolean }) {
  const { t } = useWords();
  return (
    <small className="quiet">
      {t("front.hoursElse")} {all ? <Link to="/connections">{t("nav.connections")}</Link> : null}{" "}
      <Link to="/intakes">{t("nav.intakes")}</Link>
    </small>
  );
}

type RowProps = {
  name: Name;
  shop: string;
  live: Profile;
  power: FrontPower;
  draft: Draft;
  type: (typed: string) => void;
  choose: (s: System) => void;
  more: React.ReactNode;
};

function FieldRow({ name, shop, live, power, draft, type, choose, more }: RowProps) {
  const { t } = useWords();
  const id = useId();
  const label = t(`front.field.${name}`);
  const was = typedOf(name, live, digits);
  const typed = draft[name];
  const value = typed ?? was;
  const wrong = typed !== undefined && readTyped(name, typed, digits) === undefined;
  const words = (v: string) => (yesNo.has(name) && v ? t(v === "true" ? "front.yes" : "front.no") : v);
  if (!power.profile.includes(name)) {
    return (
      <li className="panel front-field" data-testid="front-field" data-field={name} data-fixed="true">
        <span className="front-label">{label}</span>
        <div>
          <span className="num">{words(was) || t("front.untold")}</span>{" "}
          <small className="quiet">
            <Icon name="lock" size={14} /> {t("why.front_no_call")}
          </small>
          {more}
        </div>
      </li>
    );
  }
  const help =
    name === "hours" || name === "tags" || name === "place" || name === "phone" || name === "rider_delay_s" ? t(`front.help.${name}`) : "";
  const input = {
    id,
    value,
    "aria-invalid": wrong || undefined,
    "aria-describedby": help ? `${id}-help` : undefined,
    onChange: (e: { target: { value: string } }) => type(e.target.value),
  };
  return (
    <li className="panel front-field" data-testid="front-field" data-field={name} data-changed={typed !== undefined}>
      <label className="front-label" htmlFor={id}>
        {label} {typed !== undefined ? <span className="chip warn">{t("front.changed")}</span> : null}
      </label>
      <div>
        {name === "notice" ? (
          <textarea className="input" rows={3} maxLength={2000} {...input} />
        ) : yesNo.has(name) ? (
          <select className="select" {...input}>
            {was === "" ? <option value="">{t("front.untold")}</option> : null}
            <option value="true">{t("front.yes")}</option>
            <option value="false">{t("front.no")}</option>
          </select>
        ) : (
          <input
            className={`input ${name === "picture" ? "mono" : "num"}`}
            inputMode={name === "delivery_fee" ? "decimal" : figures.has(name) ? "numeric" : undefined}
            maxLength={1000}
            placeholder={was === "" ? t("front.untold") : undefined}
            {...input}
          />
        )}
        {name === "place" && typed !== undefined ? (
          <Systems value={draft.system ?? systemOf(power)} set={choose} label={t("front.system")} />
        ) : null}
        {name === "picture" ? <Upload shop={shop} power={power} what={label} set={type} /> : null}
        {name === "tags" ? <Kinds shop={shop} typed={value} set={type} /> : null}
        {help ? (
          <small id={`${id}-help`} className="quiet">
            {help}
          </small>
        ) : null}
        {wrong ? (
          <small className="bad" role="alert">
            {t("front.wrongField")}
          </small>
        ) : null}
        {typed !== undefined ? <small className="quiet front-was">{t("front.was", { value: words(was) || "—" })}</small> : null}
        {more}
      </div>
    </li>
  );
}

/** The names that the platform has for kinds of shops, asked for when somebody wants to choose: a name of one's own is refused. */
function Kinds({ shop, typed, set }: { shop: string; typed: string; set: (typed: string) => void }) {
  const { t } = useWords();
  const [wanted, setWanted] = useState(false);
  const list = useQuery({
    queryKey: [...liveKey(shop, "profile"), "kinds"],
    ...readOnce,
    enabled: wanted,
    queryFn: async () => {
      const params = { path: { id: shop, part: "profile" as const }, query: { kinds: true } };
      return (await answer(api.GET("/api/v1/shops/{id}/front/{part}", { params }))).kinds ?? [];
    },
  });
  const chosen = typed
    .split(/[,，、;；]/)
    .map((x) => x.trim())
    .filter(Boolean);
  if (!wanted) {
    return (
      <button type="button" className="btn small" onClick={() => setWanted(true)}>
        {t("front.kinds")}
      </button>
    );
  }
  if (list.error && !list.data) return <Trouble error={list.error} retry={() => void list.refetch()} />;
  if (!list.data) return <Bones rows={1} height={36} />;
  if (list.data.length === 0) return <small className="quiet">{t("front.noKinds")}</small>;
  return (
    <select
      className="select"
      aria-label={t("front.kinds")}
      value=""
      onChange={(e) => set([...chosen.filter((c) => c !== e.target.value), e.target.value].join(", "))}
    >
      <option value="">{t("front.kinds")}</option>
      {list.data.map((k) => (
        <option key={k} disabled={chosen.includes(k)}>
          {k}
        </option>
      ))}
    </select>
  );
}

type SystemsProps = { value: System | ""; set: (s: System) => void; label: string };

/** In which coordinate system figures are: half a kilometre hangs on it. "": nobody has said it yet. */
export function Systems({ value, set, label }: SystemsProps) {
  const { t } = useWords();
  return (
    <label className="field front-system">
      <span>{label}</span>
      <select className="select" value={value} onChange={(e) => systems.filter((s) => s === e.target.value).forEach(set)}>
        {value === "" ? <option value="">{t("front.chooseSystem")}</option> : null}
        {systems.map((s) => (
          <option key={s} value={s}>
            {t(`front.systems.${s}`)}
          </option>
        ))}
      </select>
    </label>
  );
}
