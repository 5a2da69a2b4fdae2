// Mouse, pen and fingers on the stage: a click adds a hint, a drag pans, two fingers pinch, a drag on a ring moves it.

import * as actions from "../state/actions";
import * as store from "../state/store";
import { pan, toPhoto, zoomTo } from "./view";

const SLOP = { mouse: 4, pen: 8, touch: 10 } as Record<string, number>; // px a pointer may wander within a click
const WHEEL_RATE = 0.0015; // zoom per wheel unit; a notch is about 100
const PINCH_RATE = 0.01; // trackpads report a pinch as a wheel with Ctrl, in much smaller units

interface Finger {
  x: number;
  y: number;
}

export class Gestures {
  private readonly fingers = new Map<number, Finger>();
  private start: Finger | null = null; // of a press that may still become a click
  private mode: "none" | "press" | "pan" = "none";

  constructor(private readonly element: HTMLElement) {}

  down = (event: PointerEvent): void => {
    if (!store.photo.value || event.button === 2) return;
    const at = this.place(event);
    this.element.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, at);
    this.start = at;
    this.mode = this.fingers.size > 1 || event.button === 1 || store.panHeld.value ? "pan" : "press";
    if (event.button === 1) event.preventDefault(); // no autoscroll
  };

  move = (event: PointerEvent): void => {
    const before = this.fingers.get(event.pointerId);
    if (!before || !store.photo.value) return;
    const at = this.place(event);
    const slop = SLOP[event.pointerType] ?? 8;
    if (this.mode === "press" && this.start && distance(this.start, at) > slop) this.mode = "pan";
    if (this.mode !== "pan") return;
    const { info } = store.photo.value;
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
    let view = store.view.value;
    if (other) {
      // Fingers report their moves one by one, so the zoom is about the one that rests for the moment.
      view = zoomTo(info, store.stage.value, view, (view.scale * distance(at, other)) / Math.max(1, distance(before, other)), other.x, other.y);
    } else {
      view = pan(info, store.stage.value, view, at.x - before.x, at.y - before.y);
    }
    store.view.value = view;
    this.fingers.set(event.pointerId, at);
  };

  up = (event: PointerEvent): void => {
    if (!this.fingers.delete(event.pointerId)) return;
    if (this.mode === "press" && event.type === "pointerup") {
      const { x, y } = this.place(event);
      const place = toPhoto(store.view.value, x, y);
      const { width, height } = store.photo.value!.info;
      if (place.x >= 0 && place.y >= 0 && place.x < width && place.y < height) actions.addHint(place.x, place.y);
      else store.select();
    }
    if (!this.fingers.size) this.mode = "none";
  };

  wheel = (event: WheelEvent): void => {
    if (!store.photo.value) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1;
    const rate = event.ctrlKey ? PINCH_RATE : WHEEL_RATE;
    const { x, y } = this.place(event);
    const { scale } = store.view.value;
    const wanted = scale * Math.exp(-event.deltaY * lines * rate);
    store.view.value = zoomTo(store.photo.value.info, store.stage.value, store.view.value, wanted, x, y);
  };

  place(event: MouseEvent): Finger {
    const box = this.element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }
}

/** Follows one pointer from a press on an element to its release. ``end`` hears whether it was moved at all. */
export function drag(event: PointerEvent, move: (dx: number, dy: number) => void, end: (moved: boolean) => void): void {
  const target = event.currentTarget as HTMLElement;
  const slop = SLOP[event.pointerType] ?? 8;
  const start = { x: event.clientX, y: event.clientY };
  let moved = false;
  const onMove = (e: PointerEvent) => {
    const at = { x: e.clientX, y: e.clientY };
    moved ||= distance(start, at) > slop;
    if (moved) move(at.x - start.x, at.y - start.y);
  };
  const onEnd = () => {
    target.removeEventListener("pointermove", onMove);
    target.removeEventListener("pointerup", onEnd);
    target.removeEventListener("pointercancel", onEnd);
    end(moved);
  };
  event.stopPropagation();
  target.setPointerCapture(event.pointerId);
  target.addEventListener("pointermove", onMove);
  target.addEventListener("pointerup", onEnd);
  target.addEventListener("pointercancel", onEnd);
}

const distance = (p: Finger, q: Finger) => Math.hypot(p.x - q.x, p.y - q.y);
