import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Failure } from "../../data/api";
import type { Customer, Order } from "../../data/model";
import { order as orderQuery, uncover } from "../../data/queries";
import { Icon } from "../../ui/icons";
import { Bones, Trouble } from "../../ui/Screen";
import { Sheet } from "../../ui/Sheet";
import { useWords, word } from "../../words";
import { endAsking } from "../orders/asked";
import { useOrderName } from "../orders/OrderRow";
import "./calls.css";

/** A number to be called with one press. One that is hidden from the reader says so. */
export function PhoneLink({ who, number, kind = "real" }: { who: string; number: string; kind?: string }) {
  const { t } = useWords();
  const dial = number.replace(/[^\d+,]/g, "");
  if (!dial || number.includes("*")) {
    return (
      <p>
        {who} <span className="quiet">{t("order.noNumber")}</span>
      </p>
    );
  }
  return (
    <a className="btn calls-number" href={`tel:${dial}`}>
      <Icon name="call" size={18} />
      <span className="clip">{who}</span>
      <span className="num">{number}</span>
      {kind !== "real" ? <small className="quiet">{word(t, "phoneKind", kind)}</small> : null}
    </a>
  );
}

/** The customer's number. A real one is given to whoever asks for it, and that is written down; a privacy number is there at once. */
function OfCustomer({ order: o, customer: c }: { order: Order; customer: Customer }) {
  const { t } = useWords();
  const client = useQueryClient();
  const ask = useMutation({
    mutationFn: () => uncover(o.id),
    onSuccess: () => void client.invalidateQueries({ queryKey: ["order", o.id] }), // the timeline has a line more
  });
  const full = ask.data ?? c;
  if (full.covered.includes("phone") || (full.covered.length > 0 && full.phone.includes("*"))) {
    return (
      <div>
        <button type="button" className="btn calls-number" disabled={ask.isPending} onClick={() => ask.mutate()}>
          <Icon name="call" size={18} />
          <span className="clip">{t("order.customer")}</span>
          <span>{t("order.uncover")}</span>
        </button>
        <small className="quiet">
          {ask.error ? (ask.error instanceof Failure && ask.error.message) || t("state.failed") : t("order.recorded")}
        </small>
      </div>
    );
  }
  return (
    <PhoneLink
      who={[t("order.customer"), full.masked ? "" : full.name].filter(Boolean).join(" ")}
      number={full.masked ? "" : full.phone}
      kind={full.phone_kind}
    />
  );
}

/** Everybody of an order who has a number. */
export function Calls({ id }: { id: string }) {
  const { t } = useWords();
  const name = useOrderName();
  const { data: o, error, refetch } = useQuery(orderQuery(id));
  const c = o?.full_customer;
  return (
    <Sheet
      title={
        <>
          {t("order.call")} {o ? <span className="num">· {name(o)}</span> : null}
        </>
      }
      close={endAsking}
    >
      {error && !o ? (
        <Trouble error={error} retry={() => void refetch()} />
      ) : !o ? (
        <Bones rows={2} height={48} />
      ) : (
        <div className="calls-list">
          {c ? <OfCustomer order={o} customer={c} /> : null}
          {o.deliveries.map((d) =>
            d.rider ? <PhoneLink key={d.key} who={t("urge.rider", { name: d.rider.name })} number={d.rider.phone} /> : null,
          )}
        </div>
      )}
    </Sheet>
  );
}
