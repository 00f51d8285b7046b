import { type ReactNode, useEffect, useId, useRef } from "react";
import { useWords } from "../words";
import { Icon } from "./icons";

/** A dialog by the browser's own means: it keeps the focus inside, Escape closes it, and the focus returns to where it was. */
export function Sheet({
  title,
  close,
  children,
  footer,
  wide,
}: {
  title: ReactNode;
  close: () => void;
  children: ReactNode;
  footer?: ReactNode;
  wide?: boolean;
}) {
  const { t } = useWords();
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = box.current;
    const before = document.activeElement;
    if (dialog && !dialog.open) dialog.showModal();
    return () => {
      dialog?.close();
      // What opened it may be gone, as a row is whose order left.
      const back = before instanceof HTMLElement && before.isConnected ? before : document.getElementById("main");
      back?.focus({ preventScroll: true });
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape, which the browser handles, does the same as a press beside the box
    <dialog
      ref={box}
      className={wide ? "sheet wide" : "sheet"}
      aria-labelledby={id}
      aria-modal="true"
      onCancel={(e) => {
        e.preventDefault();
        close();
      }}
      onClick={(e) => {
        if (e.target === box.current) close();
      }}
    >
      <div className="sheet-box">
        <header>
          <h2 id={id}>{title}</h2>
          <button type="button" className="btn icon ghost" aria-label={t("do.close")} onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        <div className="sheet-body">{children}</div>
        {footer ? <footer>{footer}</footer> : null}
      </div>
    </dialog>
  );
}
