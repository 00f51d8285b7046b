import { useNow } from "../../data/clock";
import { Icon } from "../../ui/icons";
import { useWords, word } from "../../words";
import { minutes, type StoreState } from "./concerns";

/** The printers and paired screens of a store: whether paper comes out, and when each screen was last heard of. */
export function Equipment({ store: s }: { store: StoreState }) {
  const { t } = useWords();
  const now = useNow();
  if (s.printers.length + s.screens.length === 0) return null;
  return (
    <section className="board-equipment" aria-label={t("board.equipment")} data-testid="equipment">
      <h2>{t("board.equipment")}</h2>
      <ul>
        {s.printers.map((p) => (
          <li key={p.printer_id} data-state={p.state} className={p.state === "bad" ? "bad" : ""}>
            <Icon name={p.state === "bad" ? "warn" : "printer"} size={16} /> <b>{p.name}</b> {t(`printer.states.${p.state}`)}
            {p.waiting > 0 ? ` · ${t("printer.wait", { count: p.waiting })}` : ""}
            {p.stand_in ? ` · ${t("printer.standInOn", { name: p.stand_in })}` : ""}
            {p.state === "bad" && p.cause ? ` · ${word(t, "why", p.cause)}` : ""}
          </li>
        ))}
        {s.screens.map((v) => {
          const silent = v.seen_at > 0 ? minutes(v.seen_at, now) : 0;
          return (
            <li key={v.device_id} className={silent >= 8 ? "warn" : ""} data-testid="screen">
              <Icon name={silent >= 8 ? "offline" : "phone"} size={16} /> <b>{v.name}</b>{" "}
              {v.seen_at === 0 ? t("board.neverSeen") : silent < 3 ? t("board.seen") : t("board.unseen", { count: silent })}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
