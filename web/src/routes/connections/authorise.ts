import { answer, api } from "../../data/api";
import type { Account } from "../../data/model";

/** Leads the person to the platform's own page of consent, which sends them back when they have agreed. */
export async function authorise(a: Account): Promise<void> {
  const got = await answer(
    api.GET("/api/v1/accounts/{id}/authorise", { params: { path: { id: a.id } }, headers: { Accept: "application/json" } }),
  );
  const url = got?.url || a.authorise_url;
  if (!/^https?:\/\//.test(url)) throw new Error("");
  location.assign(url);
}
