import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "../../data/api";
import type { components } from "../../data/schema";

export type Person = components["schemas"]["Person"];
export type PersonBody = components["schemas"]["PersonBody"];
export type Role = Person["role"];

/** Most rights first, as the service lists them. */
export const roles: Role[] = ["owner", "headquarters", "area_manager", "store_manager", "clerk", "warehouse"];

/** Those that always have all stores. */
export const everywhere = (role: Role): boolean => role === "owner" || role === "headquarters";

/** What a person or a key may do and where, as a form holds it. */
export type Access = { role: Role; all: boolean; chosen: string[]; personal: boolean };

/** Whether a store has to be chosen yet. */
export const lacksStore = (s: Access): boolean => !everywhere(s.role) && !s.all && s.chosen.length === 0;

/** What somebody of a role may make: only an owner makes owners. */
export const givable = (role: string | undefined): Role[] => roles.filter((r) => r !== "owner" || role === "owner");

export const people = queryOptions({
  queryKey: ["people"],
  staleTime: 10_000,
  queryFn: async () => (await answer(api.GET("/api/v1/people"))).people ?? [],
});

/** The link with which a person sets a password. The token stands behind #, which browsers keep to themselves. */
export const linkOf = (token: string, origin: string): string => `${origin}/join#${token}`;

/** A person as the service takes one, unchanged but for what is given. */
export function bodyOf(p: Person, change: Partial<PersonBody> = {}): PersonBody {
  const role = change.role ?? p.role;
  const all = everywhere(role) || (change.all_stores ?? p.all_stores);
  return {
    name: p.name,
    role,
    personal: p.personal,
    suspended: p.suspended,
    ...change,
    all_stores: all,
    stores: all ? undefined : (change.stores ?? p.stores),
  };
}
