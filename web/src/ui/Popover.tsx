import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";

/** A button with a small panel below it, for what is set and not done: columns, views. Escape closes it and gives the focus back. */
export function Popover({ label, face, children }: { label: string; face: ReactNode; children: (close: () => void) => ReactNode }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const box = useRef<HTMLSpanElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  useEffect(() => {
    if (!open) return;
    const away = (e: PointerEvent) => {
      if (!box.current?.contains(e.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    box.current?.querySelector<HTMLElement>(".popover :is(input, a, button)")?.focus();
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);
  function onKeyDown(e: KeyboardEvent) {
    if (!open) return;
    e.stopPropagation();
    if (e.key === "Escape") close();
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape is heard here for the button and the panel inside
    <span ref={box} className="popover-place" onKeyDown={onKeyDown}>
      <button
        ref={button}
        type="button"
        className="btn ghost popover-button"
        aria-label={label}
        title={label}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        {face}
      </button>
      {open ? (
        <div id={id} className="popover" role="dialog" aria-label={label}>
          {children(close)}
        </div>
      ) : null}
    </span>
  );
}
