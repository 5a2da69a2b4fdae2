// The colored photo at full size, as a file: strip by strip, so that the worker answers clicks in between.

import type { PictureFormat, RenderRequest } from "../engine";
import { withNote } from "./note";
import type { Photo } from "./photo";
import { Composer } from "./upsample";
import { texts } from "../../texts";

const STRIP = 2 ** 17; // pixels composed at a time, some 20 ms
const QUALITY = 0.95;
const TYPES: Partial<Record<PictureFormat, string>> = { png: "image/png", jpeg: "image/jpeg", webp: "image/webp" };

export const FORMATS = Object.keys(TYPES) as PictureFormat[];

/** planes: of Guide, at the photo's network frame. Throws a sentence to be shown. */
export async function render(photo: Photo, planes: Float32Array, request: RenderRequest): Promise<Blob> {
  const { width, height, frame } = photo;
  const { format, label, note = true, saturation = 1, strength = 1 } = request;
  const type = TYPES[format];
  if (!type) throw new Error(texts.cannotWrite(format));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error(texts.tooLargeToSave);
  const composer = new Composer(planes, frame.width, frame.height, width, height, { saturation, strength });
  const rows = Math.max(1, Math.floor(STRIP / width));
  for (let y = 0; y < height; y += rows) {
    const strip = new ImageData(width, Math.min(rows, height - y));
    for (let row = 0; row < strip.height; row++) {
      const offset = 4 * row * width;
      composer.row(y + row, photo.lightnessRow(y + row), strip.data, offset);
      photo.applyAlpha(y + row, strip.data, offset, format === "jpeg");
    }
    context.putImageData(strip, 0, y);
    await new Promise((resolve) => setTimeout(resolve));
  }
  if (label) paintLabel(context, label);
  const blob = await canvas.convertToBlob({ type, quality: QUALITY });
  if (blob.type !== type) throw new Error(texts.cannotWrite(format)); // a browser that cannot write it gives a PNG instead
  return note ? withNote(blob, format, width, height) : blob;
}

function paintLabel(context: OffscreenCanvasRenderingContext2D, label: string): void {
  const { width, height } = context.canvas;
  const size = Math.max(9, Math.round(Math.min(width, height) / 40));
  context.font = `${size}px sans-serif`;
  context.textBaseline = "middle";
  const [wide, tall] = [Math.min(width, context.measureText(label).width + size), 1.8 * size];
  context.fillStyle = "rgb(0 0 0 / 0.55)";
  context.fillRect(width - wide, height - tall, wide, tall);
  context.fillStyle = "#fff";
  context.fillText(label, width - wide + size / 2, height - tall / 2, wide - size);
}
