import "./early"; // before all others
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode, startTransition } from "react";
import "./app.css";
import { Failure, mayPass, onSignedOut } from "./data/api";
import { channels, counts, order, orderPages, session, stores, ways } from "./data/queries";
import { keepFiles, partMissing } from "./install/newer";
import { makeRouter } from "./router";
import { firstOf } from "./routes/orders/first";
import { settle } from "./ui/paint";
import { Toasts } from "./ui/toast";
import { Language, onLanguage, startWords } from "./words";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (times, e) => mayPass(e) && times < 2,
      networkMode: "always", // a counter may reach the service on its own network without any internet
      refetchOnWindowFocus: true,
    },
    mutations: { networkMode: "always" },
  },
  queryCache: new QueryCache({
    onError: (e) => {
      if (e instanceof Failure && e.status === 401) client.setQueryData(session.queryKey, null);
    },
  }),
});
/** Reads what the first screen shows, which early.ts has asked for; never throws. */
async function readFirst(): Promise<void> {
  const first = firstOf(location);
  const user = await client.fetchQuery(session).catch(() => undefined); // the router tells of it
  if (user === null) await client.prefetchQuery(ways); // what sign-in offers: its form would move when that comes
  if (!user || !first) return;
  await Promise.all([
    client.prefetchQuery(channels),
    client.prefetchQuery(stores),
    client.prefetchQuery(counts(first.counts)),
    first.list && client.prefetchInfiniteQuery(orderPages(first.list)),
    first.order && client.prefetchQuery(order(first.order)),
  ]);
}

const patience = 1200; // milliseconds: what comes later finds its place kept
const waited = new Promise<void>((done) => setTimeout(done, patience));

/** The next task. What runs in one go keeps a press waiting, and on a slow phone the first picture. */
const pause = () => new Promise<void>((go) => setTimeout(go));

async function begin(): Promise<void> {
  const words = startWords().then(() => void onLanguage(() => void client.invalidateQueries())); // reasons are put into words where they are read
  await pause();
  const first = Promise.race([readFirst(), waited]);
  await pause();
  const router = makeRouter(client);
  onSignedOut(() => {
    if (client.getQueryData(session.queryKey) === null) return;
    client.setQueryData(session.queryKey, null);
    void router.invalidate();
  });
  window.addEventListener("vite:preloadError", () => void partMissing(router.latestLocation.href));
  await pause();
  const place = router.load().catch(() => {});
  await pause();
  const { createRoot } = await import("react-dom/client"); // in the same file, and run only here
  await Promise.all([words, first, place]);
  const root = document.getElementById("root");
  if (!root) return;
  const page = (
    <StrictMode>
      <QueryClientProvider client={client}>
        <Language>
          <RouterProvider router={router} />
          <Toasts />
        </Language>
      </QueryClientProvider>
    </StrictMode>
  );
  // One drawing with everything in its place, instead of one for each answer; and in pieces, so that a press in between is heard.
  startTransition(() => createRoot(root).render(page));
  settle();
}

// When the first orders are there: they have the line for themselves.
if (import.meta.env.PROD) window.addEventListener("load", () => setTimeout(() => void keepFiles(), 4000));
void begin();

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
