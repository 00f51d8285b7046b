import { type ReactNode, useEffect, useState } from "react";
import { Failure } from "../data/api";
import { useWords } from "../words";
import { Icon } from "./icons";

/** What went wrong with an act, beside what was pressed; nothing while nothing did. */
export function Problem({ error }: { error: unknown }): ReactNode {
  const { t } = useWords();
  const [shown, setShown] = useState<unknown>();
  useEffect(() => setShown(error), [error]);
  if (!shown) return null;
  const f = shown instanceof Failure ? shown : undefined;
  const more = f?.fields.map((x) => `${x.location.replace(/^(body|query|path)\.?/, "")} ${x.message}`.trim()).join("; ");
  return (
    <p className="notice bad" role="alert">
      <Icon name="warn" />{" "}
      {f?.code === "offline" ? t("state.offlineHelp") : [f?.message || t("state.failedHelp"), more].filter(Boolean).join(" — ")}
    </p>
  );
}
