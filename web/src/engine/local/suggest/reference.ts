// Colors of another photo where it is like a place of this one in lightness and texture.

import { hexToLab, bytesToHex } from "../../../color/color";
import type { NetworkFrame } from "../frame";
import type { Photo } from "../photo";

const WINDOW = 3; // half a side, in network pixels, of the window in which texture is measured
const SHARE = 0.02; // of the reference's pixels: those most like the place
const COLORS = 3;
const CELL = 8; // Lab units

/** Standard deviation of L in a window around a pixel. */
function texture(L: Float32Array, { width, height }: NetworkFrame, at: number): number {
  const [row, column] = [Math.floor(at / width), at % width];
  const within = (v: number, extent: number) => Math.min(Math.max(v, 0), extent - 1);
  let [sum, squares] = [0, 0];
  for (let y = row - WINDOW; y <= row + WINDOW; y++) {
    for (let x = column - WINDOW; x <= column + WINDOW; x++) {
      const v = L[within(y, height) * width + within(x, width)]!;
      sum += v;
      squares += v * v;
    }
  }
  const count = (2 * WINDOW + 1) ** 2;
  return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
}

/** a and b, the most frequent first; none where the reference is gray. */
export function referenceColors(reference: Photo, L: Float32Array, frame: NetworkFrame, at: number): [number, number][] {
  const colors = reference.networkColor;
  if (!colors) return [];
  const there = reference.networkLightness;
  const own = texture(L, frame, at);
  // Texture spans about half of what lightness does, so it counts double.
  const unlike = there.map((v, i) => Math.abs(v - L[at]!) + 2 * Math.abs(texture(there, reference.frame, i) - own));
  const nearest = Array.from(unlike.keys()).sort((p, q) => unlike[p]! - unlike[q]!);
  let points = nearest.slice(0, Math.max(1, Math.round(SHARE * unlike.length))).map((i): [number, number] => {
    const [, a, b] = hexToLab(bytesToHex([colors[3 * i]!, colors[3 * i + 1]!, colors[3 * i + 2]!]));
    return [a, b];
  });
  const cellOf = ([a, b]: [number, number]) => [Math.floor(a / CELL), Math.floor(b / CELL)] as const;
  const found: [number, number][] = [];
  while (points.length && found.length < COLORS) {
    const cells = new Map<string, [number, number][]>();
    for (const point of points) {
      const name = cellOf(point).join();
      cells.set(name, [...(cells.get(name) ?? []), point]);
    }
    const densest = [...cells.values()].reduce((p, q) => (q.length > p.length ? q : p));
    const mean = (k: 0 | 1) => densest.reduce((sum, point) => sum + point[k], 0) / densest.length;
    found.push([mean(0), mean(1)]);
    const [i, j] = cellOf(densest[0]!);
    points = points.filter((point) => Math.abs(cellOf(point)[0] - i) > 1 || Math.abs(cellOf(point)[1] - j) > 1);
  }
  return found;
}
