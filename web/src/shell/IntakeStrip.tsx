import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { serverNow } from "../data/clock";
import { clock } from "../format/time";
import { intakeOf, slotTone } from "../routes/board/Intake";
import { Icon } from "../ui/icons";
import { useWords } from "../words";

/** Of whoever works at one store: how full its kitchen is, and that it takes no orders. */
export function IntakeStrip({ store, zone }: { store: string; zone: string }) {
  const { t } = useWords();
  const { data } = useQuery(intakeOf(store));
  const until = data && data.until_at > serverNow() ? data.until_at : 0;
  const now = data?.slots?.[0];
  const tone = now ? slotTone(now.orders, data.slot_orders) : "";
  const failed = data?.channels?.some((c) => c.state === "failed");
  if (!data || (!until && !failed && data.slot_orders === 0)) return null;
  const full = data.slot_orders > 0 && now ? t("intake.strip", { n: `${now.orders}/${data.slot_orders}` }) : "";
  const said = `${full} ${until ? t("intake.until", { at: clock(until, zone) }) : failed ? t("intake.state.failed") : ""}`.trim();
  return (
    <Link to="/board" className={`strip-item ${until || failed || tone ? "bad" : "quiet"}`} data-testid="intake-strip" aria-label={said}>
      {until || failed || tone ? <Icon name="warn" size={16} /> : null} <span className="num">{said}</span>
    </Link>
  );
}
