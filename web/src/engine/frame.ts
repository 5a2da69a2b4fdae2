// One answer of the network, ready to be drawn at any size.

import type { components } from "./schema";

export type FrameInfo = components["schemas"]["FrameInfo"];

/** A message of the live socket: u32 length, JSON, then planes of int16, STEPS to a unit: L where the request wanted it, a and b. */
export function unpack(message: ArrayBuffer): { info: FrameInfo; lightness: Int16Array | null; ab: Int16Array } {
  const length = new DataView(message).getUint32(0, true);
  const info = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, length))) as FrameInfo;
  const planes = new Int16Array(message, 4 + length); // an even place, as the server takes care of
  const size = info.width * info.height;
  return { info, lightness: info.lightness ? planes.subarray(0, size) : null, ab: planes.subarray(-2 * size) };
}

export class Frame {
  constructor(
    readonly info: FrameInfo,
    /** A_a, A_b, B_a, B_b of each pixel, as Guide makes them: ab = A * L + B. */
    readonly planes: Float32Array,
  ) {}

  /** ab at (u, v) in [0, 1] of the photo where its lightness is L; bilinear, as the shader's texture unit does it. */
  abAt(u: number, v: number, L: number): [number, number] {
    const { width, height } = this.info;
    const x = Math.min(width - 1, Math.max(0, u * width - 0.5));
    const y = Math.min(height - 1, Math.max(0, v * height - 0.5));
    const [x0, y0] = [Math.floor(x), Math.floor(y)];
    const [x1, y1] = [Math.min(x0 + 1, width - 1), Math.min(y0 + 1, height - 1)];
    const [fx, fy] = [x - x0, y - y0];
    const plane = (k: number) => {
      const at = (px: number, py: number) => this.planes[4 * (py * width + px) + k]!;
      const top = at(x0, y0) * (1 - fx) + at(x1, y0) * fx;
      const bottom = at(x0, y1) * (1 - fx) + at(x1, y1) * fx;
      return top * (1 - fy) + bottom * fy;
    };
    return [plane(0) * L + plane(2), plane(1) * L + plane(3)];
  }
}
