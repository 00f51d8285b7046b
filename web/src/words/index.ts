// Languages of the console. Each is a chunk of its own: only the one that is read is loaded.

import { writeMoneyIn } from "../format/money";
import { remember } from "../ui/device";
import { languages, type Words, wanted } from "./choose";
import { readIn, type Translate } from "./reader";

export { Language, onLanguage, useWords } from "./reader";

/** What every language has: the keys of the reference, all of them. A missing one fails the build. */
export type Shape<T> = { [K in keyof T]: T[K] extends string ? string : Shape<T[K]> };

export { languages };

export async function startWords(): Promise<void> {
  const { code } = wanted();
  await speak(code);
}

/** Reads a language from now on. The page says which that is, and would be installed under its name there. */
async function speak(code: string) {
  const words = await load(code);
  document.documentElement.lang = code;
  document.querySelector("link[rel=manifest]")?.setAttribute("href", `/manifest.${code}.webmanifest`);
  writeMoneyIn(code);
  readIn(code, words);
}

async function load(code: string): Promise<Words> {
  const said = sayings[code];
  if (said) told.set(code, (await said()).said);
  return (languages.find((l) => l.code === code) ?? languages[0]).load();
}

const sayings: Record<string, () => Promise<{ said: Record<string, string> }>> = {
  es: () => import("./said/es"),
  "pt-BR": () => import("./said/pt-BR"),
};
const told = new Map<string, Record<string, string>>();

export async function setLanguage(code: string): Promise<void> {
  await speak(code);
  remember("language", code);
}

/** A text that the service gives in Chinese and English, in the reader's language. */
export function inLanguage(language: string, zh: string, en: string): string {
  return language.startsWith("zh") ? zh || en : told.get(language)?.[en] || en || zh;
}

const lists = new Map<string, Intl.ListFormat>();

/** Names one after another, as the language does it: A、B和C; A, B, and C; A, B y C. */
export function listed(language: string, names: string[]): string {
  let form = lists.get(language);
  if (!form) {
    form = new Intl.ListFormat(language);
    lists.set(language, form);
  }
  return form.format(names);
}

/** The word for a value out of a set that may grow; one that we do not know yet is shown as it is. */
export function word(t: Translate, set: string, value: string): string {
  return value ? t(`${set}.${value}`, { defaultValue: value }) : "";
}
