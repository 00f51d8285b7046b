import { useQuery } from "@tanstack/react-query";
import type { Order } from "../../data/model";
import { effects } from "../../data/queries";
import { useWords } from "../../words";
import { EffectCard } from "../unclear/EffectCard";

/** Acts on this order that stopped because nobody could learn their outcome: a person has to say. */
export function OrderEffects({ order, zone }: { order: Order; zone: string }) {
  const { t } = useWords();
  const stuck = order.pending.some((p) => p.state === "person");
  const { data } = useQuery({ ...effects({ order: order.id, state: "person" }), enabled: stuck });
  if (!stuck || !data || data.length === 0) return null;
  return (
    <section aria-label={t("unclear.title")}>
      {data.map((e) => (
        <EffectCard key={e.id} effect={e} zone={zone} />
      ))}
    </section>
  );
}
