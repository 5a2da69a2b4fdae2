// How the canvas is divided: one pane, or two of the same view (gray first, then color), and where the lens lies.
// Nothing here is work to keep.

import { batch, computed, effect, signal } from "@preact/signals";
import * as store from "../state/store";
import { fit, MOST_ZOOM, type Size } from "./view";

export interface Place {
  x: number;
  y: number;
}

const SEAM = 2; // CSS px between two panes
export const LENS = 192; // CSS px across

/** The stage as a whole; `store.stage` is one pane of it. */
export const whole = signal<Size>({ width: 0, height: 0 });
export const grayShown = signal(false);
export const loupeOn = signal(false);
/** The pointer on its pane; null while it is elsewhere. */
export const pointer = signal<Place | null>(null);

const isSplit = computed(() => store.compare.value === "split" && store.photo.value !== null);

/** Where the pane in color begins; the gray one, if there is one, begins at the stage's corner. */
export const colorPane = computed<Place>(() => {
  const { width, height } = whole.value;
  if (!isSplit.value) return { x: 0, y: 0 };
  return width >= height ? { x: Math.floor((width + SEAM) / 2), y: 0 } : { x: 0, y: Math.floor((height + SEAM) / 2) };
});

/** The corner of the pane that holds a place of the stage. */
export function paneAt({ x, y }: Place): Place {
  const second = colorPane.value;
  return x >= second.x && y >= second.y ? second : { x: 0, y: 0 };
}

/** Where the lens is centered: at the pointer, else in the middle. */
export const lens = computed<Place | null>(() => {
  if (!loupeOn.value || !store.photo.value) return null;
  const { width, height } = store.stage.value;
  return pointer.value ?? { x: width / 2, y: height / 2 };
});

/** CSS pixels per photo pixel within the lens: the photo's own pixels at least. */
export const lensScale = (scale: number) => Math.min(MOST_ZOOM, Math.max(3 * scale, 1 / devicePixelRatio));

/** Keeps the panes' size in step; what was in the middle of a pane stays there. */
export const followStage = (): (() => void) =>
  effect(() => {
    const [{ width, height }, second] = [whole.value, colorPane.value];
    const next = { width: second.x ? width - second.x : width, height: second.y ? height - second.y : height };
    const [before, view, photo] = [store.stage.peek(), store.view.peek(), store.photo.peek()];
    if (before.width === next.width && before.height === next.height) return;
    batch(() => {
      store.stage.value = next;
      if (!photo) return;
      const moved = { ...view, x: view.x + (next.width - before.width) / 2, y: view.y + (next.height - before.height) / 2 };
      store.view.value = view.fitted ? fit(photo.info, next) : moved;
    });
  });
