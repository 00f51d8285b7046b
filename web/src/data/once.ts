/** A key under which the service does a thing once, however often the request arrives. */
export function onceKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is missing on plain http, where many counters run
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}
