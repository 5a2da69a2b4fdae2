// The service worker: keeps every file of this edition, so that the page opens without a network, and isolates the page,
// which lets the network use several cores even where the host cannot be told to send headers.

/// <reference lib="webworker" />

declare const self: ServiceWorkerGlobalScope;
/** Written in by the build: a hash of all files, and their names. */
declare const EDITION: { version: string; files: string[] };

const { version, files } = EDITION;
const NAME = `adacolvit ${self.registration.scope} `; // other pages of the same host may have their own
const ISOLATED = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

self.addEventListener("install", (event) => {
  const fresh = files.map((file) => new Request(file, { cache: "no-cache" }));
  event.waitUntil(caches.open(NAME + version).then((cache) => cache.addAll(fresh)));
});

self.addEventListener("activate", (event) => {
  const old = (name: string) => name.startsWith(NAME) && name !== NAME + version;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()), // so that already the first visit works on without a network
  );
});

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(NAME + version);
  const page = request.mode === "navigate" ? "index.html" : request;
  const reply = (await cache.match(page, { ignoreSearch: true })) ?? (await fetch(request));
  const headers = new Headers(reply.headers);
  for (const [name, value] of Object.entries(ISOLATED)) headers.set(name, value);
  return new Response(reply.body, { status: reply.status, statusText: reply.statusText, headers });
}

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && url.startsWith(self.registration.scope)) event.respondWith(answer(event.request));
});

export {};
