import ConfigProvider from "antd/es/config-provider";
import type { Locale } from "antd/es/locale";
import theme from "antd/es/theme";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useDark, usePhone } from "./device";

const locales: Record<string, () => Promise<{ default: Locale }>> = {
  "zh-CN": () => import("antd/es/locale/zh_CN"),
};

/** Ant Design in our colours, for the screens that use it; it is loaded with them and not before. */
export function Ant({ children }: { children: ReactNode }) {
  const { i18n } = useTranslation();
  const dark = useDark();
  const phone = usePhone();
  const [words, setWords] = useState<{ language: string; locale: Locale | undefined }>();
  const language = i18n.language;
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
        algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
        token: {
          colorPrimary: dark ? "#34bd9b" : "#0b7a63",
          colorError: dark ? "#ff7d76" : "#bf2626",
          colorWarning: dark ? "#f5b54a" : "#8f5200",
          colorTextLightSolid: dark ? "#03130e" : "#ffffff",
          colorBgBase: dark ? "#151b19" : "#ffffff",
          colorBgContainer: dark ? "#151b19" : "#ffffff",
          colorBorder: dark ? "#3a4743" : "#c3cecb",
          colorBgElevated: dark ? "#1c2422" : "#ffffff",
          colorTextBase: dark ? "#e9efed" : "#16201d",
          colorTextPlaceholder: dark ? "#8f9d98" : "#66736f",
          colorTextDescription: dark ? "#b0bdb8" : "#4d5a56",
          colorTextTertiary: dark ? "#b0bdb8" : "#4d5a56",
          borderRadius: 8,
          fontFamily: "var(--font)",
          controlHeight: phone ? 48 : 34,
          fontSize: phone ? 16 : 14,
        },
      }}
    >
      {children}
    </ConfigProvider>
  );
}
