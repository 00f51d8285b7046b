import { Sheet } from "../../ui/Sheet";
import { useWords } from "../../words";
import type { After } from "../../words/reader";

const groups: [After<"keys.group">, [string[], After<"keys">][]][] = [
  [
    "list",
    [
      [["j", "↓"], "down"],
      [["k", "↑"], "up"],
      [["PgDn", "PgUp"], "page"],
      [["Home", "End"], "ends"],
      [["Enter"], "enter"],
      [["o"], "open"],
      [["Esc"], "escape"],
    ],
  ],
  [
    "act",
    [
      [["a"], "accept"],
      [["e"], "ready"],
      [["d"], "dispatch"],
      [["s"], "ship"],
      [["r"], "refuse"],
      [["n"], "note"],
      [["m"], "menu"],
    ],
  ],
  [
    "many",
    [
      [["x"], "choose"],
      [["Ctrl a"], "all"],
      [["b"], "batch"],
      [["p"], "labels"],
    ],
  ],
  [
    "go",
    [
      [["[", "]"], "tabs"],
      [["1", "…", "9"], "number"],
      [["/"], "search"],
      [["Ctrl k"], "palette"],
      [["c"], "entry"],
      [["?"], "help"],
    ],
  ],
];

/** Every key of the order centre on one sheet. */
export function Keys({ close }: { close: () => void }) {
  const { t } = useWords();
  return (
    <Sheet title={t("keys.title")} close={close} wide>
      <div className="key-groups">
        {groups.map(([group, keys]) => (
          <section key={group}>
            <h3>{t(`keys.group.${group}`)}</h3>
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
          </section>
        ))}
      </div>
    </Sheet>
  );
}
