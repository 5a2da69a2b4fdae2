// One answer of the network: u32 length, JSON, then four float16 planes (A_a, A_b, B_a, B_b) with ab = A * L + B.

import type { components } from "./schema";

export type FrameInfo = components["schemas"]["FrameInfo"];

export class Frame {
  constructor(
    readonly info: FrameInfo,
    /** A_a, A_b, B_a, B_b, plane by plane, in float16. */
    readonly planes: Uint16Array,
  ) {}

  static read(message: ArrayBuffer): Frame {
    const length = new DataView(message).getUint32(0, true);
    const info = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, length))) as FrameInfo;
    return new Frame(info, new Uint16Array(message, 4 + length)); // an even place, as the server takes care of
  }

  /** ab at (u, v) in [0, 1] of the photo where its lightness is L; bilinear, as the shader's texture unit does it. */
  abAt(u: number, v: number, L: number): [number, number] {
    const { width, height } = this.info;
    const x = Math.min(width - 1, Math.max(0, u * width - 0.5));
    const y = Math.min(height - 1, Math.max(0, v * height - 0.5));
    const [x0, y0] = [Math.floor(x), Math.floor(y)];
    const [x1, y1] = [Math.min(x0 + 1, width - 1), Math.min(y0 + 1, height - 1)];
    const [fx, fy] = [x - x0, y - y0];
    const plane = (k: number) => {
      const at = (px: number, py: number) => half(this.planes[(k * height + py) * width + px]!);
      const top = at(x0, y0) * (1 - fx) + at(x1, y0) * fx;
      const bottom = at(x0, y1) * (1 - fx) + at(x1, y1) * fx;
      return top * (1 - fy) + bottom * fy;
    };
    return [plane(0) * L + plane(2), plane(1) * L + plane(3)];
  }
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -24 * fraction;
}
