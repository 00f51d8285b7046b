import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { answer, api, Failure, onceKey } from "../../data/api";
import { useNow } from "../../data/clock";
import { stores } from "../../data/queries";
import { useMay } from "../../data/rights";
import { useZone } from "../../shell/Shell";
import { Due } from "../../ui/Due";
import { Icon } from "../../ui/icons";
import { Mark, useChannelName } from "../../ui/Mark";
import { toast } from "../../ui/toast";
import { useWho } from "../../ui/who";
import { useWords, word } from "../../words";
import type { Translate } from "../../words/reader";
import { type Concern, minutes } from "./concerns";
import "./board.css";

/** One thing that waits: what, where, since when, until when, who sees to it. A press leads to the cause. */
export function ConcernRow({ concern: c, withStore }: { concern: Concern; withStore?: boolean }) {
  const { t } = useWords();
  const client = useQueryClient();
  const channel = useChannelName();
  const name = useWho();
  const now = useNow();
  const zone = useZone(c.store_id);
  const { data: known } = useQuery(stores);
  const take = useMutation({
    mutationFn: () =>
      answer(
        api.POST("/api/v1/messages/take", {
          params: { header: { "Idempotency-Key": onceKey() } },
          body: { key: c.key, take: !c.taken_by },
        }),
      ),
    onSettled: () => void client.invalidateQueries({ queryKey: ["concerns"] }),
    onError: (e) => toast(e instanceof Failure && e.status === 404 ? t("msg.over") : e instanceof Failure ? e.message : String(e)),
  });
  const store = known?.find((s) => s.id === c.store_id)?.name;
  const where = [withStore ? store : "", c.stores.length > 0 ? t("msg.stores", { count: c.stores.length }) : ""]
    .filter(Boolean)
    .join(" · ");
  const number = c.order ? (c.order.day_seq ? `#${c.order.day_seq}` : c.order.display_ref) : "";
  const since = c.since_at > 0 ? t("msg.minutes", { count: minutes(c.still_at || c.since_at, now) }) : "";
  return (
    <li className={`concern ${c.urgent ? "urgent" : ""}`} data-testid="concern" data-kind={c.kind} data-key={c.key}>
      {c.channel ? <Mark channel={c.channel} label={channel(c.channel)} /> : <Icon name="board" size={24} />}
      <Cause concern={c}>
        <b>
          {c.urgent ? <Icon name="warn" size={16} /> : null}
          {word(t, "msg.kind", c.kind)} {number ? <span className="num">{number}</span> : null}
        </b>
        <span className="clip quiet">
          {c.printer_name
            ? `${c.printer_name} · ${c.stand_in ? t("printer.standInOn", { name: c.stand_in }) : t("printer.wait", { count: c.waiting ?? 0 })} · `
            : ""}
          {c.kind === "refused"
            ? `${t(`msg.refused.${c.cause}`, { what: c.subject ?? "", defaultValue: c.cause ?? "" })} ${c.words ?? ""}`
            : c.kind === "rule"
              ? `${word(t, "rules", c.subject ?? "")} · ${c.cause === "rule_day_count" ? t("rules.usedUp", { load: c.words }) : c.cause === "rule_day_sum" ? `${t("rules.tippedOut")} ${c.words ?? ""}` : t("rules.paused")}`
              : c.kind === "stuck"
                ? `${[t(`stuck.${c.cause}`, { count: minutes(c.still_at ?? 0, now), defaultValue: c.cause ?? "" }), c.subject].filter(Boolean).join(" · ")} · `
                : c.subject}
          {c.kind === "penalty" ? ` ${t(`radar.rule.${c.cause}`, { defaultValue: c.cause ?? "" })}` : ""}
          {c.cause === "rule_no_way" ? `${t("msg.noWay")} · ` : ""}
          {c.order?.summary || (c.score ? t("cmt.stars", { count: c.score }) : "") || causeOf(t, c)}
        </span>
      </Cause>
      <span className="concern-where clip">{where}</span>
      <span className="concern-when num">
        {since}
        {c.due_at > 0 ? <Due at={c.due_at} from={c.since_at} zone={zone} /> : null}
      </span>
      <span className={`concern-who clip ${c.escalated ? "bad" : "quiet"}`}>
        {c.taken_by ? t("msg.takenBy", { who: name(c.taken_by, c.taken_name) }) : c.escalated ? t("msg.nobody") : ""}
      </span>
      <button
        type="button"
        className="btn small"
        disabled={take.isPending}
        aria-pressed={Boolean(c.taken_by)}
        onClick={() => take.mutate()}
      >
        {t(c.taken_by ? "msg.giveBack" : "do.noted")}
        <span className="sr-only">
          {" "}
          {word(t, "msg.kind", c.kind)} {number}
        </span>
      </button>
    </li>
  );
}

/** Why something waits, where a kind alone does not say. */
function causeOf(t: Translate, c: Concern): string {
  if (c.kind === "resting") return `${word(t, "control.cause", c.cause ?? "")} ${c.words ?? ""}`;
  if (!c.cause || c.kind === "refused" || c.kind === "penalty" || c.kind === "rule") return "";
  return word(t, c.kind === "unknown" ? "act" : c.kind === "printer" ? "why" : "pulse.means", c.cause);
}

/** The way to the cause; plain text for whoever has no right to it. */
function Cause({ concern: c, children }: { concern: Concern; children: ReactNode }) {
  const may = useMay();
  if (c.order) {
    return (
      <Link to="/orders/$orderId" params={{ orderId: c.order.id }} search={{ tab: "all" }} className="concern-what">
        {children}
      </Link>
    );
  }
  if (c.kind === "resting") {
    return (
      <Link to="/intakes" className="concern-what">
        {children}
      </Link>
    );
  }
  if (c.kind === "comment") {
    return (
      <Link to="/comments" className="concern-what">
        {children}
      </Link>
    );
  }
  if (c.kind === "printer") {
    return (
      <Link to="/printers" className="concern-what">
        {children}
      </Link>
    );
  }
  if (c.kind === "rule") {
    return (
      <Link to="/rules" className="concern-what">
        {children}
      </Link>
    );
  }
  if (c.kind === "parked" && may("parked.see")) {
    return (
      <Link to="/parked" className="concern-what">
        {children}
      </Link>
    );
  }
  if (may("whole.see")) {
    return (
      <Link to={c.kind === "authorise" ? "/connections" : "/status"} className="concern-what">
        {children}
      </Link>
    );
  }
  return <span className="concern-what">{children}</span>;
}
