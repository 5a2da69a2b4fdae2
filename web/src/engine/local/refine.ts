// After the network: no patch borders, and the hints obeyed; see adacolvit/runtime/refine.py.

import type { PlacedHint } from "./encoder";
import { PATCH } from "./frame";
import { mean3, Upsampler } from "./upsample";

/** Of the guided filter: side of a block of pixels, and in squared units of L. */
const BLOCK = 4;
const EPSILON = 16;
/** Of a patch: how much of the network's own color stays, down or across; the whole is the product of both. */
const OWN = Float32Array.from({ length: PATCH }, (_, i) => Math.sin((Math.PI * (i + 0.5)) / PATCH) ** 2);
/** L is counted from here, so that less is lost where its products are rounded. */
const MIDDLE = 50;
/** Of each pass: its reach as a fraction of the side of a square as large as the input, and in units of L; shrink. */
const PASSES = [[0.18, 12, 0.4], [0.06, 7, 0.4], [0.02, 7, 0.1]] as const;
/** Lab units: the squared reach of a correction r is divided by 1 + |r|^2 / VIVID^2. */
const VIVID = 30;

/** Mean of each block of BLOCK x BLOCK pixels. */
function blockMeans(plane: Float32Array, height: number, width: number): Float32Array {
  const across = width / BLOCK;
  const sums = new Float64Array((height / BLOCK) * across);
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.trunc(y / BLOCK) * across;
    for (let x = 0; x < width; x++, i++) sums[row + Math.trunc(x / BLOCK)]! += plane[i]!;
  }
  return Float32Array.from(sums, (sum) => sum / BLOCK ** 2);
}

const product = (p: Float32Array, q: Float32Array) => p.map((v, i) => v * q[i]!);

/** Guided filter of color by lightness, at the borders of patches. ab: two planes; height and width are multiples of PATCH. */
function smooth(L: Float32Array, ab: Float32Array[], height: number, width: number): Float32Array[] {
  const [down, across] = [height / BLOCK, width / BLOCK];
  const around = (blocks: Float32Array) => mean3(blocks, down, across);
  const mean = (plane: Float32Array) => around(blockMeans(plane, height, width));
  const light = L.map((v) => v - MIDDLE);
  const meanL = mean(light);
  const variance = mean(product(light, light)).map((v, i) => Math.max(0, v - meanL[i]! * meanL[i]!) + EPSILON);
  const fits = ab.map((plane) => {
    const meanPlane = mean(plane);
    const slope = mean(product(light, plane)).map((v, i) => (v - meanL[i]! * meanPlane[i]!) / variance[i]!);
    return { slope, offset: meanPlane.map((v, i) => v - slope[i]! * meanL[i]!) };
  });
  const lines = new Float32Array(4 * down * across);
  [...fits.map(({ slope }) => slope), ...fits.map(({ offset }) => offset)].forEach((plane, p) => {
    plane.forEach((v, i) => (lines[4 * i + p] = v));
  });
  const color = new Upsampler(lines, across, down, width, height);
  const [smoothed, row] = [ab.map(() => new Float32Array(L.length)), new Float32Array(2 * width)];
  for (let y = 0; y < height; y++) {
    color.row(y, light.subarray(y * width, (y + 1) * width), row);
    smoothed.forEach((plane, c) => {
      for (let x = 0, i = y * width; x < width; x++, i++) {
        const filtered = row[2 * x + c]!;
        plane[i] = filtered + OWN[y % PATCH]! * OWN[x % PATCH]! * (ab[c]![i]! - filtered);
      }
    });
  }
  return smoothed;
}

function meanIn(plane: Float32Array, width: number, { row, column, size }: PlacedHint): number {
  let sum = 0;
  for (let y = row; y < row + size; y++) for (let x = column; x < column + size; x++) sum += plane[y * width + x]!;
  return sum / (size * size);
}

/** Brings color to what the hints ask, near them and on what is as light as they are. ab: two planes. */
function obey(L: Float32Array, ab: Float32Array[], height: number, width: number, hints: readonly PlacedHint[]): Float32Array[] {
  const side = Math.sqrt(height * width);
  return PASSES.reduce((before, [reach, likeness, shrink]) => spread(L, before, height, width, hints, reach * side, likeness, shrink), ab);
}

/** One pass. reach: network pixels; likeness: units of L. */
function spread(L: Float32Array, ab: Float32Array[], height: number, width: number, hints: readonly PlacedHint[], reach: number, likeness: number, shrink: number): Float32Array[] {
  const [a, b] = ab as [Float32Array, Float32Array];
  const [correctionA, correctionB] = [new Float32Array(L.length), new Float32Array(L.length)];
  const total = new Float32Array(L.length).fill(shrink);
  const nearness = (extent: number, middle: number, narrow: number) =>
    Float32Array.from({ length: extent }, (_, i) => Math.exp((-0.5 * narrow * (i - middle) ** 2) / reach ** 2));
  const last = new Map(hints.map((hint) => [hint.row * width + hint.column, hint])); // of those at one place
  for (const hint of last.values()) {
    const middle = (hint.size - 1) / 2;
    const [lackA, lackB] = [hint.a - meanIn(a, width, hint), hint.b - meanIn(b, width, hint)];
    const own = meanIn(L, width, hint);
    const narrow = 1 + (lackA ** 2 + lackB ** 2) / VIVID ** 2;
    const [down, across] = [nearness(height, hint.row + middle, narrow), nearness(width, hint.column + middle, narrow)];
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        const difference = L[i]! - own;
        const weight = down[y]! * across[x]! * Math.exp((-0.5 / likeness ** 2) * difference * difference);
        correctionA[i]! += lackA * weight;
        correctionB[i]! += lackB * weight;
        total[i]! += weight;
      }
    }
  }
  return [a.map((v, i) => v + correctionA[i]! / total[i]!), b.map((v, i) => v + correctionB[i]! / total[i]!)];
}

export function refine(L: Float32Array, ab: Float32Array[], height: number, width: number, hints: readonly PlacedHint[]): Float32Array[] {
  return obey(L, smooth(L, ab, height, width), height, width, hints);
}
