import { useQuery } from "@tanstack/react-query";
import { useWords } from "../words";
import { session } from "./queries";

/** What the one who is signed in may do, by the service's words (docs/roles.md). It only hides and explains: the service decides. */
export function useMay(): (right: string) => boolean {
  const { data } = useQuery(session);
  return (right) => data?.rights.includes(right) ?? false;
}

/** For a button: disabled, and why, for whoever lacks the right. */
export function useGate(right: string): { disabled?: true; title?: string } {
  const { t } = useWords();
  return useMay()(right) ? {} : { disabled: true, title: t("why.forbidden") };
}
