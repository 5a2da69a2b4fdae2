// What a person can do to hints. Buttons, keys and gestures all end here.

import { batch } from "@preact/signals";
import { grayToLightness, labToHex } from "../color/color";
import { storeRecent } from "./settings";
import { fitChroma } from "../color/gamut";
import type { WireHint } from "../engine/engine";
import * as store from "./store";
import type { Hint } from "./store";

const FIRST_SIZE = 2;

/** Lightness (0..100) of the photo at a place in photo pixels. */
export function lightnessAt({ info, gray }: store.OpenPhoto, x: number, y: number): number {
  const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })!;
  const column = Math.min(gray.width - 1, Math.floor((x * gray.width) / info.width));
  const row = Math.min(gray.height - 1, Math.floor((y * gray.height) / info.height));
  probe.drawImage(gray, -column, -row);
  return grayToLightness(probe.getImageData(0, 0, 1, 1).data[0]!);
}

/** Adds a hint at a place in photo pixels. Its color is what the network shows there now. */
export function addHint(x: number, y: number): void {
  const [photo, frame] = [store.photo.value, store.frame.value];
  if (!photo || !frame || x < 0 || y < 0 || x >= photo.info.width || y >= photo.info.height) return;
  const L = lightnessAt(photo, x, y);
  const [a, b] = fitChroma(L, ...frame.abAt(x / photo.info.width, y / photo.info.height, L));
  const size = store.selected.value?.size ?? FIRST_SIZE;
  const hint = store.withKey({ x: tenth(x), y: tenth(y), color: labToHex(L, a, b), size });
  batch(() => {
    store.commit([...store.hints.value, hint]);
    store.select(hint.key);
    if (store.notice.value?.kind === "info") store.notice.value = null;
  });
}

/** A tenth of a pixel is finer than anything a person can mean, and keeps the hints file readable. */
const tenth = (v: number) => Math.floor(v * 10) / 10;

function changed(key: number, change: Partial<WireHint>): Hint[] {
  return store.hints.value.map((hint) => (hint.key === key ? { ...hint, ...change } : hint));
}

export function moved(key: number, x: number, y: number): Hint[] {
  const { width, height } = store.photo.value!.info;
  const within = (v: number, extent: number) => tenth(Math.min(extent - 0.1, Math.max(0, v)));
  return changed(key, { x: within(x, width), y: within(y, height) });
}

export function nudge(dx: number, dy: number): void {
  const hint = store.selected.value;
  if (hint) store.commit(moved(hint.key, hint.x + dx, hint.y + dy), `nudge ${hint.key}`);
}

export function previewColor(color: string): void {
  if (store.selected.value) store.preview(changed(store.selected.value.key, { color }));
}

/** Gives the selected hint a color for good. */
export function chooseColor(color: string): void {
  const hint = store.selected.value;
  if (hint) store.commit(changed(hint.key, { color }));
}

/** A small change of the selected hint's color; a row of them is one step of undo. */
export function adjustColor(color: string): void {
  const hint = store.selected.value;
  if (hint) store.commit(changed(hint.key, { color }), `color ${hint.key}`);
}

/** Keeps a color at hand for other hints. */
export function remember(color: string): void {
  store.recent.value = storeRecent(color);
}

export function chooseSize(size: number): void {
  const hint = store.selected.value;
  if (hint) store.commit(changed(hint.key, { size }), `size ${hint.key}`);
}

export function remove(key: number): void {
  store.commit(store.hints.value.filter((hint) => hint.key !== key));
  if (store.selectedKeys.value.has(key)) store.select();
}

export function removeSelected(): void {
  const going = new Set(store.selectedHints.value.filter((hint) => !hint.locked).map((hint) => hint.key));
  if (!going.size) return;
  store.commit(store.hints.value.filter((hint) => !going.has(hint.key)));
  store.select();
}

export function clear(): void {
  if (!store.hints.value.length) return;
  store.commit([]);
  store.select();
}
