// Which hints are selected: one by a click, more with Shift or Control, many with a rubber band.

import { computed, signal } from "@preact/signals";
import { drag } from "../canvas/gestures";
import { paneAt } from "../canvas/panes";
import { toPhoto } from "../canvas/view";
import { focusStage } from "../state/focus";
import { apple } from "../texts";
import * as store from "../state/store";

/** Whether a press adds to the selection. On Apple's keyboards Control and click is the right click. */
export const adds = (event: PointerEvent) => event.shiftKey || (apple ? event.metaKey : event.ctrlKey);

/** The last selected hint that is still there: the one that the picker stands beside. Null while hints are hidden. */
export const leading = computed<store.Hint | null>(() => {
  if (store.hintsHidden.value) return null;
  const chosen = store.selectedHints.value;
  const last = [...store.selectedKeys.value].at(-1);
  return chosen.find((hint) => hint.key === last) ?? chosen.at(-1) ?? null;
});

export function toggle(key: number): void {
  const keys = store.selectedKeys.value;
  if (keys.has(key)) store.select(...[...keys].filter((each) => each !== key));
  else store.select(...keys, key);
}

export const selectAll = () => store.select(...store.hints.value.map((hint) => hint.key));

export function toggleHidden(): void {
  store.hintsHidden.value = !store.hintsHidden.value;
}

/** Selects nothing. A ring that had the keyboard gives it back to the photo. */
export function leave(): void {
  store.select();
  if (document.activeElement?.classList.contains("ring")) focusStage();
}

/** Pixels of a pane. */
export interface Band {
  left: number;
  top: number;
  width: number;
  height: number;
}

export const band = signal<Band | null>(null);

/** Starts a rubber band where a press on the stage asks for one; false where it does not. */
export function beginBand(event: PointerEvent): boolean {
  if (!adds(event) || event.button !== 0 || !store.photo.value || store.panHeld.value || store.tool.value !== "hint") return false;
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
  const at = { x: event.clientX - box.left, y: event.clientY - box.top };
  const corner = paneAt(at); // both panes show the same view
  const [x, y] = [at.x - corner.x, at.y - corner.y];
  const before = [...store.selectedKeys.value];
  drag(
    event,
    (dx, dy) => {
      band.value = { left: Math.min(x, x + dx), top: Math.min(y, y + dy), width: Math.abs(dx), height: Math.abs(dy) };
      store.select(...new Set([...before, ...inside(band.value)]));
    },
    () => (band.value = null),
  );
  return true;
}

function inside({ left, top, width, height }: Band): number[] {
  const from = toPhoto(store.view.value, left, top);
  const to = toPhoto(store.view.value, left + width, top + height);
  return store.hints.value.filter(({ x, y }) => x >= from.x && x <= to.x && y >= from.y && y <= to.y).map(({ key }) => key);
}
