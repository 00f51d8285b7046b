import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Channel } from "../data/model";
import { channels } from "../data/queries";
import { inLanguage } from "../words";

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

export function useChannels(): Map<string, Channel> {
  const { data } = useQuery(channels);
  return new Map(data?.map((c) => [c.name, c]));
}

/** The name of a channel in the reader's language; its code where nobody has told us more. */
export function useChannelName(): (name: string) => string {
  const { i18n } = useTranslation();
  const known = useChannels();
  return (name) => {
    const c = known.get(name);
    return c ? inLanguage(i18n.language, c.label_zh, c.label_en) : name;
  };
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
