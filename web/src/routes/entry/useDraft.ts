import { useQuery } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { onceKey } from "../../data/api";
import { session } from "../../data/queries";
import { recall, remember } from "../../ui/memory";
import { blank, type Draft, readDraft } from "./draft";

/**
 * The draft of whoever is signed in, on this device alone: it holds a customer's number and address for as long as it is not saved,
 * and has to be there without network.
 */
export function useDraft(): [Draft, (next: Draft) => void] {
  const { data: me } = useQuery(session);
  const place = `entry.${me?.id ?? ""}`;
  const [draft, setDraft] = useState<Draft>(() => readDraft(parse(recall(place))) ?? blank(onceKey()));
  const keep = useCallback(
    (next: Draft) => {
      setDraft(next);
      remember(place, JSON.stringify(next));
    },
    [place],
  );
  return [draft, keep];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
