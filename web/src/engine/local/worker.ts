// The worker: photos and the network live here, so that the page stays free to draw.

import { expose, transfer } from "comlink";
import type { components } from "../schema";
import type { LiveRequest, Part, PhotoInfo, RenderRequest, WireHint } from "../engine";
import { effortOf } from "./cost";
import { encode, placeHints } from "./encoder";
import { PATCH } from "./frame";
import { interleave } from "./half";
import { Network } from "./network";
import { Photo } from "./photo";
import { refine } from "./refine";
import { render } from "./render";
import { keepPhoto, keptPhoto } from "./store";
import { guide } from "./upsample";
import { texts } from "../../texts";

export interface FrameParts {
  info: components["schemas"]["FrameInfo"];
  texels: Uint16Array<ArrayBuffer>;
}

const MOST_PHOTOS = 2; // in memory: the one on the table, and one beside it

let network: Promise<Network> | null = null;
let base = "";
const photos = new Map<string, Photo>(); // the last used one at the end

function loaded(): Promise<Network> {
  network ??= Network.load(base).catch((error: unknown) => {
    network = null; // so that the next click tries again
    throw new Error(texts.noNetwork(String(error instanceof Error ? error.message : error)));
  });
  return network;
}

function remember(id: string, photo: Photo): Photo {
  photos.delete(id);
  photos.set(id, photo);
  for (const oldest of photos.keys()) {
    if (photos.size <= MOST_PHOTOS) break;
    photos.delete(oldest);
  }
  return photo;
}

async function photoOf(id: string): Promise<Photo> {
  const photo = photos.get(id);
  if (photo) return remember(id, photo);
  const kept = await keptPhoto(id);
  if (!kept) throw new Error(texts.photoGone);
  return remember(id, await Photo.open(kept.file, kept.info.name));
}

/** The network's answer to hints, ready for any size. */
async function colorize(photo: Photo, hints: readonly WireHint[], wantsPatches = false) {
  const { run, config } = await loaded().then((ready) => ({ run: ready.run.bind(ready), config: ready.config }));
  const { frame, networkLightness: L } = photo;
  const { width, height } = frame;
  const [rows, columns] = [height / PATCH, width / PATCH];
  const start = performance.now();
  const placed = placeHints(hints, frame);
  const { ab, decisions } = await run(encode(L, frame, placed), rows, columns);
  const planes = guide(L, refine(L, ab, height, width, placed), height, width);
  const effort = effortOf(config, rows, columns, decisions, performance.now() - start, wantsPatches);
  return { planes, effort, frame };
}

async function contentId(file: Blob): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return Array.from(digest.subarray(0, 16), (v) => v.toString(16).padStart(2, "0")).join("");
}

const tasks = {
  /** `address`: where the page lies. Loads the network meanwhile, so that it is there when a photo is. */
  start(address: string): void {
    base = address;
    void loaded().catch(() => {}); // told when a frame is asked for
  },

  async open(file: File): Promise<PhotoInfo> {
    const id = await contentId(file);
    const photo = photos.get(id) ?? (await Photo.open(file, file.name));
    remember(id, photo);
    const info = { id, name: file.name, width: photo.width, height: photo.height, has_color: photo.hasColor, hints: [] };
    await keepPhoto(info, file);
    return info;
  },

  async gray(id: string, mostTexels: number): Promise<ImageBitmap> {
    const { width, height, bytes } = (await photoOf(id)).gray(mostTexels);
    const image = new ImageData(width, height);
    new Uint32Array(image.data.buffer).set(Uint32Array.from(bytes, (v) => (0xff000000 | (v * 0x10101)) >>> 0));
    const bitmap = await createImageBitmap(image, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
    return transfer(bitmap, [bitmap]);
  },

  async grayPart(id: string, part: Part): Promise<Uint8Array> {
    const bytes = (await photoOf(id)).grayPart(part);
    return transfer(bytes, [bytes.buffer as ArrayBuffer]);
  },

  async frame(id: string, { hints, effortLayers }: LiveRequest): Promise<FrameParts> {
    const { planes, effort, frame } = await colorize(await photoOf(id), hints, effortLayers);
    const texels = interleave(planes);
    return transfer({ info: { seq: 0, width: frame.width, height: frame.height, effort }, texels }, [texels.buffer]);
  },

  async render(id: string, request: RenderRequest): Promise<Blob> {
    const photo = await photoOf(id);
    return render(photo, (await colorize(photo, request.hints)).planes, request);
  },
};

export type Tasks = typeof tasks;

expose(tasks);
