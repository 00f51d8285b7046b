import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { answer, api, Failure } from "../../data/api";
import { useNow } from "../../data/clock";
import { session, stores } from "../../data/queries";
import { moment } from "../../format/time";
import { root } from "../../place";
import { useZone } from "../../shell/Shell";
import { Icon } from "../../ui/icons";
import { Bones, State, Trouble } from "../../ui/Screen";
import { Sheet } from "../../ui/Sheet";
import { toast } from "../../ui/toast";
import { languages, listed, useWords, word } from "../../words";
import { AccessFields } from "./AccessFields";
import { type Access, bodyOf, everywhere, lacksStore, linkOf, type Person, type PersonBody, people } from "./people";
import "./people.css";

type Link = { name: string; token: string; until: number };

/** Who works here: invite, change, suspend. */
export function People() {
  const { t } = useWords();
  const { data, error, isPending, refetch } = useQuery(people);
  const [editing, setEditing] = useState<Person | "new">();
  const [link, setLink] = useState<Link>();
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t("nav.people")}</h1>
        <button type="button" className="btn primary" disabled={!data} onClick={() => setEditing("new")}>
          <Icon name="plus" /> {t("people.invite")}
        </button>
        <p>{t("people.lead")}</p>
      </div>
      {isPending ? (
        <Bones rows={5} height={64} />
      ) : error && !data ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : data?.length === 0 ? (
        <div className="panel">
          <State icon="person" title={t("people.none")} />
        </div>
      ) : (
        <ul className="people panel">
          {data?.map((p) => (
            <Row key={p.id} person={p} edit={() => setEditing(p)} />
          ))}
        </ul>
      )}
      {editing ? (
        <Editor
          person={editing === "new" ? undefined : editing}
          close={() => setEditing(undefined)}
          gave={(l) => {
            setEditing(undefined);
            setLink(l);
          }}
        />
      ) : null}
      {link ? <LinkSheet link={link} close={() => setLink(undefined)} /> : null}
    </div>
  );
}

function useStoreNames(): (p: Person) => string {
  const { t, language } = useWords();
  const { data } = useQuery(stores);
  return (p) =>
    p.all_stores
      ? t("people.all")
      : listed(
          language,
          p.stores.map((id) => data?.find((s) => s.id === id)?.name ?? t("people.gone")),
        );
}

function Row({ person: p, edit }: { person: Person; edit: () => void }) {
  const { t } = useWords();
  const { data: me } = useQuery(session);
  const storesOf = useStoreNames();
  const zone = useZone();
  const now = useNow();
  const state = p.suspended
    ? t("people.suspended")
    : !p.joined
      ? p.link_until
        ? t("people.invited", { at: moment(p.link_until, now, zone) })
        : t("people.linkGone")
      : p.seen_at
        ? t("people.seen", { at: moment(p.seen_at, now, zone), count: p.sessions })
        : t("people.away");
  const why = p.may_change ? undefined : t(p.id === me?.id ? "people.notSelf" : "people.notOwner");
  return (
    <li className={`person ${p.suspended ? "off" : ""}`}>
      <b className="person-name clip">
        {p.name} {p.id === me?.id ? <span className="quiet">({t("by.me")})</span> : null}
      </b>
      <span className="person-role">{word(t, "role", p.role)}</span>
      <span className="person-stores">{storesOf(p)}</span>
      <span className={p.suspended || (!p.joined && !p.link_until) ? "person-state bad" : "person-state quiet"}>{state}</span>
      <button type="button" className="btn small" disabled={!p.may_change} title={why} onClick={edit}>
        {t("people.change")}
        <span className="sr-only"> {p.name}</span>
      </button>
      {p.id === me?.id ? <OwnPhone person={p} /> : null}
    </li>
  );
}

/** One's own number, which is all that one changes of oneself here. */
function OwnPhone({ person: p }: { person: Person }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="btn small person-own" onClick={() => setOpen(true)}>
        <Icon name="phone" /> {p.phone || t("enter.phone")}
      </button>
      {open ? (
        <Sheet title={t("enter.phone")} close={() => setOpen(false)} footer={null}>
          <PhoneOf
            person={p}
            done={(text) => {
              void client.invalidateQueries({ queryKey: ["people"] });
              toast(text);
              setOpen(false);
            }}
          />
        </Sheet>
      ) : null}
    </>
  );
}

