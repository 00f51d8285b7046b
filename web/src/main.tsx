import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import i18next from "i18next";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./app.css";
import { Failure, mayPass, onSignedOut } from "./data/api";
import { session } from "./data/queries";
import { keepFiles, partMissing } from "./install/newer";
import { makeRouter } from "./router";
import { Toasts } from "./ui/toast";
import { startWords } from "./words";

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
i18next.on("languageChanged", () => void client.invalidateQueries()); // reasons are put into words where they are read
const router = makeRouter(client);

onSignedOut(() => {
  if (client.getQueryData(session.queryKey) === null) return;
  client.setQueryData(session.queryKey, null);
  void router.invalidate();
});

void client.prefetchQuery(session); // asked for while the words are still on their way
window.addEventListener("vite:preloadError", () => void partMissing(router.latestLocation.href));
// When the first orders are there: they have the line for themselves.
if (import.meta.env.PROD) window.addEventListener("load", () => setTimeout(() => void keepFiles(), 4000));

void startWords().then(() => {
  const root = document.getElementById("root");
  if (!root) return;
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
        <Toasts />
      </QueryClientProvider>
    </StrictMode>,
  );
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
