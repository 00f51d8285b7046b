// Where this page stands: over the real orders, or below /practice, over those that people learn on. Calls, links and what the device
// remembers stay on the same side, so a page can never mix the two.

const path = typeof location === "undefined" ? "/" : location.pathname;

/** Whether the orders of this page are not real. */
export const practising: boolean = path === "/practice" || path.indexOf("/practice/") === 0;

/** What stands before every path of this page. */
export const root: string = practising ? "/practice" : "";
