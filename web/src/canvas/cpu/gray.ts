// Gray texels, and how they become coarser.

import type { Box } from "../tiles";

export interface Gray {
  texels: Uint8Array;
  width: number;
  height: number;
}

/** A texture: what a graphics card would have in memory. */
export class Levels {
  private readonly levels: Gray[];

  constructor(
    finest: Gray,
    private readonly most: number,
  ) {
    this.levels = [finest];
  }

  get width(): number {
    return this.levels[0]!.width;
  }

  /** The level whose texels are nearest to a device pixel in size, at `density` texels of the finest per device pixel. */
  at(density: number): Gray {
    const level = Math.min(this.most, Math.max(0, Math.ceil(Math.log2(density) - 0.5)));
    while (this.levels.length <= level) this.levels.push(halved(this.levels.at(-1)!));
    return this.levels[level]!;
  }
}

/** Each texel the mean of 2 x 2. */
function halved({ texels, width, height }: Gray): Gray {
  const [w, h] = [Math.max(1, width >> 1), Math.max(1, height >> 1)];
  const [right, below] = [width > 1 ? 1 : 0, height > 1 ? width : 0];
  const mean = new Uint8Array(w * h);
  for (let y = 0, at = 0; y < h; y++) {
    for (let x = 0, from = 2 * y * width; x < w; x++, from += 2) {
      mean[at++] = (texels[from]! + texels[from + right]! + texels[from + below]! + texels[from + below + right]! + 2) >> 2;
    }
  }
  return { texels: mean, width: w, height: h };
}

export function grayOf(picture: ImageBitmap): Gray {
  const { width, height } = picture;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const texels = new Uint8Array(width * height);
  for (let i = 0; i < texels.length; i++) texels[i] = data[4 * i]!;
  return { texels, width, height };
}

/** Where a texture's texel is that lies at a place of the photo, along one side: the left of two, and the right's share of 256. */
export function between(place: number, from: Box["x"], extent: number, texels: number): [number, number] {
  const at = Math.min(texels - 1, Math.max(0, ((place - from) / extent) * texels - 0.5));
  const fixed = Math.round(256 * at);
  return [fixed >> 8, fixed & 255];
}
