// Scaling as Pillow's BILINEAR does it: antialiased where it shrinks, rounded to bytes between the two passes where the
// picture is of bytes. The server scales with Pillow, so only the same arithmetic gives the network the same numbers.

/** For each output pixel: the first input pixel that it sees, and their weights. */
interface Weights {
  first: Int32Array;
  /** `most` for each output pixel, unused ones 0; they sum to 1. */
  values: Float64Array;
  most: number;
}

const PRECISION = 22; // bits of a byte picture's weights

export function bilinear(from: number, to: number): Weights {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const most = 2 * Math.ceil(support) + 1;
  const first = new Int32Array(to);
  const values = new Float64Array(to * most);
  for (let i = 0; i < to; i++) {
    const center = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(from, Math.trunc(center + support + 0.5)) - start;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const weight = Math.max(0, 1 - Math.abs((k + start - center + 0.5) / support));
      values[i * most + k] = weight;
      sum += weight;
    }
    for (let k = 0; k < count; k++) values[i * most + k]! /= sum;
    first[i] = start;
  }
  return { first, values, most };
}

const rounded = ({ values }: Weights) => Int32Array.from(values, (weight) => Math.trunc(weight * 2 ** PRECISION + 0.5));

/** Rows of bytes, made narrower or wider one by one as they come; then the column pass over all of them. */
export class ByteScaler {
  private readonly across: Weights;
  private readonly weights: Int32Array;
  private readonly rows: Uint8Array;

  /** `channels` interleaved bytes per pixel. */
  constructor(
    width: number,
    private readonly height: number,
    private readonly toWidth: number,
    private readonly toHeight: number,
    private readonly channels: number,
  ) {
    this.across = bilinear(width, toWidth);
    this.weights = rounded(this.across);
    this.rows = new Uint8Array(height * toWidth * channels);
  }

  /** Takes row `y`, which begins at `offset` of `source`, `stride` bytes from pixel to pixel. */
  row(y: number, source: Uint8Array | Uint8ClampedArray, offset: number, stride: number): void {
    const { toWidth, channels, weights, rows } = this;
    const { first, most } = this.across;
    let out = y * toWidth * channels;
    for (let i = 0; i < toWidth; i++) {
      const start = offset + first[i]! * stride;
      for (let c = 0; c < channels; c++) {
        let sum = 2 ** (PRECISION - 1);
        for (let k = 0, at = start + c; k < most; k++, at += stride) {
          const weight = weights[i * most + k]!;
          if (weight) sum += source[at]! * weight;
        }
        rows[out++] = sum >> PRECISION;
      }
    }
  }

  finish(): Uint8Array {
    const line = this.toWidth * this.channels;
    const down = bilinear(this.height, this.toHeight);
    const weights = rounded(down);
    const result = new Uint8Array(this.toHeight * line);
    for (let y = 0; y < this.toHeight; y++) {
      for (let i = 0; i < line; i++) {
        let sum = 2 ** (PRECISION - 1);
        for (let k = 0; k < down.most; k++) {
          const weight = weights[y * down.most + k]!;
          if (weight) sum += this.rows[(down.first[y]! + k) * line + i]! * weight;
        }
        result[y * line + i] = sum >> PRECISION;
      }
    }
    return result;
  }
}
