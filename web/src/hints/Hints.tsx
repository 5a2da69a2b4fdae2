// What hints draw over the photo: rings, the rubber band, suggested places, the keyboard's crosshair, and the picker.

import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { toPhoto, toStage } from "../canvas/view";
import * as store from "../state/store";
import { texts } from "../texts";
import { crosshairOnStage } from "./crosshair";
import { resultAt, takeFromPhoto } from "./dropper";
import { Picker } from "./Picker";
import { columnAt } from "./place";
import { places, takePlace } from "./places";
import { Ring } from "./Ring";
import { band, leading, type Band } from "./select";
import "./hints.css";

export function Hints() {
  const hidden = store.grayHeld.value || store.hintsHidden.value;
  return (
    <div class="hints">
      <div class={`rings${hidden ? " hidden" : ""}`}>
        {store.hints.value.map((each, i) => (
          <Ring key={each.key} hint={each} number={i + 1} />
        ))}
        <Places />
      </div>
      <RubberBand />
      {store.tool.value === "eyedropper" && <Dropper />}
      <Crosshair />
      {!store.phone.value && <PickerBeside />}
    </div>
  );
}

/** Beside the ring. Moving over the stage draws nothing of the picker again. */
function PickerBeside() {
  const picker = useMemo(() => <Picker />, []);
  const ring = leading.value && toStage(store.view.value, leading.value.x, leading.value.y);
  const { left, away, hangs } = columnAt(ring ?? { x: 0, y: 0 }, store.stage.value);
  return (
    <div class={`beside${hangs ? " hangs" : ""}${store.grayHeld.value ? " hidden" : ""}`} style={{ left: `${left}px`, "--away": `${away}px` }}>
      {picker}
    </div>
  );
}

/** On a phone: below the photo, with a sentence in its place as long as nothing is selected. */
export function PickerBelow() {
  return (
    <section class="below" aria-label={texts.selectedHints(1)}>
      {!leading.value && <p>{store.frame.value ? texts.firstTap : ""}</p>}
      <Picker />
    </section>
  );
}

/** Selects what lies within. */
export function RubberBand() {
  return band.value && <div class="band" style={pixels(band.value)} />;
}

const pixels = ({ left, top, width, height }: Band) => ({ left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });

function Places() {
  return (
    <>
      {places.value.map((place, i) => {
        const { x, y } = toStage(store.view.value, place.x, place.y);
        return (
          <button
            type="button"
            key={`${place.x} ${place.y}`}
            class="place"
            style={{ transform: `translate(${x}px, ${y}px)` }}
            title={texts.placeTip}
            aria-label={texts.place(i + 1, place.x, place.y)}
            onPointerDown={(event) => store.panHeld.value || event.stopPropagation()}
            onClick={(event) => takePlace(place, !event.detail)}
          >
            <span>{i + 1}</span>
          </button>
        );
      })}
    </>
  );
}

function Crosshair() {
  const at = crosshairOnStage();
  if (!at) return null;
  return (
    <svg class="crosshair" style={{ transform: `translate(${at.x}px, ${at.y}px)` }} viewBox="-16 -16 32 32" aria-hidden="true">
      <path d="M-15 0H-4M4 0H15M0 -15V-4M0 4V15" />
    </svg>
  );
}

const under = signal<{ x: number; y: number; color: string } | null>(null);

/** Lies over the stage while the eyedropper is up: shows the color under the pointer and takes it. */
function Dropper() {
  const place = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top] as const;
  };
  const look = (event: PointerEvent) => {
    const [x, y] = place(event);
    const on = toPhoto(store.view.value, x, y);
    const color = resultAt(on.x, on.y);
    under.value = color ? { x, y, color } : null;
  };
  return (
    <div
      class="dropper"
      title={texts.dropperTip}
      onPointerDown={(event) => {
        if (event.button !== 0 || store.panHeld.value) return; // panning goes on as ever
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
        look(event);
      }}
      onPointerMove={look}
      onPointerLeave={() => (under.value = null)}
      onPointerUp={(event) => {
        if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
        const [x, y] = place(event);
        const on = toPhoto(store.view.value, x, y);
        under.value = null;
        takeFromPhoto(on.x, on.y);
      }}
    >
      {under.value && <Tip {...under.value} />}
    </div>
  );
}

/** The color under an eyedropper, beside the pointer. */
export function Tip({ x, y, color }: { x: number; y: number; color: string }) {
  return (
    <span class="tip" style={{ transform: `translate(${x}px, ${y}px)` }}>
      <i style={{ background: color }} />
      {color}
    </span>
  );
}
