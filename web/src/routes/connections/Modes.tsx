import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api } from "../../data/api";
import type { Shop, Store } from "../../data/model";
import { refreshConnections } from "../../data/queries";
import { useGate } from "../../data/rights";
import { Icon } from "../../ui/icons";
import { toast } from "../../ui/toast";
import { useWords, word } from "../../words";

export const modes = ["watch", "goods", "full"] as const;
type Mode = (typeof modes)[number];

/** In which mode the shops of an account are, and how some of them (a pilot) or all get into another. */
export function Modes({ shops, stores }: { shops: Shop[]; stores: Store[] }) {
  const { t } = useWords();
  const keep = useGate("connections.keep");
  const client = useQueryClient();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const set = useMutation({
    mutationFn: (mode: Mode) =>
      answer(
        api.PUT("/api/v1/shops/modes", {
          body: { mode, shop_ids: shops.filter((s) => chosen.size === 0 || chosen.has(s.id)).map((s) => s.id) },
        }),
      ),
    onSuccess: () => {
      setChosen(new Set());
      toast(t("conn.saved"));
    },
    onSettled: () => refreshConnections(client),
  });
  if (shops.length === 0) return null;
  const has = modes.map((m) => ({ m, n: shops.filter((s) => s.mode === m).length })).filter((x) => x.n > 0);
  const flip = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  return (
    <details className="modes" data-testid="modes">
      <summary>
        {t("form.mode")}{" "}
        {has.map(({ m, n }) => (
          <span key={m} className={`chip num ${m === "full" ? "" : "odd"}`} data-mode={m}>
            {word(t, "mode", m)} {n}
          </span>
        ))}
      </summary>
      <p className="quiet">{t("form.modeHelp")}</p>
      {shops.length > 1 ? (
        <ul>
          {shops.map((s) => (
            <li key={s.id}>
              <label>
                <input type="checkbox" checked={chosen.has(s.id)} onChange={() => flip(s.id)} />{" "}
                {stores.find((x) => x.id === s.store_id)?.name || s.name || s.external_id}{" "}
                <small className="quiet">{word(t, "mode", s.mode)}</small>
              </label>
            </li>
          ))}
        </ul>
      ) : null}
      {modes.map((m) => (
        <button
          key={m}
          type="button"
          className="btn small"
          {...keep}
          disabled={keep.disabled || set.isPending}
          onClick={() => set.mutate(m)}
        >
          {t(chosen.size > 0 ? "connect.modeChosen" : "connect.modeAll", { count: chosen.size || shops.length, mode: word(t, "mode", m) })}
        </button>
      ))}
      {set.error ? (
        <p className="notice bad" role="alert">
          <Icon name="warn" /> {set.error.message || t("state.failedHelp")}
        </p>
      ) : null}
    </details>
  );
}
