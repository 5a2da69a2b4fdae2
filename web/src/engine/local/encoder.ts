// From lightness and hints to the network's input; see adacolvit/hints/encoder.py, which says why it is so.

import type { WireHint } from "../engine";
import { hexToLab } from "../../color/color";
import { toNetwork, type NetworkFrame } from "./frame";

export const AB_SCALE = 110; // ab in Lab units <-> the network's units
const CELL = 2; // hints lie on an aligned grid of this many network pixels

/** A hint on the network's input: top left corner and side of its square, and the color it asks for. */
export interface PlacedHint {
  row: number;
  column: number;
  size: number;
  a: number;
  b: number;
}

export function corner(pixel: number, size: number, extent: number): number {
  const first = Math.floor(pixel / CELL) * CELL - CELL * Math.floor((size - 1) / 4);
  return Math.min(Math.max(first, 0), extent - size);
}

export function placeHints(hints: readonly WireHint[], frame: NetworkFrame): PlacedHint[] {
  return hints.map(({ x, y, color, size }) => {
    const [column, row] = toNetwork(frame, x, y);
    const [, a, b] = hexToLab(color);
    return { row: corner(row, size, frame.height), column: corner(column, size, frame.width), size, a, b };
  });
}

/** Lightness (height x width) and hints -> (4, height, width): (L - 50) / 100, a / 110, b / 110, mask. */
export function encode(lightness: Float32Array, frame: NetworkFrame, hints: readonly PlacedHint[]): Float32Array<ArrayBuffer> {
  const { width } = frame;
  const plane = lightness.length;
  const x = new Float32Array(4 * plane);
  for (let i = 0; i < plane; i++) x[i] = (lightness[i]! - 50) / 100;
  for (const { row, column, size, a, b } of hints) {
    for (let r = row; r < row + size; r++) {
      const [start, end] = [r * width + column, r * width + column + size];
      x.fill(a / AB_SCALE, plane + start, plane + end); // in order, so that the later hint wins
      x.fill(b / AB_SCALE, 2 * plane + start, 2 * plane + end);
      x.fill(1, 3 * plane + start, 3 * plane + end);
    }
  }
  return x;
}
