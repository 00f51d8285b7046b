import { Link } from "@tanstack/react-router";
import { useWords, word } from "../../words";
import { inWords } from "../../words/reasons";
import type { Ticket } from "./printers";
import "./printers.css";

/** Why a ticket may end without paper and nobody has to see to it. */
const quietly = ["print_cancelled", "print_moved"];

/** One ticket: what, the how-manieth, how far it is. */
export function TicketLine({ ticket: x, at, link }: { ticket: Ticket; at: string; link?: boolean }) {
  const { t } = useWords();
  const bad = x.state === "person" || x.state === "refused" || (x.state === "void" && !quietly.includes(x.why?.code ?? ""));
  return (
    <span className="ticket" data-testid="ticket" data-state={x.state}>
      <span className="num quiet">{at}</span>
      {link && x.order_id ? (
        <Link to="/orders/$orderId" params={{ orderId: x.order_id }} search={{ tab: "all" }}>
          <b>{word(t, "printer.tickets", x.ticket)}</b>
        </Link>
      ) : (
        <b>{word(t, "printer.tickets", x.ticket)}</b>
      )}
      {x.copy > 1 ? (
        <span className="chip">
          {t("printer.copy", { n: x.copy })}
          {x.by ? ` · ${x.by}` : ""}
        </span>
      ) : null}
      {x.printer_name ? <span className="quiet clip">{x.printer_name}</span> : null}
      <span className={bad ? "bad" : "quiet"}>
        {t(`printer.ticketStates.${x.state}`)}
        {x.state !== "done" && x.words ? ` · ${inWords(x.words, x.why)}` : ""}
      </span>
    </span>
  );
}
