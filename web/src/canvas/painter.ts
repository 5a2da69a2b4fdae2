// What draws the photo: only what is on screen, at the screen's own resolution, for every zoom. gl/ does it where there is
// a graphics card, cpu/ where there is none.

import type { Frame } from "../engine/frame";
import type { Box, FetchPart } from "./tiles";
import type { Size } from "./view";

/** Left, top, width, height on the canvas, in device pixels. */
export type Rectangle = [number, number, number, number];

/** One look at the photo; a canvas shows one, two side by side, or one with a lens over it. */
export interface Pane {
  /** Where it is drawn, and nowhere else: whole pixels of the canvas. */
  box: Rectangle;
  /** The whole photo, whether the box shows all of it or not. */
  photo: Rectangle;
  /** Left of this device pixel of the canvas is what the photo is compared with; 0: nowhere, Infinity: everywhere. */
  divider: number;
  /** Only the largest circle within the box. */
  round?: boolean;
}

/** Factors of a and b: of the photo, and of what it is compared with. */
export type Chroma = readonly [number, number];

/** Device pixels per photo pixel in a pane of a photo of some size, and the part of it, in its pixels, that lies in the box. */
export function lookThrough({ box: [left, top, width, height], photo }: Pane, size: Size): { scale: number; seen: Box } {
  const scale = photo[2] / size.width;
  return { scale, seen: { x: (left - photo[0]) / scale, y: (top - photo[1]) / scale, width: width / scale, height: height / scale } };
}

/** Largest side of the gray picture of a whole photo; what is finer comes in tiles. */
export const MOST_TEXELS = 2048;
/** Device pixels per photo pixel from which pixels are drawn as squares: a person looks at pixels. */
export const SHARP_FROM = 3;

export interface Painter {
  /** Shows another photo: its gray as a whole, its size, and how to come by parts of it. */
  setPhoto(gray: ImageBitmap, size: Size, fetchPart: FetchPart): void;
  /** Takes the colors of the photo, and of what it is compared with; null is gray. */
  setFrames(...frames: [Frame | null, Frame | null]): void;
  /** Returns whether all detail is there; onArrival is called when more of it is. */
  draw(panes: Pane[], chroma: Chroma): boolean;
  /** Has ready what `draw` may be asked for next, while the canvas stays as it is. Left out where drawing takes no time of the page. */
  drawAhead?(panes: Pane[], chroma: Chroma): void;
  /** Nothing can be drawn before the browser has given the context back. */
  readonly isLost: boolean;
  /** Lets the photo's memory go; it would stay with the canvas otherwise. */
  free(): void;
}

export interface Told {
  /** More of the photo's detail is there to be drawn. */
  onArrival: () => void;
  onError: (error: unknown) => void;
}
