// The displayable part of the ab plane at one lightness: its outline, its picture, and the nearest point in it.

import { fInverse, fromXyz, HALVINGS, isDisplayable, shows, TOLERANCE, toSrgb } from "./color";

export interface Plane {
  L: number;
  /** Corners of the outline, in ab. */
  outline: [number, number][];
  /** Middle and half side, in ab, of the square that shows the outline with a little air. */
  middle: [number, number];
  half: number;
}

const HUES = 720; // half degrees: the tips of yellow and blue are thin
const MOST_CHROMA = 140; // beyond any sRGB color
const LEAST_HALF = 6; // so that the plane of a black or white spot is not blown up to noise

/** Largest displayable share of (a, b) at constant hue: the bisection of color/gamut.py and of the shader. */
export function fitChroma(L: number, a: number, b: number, steps = HALVINGS): [number, number] {
  if (isDisplayable(L, a, b)) return [a, b];
  let low = 0;
  let high = 1;
  for (let i = 0; i < steps; i++) {
    const middle = (low + high) / 2;
    if (isDisplayable(L, a * middle, b * middle)) low = middle;
    else high = middle;
  }
  return [a * low, b * low];
}

export function planeAt(L: number): Plane {
  const outline: [number, number][] = [];
  for (let i = 0; i < HUES; i++) {
    const hue = (2 * Math.PI * i) / HUES;
    outline.push(fitChroma(L, MOST_CHROMA * Math.cos(hue), MOST_CHROMA * Math.sin(hue), 14));
  }
  const as = outline.map((p) => p[0]);
  const bs = outline.map((p) => p[1]);
  const [a0, a1, b0, b1] = [Math.min(...as), Math.max(...as), Math.min(...bs), Math.max(...bs)];
  const half = Math.max(LEAST_HALF, (1.06 * Math.max(a1 - a0, b1 - b0)) / 2);
  return { L, outline, middle: [(a0 + a1) / 2, (b0 + b1) / 2], half };
}

/** The displayable ab nearest to the wanted one at this lightness. */
export function nearest(plane: Plane, a: number, b: number): [number, number] {
  if (isDisplayable(plane.L, a, b)) return [a, b];
  let best: [number, number] = [0, 0];
  let bestDistance = Infinity;
  plane.outline.forEach((p, i) => {
    const q = plane.outline[(i + 1) % plane.outline.length]!;
    const [dx, dy] = [q[0] - p[0], q[1] - p[1]];
    const length = dx * dx + dy * dy;
    const t = length ? Math.min(1, Math.max(0, ((a - p[0]) * dx + (b - p[1]) * dy) / length)) : 0;
    const point: [number, number] = [p[0] + t * dx, p[1] + t * dy];
    const distance = (a - point[0]) ** 2 + (b - point[1]) ** 2;
    if (distance < bestDistance) [best, bestDistance] = [point, distance];
  });
  return fitChroma(plane.L, best[0], best[1]);
}

/** sRGB byte of each linear value that is shown, in steps that are a fraction of a byte even in the dark. */
let bytes: Uint8ClampedArray | null = null;
const STEPS = 2 ** 14;
const BELOW = Math.ceil(STEPS * TOLERANCE); // steps below 0, and above 1
const tableOfBytes = () =>
  (bytes ??= Uint8ClampedArray.from({ length: STEPS + 2 * BELOW + 1 }, (_, i) => 255 * toSrgb((i - BELOW) / STEPS)));

/** Square picture of the plane, a to the right, b up; transparent where the color cannot be displayed. */
export function paintPlane(plane: Plane, side: number): ImageData {
  const image = new ImageData(side, side);
  const table = tableOfBytes();
  const byte = (v: number) => table[Math.round(STEPS * v) + BELOW]!;
  const [r, g, b] = fromXyz;
  const fy = (plane.L + 16) / 116;
  const y = fInverse(fy);
  const offset = (i: number) => (2 * ((i + 0.5) / side) - 1) * plane.half;
  const xs = Float64Array.from({ length: side }, (_, i) => fInverse(fy + (plane.middle[0] + offset(i)) / 500));
  const { data } = image;
  for (let row = 0, at = 0; row < side; row++) {
    const z = fInverse(fy - (plane.middle[1] - offset(row)) / 200);
    const [ry, gy, by] = [r[1] * y + r[2] * z, g[1] * y + g[2] * z, b[1] * y + b[2] * z]; // the same along a row
    for (let column = 0; column < side; column++, at += 4) {
      const x = xs[column]!;
      const [red, green, blue] = [r[0] * x + ry, g[0] * x + gy, b[0] * x + by];
      if (!shows(red) || !shows(green) || !shows(blue)) continue;
      data[at] = byte(red);
      data[at + 1] = byte(green);
      data[at + 2] = byte(blue);
      data[at + 3] = 255;
    }
  }
  return image;
}
