// The keyboard's pointer: arrows move it over the photo, Enter places a hint there or takes the color under it.

import { effect, signal } from "@preact/signals";
import { toPhoto, toStage } from "../canvas/view";
import { focusRing } from "../state/focus";
import * as store from "../state/store";
import { add } from "./edit";
import { takeFromPhoto } from "./dropper";

const STEP = 4; // CSS px; ten times that with Shift

interface Place {
  x: number;
  y: number;
}

/** In photo pixels; null while the keyboard does not point. */
export const crosshair = signal<Place | null>(null);
let last: Place | null = null; // where the keyboard pointed before it placed a hint: it goes on from there

function within({ x, y }: Place): Place {
  const { width, height } = store.photo.value!.info;
  return { x: Math.min(width - 0.1, Math.max(0, x)), y: Math.min(height - 0.1, Math.max(0, y)) };
}

function middle(): Place {
  const { width, height } = store.stage.value;
  return within(toPhoto(store.view.value, width / 2, height / 2));
}

/** Whether arrows move the crosshair: nothing is selected that they would nudge. */
export const points = () => store.photo.value !== null && (!store.selectedHints.value.length || store.tool.value === "eyedropper");

export function point(dx: number, dy: number, far: boolean): void {
  const by = (STEP * (far ? 10 : 1)) / store.view.value.scale;
  const from = crosshair.value ?? last;
  last = null;
  crosshair.value = from ? within({ x: from.x + by * dx, y: from.y + by * dy }) : middle();
}

/** What Enter does: a hint, whose ring then has the keyboard, or the color for the selected hints. */
export function press(): void {
  const { x, y } = crosshair.value ?? middle();
  if (store.tool.value === "eyedropper") return takeFromPhoto(x, y);
  const hint = add(x, y);
  if (!hint) return;
  [last, crosshair.value] = [crosshair.value, null];
  requestAnimationFrame(() => focusRing(hint.key));
}

/** A pointer that moves takes over. */
export function unpoint(): void {
  [last, crosshair.value] = [null, null];
}

effect(() => {
  void store.photo.value; // on another photo it points elsewhere
  unpoint();
});

export const crosshairOnStage = () => (crosshair.value ? toStage(store.view.value, crosshair.value.x, crosshair.value.y) : null);
