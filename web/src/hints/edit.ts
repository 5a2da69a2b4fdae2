// Everything that changes hints. Each edit begins at the history's present, so that what is only previewed never stays.

import { batch } from "@preact/signals";
import { hexToLab, labToHex } from "../color/color";
import { nearest } from "../color/gamut";
import { foresee } from "../state/frames";
import * as store from "../state/store";
import type { Hint } from "../state/store";
import { texts } from "../texts";
import { colorOf, labAt, planeOf } from "./spot";

export const [MIN_SIZE, MAX_SIZE] = [2, 7]; // network pixels
const COPY_OFFSET = 24; // CSS px between a hint and its copy: beside the ring, not under it

/** A tenth of a pixel is finer than anything a person can mean, and keeps the hints file readable. */
const tenth = (v: number) => Math.round(10 * v) / 10;
const within = (v: number, extent: number) => Math.min(extent - 0.1, Math.max(0, v));

/** Selected hints that may be changed; a notice where all of them are locked. */
function open(): Hint[] {
  const chosen = store.selectedHints.value;
  const free = chosen.filter((hint) => !hint.locked);
  if (chosen.length && !free.length) store.tell(texts.lockedHint(chosen.length));
  return free;
}

const keysOf = (hints: Hint[]): ReadonlySet<number> => new Set(hints.map((hint) => hint.key));

function changed(keys: ReadonlySet<number>, change: (hint: Hint) => Partial<Hint>): Hint[] {
  return store.present().map((hint) => (keys.has(hint.key) ? { ...hint, ...change(hint) } : hint));
}

/** One step of undo for a row of equal edits of the same hints. */
const tag = (edit: string, keys: ReadonlySet<number>) => `${edit} ${[...keys].join(" ")}`;

/** Adds a hint at a place in photo pixels, with the color that is there, so that nothing changes; null outside of it. */
export function add(x: number, y: number): Hint | null {
  const [photo, frame] = [store.photo.value, store.frame.value];
  if (!photo || !frame || x < 0 || y < 0 || x >= photo.info.width || y >= photo.info.height) return null;
  const color = labToHex(...labAt(photo, frame, x, y));
  const size = store.selected.value?.size ?? store.present().at(-1)?.size ?? MIN_SIZE;
  const hint = store.withKey({ x: within(tenth(x), photo.info.width), y: within(tenth(y), photo.info.height), color, size, guess: true });
  batch(() => {
    store.commit([...store.present(), hint]);
    store.select(hint.key);
    store.hintsHidden.value = false;
    if (store.notice.value?.kind === "info") store.notice.value = null;
  });
  return hint;
}

/** The hints with some of them moved by photo pixels: as a group that stops at the photo's edge. */
export function moved(hints: Hint[], keys: ReadonlySet<number>, dx: number, dy: number): Hint[] {
  const { width, height } = store.photo.value!.info;
  const moving = hints.filter((hint) => keys.has(hint.key));
  const held = (by: number, places: number[], extent: number) =>
    Math.max(-Math.min(...places), Math.min(extent - 0.1 - Math.max(...places), by));
  const byX = held(dx, moving.map((hint) => hint.x), width);
  const byY = held(dy, moving.map((hint) => hint.y), height);
  return hints.map((hint) =>
    keys.has(hint.key) ? { ...hint, x: within(tenth(hint.x + byX), width), y: within(tenth(hint.y + byY), height) } : hint,
  );
}

export function nudge(dx: number, dy: number): void {
  const keys = keysOf(open());
  if (keys.size) store.commit(moved(store.present(), keys, dx, dy), tag("nudge", keys));
}

/** Copies for dragging away: the hints with the copies at their end, and the copies' keys. */
export function copies(keys: ReadonlySet<number>): { hints: Hint[]; keys: ReadonlySet<number> } {
  const fresh = store.present().filter((hint) => keys.has(hint.key)).map(({ x, y, color, size, guess }) => store.withKey({ x, y, color, size, guess }));
  return { hints: [...store.present(), ...fresh], keys: keysOf(fresh) };
}

export function duplicate(): void {
  const { hints, keys } = copies(store.selectedKeys.value);
  if (!keys.size) return;
  const by = COPY_OFFSET / store.view.value.scale;
  batch(() => {
    store.commit(moved(hints, keys, by, by));
    store.select(...keys);
  });
}

/** The selected hints with a color of this hue and chroma, each at its own lightness as near as that can show. */
function recolored(ab: [number, number]): { hints: Hint[]; keys: ReadonlySet<number> } {
  const photo = store.photo.value!;
  const keys = keysOf(store.selectedHints.value.filter((hint) => !hint.locked));
  const hints = changed(keys, ({ x, y }) => {
    const plane = planeOf(photo, x, y);
    return { color: labToHex(plane.L, ...nearest(plane, ...ab)), guess: undefined };
  });
  return { hints, keys };
}

/** Has the picture ready in which the selected hints have another color, without showing it. */
export function foreseeAb(ab: [number, number]): void {
  if (store.selectedHints.value.length) foresee(recolored(ab).hints);
}

/** Shows the selected hints in another color without a step in the history. */
export function previewAb(ab: [number, number]): void {
  if (store.selectedHints.value.length) store.preview(recolored(ab).hints);
}

/** Gives the selected hints a color for good; with `row`, a row of such changes is one step of undo. */
export function chooseAb(ab: [number, number], row = false): void {
  if (!open().length) return store.stopPreview();
  const { hints, keys } = recolored(ab);
  store.commit(hints, row ? tag("color", keys) : null);
}

const abOf = (color: string) => hexToLab(color).slice(1) as [number, number];
export const previewColor = (color: string) => previewAb(abOf(color));
export const chooseColor = (color: string) => chooseAb(abOf(color));

export function resize(size: number): void {
  const keys = keysOf(open());
  if (keys.size) store.commit(changed(keys, () => ({ size })), tag("size", keys));
}

/** Locks the selected hints; unlocks them where all are locked. To lock the network's guess is to choose it. */
export function toggleLock(): void {
  const locked = !store.selectedHints.value.every((hint) => hint.locked);
  const keys = store.selectedKeys.value;
  if (keys.size) store.commit(changed(keys, (hint) => ({ locked: locked || undefined, color: colorOf(hint), guess: undefined })));
}

function removeAll(keys: ReadonlySet<number>): void {
  if (!keys.size) return;
  batch(() => {
    store.commit(store.present().filter((hint) => !keys.has(hint.key)));
    store.select(...[...store.selectedKeys.value].filter((key) => !keys.has(key)));
  });
}

export function remove(hint: Hint): void {
  if (hint.locked) store.tell(texts.lockedHint(1));
  else removeAll(new Set([hint.key]));
}

export const removeSelected = () => removeAll(keysOf(open()));

/** Removes every hint that is not locked. */
export function clear(): void {
  const free = store.present().filter((hint) => !hint.locked);
  if (!free.length && store.present().length) store.tell(texts.lockedHint(store.present().length));
  removeAll(keysOf(free));
}
