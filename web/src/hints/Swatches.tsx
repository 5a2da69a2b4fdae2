// Colors to take by a click. The pointer or the keyboard on one shows its effect on the photo, without a step in the history.

import { useEffect, useRef } from "preact/hooks";
import * as store from "../state/store";
import { previewColor } from "./edit";

const DWELL_MS = 90; // a pointer on its way across a row does not make the photo flicker

export interface Choice {
  color: string;
  /** Tooltip and accessible name. */
  label: string;
}

interface Props {
  choices: Choice[];
  onTake: (color: string, index: number) => void;
  /** The choice that is being looked at, or null. */
  onLook?: (index: number | null) => void;
  onRemove?: (index: number) => void;
}

export function Swatches({ choices, onTake, onLook, onRemove }: Props) {
  const timer = useRef(0);
  const looking = useRef(false);
  const look = (index: number) => {
    looking.current = true;
    previewColor(choices[index]!.color);
    onLook?.(index);
  };
  const away = () => {
    clearTimeout(timer.current);
    if (!looking.current) return;
    looking.current = false;
    store.stopPreview();
    onLook?.(null);
  };
  useEffect(() => away, []);
  return (
    <>
      {choices.map(({ color, label }, i) => (
        <button
          type="button"
          key={`${i} ${color}`}
          class="swatch"
          style={{ background: color }}
          title={label}
          aria-label={label}
          onPointerEnter={(event) => {
            if (event.pointerType === "touch") return;
            clearTimeout(timer.current);
            timer.current = window.setTimeout(look, DWELL_MS, i);
          }}
          onPointerLeave={away}
          onFocus={(event) => event.currentTarget.matches(":focus-visible") && look(i)}
          onBlur={away}
          onClick={() => {
            clearTimeout(timer.current);
            looking.current = false;
            onLook?.(null);
            onTake(color, i);
          }}
          onKeyDown={(event) => {
            if (!onRemove || (event.key !== "Delete" && event.key !== "Backspace")) return;
            event.preventDefault();
            event.stopPropagation(); // the key is for this color, not for the hint
            away();
            onRemove(i);
          }}
          onContextMenu={(event) => {
            if (!onRemove) return;
            event.preventDefault();
            away();
            onRemove(i);
          }}
        />
      ))}
    </>
  );
}
