import { useWords, word } from "../words";

/** That a shop's orders ring for nobody here and no act is sent for them; nothing where everything is. */
export function ModeChip({ mode }: { mode: string | undefined }) {
  const { t } = useWords();
  if (!mode || mode === "full") return null;
  return (
    <span className="chip odd" title={t("form.modeHelp")} data-testid="mode" data-mode={mode}>
      {word(t, "mode", mode)}
    </span>
  );
}
