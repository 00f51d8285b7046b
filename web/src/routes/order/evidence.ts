import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answer, api, Failure, onceKey } from "../../data/api";
import { toast } from "../../ui/toast";
import { useWords } from "../../words";
import { shrink } from "./shrink";

const evidenceOf = (order: string) => ["evidence", order];

/** The pictures that were taken of an order, of one of its after-sales (sale), and how one is added or removed. */
export function useEvidence(order: string, sale: string) {
  const { t } = useWords();
  const client = useQueryClient();
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
  return { list: (data ?? []).filter((p) => p.for === sale), add, drop };
}
