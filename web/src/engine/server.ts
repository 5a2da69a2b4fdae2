// The engine behind HTTP and a socket: `adacolvit app`. Addresses are relative to the page, so a proxy may move it.

import type { components } from "./schema";
import type { Download, Engine, ExportProgress, Folder, FolderFeatures, PhotoInfo, Place, Sample } from "./engine";
import type { SessionInfo, SessionState, Suggestion } from "./engine";
import { EngineAway, PhotoGone, SessionConflict } from "./engine";
import { Live } from "./live";
import { texts } from "../texts";

type Schemas = components["schemas"];

const base = new URL("api/", document.baseURI);
const address = (path: string) => new URL(path, base).href;
const photoPath = (id: string, rest = "") => `photos/${encodeURIComponent(id)}${rest}`;

async function send(path: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(address(path), init);
  } catch {
    throw new EngineAway(texts.noServer);
  }
}

async function fail(reply: Response): Promise<never> {
  const text = await reply.text();
  throw new Error(reply.headers.get("Content-Type")?.includes("json") ? (JSON.parse(text) as Schemas["ErrorReply"]).error : text);
}

async function ask(path: string, init?: RequestInit): Promise<Response> {
  const reply = await send(path, init);
  return reply.ok ? reply : fail(reply);
}

async function refusal(): Promise<string | null> {
  const reply = await send("samples");
  return reply.status === 401 || reply.status === 403 ? fail(reply).catch((error: Error) => error.message) : null;
}

const post = (path: string, body: unknown, method = "POST") =>
  ask(path, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });

async function postFile(path: string, body: File): Promise<Response> {
  try {
    return await ask(path, { method: "POST", body, headers: { "Content-Type": "application/octet-stream" } });
  } catch (error) {
    // A file that cannot be read fails as a server that does not answer does.
    await body.slice(0, 1).arrayBuffer().catch(() => {
      throw new Error(texts.unreadable(body.name));
    });
    throw error;
  }
}

const json = async <T>(reply: Promise<Response>) => (await reply).json() as Promise<T>;

async function download(reply: Response): Promise<Download> {
  const name = /filename\*=UTF-8''([^;]+)/.exec(reply.headers.get("Content-Disposition") ?? "")?.[1];
  return { name: decodeURIComponent(name ?? "photo"), data: await reply.blob() };
}

const folder: FolderFeatures = {
  read: () => json<Folder | null>(ask("folder")),
  async startExport(items, look) {
    return (await json<{ id: string }>(post("exports", { items, ...look }))).id;
  },
  progress: (id) => json<ExportProgress>(ask(`exports/${id}`)),
  async cancel(id) {
    await ask(`exports/${id}`, { method: "DELETE" });
  },
  zipAddress: (id) => address(`exports/${id}/zip`),
};

export const engine: Engine = {
  samples: () => json<Sample[]>(ask("samples")),
  open: (file) => json<PhotoInfo>(postFile(`photos?name=${encodeURIComponent(file.name)}`, file)),
  info: (id, signal) => json<PhotoInfo>(ask(photoPath(id), { signal })),
  async gray(id, mostTexels, signal) {
    const picture = await (await ask(photoPath(id, `/gray?max=${mostTexels}`), { signal })).blob();
    return createImageBitmap(picture, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  },
  async grayPart(id, { x, y, width, height, shrink }, signal) {
    const path = photoPath(id, `/gray/part?x=${x}&y=${y}&width=${width}&height=${height}&shrink=${shrink}`);
    return new Uint8Array(await (await ask(path, { signal })).arrayBuffer());
  },
  live: (id, listener) => new Live(address(photoPath(id, "/live")).replace(/^http/, "ws"), listener, refusal),
  suggestPlaces: (id, request) => json<Place[]>(post(photoPath(id, "/suggest/places"), request)),
  suggestColors: (id, request) => json<Suggestion[]>(post(photoPath(id, "/suggest/colors"), request)),
  render: async (id, request) => download(await post(photoPath(id, "/render"), request)),
  writeHints: async (id, hints) => download(await post(photoPath(id, "/hints/write"), { hints })),
  readHints: async (id, file) => (await json<Schemas["HintsReply"]>(postFile(photoPath(id, "/hints/read"), file))).hints,
  async loadSession(id, signal) {
    const reply = await send(photoPath(id, "/session"), { signal });
    if (reply.status === 404) return null;
    return reply.ok ? ((await reply.json()) as SessionState | null) : fail(reply);
  },
  async saveSession(id, state, last = false) {
    const headers = { "Content-Type": "application/json" };
    const reply = await send(photoPath(id, "/session"), { method: "PUT", body: JSON.stringify(state), headers, keepalive: last });
    if (reply.status === 404) throw new PhotoGone(texts.photoGone);
    if (reply.status === 409) {
      const { error, stored } = (await reply.json()) as { error: string; stored: SessionState };
      throw new SessionConflict(error, stored);
    }
    return ((await (reply.ok ? reply : await fail(reply)).json()) as Schemas["SessionSaved"]).revision;
  },
  sessions: () => json<SessionInfo[]>(ask("sessions")),
  async forget(id) {
    await ask(`sessions/${encodeURIComponent(id)}`, { method: "DELETE" });
  },
  thumbnail: (id, mostTexels) => address(photoPath(id, `/thumbnail?max=${mostTexels}`)),
  folder,
  formats: ["png", "jpeg", "webp", "tiff"],
  keepsMetadata: true,
};
