import { Link } from "@tanstack/react-router";
import { useMay } from "../../data/rights";
import { useChannels } from "../../ui/Mark";
import { useWords } from "../../words";

/** The ways to what a shop shows on its platform; none where that takes no call, or for whoever may not change it. */
export function FrontLinks({ shop, channel, name }: { shop: string; channel: string; name: string }) {
  const { t } = useWords();
  const may = useMay();
  const power = useChannels().get(channel)?.front;
  if (!power || !may("fronts.keep")) return null;
  return (
    <>
      <Link to="/shops/$shopId/profile" params={{ shopId: shop }} className="btn small ghost" aria-label={t("front.openProfile", { name })}>
        {t("front.profile")}
      </Link>
      <Link to="/shops/$shopId/menu" params={{ shopId: shop }} className="btn small ghost" aria-label={t("front.open", { name })}>
        {t("front.menu")}
      </Link>
    </>
  );
}
