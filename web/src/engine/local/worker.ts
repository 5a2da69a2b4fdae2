// The worker: photos and the network live here, so that the page stays free to draw.

import { expose, transfer } from "comlink";
import type { components } from "../schema";
import { Guide, toSteps } from "../guide";
import { loops } from "../loops";
import { PhotoGone, type ColorsRequest, type LiveRequest, type Part, type PhotoInfo, type Place, type PlacesRequest, type RenderRequest, type Suggestion } from "../engine";
import { predictor } from "./colorize";
import { effortOf } from "./cost";
import { placeHints } from "./encoder";
import { PATCH } from "./frame";
import { Network } from "./network";
import { Photo } from "./photo";
import { render } from "./render";
import { keepPhoto, keptPhoto } from "./store";
import { suggestColors } from "./suggest/colors";
import { suggestPlaces } from "./suggest/places";
import { texts } from "../../texts";

interface FrameParts {
  info: components["schemas"]["FrameInfo"];
  planes: Float32Array<ArrayBuffer>;
}

const MOST_PHOTOS = 2; // in memory: the one on the table, and one beside it

const THUMBNAIL = 256; // px

let network: Promise<Network> | null = null;
let base = "";
const photos = new Map<string, Photo>(); // the last used one at the end
let live = ""; // the one on the table: it stays, since the browser may keep no file to open it from again

function loaded(): Promise<Network> {
  network ??= Network.load(base).catch((error: unknown) => {
    network = null; // so that the next click tries again
    throw new Error(texts.noNetwork(String(error instanceof Error ? error.message : error)));
  });
  return network;
}

function remember(id: string, photo: Photo, most = MOST_PHOTOS): Photo {
  photos.delete(id);
  photos.set(id, photo);
  for (const oldest of photos.keys()) {
    if (photos.size <= most) break;
    if (oldest !== live) photos.delete(oldest);
  }
  return photo;
}

async function photoOf(id: string): Promise<Photo> {
  const photo = photos.get(id);
  if (photo) return remember(id, photo);
  const kept = await keptPhoto(id);
  if (!kept) throw new PhotoGone(texts.photoGone);
  return remember(id, await Photo.open(kept.file, kept.info.name));
}

const guides = new WeakMap<Photo, Guide>();

async function guideOf(photo: Photo): Promise<Guide> {
  const { frame, networkLightness } = photo;
  const guide = guides.get(photo) ?? new Guide(await loops(), networkLightness, frame.height, frame.width);
  guides.set(photo, guide);
  return guide;
}

/** The network's answer, ready for any size. */
async function colorize(photo: Photo, { hints, budget, effortLayers = false }: LiveRequest) {
  const { frame, networkLightness: L } = photo;
  const [ready, guide] = [await loaded(), await guideOf(photo)];
  const { width, height } = frame;
  const start = performance.now();
  const { ab, decisions } = await predictor(ready, frame, budget)(L, placeHints(hints, frame));
  const planes = guide.planes(toSteps(ab));
  const effort = effortOf(ready.config, height / PATCH, width / PATCH, decisions, performance.now() - start, effortLayers);
  return { planes, effort, frame };
}

/** Newest question of each kind; what was asked before is not worked on any more. */
const newest = { places: 0, colors: 0 };

/** To be awaited between runs of the network: lets clicks come first, and ends what nobody waits for. */
function restOf(kind: keyof typeof newest): () => Promise<void> {
  const mine = ++newest[kind];
  return async () => {
    await new Promise((resolve) => setTimeout(resolve));
    if (mine !== newest[kind]) throw new Error(texts.askedAgain);
  };
}

async function contentId(file: Blob): Promise<string> {
  if (!self.isSecureContext) throw new Error(texts.insecure);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return Array.from(digest.subarray(0, 16), (v) => v.toString(16).padStart(2, "0")).join("");
}

function grayImage(photo: Photo, mostTexels: number): ImageData {
  const { width, height, bytes } = photo.gray(mostTexels);
  const image = new ImageData(width, height);
  new Uint32Array(image.data.buffer).set(Uint32Array.from(bytes, (v) => (0xff000000 | (v * 0x10101)) >>> 0));
  return image;
}

function thumbnailOf(photo: Photo): Promise<Blob> {
  const image = grayImage(photo, THUMBNAIL);
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  return canvas.convertToBlob({ type: "image/jpeg" });
}

const tasks = {
  /** `address`: where the page lies. Ends when the network is ready; where that fails, it is tried again for each frame. */
  async start(address: string): Promise<void> {
    base = address;
    await loaded();
  },

  async open(file: File): Promise<PhotoInfo> {
    const id = await contentId(file);
    const photo = photos.get(id) ?? (await Photo.open(file, file.name));
    remember(id, photo, MOST_PHOTOS + 1); // it may come on the table as well as beside it
    const info = { id, name: file.name, width: photo.width, height: photo.height, has_color: photo.hasColor, hints: [] };
    await keepPhoto(info, file, await thumbnailOf(photo));
    return info;
  },

  /** Of the photo that comes on the table. */
  async gray(id: string, mostTexels: number): Promise<ImageBitmap> {
    live = id;
    const bitmap = await createImageBitmap(grayImage(await photoOf(id), mostTexels), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
    return transfer(bitmap, [bitmap]);
  },

  async grayPart(id: string, part: Part): Promise<Uint8Array> {
    const bytes = (await photoOf(id)).grayPart(part);
    return transfer(bytes, [bytes.buffer as ArrayBuffer]);
  },

  async frame(id: string, request: LiveRequest): Promise<FrameParts> {
    const { planes, effort, frame } = await colorize(await photoOf(id), request);
    return transfer({ info: { seq: 0, width: frame.width, height: frame.height, lightness: false, effort }, planes }, [planes.buffer]);
  },

  async suggestPlaces(id: string, { hints, count = 5, budget }: PlacesRequest): Promise<Place[]> {
    const rest = restOf("places");
    const { frame, networkLightness } = await photoOf(id);
    return suggestPlaces(predictor(await loaded(), frame, budget), frame, networkLightness, placeHints(hints, frame), count, rest);
  },

  async suggestColors(id: string, { hints, x, y, reference, budget }: ColorsRequest): Promise<Suggestion[]> {
    const rest = restOf("colors");
    const photo = await photoOf(id);
    const beside = reference ? await photoOf(reference) : null;
    return suggestColors(predictor(await loaded(), photo.frame, budget), photo, hints, x, y, beside, rest);
  },

  async render(id: string, request: RenderRequest): Promise<Blob> {
    const photo = await photoOf(id);
    return render(photo, (await colorize(photo, request)).planes, request);
  },
};

export type Tasks = typeof tasks;

expose(tasks);
