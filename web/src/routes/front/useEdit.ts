import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answer, api, mayPass, onceKey } from "../../data/api";
import type { components } from "../../data/schema";

export type Part = "profile" | "areas" | "menu";
export type Edit = components["schemas"]["Edit"];
export type Change = components["schemas"]["FrontChange"];
type Want = Pick<components["schemas"]["FrontBody"], "profile" | "areas" | "categories" | "items" | "family">;

/** A platform with fronts takes amounts in fen so far. */
export const digits = 2;

/** What is live of a part is read again when an edit ends, by itself; a read is calls to the platform, so it is not read at every look. */
export const readOnce = { staleTime: 5 * 60_000, refetchOnWindowFocus: false, refetchOnReconnect: false, retry: 1 } as const;
export const liveKey = (shop: string, part: string) => ["front", shop, part];

/**
 * An edit of one part of a shop's front: a plan is asked for and looked at, then sent with its digest. A plan that is out of date is asked
 * for again.
 * @param sent what to do once an edit is on its way: drop the draft
 */
export function useEdit(shop: string, part: Part, sent: () => void) {
  const client = useQueryClient();
  const path = { id: shop, part };
  const edits = useQuery({
    queryKey: ["edits", shop],
    staleTime: 2000,
    placeholderData: keepPreviousData,
    refetchInterval: (x) => (x.state.data?.some((e) => e.state === "sending") ? 1000 : false),
    queryFn: async () => {
      const before = client.getQueryData<Edit[]>(["edits", shop]);
      const { edits: list } = await answer(api.GET("/api/v1/shops/{id}/edits", { params: { path: { id: shop }, query: { limit: 10 } } }));
      const over = (e: Edit) => e.state !== "sending";
      const ended = before && list.some((e) => over(e) && !before.some((b) => b.id === e.id && over(b)));
      if (ended) void client.invalidateQueries({ queryKey: ["front", shop] });
      return list;
    },
  });
  const plan = useMutation({
    mutationFn: async (want: Want) => {
      const got = await answer(api.POST("/api/v1/shops/{id}/front/{part}/plan", { params: { path }, body: want }));
      return { ...got, want, key: onceKey() };
    },
  });
  const send = useMutation({
    mutationFn: async () => {
      if (!plan.data) return;
      const { want, digest, key } = plan.data;
      const header = { "Idempotency-Key": key };
      await answer(api.PUT("/api/v1/shops/{id}/front/{part}", { params: { path, header }, body: { ...want, digest } }));
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["edits", shop] });
      sent();
      plan.reset();
    },
  });
  const look = (want: Want) => {
    send.reset();
    plan.mutate(want);
  };
  return {
    edits,
    plan,
    send,
    look,
    /** The plan was refused: it has to be looked at anew. */
    again: send.error !== null && !mayPass(send.error) ? () => plan.variables && look(plan.variables) : undefined,
    back: () => {
      plan.reset();
      send.reset();
    },
  };
}
export type Editing = ReturnType<typeof useEdit>;
