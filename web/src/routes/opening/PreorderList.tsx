import type { OrderSummary } from "../../data/model";
import { clock } from "../../format/time";
import { Mark } from "../../ui/Mark";
import { useWords } from "../../words";

/** Pre-orders by when making them begins. */
export function PreorderList({ list, zone }: { list: { order: OrderSummary; begin: number }[]; zone: string }) {
  const { t } = useWords();
  return (
    <ul className="opening-shops">
      {list.map(({ order, begin }) => (
        <li key={order.id} data-testid="preorder" data-id={order.id}>
          <b className="num">{t("opening.begin", { at: clock(begin, zone) })}</b>
          <Mark channel={order.channel} /> <b className="num">#{order.day_seq || order.display_ref.slice(-4)}</b>
          <span className="quiet">{t("opening.promised", { at: clock(order.promised_at, zone) })}</span>
          <span className="clip">{order.summary}</span>
        </li>
      ))}
    </ul>
  );
}
