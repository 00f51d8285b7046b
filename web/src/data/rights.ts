import { useQuery } from "@tanstack/react-query";
import { session } from "./queries";

/** What the one who is signed in may do, by the service's words (docs/roles.md). It only hides and explains: the service decides. */
export function useMay(): (right: string) => boolean {
  const { data } = useQuery(session);
  return (right) => data?.rights.includes(right) ?? false;
}
