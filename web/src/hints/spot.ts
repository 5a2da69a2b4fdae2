// What the photo is at one place: how light, which colors it can show there, and which it shows now.

import { ciede2000 } from "../color/difference";
import { grayToLightness, hexToLab, labToHex, type Triple } from "../color/color";
import { fitChroma, nearest, planeAt, type Plane } from "../color/gamut";
import type { Frame } from "../engine/frame";
import * as store from "../state/store";
import type { Hint, OpenPhoto } from "../state/store";

const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })!;

const seen = new WeakMap<ImageBitmap, Map<number, number>>();
const MOST_SEEN = 4096;

/** Lightness (0..100) of the photo at a place in photo pixels. Asking a picture for a pixel is slow, so it is asked once. */
function lightnessAt({ info, gray }: OpenPhoto, x: number, y: number): number {
  const column = Math.min(gray.width - 1, Math.floor((x * gray.width) / info.width));
  const row = Math.min(gray.height - 1, Math.floor((y * gray.height) / info.height));
  const known = seen.get(gray) ?? new Map<number, number>();
  const at = row * gray.width + column;
  let L = known.get(at);
  if (L === undefined) {
    probe.drawImage(gray, -column, -row);
    L = grayToLightness(probe.getImageData(0, 0, 1, 1).data[0]!);
    if (known.size >= MOST_SEEN) known.clear(); // a pointer that was dragged all over the photo
    seen.set(gray, known.set(at, L));
  }
  return L;
}

const planes = new Map<number, Plane>(); // lightness comes from a byte, so these are 256 at most

/** The colors that can be shown at a place in photo pixels. */
export function planeOf(photo: OpenPhoto, x: number, y: number): Plane {
  const L = lightnessAt(photo, x, y);
  let plane = planes.get(L);
  if (!plane) planes.set(L, (plane = planeAt(L)));
  return plane;
}

/** The color a frame shows in the pixel of a place in photo pixels, before saturation and strength are applied. */
export function labAt(photo: OpenPhoto, frame: Frame, x: number, y: number): Triple {
  const L = lightnessAt(photo, x, y);
  const [u, v] = [(Math.floor(x) + 0.5) / photo.info.width, (Math.floor(y) + 0.5) / photo.info.height];
  return [L, ...fitChroma(L, ...frame.abAt(u, v, L))];
}

/** A hint's color: the one that was chosen, or what the frame shows there as long as none was. */
export function colorOf(hint: Hint): string {
  const [photo, frame] = [store.photo.value, store.frame.value];
  return hint.guess && photo && frame ? labToHex(...labAt(photo, frame, hint.x, hint.y)) : hint.color;
}

interface Outcome {
  /** What was asked for, at the lightness that the spot has anyway. */
  asked: string;
  /** What the frame shows there. */
  got: string;
  /** How different the two look: CIEDE2000. */
  difference: number;
}

/** How well a frame obeys a hint. */
export function outcome(photo: OpenPhoto, frame: Frame, hint: Hint): Outcome {
  const plane = planeOf(photo, hint.x, hint.y);
  const [, a, b] = hexToLab(colorOf(hint));
  const asked: Triple = [plane.L, ...nearest(plane, a, b)];
  const got = labAt(photo, frame, hint.x, hint.y);
  return { asked: labToHex(...asked), got: labToHex(...got), difference: ciede2000(asked, got) };
}
