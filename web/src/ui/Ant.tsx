import ConfigProvider from "antd/es/config-provider";
import type { Locale } from "antd/es/locale";
import theme from "antd/es/theme";
import { type ReactNode, useEffect, useState } from "react";
import { useWords } from "../words";
import { useLook, usePhone } from "./device";

const locales: Record<string, () => Promise<{ default: Locale }>> = {
  "zh-CN": () => import("antd/es/locale/zh_CN"),
  es: () => import("antd/es/locale/es_ES"),
  "pt-BR": () => import("antd/es/locale/pt_BR"),
};

// Ant Design computes shades of its colours, so it needs the values themselves and not their names.
const sources = {
  colorPrimary: "--brand",
  colorPrimaryHover: "--brand-strong", // its own are paler, and white on them is hard to read
  colorError: "--red",
  colorErrorHover: "--red-strong",
  colorWarning: "--amber",
  colorTextLightSolid: "--on-brand",
  colorBgBase: "--surface",
  colorBgContainer: "--surface",
  colorBgElevated: "--surface",
  colorBorder: "--line-strong",
  colorTextBase: "--text",
  colorTextPlaceholder: "--text-3",
  colorTextDescription: "--text-2",
  colorTextTertiary: "--text-2",
} as const;

/** The values of tokens.css, as the page wears them now, under Ant Design's names. */
function tokensNow() {
  const values = getComputedStyle(document.documentElement);
  const colours = Object.fromEntries(Object.entries(sources).map(([ant, ours]) => [ant, values.getPropertyValue(ours).trim()]));
  const width = Number.parseInt(values.getPropertyValue("--line-width"), 10) || 1;
  return { ...colours, borderRadius: 8, lineWidth: width, fontFamily: "var(--font)" };
}

/** Ant Design in our colours, for the screens that use it; it is loaded with them and not before. */
export function Ant({ children }: { children: ReactNode }) {
  const { language } = useWords();
  const look = useLook();
  const phone = usePhone();
  const [words, setWords] = useState<{ language: string; locale: Locale | undefined }>();
  useEffect(() => {
    let current = true;
    const set = (locale?: Locale) => current && setWords({ language, locale });
    const load = locales[language]; // English is built in
    if (load)
      void load().then(
        (m) => set(m.default),
        () => set(),
      );
    else set();
    return () => {
      current = false;
    };
  }, [language]);
  // Words that come later would set up everything inside anew, and what has been typed would be gone.
  if (words?.language !== language) return null;
  return (
    <ConfigProvider
      locale={words.locale}
      button={{ autoInsertSpace: false }}
      theme={{
        algorithm: look === "dark" ? theme.darkAlgorithm : theme.defaultAlgorithm,
        token: { ...tokensNow(), controlHeight: phone ? 48 : 34, fontSize: phone ? 16 : 14 },
      }}
    >
      {children}
    </ConfigProvider>
  );
}
