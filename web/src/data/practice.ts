// Practising: entering it from the real orders, and leaving it again. Both load another page, so nothing of one is left in the other.

import { queryOptions } from "@tanstack/react-query";
import { practising, root } from "../place";
import { answer, api, Failure } from "./api";

/** Whether one may practise; in a practice, how far one has come. */
export const practice = queryOptions({
  queryKey: ["practice"],
  staleTime: 3000,
  refetchInterval: practising ? 4000 : false,
  queryFn: () => answer(api.GET("/api/v1/practice")),
});

/** Begins to practise, from whichever side: the real service is asked. */
export async function enterPractice(): Promise<void> {
  let response: Response;
  try {
    response = await fetch("/api/v1/practice", { method: "POST", headers: { Accept: "application/json" } });
  } catch {
    throw new Failure("offline", 0, "");
  }
  if (response.status === 401) return location.assign("/sign-in?next=%2Fme");
  if (!response.ok) throw new Failure("unavailable", response.status, "");
  location.assign("/practice/orders");
}

/** Begins to practise without an account. */
export async function practiseAsGuest(locale: string): Promise<void> {
  await answer(api.POST("/api/v1/practice/guest", { body: { locale } }));
  location.assign("/practice/orders");
}

/** Ends one's practice and leads back to the real orders, also when the service does not hear it: the cookie runs out. */
export async function leavePractice(): Promise<void> {
  await answer(api.DELETE("/api/v1/session")).catch(() => {});
  location.assign("/orders");
}

/** The address below which a program calls the practice. */
export const practiceURL = (): string => `${location.origin}${root}/api/v1`;
