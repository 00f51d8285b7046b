import type { Loose } from "../data/model";
import { read } from "./reader";

/** Why, as the service gives it beside its English: a stable code, what the text names, and what the platform said before. */
export type Coded = { code?: string; args?: { [name: string]: string }; said?: string };

/** A text for people in the reader's language. Without a code it is the platform's own and stays as it is, as does one that we do not know. */
export function inWords(text: string, why?: Loose<Coded> | null): string {
  if (!why?.code) return text;
  const ours = read(`why.${why.code}`, { ...why.args, defaultValue: "" });
  if (!ours) return text;
  return why.said ? `${why.said} · ${ours}` : ours;
}
