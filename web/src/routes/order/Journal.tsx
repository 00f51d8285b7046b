import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { session, useJournal } from "../../data/queries";
import { size } from "../../format/size";
import { clockSeconds, dayOf } from "../../format/time";
import { Bones, State, Trouble } from "../../ui/Screen";
import { useWords, word } from "../../words";

/** Everything that came in or went out for an order; with its bytes when somebody asks for them, who is then written down. */
export function Journal({ id, zone }: { id: string; zone: string }) {
  const { t } = useWords();
  const [bodies, setBodies] = useState(false);
  const { data, error, isPending, hasNextPage, fetchNextPage, isFetching, isFetchingNextPage, refetch } = useJournal(id, bodies);
  const personal = useQuery(session).data?.personal ?? false;
  if (isPending) return <Bones rows={6} height={44} />;
  if (error && !data) return <Trouble error={error} retry={() => void refetch()} />;
  const entries = data?.pages.flatMap((p) => p.entries) ?? [];
  if (entries.length === 0) return <State icon="orders" title={t("journal.none")} />;
  return (
    <>
      {personal && !bodies ? (
        <p className="journal-ask">
          <button type="button" className="btn small" onClick={() => setBodies(true)}>
            {t("journal.uncover")}
          </button>
          <span className="quiet">{t("order.recorded")}</span>
        </p>
      ) : null}
      {bodies && error ? <Trouble error={error} retry={() => void refetch()} /> : null}
      <ul className="journal" aria-busy={isFetching}>
        {entries.map((e) => (
          <li key={e.id}>
            <details>
              <summary>
                <time className="num" title={dayOf(e.at, zone)}>
                  {clockSeconds(e.at, zone)}
                </time>
                <span className={`chip ${e.direction === "call" ? "busy" : e.direction === "push" ? "good" : ""}`}>
                  {word(t, "direction", e.direction)}
                </span>
                <b className="clip">{e.what}</b>
                <small className={`num ${e.error || e.status >= 400 ? "bad" : "quiet"}`}>
                  {[e.by_name, e.method, e.status || "", e.took_ms ? `${e.took_ms} ms` : "", e.size ? size(e.size) : "", e.outcome]
                    .filter(Boolean)
                    .join(" · ")}
                </small>
              </summary>
              {e.error ? <p className="bad">{e.error}</p> : null}
              {e.masked && !e.body ? <p className="quiet">{t(personal ? "journal.covered" : "journal.masked")}</p> : null}
              {e.body ? <Raw text={e.body} /> : null}
              {e.answer ? (
                <>
                  <p className="quiet">{t("journal.answer")}</p>
                  <Raw text={e.answer} />
                </>
              ) : null}
            </details>
          </li>
        ))}
      </ul>
      {hasNextPage ? (
        <button type="button" className="btn" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t("list.more")}
        </button>
      ) : null}
    </>
  );
}

/** Bytes as they came; long ones scroll, by keyboard too. */
function Raw({ text }: { text: string }) {
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
  return <pre tabIndex={0}>{pretty(text)}</pre>;
}

/** JSON with line breaks, unless that would change a number that is too long for JavaScript; everything else as it is. */
function pretty(body: string): string {
  if (!/^\s*[[{]/.test(body) || /[:[,]\s*-?\d{16,}/.test(body)) return body;
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
