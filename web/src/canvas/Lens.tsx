// What goes with the pointer: the frame of the lens that the painter draws, and its twin in the other pane.

import type { ComponentChildren } from "preact";
import { colorPane, LENS, lens, lensScale, pointer } from "./panes";
import * as store from "../state/store";
import { texts } from "../texts";

export function Lens() {
  const center = lens.value;
  if (!center) return null;
  const percent = 100 * lensScale(store.view.value.scale) * devicePixelRatio;
  const place = `translate(${center.x - LENS / 2}px, ${center.y - LENS / 2}px)`;
  return (
    <div class="lens" style={{ width: `${LENS}px`, height: `${LENS}px`, transform: place }} aria-hidden="true">
      <span>{texts.zoom(percent)}</span>
    </div>
  );
}

/** The pane in color. What it holds need not be drawn again while the lens moves over it. */
export function Pane({ children }: { children: ComponentChildren }) {
  const { x, y } = colorPane.value;
  const center = lens.value;
  const mask = center ? { "--lens": `${LENS / 2}px`, "--lens-x": `${center.x}px`, "--lens-y": `${center.y}px` } : {};
  return (
    <div class={`pane${x ? " right" : y ? " below" : ""}${center ? " enlarged" : ""}`} style={{ left: `${x}px`, top: `${y}px`, ...mask }}>
      {children}
    </div>
  );
}

/** Marks in the gray pane what the pointer is at in the color one, and the other way round. */
export function Twin() {
  const at = pointer.value;
  const { x, y } = colorPane.value;
  if (lens.value) return <Lens />;
  if (!at) return null;
  return (
    <>
      <i class="twin" style={{ transform: `translate(${at.x}px, ${at.y}px)` }} />
      <i class="twin" style={{ transform: `translate(${at.x + x}px, ${at.y + y}px)` }} />
    </>
  );
}
