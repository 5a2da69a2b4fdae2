// The square in which a color is dragged: a to the right, b up, only what this lightness can show.

import { useEffect, useRef, useState } from "preact/hooks";
import { labToHex } from "../color/color";
import { nearest, paintPlane, type Plane } from "../color/gamut";
import { storeFlag } from "../state/settings";
import { texts } from "../texts";
import { remember } from "./dropper";
import { chooseAb, foreseeAb, previewAb } from "./edit";
import { useRest, type Spot } from "./rest";

const STEPS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

interface Props {
  plane: Plane;
  ab: [number, number];
  locked: boolean;
  onSaid: (text: string) => void;
}

export function PlaneField({ plane, ab, locked, onSaid }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dragged = useRef<[number, number] | null>(null); // unrounded, so that the marker follows the pointer smoothly
  const side = useSide(canvas);
  useEffect(() => {
    if (!side) return;
    const field = canvas.current!;
    if (field.width !== side) field.width = field.height = side;
    field.getContext("2d")!.putImageData(paintPlane(plane, side), 0, 0);
  }, [plane, side]);

  const [a, b] = dragged.current ?? ab;
  const color = labToHex(plane.L, a, b);
  const percent = (v: number) => `${50 * (1 + v / plane.half)}%`;

  const abAt = ({ clientX, clientY }: Spot) => {
    const box = canvas.current!.getBoundingClientRect();
    const wanted = (share: number) => (2 * share - 1) * plane.half;
    return nearest(
      plane,
      plane.middle[0] + wanted((clientX - box.left) / box.width),
      plane.middle[1] - wanted((clientY - box.top) / box.height),
    );
  };
  const follow = (spot: Spot) => previewAb((dragged.current = abAt(spot)));
  const rest = useRest((spot) => foreseeAb(abAt(spot)));
  const release = () => {
    if (!dragged.current) return;
    const ab = dragged.current;
    dragged.current = null;
    chooseAb(ab);
    remember(labToHex(plane.L, ...ab));
    storeFlag("taught", true);
  };

  return (
    <div
      class={`plane${locked ? " locked" : ""}`}
      role="slider"
      tabIndex={0}
      title={texts.plane}
      aria-label={texts.plane}
      aria-valuenow={Math.round(Math.hypot(a, b))}
      aria-valuetext={texts.planeValue(color)}
      onPointerDown={(event) => {
        if (event.button) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        onSaid("");
        follow(rest.meant(event));
      }}
      onPointerMove={(event) => (dragged.current ? follow(event) : rest.move(event))}
      onPointerLeave={rest.end}
      onPointerUp={release}
      onPointerCancel={release}
      onKeyDown={(event) => {
        const step = STEPS[event.key];
        if (!step) return;
        event.preventDefault();
        event.stopPropagation(); // these arrows are for the color, not for the ring
        const by = event.shiftKey ? 8 : 2;
        chooseAb(nearest(plane, ab[0] + by * step[0], ab[1] + by * step[1]), true);
      }}
    >
      <canvas ref={canvas} />
      <span
        class="marker"
        style={{ left: percent(a - plane.middle[0]), top: percent(plane.middle[1] - b), background: color }}
      />
    </div>
  );
}

/** Pixels across the field; 0 until the browser has laid it out. Told by the browser: asking would lay out the page. */
function useSide(canvas: { current: HTMLCanvasElement | null }): number {
  const [side, setSide] = useState(0);
  useEffect(() => {
    const seen = new ResizeObserver(([entry]) => setSide(Math.round(entry!.contentRect.width * Math.min(2, devicePixelRatio))));
    seen.observe(canvas.current!);
    return () => seen.disconnect();
  }, []);
  return side;
}
