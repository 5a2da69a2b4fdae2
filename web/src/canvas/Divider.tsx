// The before/after line, dragged or moved by keys.

import { useRef } from "preact/hooks";
import { drag } from "./gestures";
import { useFocusLeft } from "../state/focus";
import * as store from "../state/store";
import { texts } from "../texts";

const KEYS: Record<string, number> = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 };

export function Divider() {
  const element = useRef<HTMLDivElement>(null);
  useFocusLeft(element);
  const share = store.divider.value;
  const width = store.stage.value.width;
  const set = (value: number) => (store.divider.value = Math.min(1, Math.max(0, value)));
  return (
    <div
      class="divider"
      ref={element}
      style={{ transform: `translateX(${share * width}px)` }}
      role="slider"
      tabIndex={0}
      title={texts.sliderTip}
      aria-label={texts.sliderHandle}
      aria-orientation="horizontal"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(100 * share)}
      onPointerDown={(event) => {
        if (event.button || store.panHeld.value) return; // panning goes on as ever
        drag(event, (dx) => set(share + dx / width), () => {});
      }}
      onKeyDown={(event) => {
        const by = KEYS[event.key];
        if (by === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        set(share + by);
      }}
    >
      <span class="knob" />
    </div>
  );
}
