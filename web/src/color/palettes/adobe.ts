// What Adobe's two palette formats share: big-endian numbers, UTF-16 names, and colors in other spaces than sRGB.

import { WHITE, bytesToHex, f, fInverse, labToHex, type Triple } from "../color";

/** Reads a file from front to back. Reading past the end throws a RangeError. */
export class Reader {
  private readonly view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.view.byteLength - this.at;
  }
  u16 = () => this.view.getUint16((this.at += 2) - 2);
  i16 = () => this.view.getInt16((this.at += 2) - 2);
  u32 = () => this.view.getUint32((this.at += 4) - 4);
  f32 = () => this.view.getFloat32((this.at += 4) - 4);

  ascii(length: number): string {
    return Array.from({ length }, () => String.fromCharCode(this.view.getUint8(this.at++))).join("");
  }

  /** UTF-16 of so many units, of which the last is usually a zero. */
  text(units: number): string {
    if (2 * units > this.left) throw new RangeError("a name reaches past the end");
    return Array.from({ length: units }, () => String.fromCharCode(this.u16())).join("").replace(/\0+$/, "");
  }
}

const byte = (v: number) => Math.round(255 * Math.min(1, Math.max(0, v)));

/** sRGB in [0, 1] -> hex. */
export const fromRgb = (rgb: readonly number[]) => bytesToHex(rgb.map(byte));

/** Ink in [0, 1] -> hex. Without the press's profile this can be no more than the plain complement. */
export const fromCmyk = ([c, m, y, k]: readonly number[]) => fromRgb([c!, m!, y!].map((ink) => (1 - ink) * (1 - k!)));

export const fromGray = (v: number) => fromRgb([v, v, v]);

/** Hue in turns, saturation and brightness in [0, 1] -> hex. */
export function fromHsb(h: number, s: number, b: number): string {
  const channel = (n: number) => {
    const k = (n + 6 * h) % 6;
    return b - b * s * Math.max(0, Math.min(k, 4 - k, 1));
  };
  return fromRgb([channel(5), channel(3), channel(1)]);
}

const D50: Triple = [0.96422, 1, 0.82521];
// Bradford's adaptation from D50 to D65, as in Lindbloom, "Chromatic Adaptation".
const BRADFORD = [
  [0.9555766, -0.0230393, 0.0631636],
  [-0.0282895, 1.0099416, 0.0210077],
  [0.0122982, -0.020483, 1.3299098],
];

/** Adobe's Lab is of D50, ours of D65. */
export function fromLab(L: number, a: number, b: number): string {
  const fy = (L + 16) / 116;
  const d50 = [fy + a / 500, fy, fy - b / 200].map((t, i) => D50[i]! * fInverse(t));
  const d65 = BRADFORD.map((row) => row.reduce((sum, v, i) => sum + v * d50[i]!, 0));
  const [x, y, z] = d65.map((v, i) => f(v / WHITE[i]!)) as Triple;
  return labToHex(116 * y - 16, 500 * (x - y), 200 * (y - z));
}
