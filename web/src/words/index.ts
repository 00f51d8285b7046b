// Languages of the console. Each is a chunk of its own: only the one that is read is loaded.

import i18next, { type TFunction } from "i18next";
import { useSyncExternalStore } from "react";
import { initReactI18next } from "react-i18next";
import { writeMoneyIn } from "../format/money";
import { remember } from "../ui/device";
import { languages, type Words, wanted } from "./choose";

/** What every language has: the keys of the reference, all of them. A missing one fails the build. */
export type Shape<T> = { [K in keyof T]: T[K] extends string ? string : Shape<T[K]> };

export { languages };

export async function startWords(): Promise<void> {
  const { code } = wanted();
  await i18next.use(initReactI18next).init({
    lng: code,
    fallbackLng: false,
    resources: { [code]: { translation: await load(code) } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  speak(code);
}

/** The page says what language it is in, and would be installed under its name there. */
function speak(code: string) {
  document.documentElement.lang = code;
  document.querySelector("link[rel=manifest]")?.setAttribute("href", `/manifest.${code}.webmanifest`);
  writeMoneyIn(code);
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
  if (!i18next.hasResourceBundle(code, "translation")) i18next.addResourceBundle(code, "translation", await load(code));
  writeMoneyIn(code);
  await i18next.changeLanguage(code);
  remember("language", code);
  speak(code);
}

let reader: { t: TFunction; language: string } = { t: i18next.t, language: "" };
i18next.on("languageChanged", (language) => {
  reader = { t: i18next.getFixedT(language), language };
  for (const tell of [...readers]) tell();
});
const readers = new Set<() => void>();
const watch = (tell: () => void) => {
  readers.add(tell);
  return () => readers.delete(tell);
};

/**
 * The texts in the reader's language, and which that is. For what stands in a list many times: useTranslation keeps listeners and copies of
 * its own in each component.
 */
export const useWords = (): { t: TFunction; language: string } => useSyncExternalStore(watch, () => reader);

/** A text that the service gives in Chinese and English, in the reader's language. */
export function inLanguage(language: string, zh: string, en: string): string {
  return language.startsWith("zh") ? zh || en : told.get(language)?.[en] || en || zh;
}

type Translate = (key: string, options?: Record<string, unknown>) => string;

/** The word for a value out of a set that may grow; one that we do not know yet is shown as it is. */
export function word(t: Translate, set: string, value: string): string {
  return value ? t(`${set}.${value}`, { defaultValue: value }) : "";
}
