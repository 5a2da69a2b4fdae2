// Mouse, pen and fingers on the stage: a click adds a hint, a drag pans, two fingers pinch, a drag on a ring moves it.

import { takeFromPhoto } from "../hints/dropper";
import { add } from "../hints/edit";
import { leave } from "../hints/select";
import * as store from "../state/store";
import { paneAt, pointer, type Place } from "./panes";
import { pan, toPhoto, zoomTo } from "./view";

const SLOP = { mouse: 4, pen: 8, touch: 10 } as Record<string, number>; // px a pointer may wander within a click
const WHEEL_RATE = 0.0015; // zoom per wheel unit; a notch is about 100
const PINCH_RATE = 0.01; // trackpads report a pinch as a wheel with Ctrl, in much smaller units
const MOST_PINCH = 0.3; // of one such event, as a logarithm: a notch of a mouse's wheel with Ctrl is reported alike

let gestures: Gestures | null = null; // of the one stage

/** Safari's own event of a trackpad, which no standard has: by how much was zoomed since its start. */
type GestureEvent = MouseEvent & { scale: number };

export class Gestures {
  private readonly fingers = new Map<number, Place>();
  private corner: Place | null = null; // of the pane that a gesture began on, wherever it leads
  private pen: number | null = null; // the pointer of a pen that is on the stage
  private start: Place | null = null; // of a press that may still become a click
  private mode: "none" | "press" | "pan" = "none";
  private scale = 1; // of the view, when a trackpad's pinch began

  constructor(private readonly element: HTMLElement) {
    gestures = this;
  }

  down = (event: PointerEvent): void => {
    if (!store.photo.value || (event.button !== 0 && event.button !== 1)) return; // an eraser, back and forward
    if (event.pointerType === "touch" && this.pen !== null) return; // the hand that holds the pen
    if (event.pointerType === "pen") {
      this.pen = event.pointerId;
      this.fingers.clear(); // it may have come down before the pen
    }
    this.take(event);
    if (event.button === 1) event.preventDefault(); // no autoscroll
  };

  private take(event: PointerEvent): void {
    const at = this.place(event);
    if (!this.fingers.size) this.corner = paneAt(this.onStage(event));
    this.element.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, at);
    this.start = at;
    this.mode = this.fingers.size > 1 || event.button === 1 || store.panHeld.value ? "pan" : "press";
  }

  /** Two fingers, of which the first had begun to drag something. */
  pinch = (first: PointerEvent, second: PointerEvent): void => {
    this.take(first);
    this.take(second);
  };

  move = (event: PointerEvent): void => {
    if (event.pointerType !== "touch") pointer.value = this.place(event); // a finger hides what it points at
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
    if (event.pointerId === this.pen) this.pen = null;
    if (this.mode === "press" && event.type === "pointerup") {
      const { x, y } = this.place(event);
      const place = toPhoto(store.view.value, x, y);
      if (store.tool.value === "eyedropper") takeFromPhoto(place.x, place.y); // from the gray pane: over the other lies the tool itself
      else if (!add(place.x, place.y)) leave();
    }
    if (!this.fingers.size) [this.mode, this.corner] = ["none", null];
  };

  wheel = (event: WheelEvent): void => {
    if (!store.photo.value) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1;
    const turned = event.deltaY * lines;
    const by = event.ctrlKey ? Math.max(-MOST_PINCH, Math.min(MOST_PINCH, turned * PINCH_RATE)) : turned * WHEEL_RATE;
    this.zoom(event, store.view.value.scale * Math.exp(-by));
  };

  gestureStart = (event: Event): void => {
    event.preventDefault();
    this.scale = store.view.value.scale;
  };

  gestureChange = (event: Event): void => {
    event.preventDefault();
    if (this.fingers.size) return; // an iPad tells of its fingers, too
    this.zoom(event as GestureEvent, this.scale * (event as GestureEvent).scale);
  };

  /** To a scale, about where an event is. */
  private zoom(event: MouseEvent, wanted: number): void {
    if (!store.photo.value) return;
    const { x, y } = this.place(event);
    store.view.value = zoomTo(store.photo.value.info, store.stage.value, store.view.value, wanted, x, y);
  }

  /** Where an event is on its pane. */
  private place(event: MouseEvent): Place {
    const at = this.onStage(event);
    const corner = this.corner ?? paneAt(at);
    return { x: at.x - corner.x, y: at.y - corner.y };
  }

  private onStage(event: MouseEvent): Place {
    const box = this.element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }
}

/**
 * Follows one pointer from a press on an element to its release. ``end`` hears whether it was moved at all; not so where
 * a second finger on the stage makes a pinch of it.
 */
export function drag(event: PointerEvent, move: (dx: number, dy: number) => void, end: (moved: boolean) => void): void {
  const target = event.currentTarget as HTMLElement;
  const slop = SLOP[event.pointerType] ?? 8;
  const start = { x: event.clientX, y: event.clientY };
  let [moved, latest] = [false, event];
  const onMove = (e: PointerEvent) => {
    latest = e;
    const at = { x: e.clientX, y: e.clientY };
    moved ||= distance(start, at) > slop;
    if (moved) move(at.x - start.x, at.y - start.y);
  };
  const onEnd = () => {
    target.removeEventListener("pointermove", onMove);
    target.removeEventListener("pointerup", onEnd);
    target.removeEventListener("pointercancel", onEnd);
    window.removeEventListener("pointerdown", onOther, true);
    end(moved);
  };
  const onOther = (e: PointerEvent) => {
    const isOnStage = e.target instanceof Element && e.target.closest(".stage") && !e.target.closest(".beside");
    if (e.pointerType !== "touch" || event.pointerType !== "touch" || !isOnStage || !gestures) return;
    e.stopPropagation();
    moved = false;
    onEnd();
    gestures.pinch(latest, e);
  };
  event.stopPropagation();
  target.setPointerCapture(event.pointerId);
  target.addEventListener("pointermove", onMove);
  target.addEventListener("pointerup", onEnd);
  target.addEventListener("pointercancel", onEnd);
  window.addEventListener("pointerdown", onOther, true);
}

const distance = (p: Place, q: Place) => Math.hypot(p.x - q.x, p.y - q.y);