function Editor({ person: p, close, gave }: { person?: Person; close: () => void; gave: (l: Link) => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const { data: me } = useQuery(session);
  const [name, setName] = useState(p?.name ?? "");
  const [access, setAccess] = useState<Access>({
    role: p?.role ?? "clerk",
    all: p?.all_stores ?? false,
    chosen: p?.stores ?? [],
    personal: p?.personal ?? true,
  });
  const id = useId();
  const done = (text: string) => {
    void client.invalidateQueries({ queryKey: ["people"] });
    toast(text);
  };
  const save = useMutation({
    mutationFn: async () => {
      const { role, all, chosen, personal } = access;
      const whole = everywhere(role) || all;
      const body: PersonBody = { name, role, personal, suspended: p?.suspended, all_stores: whole, stores: whole ? undefined : chosen };
      if (p) {
        await answer(api.PUT("/api/v1/people/{id}", { params: { path: { id: p.id } }, body }));
        return undefined;
      }
      const made = await answer(api.POST("/api/v1/people", { body }));
      return { name: made.person.name, token: made.link.token, until: made.link.until };
    },
    onSuccess: (link) => {
      done(t("people.saved"));
      if (link) gave(link);
      else close();
    },
  });
  const more = useMutation({
    mutationFn: async (what: "link" | "out" | "suspend" | "resume") => {
      if (!p) return undefined;
      const params = { path: { id: p.id } };
      if (what === "link") {
        const l = await answer(api.POST("/api/v1/people/{id}/link", { params }));
        return { name: p.name, token: l.token, until: l.until };
      }
      if (what === "out") await answer(api.DELETE("/api/v1/people/{id}/sessions", { params }));
      else await answer(api.PUT("/api/v1/people/{id}", { params, body: bodyOf(p, { suspended: what === "suspend" }) }));
      return undefined;
    },
    onSuccess: (link, what) => {
      done(t(`people.did.${what}`));
      if (link) gave(link);
      else close();
    },
  });
  const noStore = lacksStore(access);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!noStore) save.mutate();
  };
  return (
    <Sheet
      title={p ? t("people.changeOf", { name: p.name }) : t("people.invite")}
      close={close}
      footer={
        <>
          <button type="button" className="btn" onClick={close}>
            {t("do.cancel")}
          </button>
          <button type="submit" form={id} className="btn primary" disabled={save.isPending || noStore || !name.trim()}>
            {t(p ? "do.save" : "people.invite")}
          </button>
        </>
      }
    >
      <form id={id} className="person-form" onSubmit={submit}>
        <label className="field">
          <span>{t("people.name")}</span>
          <input className="input" value={name} maxLength={80} required autoComplete="off" onChange={(e) => setName(e.target.value)} />
          <small className="quiet">{t("people.nameHelp")}</small>
        </label>
        <AccessFields access={access} set={setAccess} giver={me?.role} />
      </form>
      <Problem error={save.error ?? more.error} />
      {p ? <PhoneOf person={p} done={done} /> : null}
      {p ? (
        <div className="person-more">
          <button type="button" className="btn" disabled={more.isPending || p.suspended} onClick={() => more.mutate("link")}>
            {t("people.newLink")}
          </button>
          <button type="button" className="btn" disabled={more.isPending || p.sessions === 0} onClick={() => more.mutate("out")}>
            {t("people.signOut")}
          </button>
          <button
            type="button"
            className={p.suspended ? "btn" : "btn danger"}
            disabled={more.isPending}
            onClick={() => more.mutate(p.suspended ? "resume" : "suspend")}
          >
            {t(p.suspended ? "people.resume" : "people.suspend")}
          </button>
          <small className="quiet">{t("people.moreHelp")}</small>
        </div>
      ) : null}
    </Sheet>
  );
}

/** The number at which somebody is knocked and by which he signs in. Only its ends are ever shown. */
function PhoneOf({ person: p, done }: { person: Person; done: (text: string) => void }) {
  const { t } = useWords();
  const [phone, setPhone] = useState("");
  const [locale, setLocale] = useState(p.locale);
  const save = useMutation({
    mutationFn: (value: string | undefined) =>
      answer(
        api.PUT("/api/v1/people/{id}/phone", {
          params: { path: { id: p.id } },
          body: { locale, ...(value === undefined ? {} : { phone: value }) },
        }),
      ),
    onSuccess: () => {
      setPhone("");
      done(t("people.phoneSaved"));
    },
  });
  return (
    <form
      className="person-phone"
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate(phone.trim() || undefined);
      }}
    >
      <label className="field">
        <span>{t("people.phone")}</span>
        <input className="input" type="tel" autoComplete="off" maxLength={30} value={phone} onChange={(e) => setPhone(e.target.value)} />
        {p.phone ? <small className="quiet">{t("people.phoneNow", { phone: p.phone })}</small> : null}
      </label>
      <label className="field">
        <span>{t("notify.language")}</span>
        <select className="select" value={locale} onChange={(e) => setLocale(e.target.value)}>
          {languages.map((l) => (
            <option key={l.code} value={l.code} lang={l.code}>
              {l.name}
            </option>
          ))}
        </select>
      </label>
      <Problem error={save.error} />
      <button type="submit" className="btn" disabled={save.isPending || (!phone.trim() && locale === p.locale)}>
        {t("people.phoneSave")}
      </button>{" "}
      {p.phone ? (
        <button type="button" className="btn" disabled={save.isPending} onClick={() => save.mutate("")}>
          {t("people.phoneClear")}
        </button>
      ) : null}
    </form>
  );
}

function Problem({ error }: { error: unknown }): ReactNode {
  const { t } = useWords();
  if (!error) return null;
  const f = error instanceof Failure ? error : undefined;
  const taken = f?.code === "conflict" && f.fields.some((x) => x.location === "body.name");
  return (
    <p className="notice bad" role="alert">
      <Icon name="warn" />
      {taken ? t("people.taken") : f?.code === "offline" ? t("state.offlineHelp") : f?.message || t("state.failedHelp")}
    </p>
  );
}

/** The link, this once. */
function LinkSheet({ link, close }: { link: Link; close: () => void }) {
  const { t } = useWords();
  const zone = useZone();
  const now = useNow();
  const url = linkOf(link.token, location.origin + root);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(url);
      toast(t("do.copied"));
    } catch {
      toast(t("people.copyByHand"));
    }
  };
  return (
    <Sheet
      title={t("people.linkOf", { name: link.name })}
      close={close}
      footer={
        <button type="button" className="btn primary" onClick={() => void copy()}>
          <Icon name="copy" /> {t("people.copy")}
        </button>
      }
    >
      <p>{t("people.linkHelp", { name: link.name, at: moment(link.until, now, zone) })}</p>
      <input
        className="input mono person-link"
        readOnly
        value={url}
        aria-label={t("people.linkOf", { name: link.name })}
        onFocus={(e) => e.target.select()}
      />
    </Sheet>
  );
}
