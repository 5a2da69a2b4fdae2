// The compiled rows of kernel/rows.ts, their memory, and the numbers that they work with.

import { DELTA, f, fromXyz, HALVINGS, TOLERANCE, toLinear } from "../../color/color";
import { SRGB } from "../curve";
import { loops } from "../../engine/loops";

const GRAYS = 16 * 255 + 1; // of the table of lightness: 16 to a byte

export type Pointer = number; // bytes
/** What a row is, see kernel/rows.ts. */
interface Rows {
  color(out: Pointer, lightness: Pointer, above: Pointer, below: Pointer, stride: number, share: number, count: number): void;
  uncolored(out: Pointer, gray: Pointer, count: number): void;
  sample(lightness: Pointer, gray: Pointer, table: Pointer, at: Pointer, above: Pointer, below: Pointer, share: number, count: number): void;
  quads(out: Pointer, planes: Pointer, chroma: number, count: number): void;
  spread(out: Pointer, stride: number, row: Pointer, columns: number, at: Pointer, count: number): void;
}

const PAGE = 2 ** 16;
const CONSTANTS = 1024;
const SLACK = 64; // rows may be read a little beyond their end

export class Kernel {
  /** f of each gray. */
  readonly table: Pointer;
  private readonly start: Pointer;

  private constructor(
    readonly rows: Rows,
    private readonly memory: WebAssembly.Memory,
  ) {
    const line = 3 * DELTA * DELTA;
    const curve = [...SRGB.ofRoot, SRGB.line].map((factor) => 255 * factor);
    const numbers = [...fromXyz.flat(), DELTA, line, (line * 4) / 29, 1 + TOLERANCE, -TOLERANCE, SRGB.dark, ...curve, 2 ** 23, 1, HALVINGS];
    this.floats(CONSTANTS, 4 * numbers.length).set(numbers.flatMap((v) => [v, v, v, v]));
    this.table = CONSTANTS + 1024;
    this.start = this.table + 4 * (GRAYS + 15 - (GRAYS % 16));
    this.floats(this.table, GRAYS).forEach((_, i, table) => (table[i] = f(toLinear(i / (GRAYS - 1)))));
  }

  /** Throws where the browser has no WebAssembly with vectors. */
  static async load(): Promise<Kernel> {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const instance = await WebAssembly.instantiate(await loops(), { env: { memory } });
    return new Kernel(instance.exports as unknown as Rows, memory);
  }

  /** Divides the memory into parts of so many bytes each; what was in it before is lost. */
  lay<Name extends string>(sizes: Record<Name, number>): Record<Name, Pointer> {
    let end = this.start;
    const parts = {} as Record<Name, Pointer>;
    for (const [name, size] of Object.entries<number>(sizes) as [Name, number][]) {
      parts[name] = end;
      end += Math.ceil((size + SLACK) / 16) * 16;
    }
    const missing = end - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE)); // views of before are of no use from here on
    return parts;
  }

  bytes = (at: Pointer, count: number) => new Uint8ClampedArray(this.memory.buffer, at, count);
  floats = (at: Pointer, count: number) => new Float32Array(this.memory.buffer, at, count);
  words = (at: Pointer, count: number) => new Uint32Array(this.memory.buffer, at, count);
}
