// After the network: no patch borders, and the hints obeyed; see adacolvit/runtime/refine.py.

import type { PlacedHint } from "./encoder";

const RADIUS = 12;
const EPSILON = 16;
/** Of each pass: its reach as a fraction of the side of a square as large as the input, and in units of L; shrink. */
const PASSES = [[0.18, 12, 0.4], [0.06, 7, 0.4], [0.02, 7, 0.1]] as const;
/** Lab units: the squared reach of a correction r is divided by 1 + |r|^2 / VIVID^2. */
const VIVID = 30;

/** Mean over (2 radius + 1)^2 pixels, the border repeated. */
function boxMean(plane: Float32Array, height: number, width: number, radius: number): Float32Array {
  const across = meanAlong(plane, height, width, 1, width, radius);
  return Float32Array.from(meanAlong(across, width, height, width, 1, radius));
}

/** Running mean of `lines` lines of `length` values, `step` apart, lines `next` apart; in double precision. */
function meanAlong(plane: ArrayLike<number>, lines: number, length: number, step: number, next: number, radius: number): Float64Array {
  const result = new Float64Array(plane.length);
  const side = 2 * radius + 1;
  for (let line = 0; line < lines; line++) {
    const start = line * next;
    const at = (i: number) => plane[start + Math.min(Math.max(i, 0), length - 1) * step]!;
    let sum = 0;
    for (let i = -radius; i <= radius; i++) sum += at(i);
    for (let i = 0; i < length; i++) {
      result[start + i * step] = sum / side;
      sum += at(i + radius + 1) - at(i - radius);
    }
  }
  return result;
}

const product = (p: Float32Array, q: Float32Array) => p.map((v, i) => v * q[i]!);

/** Guided filter of color by lightness. ab: two planes. */
export function smooth(L: Float32Array, ab: Float32Array[], height: number, width: number): Float32Array[] {
  const mean = (plane: Float32Array) => boxMean(plane, height, width, RADIUS);
  const meanL = mean(L);
  const variance = mean(product(L, L)).map((v, i) => Math.max(0, v - meanL[i]! * meanL[i]!) + EPSILON);
  return ab.map((plane) => {
    const meanPlane = mean(plane);
    const slope = mean(product(L, plane)).map((v, i) => (v - meanL[i]! * meanPlane[i]!) / variance[i]!);
    const offset = meanPlane.map((v, i) => v - slope[i]! * meanL[i]!);
    const [smoothSlope, smoothOffset] = [mean(slope), mean(offset)];
    return L.map((v, i) => smoothSlope[i]! * v + smoothOffset[i]!);
  });
}

function meanIn(plane: Float32Array, width: number, { row, column, size }: PlacedHint): number {
  let sum = 0;
  for (let y = row; y < row + size; y++) for (let x = column; x < column + size; x++) sum += plane[y * width + x]!;
  return sum / (size * size);
}

/** Brings color to what the hints ask, near them and on what is as light as they are. ab: two planes. */
export function obey(L: Float32Array, ab: Float32Array[], height: number, width: number, hints: readonly PlacedHint[]): Float32Array[] {
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
