// The texts of the shop floor's screens. Few enough that both languages are in the bundle: a screen that changes its language
// needs no network.

import { recall, remember } from "../ui/device";
import { en } from "../words/floor/en";
import { zh } from "../words/floor/zh-CN";

type Tree = { [key: string]: string | Tree };
const all: Record<string, Tree> = { "zh-CN": zh, en };

/** What the browser or a person wants: the same choice as in the console. */
export const language: string =
  [recall("language"), ...(navigator.languages || [navigator.language])]
    .map((code) => (code.startsWith("zh") ? "zh-CN" : code.startsWith("en") ? "en" : ""))
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
