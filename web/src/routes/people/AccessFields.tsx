import { useQuery } from "@tanstack/react-query";
import { stores } from "../../data/queries";
import { useWords, word } from "../../words";
import { type Access, everywhere, givable, lacksStore } from "./people";

/** The part of a form that says what a person or a key may do and where. `giver` is the role of whoever gives it. */
export function AccessFields({ access, set, giver }: { access: Access; set: (s: Access) => void; giver: string | undefined }) {
  const { t } = useWords();
  const { data: known } = useQuery(stores);
  const { role, all, chosen, personal } = access;
  return (
    <>
      <fieldset className="field">
        <legend>{t("people.role")}</legend>
        {givable(giver).map((r) => (
          <label key={r} className="choice">
            <input type="radio" name="role" checked={role === r} onChange={() => set({ ...access, role: r })} />
            <span>
              <b>{word(t, "role", r)}</b> <span className="quiet">{t(`people.roleHelp.${r}`)}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {everywhere(role) ? (
        <p className="quiet">{t("people.everywhere")}</p>
      ) : (
        <fieldset className="field">
          <legend>{t("people.stores")}</legend>
          <label className="choice">
            <input type="checkbox" checked={all} onChange={(e) => set({ ...access, all: e.target.checked })} />
            <span>{t("people.all")}</span>
          </label>
          {all
            ? null
            : known?.map((s) => (
                <label key={s.id} className="choice">
                  <input
                    type="checkbox"
                    checked={chosen.includes(s.id)}
                    onChange={(e) => set({ ...access, chosen: e.target.checked ? [...chosen, s.id] : chosen.filter((x) => x !== s.id) })}
                  />
                  <span>{s.name}</span>
                </label>
              ))}
          {lacksStore(access) ? <small className="quiet">{t("people.noStore")}</small> : null}
        </fieldset>
      )}
      <label className="choice">
        <input type="checkbox" checked={personal} onChange={(e) => set({ ...access, personal: e.target.checked })} />
        <span>{t("people.personal")}</span>
      </label>
    </>
  );
}
