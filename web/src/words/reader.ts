// Puts the texts of a language (words/*.ts) together: finds one by its key, fills in its blanks, picks its form for a number.

import { createContext, createElement, type ReactNode, useContext, useSyncExternalStore } from "react";
import type { Words } from "./choose";
import type { words as reference } from "./zh-CN";

type Reference = typeof reference;

/** What stands in the blanks of a text. */
type Blanks = {
  [name: string]: unknown;
  /** A number picks the text's form: key_one or key_other, as the language has it. */
  count?: number;
  /** Given where there is no such text; otherwise its key is. */
  defaultValue?: string;
};

/**
 * The text of a key. {{name}} in it is a blank; $t(key) stands for another text, and blanks in that key are filled first. What is filled in
 * is never read for blanks itself, so a customer's words stay what they are.
 */
export type Translate = {
  (key: Key, blanks?: Blanks): string;
  /** A key that is put together from what the service said, which may be newer than this console. */
  (key: string, blanks: Blanks & { defaultValue: string }): string;
};

type Paths<T> = { [K in keyof T & string]: T[K] extends string ? K : `${K}.${Paths<T[K]>}` }[keyof T & string];
type Counted<K extends string> = K extends `${infer Base}_other` ? Base | K : K;

/** The keys that there are: one that is asked for and has no text fails the build. */
export type Key = Counted<Paths<Reference>>;

/** What may stand behind a key in front, such as all words for a state: t(`pulse.head.${word}`). */
export type After<Before extends string> = Key extends infer K ? (K extends `${Before}.${infer Rest}` ? Rest : never) : never;

type Loose = (key: string, blanks?: Blanks) => string;

const own = Object.prototype.hasOwnProperty; // not Object.hasOwn: this is also read on the shop floor's old tablets

export type Reader = { t: Translate; language: string };

function readerOf(language: string, words: Words): Reader {
  const forms = new Intl.PluralRules(language || undefined);
  const found = new Map<string, string | undefined>(); // the same few hundred are asked for again and again
  const find = (key: string): string | undefined => {
    if (found.has(key)) return found.get(key);
    let at: string | Words | undefined = words;
    for (const part of key.split(".")) at = typeof at === "object" && own.call(at, part) ? at[part] : undefined;
    const text = typeof at === "string" ? at : undefined;
    if (found.size < 10_000) found.set(key, text);
    return text;
  };
  const filled = (text: string, blanks: Blanks): string =>
    text.replace(/\$t\(([^)]*)\)|\{\{(\w+)\}\}/g, (_, key?: string, blank?: string) =>
      key === undefined ? String(blanks[blank ?? ""] ?? "") : t(filled(key, blanks), blanks),
    );
  const t = (key: string, blanks?: Blanks): string => {
    if (!blanks) return find(key) ?? key;
    const form = typeof blanks.count === "number" ? (find(`${key}_${forms.select(blanks.count)}`) ?? find(`${key}_other`)) : undefined;
    const text = form ?? find(key);
    if (text === undefined) return blanks.defaultValue ?? key;
    return /[{$]/.test(text) ? filled(text, blanks) : text;
  };
  return { t, language };
}

let reader = readerOf("", {});
const watchers = new Set<() => void>();
const watch = (tell: () => void) => {
  watchers.add(tell);
  return () => void watchers.delete(tell);
};

/** From now on everything is read in this language. */
export function readIn(language: string, words: Words): void {
  reader = readerOf(language, words);
  for (const tell of [...watchers]) tell();
}

/** Called whenever another language is read. Gives what ends that. */
export const onLanguage = watch;

// Nearly every part of the page reads texts, a row of the list in twenty places: they are handed down, so that one part alone watches the
// language. Without that one, as on the shop floor, they are those of the moment.
const Reading = createContext<Reader>({
  get t() {
    return reader.t;
  },
  get language() {
    return reader.language;
  },
});

/** Hands the texts down to everything inside, and draws it anew when another language is read. */
export function Language({ children }: { children: ReactNode }): ReactNode {
  return createElement(Reading, { value: useSyncExternalStore(watch, () => reader) }, children);
}

/** The texts in the reader's language, and which that is; renders again when it is another. */
export const useWords = (): Reader => useContext(Reading);

/** The text of a key in the reader's language, outside of what is drawn. */
export const read: Translate = (key: string, blanks?: Blanks) => (reader.t as Loose)(key, blanks);
