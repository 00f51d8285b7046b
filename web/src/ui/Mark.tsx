import { useQuery } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useMemo } from "react";
import type { Channel } from "../data/model";
import { channels } from "../data/queries";
import { inLanguage, useWords } from "../words";

// Twelve colours with enough contrast for their ink. A channel's name picks one, so it is the same on every device; the order of the
// list gives the channels in service a colour near their own.
const paints: [string, string][] = [
  ["#475569", "#fff"],
  ["#ffe14d", "#1d2a6b"],
  ["#0e7490", "#fff"],
  ["#7c5a2b", "#fff"],
  ["#9d2463", "#fff"],
  ["#161823", "#fff"],
  ["#11793a", "#fff"],
  ["#c2272d", "#fff"],
  ["#0b6fd0", "#fff"],
  ["#4b5c57", "#fff"],
  ["#6a3fc0", "#fff"],
  ["#ffc300", "#222"],
];

function paintOf(name: string): [string, string] {
  let sum = 7;
  for (const c of name) sum = (sum * 13 + (c.codePointAt(0) ?? 0)) % 65521;
  return paints[sum % paints.length] ?? ["#475569", "#fff"];
}

const Known = createContext<ReadonlyMap<string, Channel>>(new Map());

/** Asks for the channels once, for every mark and name inside. */
export function Channels({ children }: { children: ReactNode }) {
  const { data } = useQuery(channels);
  const known = useMemo(() => new Map(data?.map((c) => [c.name, c])), [data]);
  return <Known value={known}>{children}</Known>;
}

/** The channels by their code; none before they have been read. */
export const useChannels = (): ReadonlyMap<string, Channel> => useContext(Known);

/** The name of a channel in the reader's language; its code where nobody has told us more. */
export function useChannelName(): (name: string) => string {
  const { language } = useWords();
  const known = useChannels();
  return useCallback(
    (name) => {
      const c = known.get(name);
      return c ? inLanguage(language, c.label_zh, c.label_en) : name;
    },
    [known, language],
  );
}

/** The coloured mark of a channel. Its name must stand beside it or be its label: colour alone says nothing. */
export function Mark({ channel, large, label }: { channel: string; large?: boolean; label?: string }) {
  const known = useChannels().get(channel);
  const [bg, fg] = paintOf(channel);
  const letters = [...(known?.mark || known?.label_zh.slice(0, 1) || channel)].slice(0, 2).join("");
  return (
    <span
      className={`mark ${large ? "large" : ""} ${letters.length > 1 ? "two" : ""}`}
      style={{ "--mark-bg": bg, "--mark-fg": fg } as React.CSSProperties}
      {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })}
    >
      {letters}
    </span>
  );
}
