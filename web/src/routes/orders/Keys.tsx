import { useTranslation } from "react-i18next";
import { Sheet } from "../../ui/Sheet";

const keys: [string[], string][] = [
  [["j", "↓"], "down"],
  [["k", "↑"], "up"],
  [["Enter"], "enter"],
  [["a"], "accept"],
  [["o"], "open"],
  [["x"], "choose"],
  [["/"], "search"],
  [["Esc"], "escape"],
  [["?"], "help"],
];

export function Keys({ close }: { close: () => void }) {
  const { t } = useTranslation();
  return (
    <Sheet title={t("keys.title")} close={close}>
      <dl className="keys">
        {keys.map(([caps, what]) => (
          <div key={what}>
            <dt>
              {caps.map((c) => (
                <kbd key={c}>{c}</kbd>
              ))}
            </dt>
            <dd>{t(`keys.${what}`)}</dd>
          </div>
        ))}
      </dl>
    </Sheet>
  );
}
