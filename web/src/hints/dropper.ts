// The eyedropper: takes a color from the result on the stage, or from the reference photo beside it.

import { effect } from "@preact/signals";
import { labToHex } from "../color/color";
import type { Frame } from "../engine/frame";
import { focusStage } from "../state/focus";
import { storeRecent } from "../state/settings";
import * as store from "../state/store";
import { texts } from "../texts";
import { chooseColor } from "./edit";
import { labAt } from "./spot";

// The frame as it was when the tool was taken up: the result must not change under the pointer while colors are tried.
let source: Frame | null = null;

export function toggleDropper(): void {
  if (store.tool.value === "eyedropper") return putDown();
  source = store.frame.value;
  store.tool.value = "eyedropper";
  focusStage(); // arrows and Enter are for the color under the crosshair now
}

export function putDown(): void {
  store.tool.value = "hint";
  source = null;
}

effect(() => {
  void store.photo.value; // on another photo the frame is another one
  putDown();
});

/** The result's color at a place in photo pixels, before saturation and strength, since these act on every hint again. */
export function resultAt(x: number, y: number): string | null {
  const photo = store.photo.value;
  const frame = source ?? store.frame.value;
  if (!photo || !frame || x < 0 || y < 0 || x >= photo.info.width || y >= photo.info.height) return null;
  return labToHex(...labAt(photo, frame, x, y));
}

export function takeFromPhoto(x: number, y: number): void {
  const color = resultAt(x, y);
  if (color) take(color);
  putDown();
}

/** Keeps a color at hand for other hints, as it was meant: another spot may show it better. */
export function remember(color: string): void {
  store.recent.value = storeRecent(color, store.recent.value);
}

/** Gives a color to the selected hints; without any it is kept at hand for the next. */
export function take(color: string): void {
  remember(color);
  if (store.selectedHints.value.length) chooseColor(color);
  else store.tell(texts.keptColor(color));
}
