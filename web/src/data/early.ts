// What the first screen asks the service for, asked while the console itself is still on its way: on a thin line that is a second earlier.

type Asked = { at: number; answer: Promise<Response> };

const fresh = 10_000; // an answer that was not wanted by then is an old one
const asked = new Map<string, Asked>();
const early = new WeakSet<Response>();

function keyOf(url: string): string {
  const { pathname, searchParams } = new URL(url, location.href);
  searchParams.sort();
  return `${pathname}?${searchParams}`;
}

/** Asks now for what will be wanted. What goes wrong is told to whoever takes it. */
export function askEarly(path: string, query: Record<string, string | number | undefined> = {}): void {
  const given = Object.entries(query).flatMap(([k, v]) => (v === undefined ? [] : [[k, String(v)]]));
  const url = given.length > 0 ? `${path}?${new URLSearchParams(given)}` : path;
  const answer = fetch(url);
  answer.catch(() => {});
  asked.set(keyOf(url), { at: Date.now(), answer });
}

/** Fetches, or gives the answer of the same question that was asked early; that one only once. */
export async function fetchOrTake(request: Request): Promise<Response> {
  if (request.method !== "GET") asked.clear(); // what was answered before an act, a sign-in above all, may not be so after it
  const key = keyOf(request.url);
  const known = asked.get(key);
  if (!known) return fetch(request);
  asked.delete(key);
  if (Date.now() - known.at > fresh) return fetch(request);
  const given = await Promise.race([known.answer, over(request.signal)]);
  early.add(given);
  return given;
}

/** Whether an answer may be older than the question: it says nothing about the time. */
export const wasEarly = (r: Response): boolean => early.has(r);

const over = (signal: AbortSignal) =>
  new Promise<never>((_, fail) => {
    if (signal.aborted) fail(signal.reason);
    signal.addEventListener("abort", () => fail(signal.reason), { once: true });
  });
