// The server over HTTP. Every failure becomes an Error whose message is fit to be shown.

import type { components } from "./schema";
import { texts } from "../texts";

type Schemas = components["schemas"];
export type PhotoInfo = Schemas["PhotoInfo"];
export type Sample = Schemas["Sample"];
export type PictureFormat = Schemas["RenderRequest"]["format"];
type WireHint = Schemas["HintMessage"];

export interface Download {
  name: string;
  data: Blob;
}

async function ask(url: string, body?: BodyInit, type = "application/octet-stream"): Promise<Response> {
  let reply: Response;
  try {
    reply = await fetch(url, body === undefined ? {} : { method: "POST", body, headers: { "Content-Type": type } });
  } catch {
    throw new Error(texts.noServer);
  }
  if (reply.ok) return reply;
  const text = await reply.text();
  throw new Error(reply.headers.get("Content-Type")?.includes("json") ? (JSON.parse(text) as Schemas["ErrorReply"]).error : text);
}

const askJson = (url: string, body: unknown) => ask(url, JSON.stringify(body), "application/json");

async function download(reply: Response): Promise<Download> {
  const name = /filename\*=UTF-8''([^;]+)/.exec(reply.headers.get("Content-Disposition") ?? "")?.[1];
  return { name: decodeURIComponent(name ?? "photo"), data: await reply.blob() };
}

export async function samples(): Promise<Sample[]> {
  return (await ask("/api/samples")).json() as Promise<Sample[]>;
}

export async function sendPhoto(file: File): Promise<PhotoInfo> {
  return (await ask(`/api/photos?name=${encodeURIComponent(file.name)}`, file)).json() as Promise<PhotoInfo>;
}

export async function photoInfo(id: string): Promise<PhotoInfo> {
  return (await ask(`/api/photos/${encodeURIComponent(id)}`)).json() as Promise<PhotoInfo>;
}

export async function grayPicture(id: string, mostTexels: number): Promise<ImageBitmap> {
  const picture = await (await ask(`/api/photos/${id}/gray?max=${mostTexels}`)).blob();
  return createImageBitmap(picture, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
}

export async function render(id: string, hints: WireHint[], format: PictureFormat): Promise<Download> {
  return download(await askJson(`/api/photos/${id}/render`, { hints, format }));
}

export async function writeHints(id: string, hints: WireHint[]): Promise<Download> {
  return download(await askJson(`/api/photos/${id}/hints/write`, { hints }));
}

export async function readHints(id: string, file: File): Promise<WireHint[]> {
  const reply = await ask(`/api/photos/${id}/hints/read`, file);
  return ((await reply.json()) as Schemas["HintsReply"]).hints;
}

export async function sampleFile(sample: Sample): Promise<File> {
  return new File([await (await ask(sample.url)).blob()], `${sample.name}.jpg`);
}
