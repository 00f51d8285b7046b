import { useQuery } from "@tanstack/react-query";
import { session } from "../data/queries";
import { useWords } from "../words";
import { useChannelName } from "./Mark";

/** Who did something, for a reader: a channel, a person's name, or what kind of actor an id stands for. */
export function useWho(): (by: string, name?: string) => string {
  const { t } = useWords();
  const { data: me } = useQuery(session);
  const channel = useChannelName();
  return (by, name) => {
    if (by !== "" && by === me?.id) return t("by.me");
    if (name) return name;
    if (/^usr_\w+$/.test(by)) return t("by.colleague");
    if (/^key_\w+$/.test(by)) return t("by.api");
    if (/^rul(e|_)/.test(by)) return t("by.rule");
    return channel(by);
  };
}
