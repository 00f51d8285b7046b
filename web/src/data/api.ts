// The one door to the service. Every call goes through here: it learns the time, notices that nobody is signed in any more, and
// turns each failure into words.

import createClient, { type Middleware } from "openapi-fetch";
import { root } from "../place";
import { inWords } from "../words/reasons";
import { learnTime } from "./clock";
import { fetchOrTake, wasEarly } from "./early";
import type { components, paths } from "./schema";
import { setTurn, turnNow, unlockHeader } from "./unlock";

type Problem = components["schemas"]["Problem"];

/** A call that failed. `code` is the service's, or "offline" when nothing came back, which says nothing about what happened there. */
export class Failure extends Error {
  readonly code: string;
  readonly status: number;
  readonly requestId: string;
  /** The message as a stable code; "" when it is a platform's own words. */
  readonly why: string;
  readonly fields: { location: string; message: string }[];
  constructor(
    code: string,
    status: number,
    message: string,
    requestId = "",
    fields: { location: string; message: string }[] = [],
    why = "",
  ) {
    super(message);
    this.name = "Failure";
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.why = why;
    this.fields = fields;
  }
}

const asked = new WeakMap<Request, number>();
let signedOut: () => void = () => {};

/** Called when the service says that the session has ended. */
export function onSignedOut(then: () => void): void {
  signedOut = then;
}

/** Somebody else has unlocked this screen, or it was locked elsewhere. */
function noticeLocked(p: Partial<Problem>): void {
  if (p.why?.code === "screen_locked") setTurn(undefined);
}

const door: Middleware = {
  onRequest({ request }) {
    asked.set(request, Date.now());
    const turn = turnNow();
    if (turn) request.headers.set(unlockHeader, turn.id);
  },
  onResponse({ request, response }) {
    if (!wasEarly(response)) learnTime(response.headers.get("Date"), asked.get(request) ?? Date.now());
    if (response.status === 403 && turnNow())
      void response
        .clone()
        .json()
        .then(noticeLocked, () => {});
    if (response.status === 401 && !new URL(request.url).pathname.endsWith("/session")) signedOut();
  },
};

export const api = createClient<paths>({
  baseUrl: typeof location === "undefined" ? "http://localhost" : location.origin + root,
  fetch: fetchOrTake,
  querySerializer: { array: { style: "form", explode: false } },
});
api.use(door);

type Result<T> = { data?: T; error?: unknown; response: Response };

/** Waits for a call and gives its data, or throws a Failure. */
export async function answer<T>(call: Promise<Result<T>>): Promise<T> {
  let result: Result<T>;
  try {
    result = await call;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new Failure("offline", 0, "");
  }
  if (!result.response.ok) throw failureOf(result.error, result.response);
  return result.data as T;
}

function failureOf(error: unknown, response: Response): Failure {
  const p: Partial<Problem> = typeof error === "object" && error !== null ? (error as Problem) : {};
  const byStatus: Record<number, string> = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    429: "rate_limited",
  };
  return new Failure(
    p.code || byStatus[response.status] || (response.status >= 500 ? "unavailable" : "invalid"),
    response.status,
    inWords(p.detail || p.title || "", p.why),
    p.request_id || response.headers.get("X-Request-Id") || "",
    (p.errors ?? []).map((e) => ({ location: e.location ?? "", message: inWords(e.message ?? "", e.why) })),
    p.why?.code ?? "",
  );
}

/** Whether a failure may pass by itself. What the service decided will be decided the same way again. */
export function mayPass(e: unknown): boolean {
  return e instanceof Failure && (e.code === "offline" || e.status === 429 || e.status >= 502);
}

export { onceKey } from "./once";
