// A photo as the browser decodes it: upright, in sRGB, its lightness kept in two bytes a pixel; see adacolvit/photo.py.

import type { Part } from "../engine";
import { bytesToLightness, lightnessOf, lightnessToByte } from "./lab";
import { fitFrame, type NetworkFrame } from "./frame";
import { ByteScaler } from "./resample";
import { texts } from "../../texts";

const UNITS = 655.35; // of the stored lightness per unit of L
const COLORED = 8; // levels between a pixel's channels from which a photo has color; JPEG's noise on grays is below
const STRIP = 2 ** 20; // pixels read at a time
const MOST_PIXELS = 120_000_000; // the browser decodes a photo whole, at 4 bytes a pixel

let byteOf: Uint8Array | null = null;

/** Byte of the gray of each stored lightness. */
const grayTable = () => (byteOf ??= Uint8Array.from({ length: 65536 }, (_, i) => lightnessToByte(i / UNITS)));

export class Photo {
  private constructor(
    readonly width: number,
    readonly height: number,
    readonly hasColor: boolean,
    readonly frame: NetworkFrame,
    /** L of the whole photo at the frame's size. */
    readonly networkLightness: Float32Array,
    /** The photo's own colors at the frame's size, sRGB bytes; null where it has none. */
    readonly networkColor: Uint8Array | null,
    private readonly stored: Uint16Array,
    /** Null where every pixel is opaque. */
    private readonly alpha: Uint8Array | null,
  ) {}

  /** Throws, with a sentence to be shown, where the file is no picture that this browser reads. */
  static async open(file: Blob, name: string): Promise<Photo> {
    if (!file.size) throw new Error(texts.emptyFile(name));
    let bitmap: ImageBitmap;
    try {
      bitmap = await createImageBitmap(file, { imageOrientation: "from-image", premultiplyAlpha: "none" });
    } catch {
      throw new Error(texts.notDecoded(name));
    }
    try {
      const megapixels = (bitmap.width * bitmap.height) / 1e6;
      if (megapixels * 1e6 > MOST_PIXELS) throw new Error(texts.tooLarge(name, megapixels, MOST_PIXELS / 1e6));
      return Photo.read(bitmap.width, bitmap.height, strips(bitmap));
    } finally {
      bitmap.close();
    }
  }

  /** From RGBA bytes, some rows after others from the top. */
  static read(width: number, height: number, rows: Iterable<Uint8ClampedArray>): Photo {
    const frame = fitFrame(width, height);
    const stored = new Uint16Array(width * height);
    const alpha = new Uint8Array(width * height);
    // As in training, the 8-bit picture is scaled, then its lightness is taken. Whether a photo has color shows at its end.
    const gray = new ByteScaler(width, height, frame.width, frame.height, 1);
    const color = new ByteScaler(width, height, frame.width, frame.height, 3);
    const line = new Uint8Array(width);
    let [y, hasColor, opaque] = [0, false, true];
    for (const strip of rows) {
      for (let start = 0; start < strip.length; start += 4 * width, y++) {
        for (let x = 0, i = start, at = y * width; x < width; x++, i += 4, at++) {
          const [r, g, b] = [strip[i]!, strip[i + 1]!, strip[i + 2]!];
          const even = r === g && g === b;
          const L = even ? lightnessOf[r]! : bytesToLightness(r, g, b);
          stored[at] = Math.round(L * UNITS);
          line[x] = even ? r : grayTable()[stored[at]!]!;
          hasColor ||= !even && Math.max(r, g, b) - Math.min(r, g, b) > COLORED;
          alpha[at] = strip[i + 3]!;
          opaque &&= alpha[at] === 255;
        }
        gray.row(y, line, 0, 1);
        color.row(y, strip, start, 4);
      }
    }
    const scaled = hasColor ? color.finish() : gray.finish();
    const lightness = Float32Array.from({ length: frame.width * frame.height }, (_, i) =>
      hasColor ? bytesToLightness(scaled[3 * i]!, scaled[3 * i + 1]!, scaled[3 * i + 2]!) : lightnessOf[scaled[i]!]!,
    );
    return new Photo(width, height, hasColor, frame, lightness, hasColor ? scaled : null, stored, opaque ? null : alpha);
  }

  /** L of one row. */
  lightnessRow(y: number): Float32Array {
    return Float32Array.from(this.stored.subarray(y * this.width, (y + 1) * this.width), (v) => v / UNITS);
  }

  /** Puts the photo's transparency into a row of RGBA bytes; "white" lays the picture on white instead. */
  applyAlpha(y: number, target: Uint8ClampedArray, offset: number, onWhite: boolean): void {
    if (!this.alpha) return;
    for (let x = 0, at = offset; x < this.width; x++, at += 4) {
      const alpha = this.alpha[y * this.width + x]!;
      if (!onWhite) target[at + 3] = alpha;
      else for (let c = at; c < at + 3; c++) target[c] = Math.floor((target[c]! * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }

  /** The whole photo in gray, scaled down if a side is longer than `mostTexels`. One byte a pixel. */
  gray(mostTexels: number): { width: number; height: number; bytes: Uint8Array } {
    const { width, height } = this;
    const scale = Math.min(1, mostTexels / Math.max(width, height));
    const [toWidth, toHeight] = scale < 1 ? [width, height].map((v) => Math.max(1, Math.round(v * scale))) as [number, number] : [width, height];
    if (scale === 1) return { width, height, bytes: this.grayRows(0, height) };
    const scaler = new ByteScaler(width, height, toWidth, toHeight, 1);
    for (let y = 0; y < height; y++) scaler.row(y, this.grayRows(y, y + 1), 0, 1);
    return { width: toWidth, height: toHeight, bytes: scaler.finish() };
  }

  /** A rectangle of the gray; each texel is the mean of `shrink` x `shrink` pixels, of fewer at the photo's far edges. */
  grayPart({ x, y, width, height, shrink }: Part): Uint8Array {
    const table = grayTable();
    const [columns, rows] = [Math.ceil(width / shrink), Math.ceil(height / shrink)];
    const result = new Uint8Array(columns * rows);
    for (let row = 0; row < rows; row++) {
      const [top, bottom] = [y + row * shrink, Math.min(y + (row + 1) * shrink, y + height)];
      for (let column = 0; column < columns; column++) {
        const [left, right] = [x + column * shrink, Math.min(x + (column + 1) * shrink, x + width)];
        let sum = 0;
        for (let r = top; r < bottom; r++) for (let c = left; c < right; c++) sum += table[this.stored[r * this.width + c]!]!;
        result[row * columns + column] = Math.round(sum / ((bottom - top) * (right - left)));
      }
    }
    return result;
  }

  private grayRows(start: number, stop: number): Uint8Array {
    const table = grayTable();
    return Uint8Array.from(this.stored.subarray(start * this.width, stop * this.width), (v) => table[v]!);
  }
}

function* strips(bitmap: ImageBitmap): Iterable<Uint8ClampedArray> {
  const rows = Math.max(1, Math.min(bitmap.height, Math.floor(STRIP / bitmap.width)));
  const context = new OffscreenCanvas(bitmap.width, rows).getContext("2d", { willReadFrequently: true })!;
  for (let y = 0; y < bitmap.height; y += rows) {
    const count = Math.min(rows, bitmap.height - y);
    context.clearRect(0, 0, bitmap.width, rows);
    context.drawImage(bitmap, 0, -y);
    yield context.getImageData(0, 0, bitmap.width, count).data;
  }
}
