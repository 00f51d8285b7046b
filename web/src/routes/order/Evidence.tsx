import { useQuery } from "@tanstack/react-query";
import { session } from "../../data/queries";
import { useMay } from "../../data/rights";
import { moment } from "../../format/time";
import { root } from "../../place";
import { Icon } from "../../ui/icons";
import { useWords } from "../../words";
import { useEvidence } from "./evidence";
import { TakePicture } from "./TakePicture";

type Props = { order: string; sale: string; over: boolean; now: number; zone: string };

/** 餐损凭证: pictures of spoilt food beside the refund case that they belong to, for an appeal. Once the case is withdrawn (over), none is taken any more. */
export function Evidence({ order, sale, over, now, zone }: Props) {
  const { t } = useWords();
  const may = useMay();
  const { data: me } = useQuery(session);
  const { list, add, drop } = useEvidence(order, sale);
  const mayAdd = may("act.note") && !over;
  if (!mayAdd && list.length === 0) return null;
  return (
    <section className="evidence" aria-label={t("evidence.title")} data-testid="evidence">
      {list.length > 0 ? (
        <ul className="pictures">
          {list.map((p, i) => {
            const src = `${root}/api/v1/orders/${order}/evidence/${p.id}`;
            const what = t("evidence.picture", { n: i + 1, who: p.by_name, at: moment(p.at, now, zone) });
            return (
              <li key={p.id}>
                <a href={src} target="_blank" rel="noreferrer">
                  <img src={src} alt={what} title={what} loading="lazy" />
                </a>
                {p.by === me?.id || may("act.refund_refuse") ? (
                  <button
                    type="button"
                    className="btn icon ghost"
                    aria-label={t("evidence.remove", { n: i + 1 })}
                    disabled={drop.isPending}
                    onClick={() => drop.mutate(p.id)}
                  >
                    <Icon name="close" size={16} />
                  </button>
                ) : null}
              </li>
            );
          })}
        </ul>
      ) : null}
      {mayAdd ? (
        <p>
          <TakePicture
            label={add.isPending ? t("evidence.sending") : t("evidence.add")}
            busy={add.isPending}
            camera
            take={(p) => add.mutate(p)}
          />{" "}
          <small className="quiet">{t("evidence.kept")}</small>
        </p>
      ) : null}
    </section>
  );
}
