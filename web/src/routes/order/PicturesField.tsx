import { useState } from "react";
import type { ActField } from "../../data/model";
import { root } from "../../place";
import { inLanguage, useWords } from "../../words";
import { useEvidence } from "./evidence";
import { addressesIn } from "./pictures";
import { TakePicture } from "./TakePicture";

type Props = { field: ActField; order: string; sale: string; change: (pictures: string[]) => void };

/** Pictures that go with an act: those that were taken of this case, chosen unless somebody leaves them out, new ones, and addresses. */
export function PicturesField({ field, order, sale, change }: Props) {
  const { t, language } = useWords();
  const { list, add } = useEvidence(order, sale);
  const [left, setLeft] = useState<readonly string[]>([]);
  const [typed, setTyped] = useState("");
  const label = inLanguage(language, field.label.zh, field.label.en) || t(`field.${field.name}`, { defaultValue: field.name });
  const chosen = (out: readonly string[]) => list.map((p) => p.id).filter((id) => !out.includes(id));
  const tell = (out: readonly string[], text: string, more: string[] = []) => change([...chosen(out), ...more, ...addressesIn(text)]);
  const given = chosen(left).length + addressesIn(typed).length;
  return (
    <fieldset className="act-pictures" data-testid="pictures-field">
      <legend>
        {label} <span className="quiet">{t("ask.pictures", { most: field.max })}</span>
      </legend>
      {list.length > 0 ? (
        <ul className="pictures">
          {list.map((p, i) => (
            <li key={p.id}>
              <label>
                <img src={`${root}/api/v1/orders/${order}/evidence/${p.id}`} alt="" loading="lazy" />
                <span>
                  <input
                    type="checkbox"
                    checked={!left.includes(p.id)}
                    onChange={(e) => {
                      const next = e.target.checked ? left.filter((x) => x !== p.id) : [...left, p.id];
                      setLeft(next);
                      tell(next, typed);
                    }}
                  />{" "}
                  {t("ask.picture", { n: i + 1 })}
                </span>
              </label>
            </li>
          ))}
        </ul>
      ) : null}
      <p>
        <TakePicture
          label={add.isPending ? t("evidence.sending") : t("ask.takePicture")}
          busy={add.isPending || given >= field.max}
          take={(photo) =>
            add.mutate(photo, {
              onSuccess: (got) => {
                const here = (got.pictures ?? []).filter((p) => p.for === sale && !left.includes(p.id)).map((p) => p.id);
                change([...here, ...addressesIn(typed)]);
              },
            })
          }
        />
      </p>
      <label className="act-addresses">
        <span className="quiet">{t("ask.addresses")}</span>
        <input
          className="input"
          value={typed}
          maxLength={1000}
          autoComplete="off"
          inputMode="url"
          onChange={(e) => {
            setTyped(e.target.value);
            tell(left, e.target.value);
          }}
        />
      </label>
      {given > field.max ? <p className="bad">{t("ask.picturesMany", { most: field.max })}</p> : null}
    </fieldset>
  );
}
