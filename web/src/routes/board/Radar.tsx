import { queryOptions, useQuery } from "@tanstack/react-query";
import { answer, api } from "../../data/api";
import { Mark, useChannelName } from "../../ui/Mark";
import { inLanguage, useWords } from "../../words";

const radar = queryOptions({
  queryKey: ["concerns", "radar"],
  staleTime: 2000,
  refetchInterval: 15_000,
  queryFn: () => answer(api.GET("/api/v1/radar")),
});

/** How near a store is to each rule by which a platform punishes: a share of the way, and what keeps away from it. */
export function Radar({ store }: { store: string }) {
  const { t, language } = useWords();
  const channel = useChannelName();
  const { data } = useQuery(radar);
  const list = data?.dangers?.filter((d) => d.store_id === store) ?? [];
  if (list.length === 0) return null;
  const say = (x: { zh: string; en: string }) => inLanguage(language, x.zh, x.en);
  return (
    <section className="radar" aria-label={t("radar.title")} data-testid="radar">
      <h2>{t("radar.title")}</h2>
      <ul>
        {list.map((d) => (
          <li key={`${d.shop_id} ${d.rule}`} className={d.share >= 0.75 ? "bad" : d.share >= 0.5 ? "warn" : ""} data-rule={d.rule}>
            <Mark channel={d.channel} label={channel(d.channel)} />
            <span>
              {say(d.text)}
              {d.share >= 0.5 ? <b> {say(d.remedy)}</b> : null}
            </span>
            <b className="num">{t("radar.share", { share: Math.min(100, Math.round(d.share * 100)) })}</b>
          </li>
        ))}
      </ul>
    </section>
  );
}
