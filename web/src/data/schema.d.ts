// The service's contract. Written by hand until docs/openapi.json is there; `npm run generate` then replaces this file.

import type {
  Account,
  App,
  Batch,
  Channel,
  Effect,
  JournalEntry,
  Loose,
  Order,
  OrderSummary,
  Parked,
  Shop,
  Store,
  User,
} from "./model";

export type Problem = {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  errors?: { location?: string; message?: string }[] | null;
  request_id?: string;
};
type Answer<T> = {
  200: { headers: Record<string, unknown>; content: { "application/json": T } };
  default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
};
type Query = Record<string, string | number | undefined>;
type Read<T, P = never> = {
  parameters: { query?: Query; header?: never; path: P; cookie?: never };
  requestBody?: never;
  responses: Answer<T>;
};
type ReadAll<T> = { parameters: { query?: Query; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: Answer<T> };
type Write<B, T, P = never> = {
  parameters: { query?: never; header?: { "Idempotency-Key"?: string }; path: P; cookie?: never };
  requestBody: { content: { "application/json": B } };
  responses: Answer<T>;
};
type WriteAll<B, T> = {
  parameters: { query?: never; header?: { "Idempotency-Key"?: string }; path?: never; cookie?: never };
  requestBody: { content: { "application/json": B } };
  responses: Answer<T>;
};
type Bare<T, P> = {
  parameters: { query?: never; header?: { "Idempotency-Key"?: string }; path: P; cookie?: never };
  requestBody?: never;
  responses: Answer<T>;
};
type Id = { id: string };
type ActBody = Record<string, unknown> & { kind: string };

export interface paths {
  "/api/v1/session": {
    get: ReadAll<Loose<User> & { user?: Loose<User> }>;
    post: WriteAll<{ name: string; password: string }, { user?: Loose<User> }>;
    delete: { parameters: { path?: never }; requestBody?: never; responses: Answer<unknown> };
  };
  "/api/v1/setup": { post: WriteAll<{ token: string; name: string; password: string; merchant?: string; locale?: string }, { user?: Loose<User> }> };
  "/api/v1/me/merchant": { get: ReadAll<{ id?: string; name?: string; locale?: string }> };
  "/api/v1/orders": {
    get: ReadAll<{ orders?: Loose<OrderSummary>[] | null; next_cursor?: string; seq?: number; as_of?: number }>;
  };
  "/api/v1/orders/{id}": { get: Read<Loose<Omit<Order, "customer" | "full_customer">>, Id> };
  "/api/v1/orders/{id}/journal": { get: Read<{ entries?: Loose<JournalEntry>[] | null; next_cursor?: string }, Id> };
  "/api/v1/orders/{id}/actions": {
    post: Write<ActBody, { effect_id?: string; state?: string; already?: { by?: string; at?: number } | null; seq?: number }, Id>;
  };
  "/api/v1/batches": { post: WriteAll<ActBody & { orders: string[] }, Loose<Batch>> };
  "/api/v1/batches/{id}": { get: Read<Loose<Batch>, Id> };
  "/api/v1/batches/{id}/retry": { post: Bare<Loose<Batch>, Id> };
  "/api/v1/counts": {
    get: ReadAll<{
      statuses?: Record<string, number> | null;
      flags?: Record<string, number> | null;
      as_of?: number;
      seq?: number;
    }>;
  };
  "/api/v1/changes": {
    get: ReadAll<{
      epoch?: string | number;
      changes?: { seq?: number; kind?: string; id?: string; at?: number }[] | null;
      next?: number;
    }>;
  };
  "/api/v1/effects": { get: ReadAll<{ effects?: Loose<Effect>[] | null }> };
  "/api/v1/effects/{id}/resolve": { post: Write<{ outcome: "done" | "not_done" }, unknown, Id> };
  "/api/v1/parked": { get: ReadAll<{ parked?: Loose<Parked>[] | null; next_cursor?: string }> };
  "/api/v1/parked/{id}": { get: Read<Loose<Parked>, Id> };
  "/api/v1/parked/{id}/retry": { post: Bare<unknown, Id> };
  "/api/v1/parked/{id}/drop": { post: Bare<unknown, Id> };
  "/api/v1/channels": { get: ReadAll<{ channels?: Loose<Channel>[] | null }> };
  "/api/v1/stores": { get: ReadAll<{ stores?: Loose<Store>[] | null }>; post: WriteAll<Record<string, unknown>, Loose<Store>> };
  "/api/v1/apps": { get: ReadAll<{ apps?: Loose<App>[] | null }>; post: WriteAll<Record<string, unknown>, Loose<App>> };
  "/api/v1/accounts": { get: ReadAll<{ accounts?: Loose<Account>[] | null }>; post: WriteAll<Record<string, unknown>, Loose<Account>> };
  "/api/v1/accounts/{id}/authorise": { get: Read<{ url?: string }, Id> };
  "/api/v1/status": { get: ReadAll<{ armed?: boolean; version?: string }> };
  "/api/v1/status/arm": { post: { parameters: { path?: never }; requestBody?: never; responses: Answer<unknown> } };
  "/api/v1/shops": { get: ReadAll<{ shops?: Loose<Shop>[] | null }>; post: WriteAll<Record<string, unknown>, Loose<Shop>> };
}
