// The engine that is the browser alone: the network in a worker, photos and work in the browser's own storage.

import { wrap } from "comlink";
import type { Download, Engine, Listener, LiveLink, LiveRequest, PhotoInfo } from "../engine";
import { Frame } from "../frame";
import { dumpHints, parseHints } from "./hintfile";
import { FORMATS } from "./render";
import * as store from "./store";
import type { Tasks } from "./worker";
import { texts } from "../../texts";

const worker = wrap<Tasks>(new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "adacolvit" }));
let ready = false;
// At once, so that it is there when a photo is. Why it is not is told with the first frame.
const prepared = worker.start(document.baseURI).then(
  () => void (ready = true),
  () => void (ready = true),
);

// Not in development, where there is nothing built to keep; nor over plain http, where browsers have none.
if (import.meta.env.PROD && "serviceWorker" in navigator) {
  navigator.serviceWorker.register("offline.js").catch((error: unknown) => console.warn("The page will need its host:", error));
}

const sampleFiles = import.meta.glob<string>("../../../../src/adacolvit/app/samples/*.jpg", {
  eager: true,
  query: "?url",
  import: "default",
});

/** One frame at a time, and always of the latest hints: what came in between is never computed. */
class LocalLink implements LiveLink {
  private latest: LiveRequest | null = null;
  private running = false;
  private closed = false;

  constructor(
    private readonly id: string,
    private readonly listener: Listener,
  ) {}

  send(request: LiveRequest): void {
    this.latest = request;
    this.listener.onBusy(true);
    if (!this.running) void this.run();
  }

  close(): void {
    this.closed = true;
  }

  private async run(): Promise<void> {
    this.running = true;
    if (!ready) {
      this.listener.onPreparing?.(true);
      await prepared;
      if (!this.closed) this.listener.onPreparing?.(false);
    }
    while (this.latest && !this.closed) {
      const request = this.latest;
      this.latest = null;
      try {
        const { info, planes } = await worker.frame(this.id, request);
        if (!this.closed) this.listener.onFrame(new Frame(info, planes), request);
      } catch (error) {
        if (this.closed) break;
        const { name, message } = error as Error;
        if (name === "PhotoGone") this.listener.onPhotoGone();
        else this.listener.onError(message);
      }
    }
    this.running = false;
    if (!this.closed) this.listener.onBusy(false);
  }
}

const opened = new Map<string, PhotoInfo>(); // by this page: they may be more than the browser keeps

async function info(id: string): Promise<PhotoInfo> {
  const known = opened.get(id) ?? (await store.keptPhoto(id))?.info;
  if (!known) throw new Error(texts.photoGone);
  return known;
}

const stem = (name: string) => name.replace(/(.)\.[^.]*$/, "$1");
const SUFFIXES = { png: ".png", jpeg: ".jpg", webp: ".webp", tiff: ".tif" };

export const engine: Engine = {
  async samples() {
    return Object.entries(sampleFiles).map(([path, url]) => ({ name: /([^/]+)\.jpg$/.exec(path)![1]!, url }));
  },
  async open(file) {
    const photo = await worker.open(file);
    opened.set(photo.id, photo);
    return photo;
  },
  info,
  gray: (id, mostTexels) => worker.gray(id, mostTexels),
  grayPart: (id, part) => worker.grayPart(id, part),
  live: (id, listener) => new LocalLink(id, listener),
  suggestPlaces: (id, request) => worker.suggestPlaces(id, request),
  suggestColors: (id, request) => worker.suggestColors(id, request),
  async render(id, request): Promise<Download> {
    const { name } = await info(id);
    return { name: `${stem(name)}.color${SUFFIXES[request.format]}`, data: await worker.render(id, request) };
  },
  async writeHints(id, hints): Promise<Download> {
    const photo = await info(id);
    return { name: `${stem(photo.name)}.hints.json`, data: new Blob([dumpHints(photo, hints)], { type: "application/json" }) };
  },
  readHints: async (id, file) => parseHints(await file.text(), await info(id)),
  loadSession: store.loadSession,
  saveSession: store.saveSession,
  sessions: store.sessions,
  forget: store.forget,
  thumbnail: store.thumbnail,
  folder: null,
  formats: FORMATS,
  keepsMetadata: false,
};
