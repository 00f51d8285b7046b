import type { ReactNode } from "react";
import { Failure } from "../data/api";
import { useWords } from "../words";
import { Icon, type IconName } from "./icons";

export function State({ icon, title, children, action }: { icon: IconName; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="state">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children ? <p>{children}</p> : null}
      {action}
    </div>
  );
}

/** What went wrong and the way out. */
export function Trouble({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useWords();
  const f = error instanceof Failure ? error : undefined;
  if (f?.code === "forbidden") {
    return (
      <State icon="lock" title={t("state.forbidden")}>
        {f.message || t("state.forbiddenHelp")}
      </State>
    );
  }
  const title = f?.code === "offline" ? t("state.offline") : f?.code === "not_found" ? t("state.notFound") : t("state.failed");
  return (
    <div role="alert">
      <State
        icon={f?.code === "offline" ? "offline" : "warn"}
        title={title}
        action={
          retry ? (
            <button type="button" className="btn" onClick={retry}>
              {t("do.again")}
            </button>
          ) : null
        }
      >
        {f?.message || (f?.code === "offline" ? t("state.offlineHelp") : t("state.failedHelp"))}
        {f?.requestId ? (
          <>
            <br />
            <span className="quiet mono">{t("state.request", { id: f.requestId })}</span>
          </>
        ) : null}
      </State>
    </div>
  );
}

/** Grey bars in the place of what is being read, so that nothing jumps when it comes. */
export function Bones({ rows, height, gap = 12 }: { rows: number; height: number; gap?: number }) {
  const { t } = useWords();
  return (
    <div role="status" aria-label={t("state.loading")} style={{ display: "grid", gap }}>
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the bars are all alike
        <span key={i} className="bone" style={{ height }} />
      ))}
    </div>
  );
}
