// The service worker. It keeps the console's own files, so that the console opens without a network, and nothing else: what the service
// says (/api) never passes through here, so that nothing old can be taken for new.
//
// One build is one set of files. A new build is fetched whole beside the old one, and takes over when a person agrees to it or when no
// page of the old one is open any more; a half-fetched one is never used. The set before stays, for pages that still run on it.

const set = "console-__VERSION__";
const files = __FILES__; // paths of this build
const page = "/index.html";
const pageIs = "__PAGE__"; // its hash: behind a balancer another node may still have the build before

self.addEventListener("install", (e) => e.waitUntil(fetchAll()));
self.addEventListener("activate", (e) => e.waitUntil(tidy().then(() => self.clients.claim())));
self.addEventListener("message", (e) => e.data === "take over" && self.skipWaiting());
self.addEventListener("fetch", (e) => {
  const { method, mode, url } = e.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== self.location.origin) return;
  if (mode === "navigate") {
    if (!elsewhere.test(pathname)) e.respondWith(kept(page, e.request));
  } else if (pathname !== page && (pathname.startsWith("/assets/") || files.includes(pathname))) e.respondWith(kept(pathname, e.request));
});

/** Pages that are not the console's: programs, and the shop floor's screens, which have a page of their own. */
const elsewhere = /^\/(practice\/)?(api|callback|metrics|healthz|readyz|kitchen|callout)(\/|$)|\.\w+$/;

async function kept(path, request) {
  const here = await self.caches.open(set).then((c) => c.match(path));
  return here || (await self.caches.match(path)) || fetch(request);
}

async function fetchAll() {
  const cache = await self.caches.open(set);
  const left = [...files];
  const some = async () => {
    for (let path = left.pop(); path; path = left.pop()) {
      // A name with a hash is the same file in every build: what is here already is not loaded again.
      const old = path.startsWith("/assets/") ? await self.caches.match(path) : undefined;
      const got = old || (await fetch(path, path === page ? { cache: "reload", integrity: pageIs } : {}));
      if (!got.ok) throw new Error(`${path}: ${got.status}`);
      await cache.put(path, got);
    }
  };
  try {
    await Promise.all([some(), some(), some(), some()]); // few at a time: orders come first on a thin line
  } catch (e) {
    await self.caches.delete(set);
    throw e; // not installed; the browser tries again at the next look
  }
}

async function tidy() {
  const sets = (await self.caches.keys()).filter((k) => k.startsWith("console-") && k !== set);
  await Promise.all(sets.slice(0, -1).map((k) => self.caches.delete(k)));
}
