import type { AnchorHTMLAttributes, MouseEvent } from "react";

type Props = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href" | "onClick"> & { href: string; go: () => void };

/**
 * A link within the console, for what stands in a list many times: the router's own Link asks at each change of the address bar whether it
 * leads there.
 * @param go does what the address says without loading the page; another tab or window is left to the browser
 */
export function Anchor({ href, go, ...rest }: Props) {
  const press = (e: MouseEvent) => {
    if (e.button !== 0 || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
    e.preventDefault();
    go();
  };
  return <a {...rest} href={href} onClick={press} />;
}
