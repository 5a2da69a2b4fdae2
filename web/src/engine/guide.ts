// From the network's color to what carries it to any size: ab = A * L + B, with A and B bilinear between the network's pixels.
// The loops are kernel/guide.ts; see also adacolvit/runtime/upsample.py.

/** Of a frame's numbers to a Lab unit. */
export const STEPS = 256;

type Pointer = number; // bytes
interface Loops {
  prepare(lightness: Pointer, mean: Pointer, inverse: Pointer, sharp: Pointer, row: Pointer, height: number, width: number): void;
  slopes(steps: Pointer, lightness: Pointer, mean: Pointer, inverse: Pointer, slope: Pointer, sharp: Pointer, row: Pointer, height: number, width: number): void;
  planes(out: Pointer, slopeA: Pointer, slopeB: Pointer, sharpA: Pointer, sharpB: Pointer, sharp: Pointer, row: Pointer, height: number, width: number): void;
}

const PAGE = 2 ** 16;
const START = 1024; // what lies before is the compiler's

/** Two planes of Lab units -> the whole numbers of a frame, one plane after the other. */
export function toSteps(ab: readonly Float32Array[]): Int16Array<ArrayBuffer> {
  const size = ab[0]!.length;
  const steps = new Int16Array(ab.length * size);
  ab.forEach((plane, p) => {
    for (let i = 0; i < size; i++) steps[p * size + i] = Math.max(-32768, Math.min(32767, Math.round(plane[i]! * STEPS)));
  });
  return steps;
}

/** Of one photo, for all its frames: what depends on lightness alone is reckoned once. */
export class Guide {
  private readonly memory: WebAssembly.Memory;
  private readonly loops: Loops;
  private readonly at: Record<"lightness" | "mean" | "inverse" | "sharp" | "row" | "steps" | "slopeA" | "slopeB" | "sharpA" | "sharpB" | "out", Pointer>;

  /** lightness: L of the network's frame, `height` rows of `width`, a multiple of four. */
  constructor(module: WebAssembly.Module, lightness: Float32Array, readonly height: number, readonly width: number) {
    const texels = 4 * height * width;
    let end = START;
    const take = (bytes: number) => {
      const at = end;
      end += Math.ceil(bytes / 16) * 16;
      return at;
    };
    const plane = () => take(texels);
    this.at = {
      ...{ lightness: plane(), mean: plane(), inverse: plane(), sharp: plane(), row: take(8 * width + 48), steps: plane() },
      ...{ slopeA: plane(), slopeB: plane(), sharpA: plane(), sharpB: plane(), out: take(4 * texels) },
    };
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(end / PAGE) });
    this.loops = new WebAssembly.Instance(module, { env: { memory: this.memory } }).exports as unknown as Loops;
    new Float32Array(this.memory.buffer, this.at.lightness, lightness.length).set(lightness);
    const { at } = this;
    this.loops.prepare(at.lightness, at.mean, at.inverse, at.sharp, at.row, height, width);
  }

  /** ab: two planes, STEPS to a Lab unit. Gives A_a, A_b, B_a, B_b of each pixel, side by side. */
  planes(ab: Int16Array): Float32Array<ArrayBuffer> {
    const { at, height, width, loops, memory } = this;
    const size = height * width;
    new Int16Array(memory.buffer, at.steps, 2 * size).set(ab);
    loops.slopes(at.steps, at.lightness, at.mean, at.inverse, at.slopeA, at.sharpA, at.row, height, width);
    loops.slopes(at.steps + 2 * size, at.lightness, at.mean, at.inverse, at.slopeB, at.sharpB, at.row, height, width);
    loops.planes(at.out, at.slopeA, at.slopeB, at.sharpA, at.sharpB, at.sharp, at.row, height, width);
    return new Float32Array(memory.buffer, at.out, 4 * size).slice();
  }
}
