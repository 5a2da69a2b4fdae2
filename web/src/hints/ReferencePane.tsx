// The pane of the reference photo: every color under the pointer can be taken.

import { useEffect, useRef, useState } from "preact/hooks";
import { bytesToHex } from "../color/color";
import { CloseIcon, OpenIcon } from "../icons";
import { useFocusLeft } from "../state/focus";
import { filesOf, hasFiles } from "../state/transfer";
import * as store from "../state/store";
import { texts } from "../texts";
import { take } from "./dropper";
import { previewColor } from "./edit";
import { Tip } from "./Hints";
import { chooseReference, closeReference, openReference } from "./reference";
import "./reference.css";

const AREA = 3; // CSS px: what a color is averaged over, so that film grain does not matter
const STEP = 4; // CSS px an arrow key moves the keyboard's crosshair; ten times that with Shift
const STEPS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })!;
probe.imageSmoothingQuality = "high";

/** The color around (u, v) in [0, 1] of a picture, over so many of its pixels. */
function colorAt(picture: ImageBitmap, u: number, v: number, pixels: number): string {
  const side = Math.max(1, pixels);
  probe.drawImage(picture, u * picture.width - side / 2, v * picture.height - side / 2, side, side, 0, 0, 1, 1);
  return bytesToHex([...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)]);
}

export function ReferencePane() {
  const reference = store.reference.value;
  const [over, setOver] = useState(false);
  const element = useRef<HTMLElement>(null);
  useFocusLeft(element);
  const drop = (event: DragEvent) => {
    setOver(false);
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    event.stopPropagation(); // elsewhere on the window it would become the photo to color
    const [file] = filesOf(event.dataTransfer);
    if (file) void openReference(file);
  };
  return (
    <aside
      ref={element}
      class={`reference${over ? " over" : ""}`}
      aria-label={texts.reference}
      onDragOver={(event) => {
        event.stopPropagation();
        setOver(hasFiles(event.dataTransfer));
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <header class="row">
        <h2 title={reference?.name}>{reference?.name ?? texts.reference}</h2>
        <button type="button" class="quiet" title={texts.referenceOpen} aria-label={texts.referenceOpen} onClick={chooseReference}>
          <OpenIcon />
        </button>
        <button type="button" class="quiet" title={texts.referenceClose} aria-label={texts.referenceClose} onClick={closeReference}>
          <CloseIcon />
        </button>
      </header>
      {reference ? (
        <div class="reference-room">
          <Picture key={reference.id} picture={reference.picture} />
        </div>
      ) : (
        <button type="button" class="reference-empty" onClick={chooseReference}>
          {texts.referenceDrop}
        </button>
      )}
    </aside>
  );
}

interface Under {
  x: number;
  y: number;
  color: string;
}

function Picture({ picture }: { picture: ImageBitmap }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [under, setUnder] = useState<Under | null>(null);
  useEffect(() => {
    const field = canvas.current!;
    const paint = () => {
      const scale = Math.min(1, (field.clientWidth * devicePixelRatio) / picture.width);
      [field.width, field.height] = [Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale))];
      const context = field.getContext("2d")!;
      context.imageSmoothingQuality = "high";
      context.drawImage(picture, 0, 0, field.width, field.height);
    };
    const resized = new ResizeObserver(paint);
    resized.observe(field);
    return () => {
      resized.disconnect();
      store.stopPreview();
    };
  }, [picture]);

  /** Looks at a place of the pane: the selected hints show its color for as long as it is looked at. */
  const look = (x: number, y: number): string => {
    const { clientWidth: width, clientHeight: height } = canvas.current!;
    const at = { x: Math.min(width - 1, Math.max(0, x)), y: Math.min(height - 1, Math.max(0, y)) };
    const color = colorAt(picture, at.x / width, at.y / height, (AREA * picture.width) / width);
    setUnder({ ...at, color });
    previewColor(color);
    return color;
  };
  const away = () => {
    setUnder(null);
    store.stopPreview();
  };
  const at = (event: PointerEvent): [number, number] => {
    const box = canvas.current!.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  return (
    <div
      class="reference-picture"
      style={{ "--aspect": picture.width / picture.height }}
      role="application"
      tabIndex={0}
      title={texts.referenceTip}
      aria-label={texts.referencePicture}
      aria-description={under ? under.color : undefined}
      onPointerDown={(event) => event.pointerType === "touch" && look(...at(event))}
      onPointerMove={(event) => look(...at(event))}
      onPointerLeave={away}
      onBlur={away}
      onClick={(event) => event.button === 0 && take(look(...at(event as unknown as PointerEvent)))}
      onKeyDown={(event) => {
        const step = STEPS[event.key];
        const { clientWidth, clientHeight } = canvas.current!;
        const { x, y } = under ?? { x: clientWidth / 2, y: clientHeight / 2 };
        const by = STEP * (event.shiftKey ? 10 : 1);
        if (step) look(x + by * step[0], y + by * step[1]);
        else if (event.key === "Enter") take(look(x, y));
        else return;
        event.preventDefault();
        event.stopPropagation(); // these keys are for the reference, not for the photo
      }}
    >
      <canvas ref={canvas} />
      {under && <Tip {...under} />}
    </div>
  );
}
