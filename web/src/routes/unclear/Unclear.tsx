import { useQuery } from "@tanstack/react-query";
import { unclear } from "../../data/queries";
import { useZone } from "../../shell/Shell";
import { Bones, State, Trouble } from "../../ui/Screen";
import { useWords } from "../../words";
import { EffectCard } from "./EffectCard";

export function Unclear() {
  const { t } = useWords();
  const zone = useZone();
  const { data, error, isPending, refetch } = useQuery(unclear);
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t("unclear.title")}</h1>
        <p>{t("unclear.lead")}</p>
      </div>
      {isPending ? (
        <Bones rows={3} height={130} />
      ) : error && !data ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : data?.length === 0 ? (
        <div className="panel">
          <State icon="calm" title={t("unclear.none")}>
            {t("unclear.noneHelp")}
          </State>
        </div>
      ) : (
        data?.map((e) => <EffectCard key={e.id} effect={e} zone={zone} withOrder />)
      )}
    </div>
  );
}
