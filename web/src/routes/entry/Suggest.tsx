import { type KeyboardEvent, type ReactNode, type Ref, useId, useState } from "react";

export type Option = { key: string; text: ReactNode; more?: ReactNode; choose: () => void };

/** A box with what may be meant below it. Arrows choose, Enter takes; without anything to take, Enter is the form's. */
export function Suggest({
  label,
  value,
  change,
  options,
  hint,
  box,
  name,
  inputMode,
  eager,
  invalid,
  enter,
  up,
}: {
  label: string;
  value: string;
  change: (v: string) => void;
  options: Option[];
  hint?: string;
  box?: Ref<HTMLInputElement>;
  name: string;
  inputMode?: "text" | "tel";
  /** Whether Enter takes the first option although no arrow was pressed. */
  eager: boolean;
  invalid?: boolean;
  enter: () => void;
  up?: () => void;
}) {
  const id = useId();
  const [at, setAt] = useState(-1);
  const [open, setOpen] = useState(false);
  const shown = open && value.trim() !== "" ? options : [];
  const current = Math.min(at < 0 && eager ? 0 : at, shown.length - 1);
  const take = (o: Option) => {
    o.choose();
    setAt(-1);
  };
  function onKeyDown(e: KeyboardEvent<HTMLInputElement>) {
    if (e.nativeEvent.isComposing) return; // the Enter that ends a word of an input method
    if (e.key === "ArrowDown" && shown.length > 0) setAt(Math.min(current + 1, shown.length - 1));
    else if (e.key === "ArrowUp" && shown.length > 0 && current > 0) setAt(current - 1);
    else if (e.key === "ArrowUp" && value === "" && up) up();
    else if (e.key === "Escape" && shown.length > 0) setOpen(false);
    else if (e.key === "Enter") {
      const o = shown[current];
      if (o) take(o);
      else enter();
    } else return;
    e.preventDefault();
    e.stopPropagation();
  }
  return (
    <div className="suggest">
      <label className="field">
        <span>{label}</span>
        <input
          ref={box}
          className="input"
          data-field={name}
          role="combobox"
          aria-expanded={shown.length > 0}
          aria-controls={id}
          aria-autocomplete="list"
          aria-activedescendant={current >= 0 ? `${id}-${current}` : undefined}
          aria-invalid={invalid || undefined}
          autoComplete="off"
          enterKeyHint="next"
          inputMode={inputMode}
          placeholder={hint}
          value={value}
          onChange={(e) => {
            change(e.target.value);
            setAt(-1);
            setOpen(true);
          }}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={onKeyDown}
        />
      </label>
      <div id={id} className="suggest-list" role="listbox" aria-label={label} hidden={shown.length === 0}>
        {shown.map((o, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the box above hears the keys
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the box, which says which option is meant
          <div
            key={o.key}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === current}
            onPointerDown={(e) => e.preventDefault()}
            onClick={() => take(o)}
          >
            <span className="clip">{o.text}</span>
            {o.more ? <small className="quiet num">{o.more}</small> : null}
          </div>
        ))}
      </div>
    </div>
  );
}
