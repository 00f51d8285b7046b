import { type PointerEvent, type ReactNode, useRef, useState } from "react";

export type SwipeAction = { key: string; label: string; danger?: boolean; disabled?: boolean; do: () => void };

const width = 84; // of one action, wide enough for a wet thumb

/**
 * A row that uncovers actions when it is swiped to the left. A swipe only uncovers; the press does the act. The same actions must be
 * reachable without swiping, so these are hidden from the keyboard and from screen readers until they show.
 */
export function SwipeRow({ actions, children }: { actions: SwipeAction[]; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const [shift, setShift] = useState<number>();
  const start = useRef<{ x: number; y: number; id: number; sideways: boolean; shift: number } | undefined>(undefined);
  const [used, setUsed] = useState(false); // a list has hundreds of these acts, and few are ever swiped to
  const full = actions.length * width;

  function down(e: PointerEvent) {
    if (e.pointerType === "mouse" || actions.length === 0) return;
    start.current = { x: e.clientX, y: e.clientY, id: e.pointerId, sideways: false, shift: 0 };
  }
  function move(e: PointerEvent<HTMLDivElement>) {
    const s = start.current;
    if (!s || s.id !== e.pointerId) return;
    const dx = e.clientX - s.x;
    const dy = e.clientY - s.y;
    if (!s.sideways) {
      if (Math.abs(dy) > 12 && Math.abs(dy) > Math.abs(dx)) {
        start.current = undefined;
        return;
      }
      if (Math.abs(dx) < 12) return;
      s.sideways = true;
      setUsed(true);
      e.currentTarget.setPointerCapture(e.pointerId);
    }
    s.shift = Math.max(-full - 24, Math.min(0, dx + (open ? -full : 0)));
    setShift(s.shift);
  }
  function up() {
    // The last shift may not have been drawn yet when the finger leaves in a hurry.
    if (start.current?.sideways) setOpen(start.current.shift < -full / 2);
    start.current = undefined;
    setShift(undefined);
  }

  const at = shift ?? (open ? -full : 0);
  return (
    <div className="swipe">
      <div className="swipe-acts" style={{ width: full }} aria-hidden={!open} inert={!open && shift === undefined}>
        {(used ? actions : []).map((a) => (
          <button
            key={a.key}
            type="button"
            className={a.danger ? "danger" : ""}
            style={{ width }}
            disabled={a.disabled}
            tabIndex={open ? 0 : -1}
            onClick={() => {
              setOpen(false);
              a.do();
            }}
          >
            {a.label}
          </button>
        ))}
      </div>
      <div
        className="swipe-top"
        style={{ transform: `translateX(${at}px)`, transition: shift === undefined ? "transform 0.18s ease-out" : "none" }}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        onPointerCancel={up}
        onClickCapture={(e) => {
          if (!open) return;
          e.stopPropagation();
          e.preventDefault();
          setOpen(false);
        }}
      >
        {children}
      </div>
    </div>
  );
}
