import { useQuery } from "@tanstack/react-query";
import { answer, api } from "../../data/api";
import { readSummary } from "../../data/model";

/** A store's pre-orders that are still to be made, of whatever day. */
export const usePreorders = (id: string) =>
  useQuery({
    queryKey: ["opening", "preorders", id],
    queryFn: async () => {
      const query = {
        store: [id],
        flag: ["preorder" as const],
        status: ["new" as const, "accepted" as const],
        limit: 200,
        sort: "due" as const,
      };
      return ((await answer(api.GET("/api/v1/orders", { params: { query } }))).orders ?? []).map(readSummary);
    },
  });
