import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { Icon } from "./icons";

export type MenuItem = { key: string; label: string; danger?: boolean; disabled?: boolean; why?: string; do: () => void };

/**
 * A button with more acts behind it. Arrow keys move, Escape closes and gives the focus back.
 * @param items asked for when it is opened, not before: a list has hundreds of them
 */
export function Menu({ label, items }: { label: string; items: () => MenuItem[] }) {
  const [open, setOpen] = useState(false);
  const [up, setUp] = useState(false);
  const id = useId();
  const box = useRef<HTMLSpanElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!open) return;
    const away = (e: PointerEvent) => {
      if (!box.current?.contains(e.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    box.current?.querySelector<HTMLButtonElement>("[role=menuitem]:not(:disabled)")?.focus();
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);

  function onKeyDown(e: KeyboardEvent) {
    if (!open) return;
    e.stopPropagation();
    if (e.key === "Escape" || e.key === "Tab") {
      setOpen(false);
      button.current?.focus();
      return;
    }
    const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    if (step === 0) return;
    e.preventDefault();
    const all = [...(box.current?.querySelectorAll<HTMLButtonElement>("[role=menuitem]:not(:disabled)") ?? [])];
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    all[(at + step + all.length) % all.length]?.focus();
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys are heard here for the button and the menu inside
    <span ref={box} style={{ position: "relative", display: "inline-flex" }} onKeyDown={onKeyDown}>
      <button
        ref={button}
        type="button"
        className="btn icon ghost"
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => {
          const r = button.current?.getBoundingClientRect();
          setUp(r ? window.innerHeight - r.bottom < 60 + items().length * 48 : false);
          setOpen(!open);
        }}
      >
        <Icon name="more" />
      </button>
      {open ? (
        <div id={id} role="menu" aria-label={label} className="menu" style={{ right: 0, ...(up ? { bottom: "100%" } : { top: "100%" }) }}>
          {items().map((item) => (
            <button
              key={item.key}
              type="button"
              role="menuitem"
              className={item.danger ? "danger" : undefined}
              disabled={item.disabled}
              title={item.why}
              onClick={() => {
                setOpen(false);
                button.current?.focus();
                item.do();
              }}
            >
              {item.label}
            </button>
          ))}
        </div>
      ) : null}
    </span>
  );
}
