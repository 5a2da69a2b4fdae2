// From the network's scale to the photo's own: ab = A * L + B; see adacolvit/runtime/upsample.py.

import { bilinear } from "./resample";
import { labToByteRow } from "./lab";

/** Mean over 3 x 3 pixels, the border repeated. */
export function mean3(plane: Float32Array, height: number, width: number): Float32Array {
  const rows = new Float32Array(plane.length);
  for (let y = 0, i = 0; y < height; y++) {
    const [above, below] = [y ? -width : 0, y < height - 1 ? width : 0];
    for (let x = 0; x < width; x++, i++) rows[i] = plane[i + above]! + plane[i]! + plane[i + below]!;
  }
  const mean = new Float32Array(plane.length);
  for (let i = 0; i < mean.length; i++) {
    const x = i % width;
    mean[i] = (rows[x ? i - 1 : i]! + rows[i]! + rows[x < width - 1 ? i + 1 : i]!) / 9;
  }
  return mean;
}

/** Color of rows of a photo, ab = A * L + B with the planes in between their pixels bilinearly. */
export class Upsampler {
  private readonly across;
  private readonly down;
  private readonly line: Float32Array;

  /** planes: A_a, A_b, B_a, B_b of each of `height` x `width` pixels; the photo has `toHeight` x `toWidth`. */
  constructor(
    private readonly planes: Float32Array,
    width: number,
    height: number,
    private readonly toWidth: number,
    toHeight: number,
  ) {
    this.across = bilinear(width, toWidth);
    this.down = bilinear(height, toHeight);
    this.line = new Float32Array(4 * width);
  }

  /** Row `y`, by the lightness of its pixels: a and b of each into `ab`, one after the other. */
  row(y: number, L: Float32Array, ab: Float32Array): void {
    const { line, planes } = this;
    line.fill(0);
    for (let k = 0; k < this.down.most; k++) {
      const weight = this.down.values[y * this.down.most + k]!;
      const start = (this.down.first[y]! + k) * line.length;
      if (weight) for (let i = 0; i < line.length; i++) line[i]! += weight * planes[start + i]!;
    }
    const { first, values, most } = this.across;
    for (let x = 0; x < this.toWidth; x++) {
      let [a, b] = [0, 0];
      for (let k = 0, at = 4 * first[x]!; k < most; k++, at += 4) {
        const weight = values[x * most + k]!;
        if (!weight) continue;
        a += weight * (line[at]! * L[x]! + line[at + 2]!);
        b += weight * (line[at + 1]! * L[x]! + line[at + 3]!);
      }
      ab[2 * x] = a;
      ab[2 * x + 1] = b;
    }
  }
}

/** What the sliders do to the color of the whole picture. */
interface Adjust {
  saturation: number;
  strength: number;
}

/** Makes rows of the colored photo, sRGB bytes with alpha 255, from the photo's own lightness. */
export class Composer {
  private readonly color: Upsampler;
  private readonly ab: Float32Array;
  private readonly scale: number;

  /** planes: of Guide, `height` x `width`; the photo has `toHeight` x `toWidth` pixels. */
  constructor(planes: Float32Array, width: number, height: number, toWidth: number, toHeight: number, adjust: Adjust) {
    this.color = new Upsampler(planes, width, height, toWidth, toHeight);
    this.ab = new Float32Array(2 * toWidth);
    this.scale = adjust.saturation * adjust.strength;
  }

  /** Row `y`: lightness L of its pixels -> `target` from `offset` on, four bytes a pixel. */
  row(y: number, L: Float32Array, target: Uint8ClampedArray, offset: number): void {
    const { ab, scale } = this;
    this.color.row(y, L, ab);
    for (let i = 0; i < ab.length; i++) ab[i]! *= scale;
    labToByteRow(L, ab, target, offset);
  }
}
