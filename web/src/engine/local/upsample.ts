// From the network's scale to the photo's own: ab = A * L + B; see adacolvit/runtime/upsample.py.

import { bilinear } from "./resample";
import { labToByteRow } from "./lab";

const EPSILON = 256;
const SHARPEN = 0.75;

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

/** Lightness and the two planes of ab -> A_a, A_b, B_a, B_b. */
export function guide(L: Float32Array, ab: Float32Array[], height: number, width: number): Float32Array[] {
  const mean = (plane: Float32Array) => mean3(plane, height, width);
  const meanL = mean(L);
  const variance = mean(L.map((v) => v * v)).map((v, i) => v - meanL[i]! * meanL[i]! + EPSILON);
  const sharpL = L.map((v, i) => v + SHARPEN * (v - meanL[i]!));
  const slopes: Float32Array[] = [];
  const offsets: Float32Array[] = [];
  for (const plane of ab) {
    const meanPlane = mean(plane);
    const raw = mean(plane.map((v, i) => v * L[i]!)).map((v, i) => (v - meanL[i]! * meanPlane[i]!) / variance[i]!);
    const slope = mean(raw);
    slopes.push(slope);
    offsets.push(plane.map((v, i) => v + SHARPEN * (v - meanPlane[i]!) - slope[i]! * sharpL[i]!));
  }
  return [...slopes, ...offsets];
}

/** Color of rows of a photo, ab = A * L + B with the planes in between their pixels bilinearly. */
export class Upsampler {
  private readonly across;
  private readonly down;
  private readonly line: Float32Array[];

  /** planes: A_a, A_b, B_a, B_b, each `height` x `width`; the photo has `toHeight` x `toWidth` pixels. */
  constructor(
    private readonly planes: Float32Array[],
    private readonly width: number,
    height: number,
    private readonly toWidth: number,
    toHeight: number,
  ) {
    this.across = bilinear(width, toWidth);
    this.down = bilinear(height, toHeight);
    this.line = planes.map(() => new Float32Array(width));
  }

  /** Row `y`, by the lightness of its pixels: a and b of each into `ab`, one after the other. */
  row(y: number, L: Float32Array, ab: Float32Array): void {
    const { width, line } = this;
    this.planes.forEach((plane, p) => {
      const out = line[p]!.fill(0);
      for (let k = 0; k < this.down.most; k++) {
        const weight = this.down.values[y * this.down.most + k]!;
        const start = (this.down.first[y]! + k) * width;
        if (weight) for (let i = 0; i < width; i++) out[i]! += weight * plane[start + i]!;
      }
    });
    const [slopeA, slopeB, offsetA, offsetB] = line as [Float32Array, Float32Array, Float32Array, Float32Array];
    const { first, values, most } = this.across;
    for (let x = 0; x < this.toWidth; x++) {
      let [a, b] = [0, 0];
      for (let k = 0, at = first[x]!; k < most; k++, at++) {
        const weight = values[x * most + k]!;
        if (!weight) continue;
        a += weight * (slopeA[at]! * L[x]! + offsetA[at]!);
        b += weight * (slopeB[at]! * L[x]! + offsetB[at]!);
      }
      ab[2 * x] = a;
      ab[2 * x + 1] = b;
    }
  }
}

/** What the sliders do to the color of the whole picture. */
export interface Adjust {
  saturation: number;
  strength: number;
}

/** Makes rows of the colored photo, sRGB bytes with alpha 255, from the photo's own lightness. */
export class Composer {
  private readonly color: Upsampler;
  private readonly ab: Float32Array;
  private readonly scale: number;

  /** planes: of guide, `height` x `width`; the photo has `toHeight` x `toWidth` pixels. */
  constructor(planes: Float32Array[], width: number, height: number, toWidth: number, toHeight: number, adjust: Adjust) {
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
