// Server-sent events, parsed from chunks. The browser's own EventSource hides the status of a refused connection and silent
// half-open ones; reading the stream ourselves shows both.

export type ServerEvent = { id: string; event: string; data: string };

const longest = 1 << 20; // one event; more means that the other end is not our service

/** Returns a function that takes text as it arrives and gives back the events that are complete. Keeps at most 1 MiB. */
export function sseParser(): (chunk: string) => ServerEvent[] {
  let rest = "";
  let id = "";
  let event = "";
  let data: string[] = [];
  return (chunk) => {
    rest += chunk;
    const out: ServerEvent[] = [];
    for (;;) {
      // A carriage return at the very end may be half of a pair: wait for the other half.
      const end = rest.search(/\r\n|\n|\r(?=[\s\S])/);
      if (end < 0) break;
      const line = rest.slice(0, end);
      rest = rest.slice(end + (rest.startsWith("\r\n", end) ? 2 : 1));
      if (line === "") {
        if (data.length > 0 || event !== "") out.push({ id, event: event || "message", data: data.join("\n") });
        event = "";
        data = [];
        continue;
      }
      if (line.startsWith(":")) continue;
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "data") data.push(value);
      else if (field === "event") event = value;
      else if (field === "id" && !value.includes("\0")) id = value;
    }
    if (rest.length > longest) throw new Error("an event of the stream is longer than 1 MiB");
    return out;
  };
}
