import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { answer, api, Failure, onceKey } from "../../data/api";
import { session } from "../../data/queries";
import { useMay } from "../../data/rights";
import { moment } from "../../format/time";
import { root } from "../../place";
import { Icon } from "../../ui/icons";
import { toast } from "../../ui/toast";
import { useWords } from "../../words";
import { shrink } from "./shrink";

const evidenceOf = (order: string) => ["evidence", order];

type Props = { order: string; sale: string; over: boolean; now: number; zone: string };

/** 餐损凭证: pictures of spoilt food beside the refund case that they belong to. No platform takes them by a call: it says so. Once the case is withdrawn (over), none is taken any more. */
export function Evidence({ order, sale, over, now, zone }: Props) {
  const { t } = useWords();
  const may = useMay();
  const client = useQueryClient();
  const file = useRef<HTMLInputElement>(null);
  const { data: me } = useQuery(session);
  const path = { id: order };
  const { data } = useQuery({
    queryKey: evidenceOf(order),
    staleTime: 10_000,
    queryFn: async () => (await answer(api.GET("/api/v1/orders/{id}/evidence", { params: { path } }))).pictures ?? [],
  });
  const failed = (e: unknown) => toast(e instanceof Failure ? e.message || e.code : t("evidence.noPicture"));
  const add = useMutation({
    mutationFn: async (photo: File) =>
      answer(
        api.POST("/api/v1/orders/{id}/evidence", {
          params: { path, header: { "Idempotency-Key": onceKey() } },
          body: { for: sale, picture: await shrink(photo) },
        }),
      ),
    onSuccess: (got) => client.setQueryData(evidenceOf(order), got.pictures ?? []),
    onError: failed,
  });
  const drop = useMutation({
    mutationFn: (picture: string) =>
      answer(api.DELETE("/api/v1/orders/{id}/evidence/{picture}", { params: { path: { ...path, picture } } })),
    onSettled: () => void client.invalidateQueries({ queryKey: evidenceOf(order) }),
    onError: failed,
  });
  const list = (data ?? []).filter((p) => p.for === sale);
  const mayAdd = may("act.note") && !over;
  if (!mayAdd && list.length === 0) return null;
  return (
    <section className="evidence" aria-label={t("evidence.title")} data-testid="evidence">
      {list.length > 0 ? (
        <ul className="pictures">
          {list.map((p, i) => {
            const src = `${root}/api/v1/orders/${order}/evidence/${p.id}`;
            const what = t("evidence.picture", { n: i + 1, who: p.by_name, at: moment(p.at, now, zone) });
            return (
              <li key={p.id}>
                <a href={src} target="_blank" rel="noreferrer">
                  <img src={src} alt={what} title={what} loading="lazy" />
                </a>
                {p.by === me?.id || may("act.refund_refuse") ? (
                  <button
                    type="button"
                    className="btn icon ghost"
                    aria-label={t("evidence.remove", { n: i + 1 })}
                    disabled={drop.isPending}
                    onClick={() => drop.mutate(p.id)}
                  >
                    <Icon name="close" size={16} />
                  </button>
                ) : null}
              </li>
            );
          })}
        </ul>
      ) : null}
      {mayAdd ? (
        <p>
          <input
            ref={file}
            type="file"
            accept="image/*"
            capture="environment"
            hidden
            data-testid="evidence-file"
            onChange={(e) => {
              const photo = e.target.files?.[0];
              if (photo) add.mutate(photo);
              e.target.value = "";
            }}
          />
          <button type="button" className="btn small" disabled={add.isPending} onClick={() => file.current?.click()}>
            {add.isPending ? t("evidence.sending") : t("evidence.add")}
          </button>{" "}
          <small className="quiet">{t("evidence.kept")}</small>
        </p>
      ) : null}
    </section>
  );
}
