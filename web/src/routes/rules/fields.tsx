import type { ReactNode } from "react";
import type { Rule } from "./rules";

/** A rule that is being set up, and how it is changed. */
export type Fields = { rule: Rule; change: (r: Rule) => void };

type InputProps = { label: string; value: string; set: (v: string) => void; type?: string; decimal?: boolean };

export function Input({ label, value, set, type = "text", decimal }: InputProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <input
        className="input num"
        type={type}
        inputMode={decimal ? "decimal" : undefined}
        value={value}
        maxLength={200}
        onChange={(e) => set(e.target.value)}
      />
    </label>
  );
}

export function Choice({ on, set, children }: { on: boolean; set: (on: boolean) => void; children: ReactNode }) {
  return (
    <label className="choice">
      <input type="checkbox" checked={on} onChange={(e) => set(e.target.checked)} /> {children}
    </label>
  );
}
