// Which language is read. Apart from what puts texts together, so that the texts are asked for before the console itself is there.

import { recall } from "../ui/memory";

export type Words = { [key: string]: string | Words };

export const languages = [
  { code: "zh-CN", name: "简体中文", load: () => import("./zh-CN").then((m) => m.words as Words) },
  { code: "en", name: "English", load: () => import("./en").then((m) => m.words as Words) },
  { code: "es", name: "Español", load: () => import("./es").then((m) => m.words as Words) },
  { code: "pt-BR", name: "Português (Brasil)", load: () => import("./pt-BR").then((m) => m.words as Words) },
] as const;

const fallback = languages[0];

/** The language that was chosen on this device, else the first of the browser's that there is. */
export function wanted(): (typeof languages)[number] {
  const asked = [recall("language"), ...navigator.languages];
  for (const code of asked) {
    const found = languages.find((l) => l.code === code) ?? languages.find((l) => code && l.code.split("-")[0] === code.split("-")[0]);
    if (found) return found;
  }
  return fallback;
}
