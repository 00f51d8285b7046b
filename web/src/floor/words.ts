// The texts of the shop floor's screens. Few enough that all languages are in the bundle: a screen that changes its language
// needs no network.

import { recall, remember } from "../ui/device";
import { en } from "../words/floor/en";
import { es } from "../words/floor/es";
import { pt } from "../words/floor/pt-BR";
import { zh } from "../words/floor/zh-CN";

type Tree = { [key: string]: string | Tree };
const all: Record<string, Tree> = { "zh-CN": zh, en, es, "pt-BR": pt };

/** The languages of these screens, by what they call themselves. */
export const languages = [
  { code: "zh-CN", name: "简体中文" },
  { code: "en", name: "English" },
  { code: "es", name: "Español" },
  { code: "pt-BR", name: "Português (Brasil)" },
];

/** What the browser or a person wants: the same choice as in the console. */
export const language: string =
  [recall("language"), ...(navigator.languages || [navigator.language])]
    .map((code) => languages.filter((l) => code && l.code.split("-")[0] === code.split("-")[0])[0]?.code || "")
    .find((code) => code !== "") || "zh-CN";

export function chooseLanguage(code: string): void {
  remember("language", code);
  location.reload();
}

/** The text of a key, with its blanks filled; the key itself where there is none, which a test does not let happen. */
export function t(key: string, blanks: Record<string, string | number> = {}): string {
  let at: string | Tree | undefined = all[language];
  for (const part of key.split(".")) at = typeof at === "object" ? at[part] : undefined;
  return typeof at === "string" ? at.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(blanks[name] ?? "")) : key;
}
