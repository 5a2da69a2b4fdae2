// Pixels of the canvas in the kernel's memory: of each its lightness, its gray and its color.

import type { Patch } from "../tiles";
import type { Size } from "../view";
import { between, type Gray, type Levels } from "./gray";
import type { Kernel, Pointer } from "./kernel";
import type { Region } from "./region";

/** How a photo lies on the canvas. */
export interface Look {
  left: number;
  top: number;
  /** Device pixels per photo pixel. */
  scale: number;
  /** Photo pixels are drawn as squares. */
  sharp: boolean;
  size: Size;
}

/** Photo pixels, of the middle of a device pixel. */
const along = (v: number, from: number, { scale, sharp }: Look) => {
  const place = (v + 0.5 - from) / scale;
  return sharp ? Math.floor(place) + 0.5 : place; // of a photo pixel its very gray, and the color it is saved with
};

/** Memory that all surfaces use in turn. */
export interface Desk {
  /** A number for each pixel of the widest row. */
  columns: Pointer;
  /** Eight for each: two rows of quads. */
  spread: Pointer;
  texels: Pointer;
  /** Whose texels lie there. */
  gray: Gray | null;
}

export interface Quads {
  at: Pointer;
  width: number;
  height: number;
}

/** Of a surface. */
export const BYTES_PER_PIXEL = 9;

export class Surface {
  private readonly lightness: Pointer;
  private readonly rgba: Pointer;
  private readonly gray: Pointer;

  constructor(
    private readonly kernel: Kernel,
    private readonly desk: Desk,
    at: Pointer,
    readonly width: number,
    readonly height: number,
  ) {
    [this.lightness, this.rgba, this.gray] = [at, at + 4 * width * height, at + 8 * width * height];
  }

  get picture(): ImageData {
    return new ImageData(this.pixels as Uint8ClampedArray<ArrayBuffer>, this.width, this.height);
  }

  private get pixels(): Uint8ClampedArray {
    return this.kernel.bytes(this.rgba, 4 * this.width * this.height);
  }

  /** Bytes between the parts of quads that are spread out to pixels. */
  private get stride(): number {
    return 4 * (this.width + 3);
  }

  clear({ left, top, right, bottom }: Region): void {
    const pixels = this.kernel.words(this.rgba, this.width * this.height);
    for (let y = top; y < bottom; y++) pixels.fill(0, y * this.width + left, y * this.width + right);
  }

  /** Moves what is in a region; what comes in from beyond it is left as it is. */
  shift({ left, top, right, bottom }: Region, dx: number, dy: number): void {
    const [width, height] = [right - left - Math.abs(dx), bottom - top - Math.abs(dy)];
    if (width <= 0 || height <= 0) return;
    const [fromX, fromY] = [left + Math.max(0, -dx), top + Math.max(0, -dy)];
    const count = this.width * this.height;
    for (const pixels of [this.kernel.words(this.lightness, count), this.kernel.words(this.rgba, count), this.kernel.bytes(this.gray, count)]) {
      for (let i = 0; i < height; i++) {
        const row = (fromY + (dy > 0 ? height - 1 - i : i)) * this.width + fromX;
        pixels.copyWithin(row + dy * this.width + dx, row, row + width);
      }
    }
  }

  /** Takes over what another surface shows, from a place of it on; with a radius only what lies around that circle. */
  take(other: Surface, x: number, y: number, radius = 0): void {
    const [to, from] = [this.pixels, other.pixels];
    const [start, end] = [Math.max(0, -x), Math.min(this.width, other.width - x)];
    const middle = this.width / 2;
    for (let row = Math.max(0, -y); row < this.height && y + row < other.height; row++) {
      const copy = (left: number, right: number) => {
        const at = (y + row) * other.width + x;
        if (left < right) to.set(from.subarray(4 * (at + left), 4 * (at + right)), 4 * (row * this.width + left));
      };
      const half = Math.sqrt(Math.max(0, radius ** 2 - (row + 0.5 - middle) ** 2));
      copy(start, Math.min(end, Math.ceil(middle - half - 0.5)));
      copy(Math.max(start, Math.ceil(middle + half - 0.5)), end);
    }
  }

  /** Reads the photo's gray. */
  sample({ left, top, right, bottom }: Region, look: Look, { texture, span }: Patch<Levels>): void {
    const { rows, table } = this.kernel;
    const { columns, texels } = this.desk;
    const gray = texture.at(texture.width / span.width / look.scale);
    if (this.desk.gray !== gray) this.kernel.bytes(texels, gray.texels.length).set(gray.texels);
    this.desk.gray = gray;
    const at = this.kernel.words(columns, right - left);
    for (let x = left; x < right; x++) {
      const [texel, share] = between(along(x, look.left, look), span.x, span.width, gray.width);
      at[x - left] = (texel << 8) | share;
    }
    for (let y = top; y < bottom; y++) {
      const [row, share] = between(along(y, look.top, look), span.y, span.height, gray.height);
      const above = texels + row * gray.width;
      const below = row + 1 < gray.height ? above + gray.width : above;
      const to = y * this.width + left;
      rows.sample(this.lightness + 4 * to, this.gray + to, table, columns, above, below, share, right - left);
    }
  }

  /** Colors what was read; without planes it is gray. */
  color({ left, top, right, bottom }: Region, look: Look, planes: Quads | null): void {
    const { rows } = this.kernel;
    const { columns, spread } = this.desk;
    const { size } = look;
    const count = right - left;
    if (count <= 0) return;
    if (planes) {
      const at = this.kernel.floats(columns, count);
      for (let x = left; x < right; x++) at[x - left] = (along(x, look.left, look) / size.width) * planes.width - 0.5;
    }
    let [above, below] = [spread, spread + 4 * this.stride]; // quads of the rows `first` and the one after it
    let first = NaN;
    const put = (to: Pointer, row: number) => {
      const held = Math.min(planes!.height - 1, Math.max(0, row));
      rows.spread(to, this.stride, planes!.at + 16 * held * planes!.width, planes!.width, columns, count);
    };
    for (let y = top; y < bottom; y++) {
      const to = y * this.width + left;
      if (!planes) {
        rows.uncolored(this.rgba + 4 * to, this.gray + to, count);
        continue;
      }
      const place = (along(y, look.top, look) / size.height) * planes.height - 0.5;
      const row = Math.floor(place);
      if (row !== first) {
        [above, below] = row === first + 1 ? [below, above] : [above, below];
        if (row !== first + 1) put(above, row);
        put(below, row + 1);
        first = row;
      }
      rows.color(this.rgba + 4 * to, this.lightness + 4 * to, above, below, this.stride, place - row, count);
    }
  }
}
