import { useSyncExternalStore } from "react";

type Toast = { id: number; text: string };

let toasts: Toast[] = [];
let serial = 0;
const watchers = new Set<() => void>();

function set(next: Toast[]) {
  toasts = next;
  for (const w of watchers) w();
}

/** Says something harmless for a few seconds. What must not be missed belongs on the order itself. */
export function toast(text: string): void {
  const id = ++serial;
  set([...toasts.slice(-2), { id, text }]);
  setTimeout(() => set(toasts.filter((t) => t.id !== id)), 4500);
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (w) => {
      watchers.add(w);
      return () => watchers.delete(w);
    },
    () => toasts,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((t) => (
        <div key={t.id} className="toast">
          {t.text}
        </div>
      ))}
    </div>
  );
}
