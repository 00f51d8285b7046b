// Pictures for the console, drawn on a grid of 24 with one stroke. They never stand alone: a word or a label is always beside them.

import type { ReactNode } from "react";

const shapes = {
  orders: (
    <>
      <path d="M6 3h12v18l-3-2-3 2-3-2-3 2z" />
      <path d="M9.5 8.5h5M9.5 12.5h5" />
    </>
  ),
  scan: (
    <>
      <path d="M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4" />
      <path d="M8 12.500l2.800 2.800L16.500 9.500" />
    </>
  ),
  printer: (
    <>
      <path d="M7 8V3h10v5M7 17H4V9.500h16V17h-3" />
      <path d="M7 14h10v7H7z" />
    </>
  ),
  plug: (
    <>
      <path d="M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4" />
    </>
  ),
  parked: (
    <>
      <path d="M4 13l2.5-8h11L20 13v6H4z" />
      <path d="M4 13h5l1 2.5h4l1-2.5h5" />
    </>
  ),
  unclear: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="M9.5 9.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M12 16.6v.1" />
    </>
  ),
  comment: (
    <>
      <path d="M4 5h16v11h-8l-4 4v-4H4z" />
      <path d="M8 9h8M8 12.2h5" />
    </>
  ),
  pulse: <path d="M2.5 12.5h4l2.5-7 5 13 2.5-6h5" />,
  person: (
    <>
      <circle cx="12" cy="8" r="4" />
      <path d="M4.5 20.5a7.5 7.5 0 0 1 15 0" />
    </>
  ),
  bell: (
    <>
      <path d="M6 16.500V11a6 6 0 0 1 12 0v5.500l1.500 1.500h-15zM10 20.500a2.200 2.200 0 0 0 4 0" />
    </>
  ),
  board: (
    <>
      <path d="M4 9.500L5.500 4h13L20 9.500M4 9.500a2.700 2.700 0 0 0 5.300 0 2.700 2.700 0 0 0 5.400 0 2.700 2.700 0 0 0 5.300 0M5.500 12.500V20h13v-7.500M10 20v-4.500h4V20" />
    </>
  ),
  people: (
    <>
      <circle cx="9" cy="8.500" r="3.500" />
      <path d="M2.500 20a6.500 6.500 0 0 1 13 0M15.500 5.500a3.500 3.500 0 0 1 0 6.500M18 14a6 6 0 0 1 3.500 6" />
    </>
  ),
  call: (
    <path d="M6.500 3.500h3l1.500 4.500-2 1.500a11 11 0 0 0 5.500 5.500l1.500-2 4.500 1.500v3a2 2 0 0 1-2.200 2A16.500 16.500 0 0 1 4.500 5.700a2 2 0 0 1 2-2.200z" />
  ),
  search: (
    <>
      <circle cx="11" cy="11" r="6.5" />
      <path d="M16 16l4.5 4.5" />
    </>
  ),
  voice: (
    <>
      <path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11" />
    </>
  ),
  mute: (
    <>
      <path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 10l5 5M21 10l-5 5" />
    </>
  ),
  warn: (
    <>
      <path d="M12 4L2.5 20h19zM12 10v4.5M12 17.2v.1" />
    </>
  ),
  offline: (
    <>
      <path d="M3 3l18 18M8.5 15.5a5 5 0 0 1 6-.6M5 12a10 10 0 0 1 5-2.7M14.5 9.4A10 10 0 0 1 19 12M2 8.5A15 15 0 0 1 6 6M10.5 5A15 15 0 0 1 22 8.5M12 19v.1" />
    </>
  ),
  close: <path d="M6 6l12 12M18 6L6 18" />,
  more: <path d="M5 12h.01M12 12h.01M19 12h.01" strokeWidth="2.6" />,
  back: <path d="M14.5 5l-7 7 7 7" />,
  copy: (
    <>
      <rect x="8.5" y="8.5" width="11" height="11" rx="2" />
      <path d="M15.5 8.5v-2a2 2 0 0 0-2-2h-7a2 2 0 0 0-2 2v7a2 2 0 0 0 2 2h2" />
    </>
  ),
  edit: <path d="M4 20h4L19.500 8.500l-4-4L4 16zM13.500 6.500l4 4" />,
  check: <path d="M5 12.5l4.5 4.5L19 7.5" />,
  lock: (
    <>
      <rect x="5" y="10.5" width="14" height="10" rx="2" />
      <path d="M8 10.5V7.5a4 4 0 0 1 8 0v3" />
    </>
  ),
  phone: <path d="M6 3.5h3l1.5 4.5-2 1.5a12 12 0 0 0 6 6l1.5-2 4.5 1.5v3a2 2 0 0 1-2 2A16 16 0 0 1 4 5.500a2 2 0 0 1 2-2z" />,
  keyboard: (
    <>
      <rect x="2.500" y="6" width="19" height="12" rx="2" />
      <path d="M6 10h.01M9 10h.01M12 10h.01M15 10h.01M18 10h.01M8 14h8" />
    </>
  ),
  plus: <path d="M12 5v14M5 12h14" />,
  tally: <path d="M5 7.5l1.500 1.500L9 6.500M5 15.500l1.500 1.500L9 14.500M12.500 8H19M12.500 16H19" />,
  view: <path d="M5 4h14v16l-7-4.500L5 20z" />,
  columns: (
    <>
      <rect x="3.500" y="5" width="17" height="14" rx="2" />
      <path d="M9.200 5v14M14.800 5v14" />
    </>
  ),
  calm: (
    <>
      <path d="M4 16h16M6 16a6 6 0 0 1 12 0M12 7V5M10 20h4" />
    </>
  ),
  refund: <path d="M9 8h6a5 5 0 0 1 0 10H7M9 8l3.500-3.500M9 8l3.500 3.500" />,
  money: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="M8.500 7l3.500 5 3.500-5M12 12v5.500M9 12.500h6M9 15h6" />
    </>
  ),
  bolt: <path d="M13 3L5 13.500h6L10.500 21 19 10.500h-6z" />,
  bike: (
    <>
      <circle cx="6" cy="16.500" r="3.500" />
      <circle cx="18" cy="16.500" r="3.500" />
      <path d="M6 16.500l3.500-7h5l3.500 7M9.500 9.500l3 7M14.500 9.500L14 6.500h2.500" />
    </>
  ),
  tablet: (
    <>
      <rect x="5" y="3" width="14" height="18" rx="2" />
      <path d="M11 17.800h2" />
    </>
  ),
  power: <path d="M12 3.500v8M7.500 6.500a7.500 7.500 0 1 0 9 0" />,
  dawn: (
    <>
      <path d="M7.500 16.500a4.500 4.500 0 0 1 9 0M3 16.500h18M12 5v3M4.500 9.500l2 2M19.500 9.500l-2 2M8 20h8" />
    </>
  ),
  seal: (
    <path d="M12 3l7.500 2.500V12c0 4.500-3.200 7.500-7.500 9-4.300-1.500-7.500-4.500-7.500-9V5.500zM8.800 12l2.300 2.300 4.200-4.600" />
  ),
  key: (
    <>
      <circle cx="8" cy="16" r="4" />
      <path d="M11 13l9-9M16.500 7.500l2.500 2.500M13.500 10.500l2 2" />
    </>
  ),
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof shapes;
export const iconNames = Object.keys(shapes) as IconName[];

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      viewBox="0 0 24 24"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {shapes[name]}
    </svg>
  );
}
