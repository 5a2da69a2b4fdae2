// Lab for millions of pixels: the formulas of color/color.ts behind tables, without an object per pixel.

import { f, fInverse, fromXyz, grayToLightness, HALVINGS, TOLERANCE, toLinear, toSrgb, toXyz } from "../../color/color";

const STEPS = 65535; // of linear light, to a byte of sRGB: even in the dark a step is a 20th of a byte's
const byteOf = Uint8Array.from({ length: STEPS + 1 }, (_, i) => Math.round(255 * toSrgb(i / STEPS)));
const linearOf = Float64Array.from({ length: 256 }, (_, i) => toLinear(i / 255));
/** L of each gray byte. */
export const lightnessOf = Float32Array.from({ length: 256 }, (_, i) => grayToLightness(i));

const [redY, greenY, blueY] = toXyz[1];

/** L of an sRGB color of bytes. */
export function bytesToLightness(red: number, green: number, blue: number): number {
  return 116 * f(redY * linearOf[red]! + greenY * linearOf[green]! + blueY * linearOf[blue]!) - 16;
}

/** Byte of the gray of lightness L. */
export function lightnessToByte(L: number): number {
  return Math.round(255 * toSrgb(fInverse((L + 16) / 116)));
}

const [[xr, yr, zr], [xg, yg, zg], [xb, yb, zb]] = fromXyz;
let [red, green, blue] = [0, 0, 0]; // what toLinearRgb found

function toLinearRgb(fy: number, y: number, a: number, b: number): boolean {
  const [x, z] = [fInverse(fy + a / 500), fInverse(fy - b / 200)];
  red = xr * x + yr * y + zr * z;
  green = xg * x + yg * y + zg * z;
  blue = xb * x + yb * y + zb * z;
  const [low, high] = [-TOLERANCE, 1 + TOLERANCE];
  return red >= low && green >= low && blue >= low && red <= high && green <= high && blue <= high;
}

const toByte = (linear: number) => byteOf[Math.trunc(Math.min(1, Math.max(0, linear)) * STEPS + 0.5)]!;

/** One row of Lab (ab interleaved) -> RGBA bytes; colors that no screen can show lose chroma. */
export function labToByteRow(L: Float32Array, ab: Float32Array, target: Uint8ClampedArray, offset: number): void {
  for (let i = 0, out = offset; i < L.length; i++) {
    const fy = (L[i]! + 16) / 116;
    const y = fInverse(fy);
    const [a, b] = [ab[2 * i]!, ab[2 * i + 1]!];
    if (!toLinearRgb(fy, y, a, b)) {
      let share = 0;
      for (let step = 0.5; step > 0.5 ** (HALVINGS + 1); step /= 2) {
        if (toLinearRgb(fy, y, a * (share + step), b * (share + step))) share += step;
      }
      toLinearRgb(fy, y, a * share, b * share);
    }
    target[out++] = toByte(red);
    target[out++] = toByte(green);
    target[out++] = toByte(blue);
    target[out++] = 255;
  }
}
