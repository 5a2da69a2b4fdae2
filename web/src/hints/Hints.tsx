// What hints draw over the photo: rings, the rubber band, suggested places, the keyboard's crosshair, and the picker.

import { signal } from "@preact/signals";
import { toPhoto, toStage } from "../canvas/view";
import * as store from "../state/store";
import { texts } from "../texts";
import { crosshairOnStage, unpoint } from "./crosshair";
import { resultAt, takeFromPhoto } from "./dropper";
import { Picker } from "./Picker";
import { places, takePlace } from "./places";
import { Ring } from "./Ring";
import { band, leading, type Band } from "./select";
import "./hints.css";

export function Hints() {
  const hint = leading();
  const hidden = store.grayHeld.value || store.hintsHidden.value;
  return (
    <div class="hints" onPointerMove={unpoint}>
      <div class={`rings${hidden ? " hidden" : ""}`}>
        {store.hints.value.map((each, i) => (
          <Ring key={each.key} hint={each} number={i + 1} />
        ))}
        <Places />
      </div>
      {band.value && <div class="band" style={pixels(band.value)} />}
      {store.tool.value === "eyedropper" && <Dropper />}
      <Crosshair />
      {!store.phone.value && hint && !hidden && <Picker key={hint.key} hint={hint} />}
    </div>
  );
}

/** On a phone: what lies where the picker will be, as long as nothing is selected. */
export function PickerBelow() {
  const hint = leading();
  if (hint && !store.hintsHidden.value) return <Picker key={hint.key} hint={hint} />;
  return <p class="picker empty">{store.frame.value ? texts.firstTap : ""}</p>;
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
            onPointerDown={(event) => event.stopPropagation()}
            onClick={() => takePlace(place)}
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
