// The table: the photo, the rings on it, the before/after line, and the picker beside the selected ring.

import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { EffortMap } from "./Effort";
import { drag, Gestures } from "./gestures";
import { Painter } from "./painter";
import { Picker } from "../hints/Picker";
import { Ring } from "../hints/Ring";
import * as store from "../state/store";
import { texts } from "../texts";
import { devicePhoto, fit } from "./view";

export let gestures: Gestures | null = null;

/** Keeps the canvas up to date with the store; at most one drawing per frame of the screen. */
function startPainting(canvas: HTMLCanvasElement): () => void {
  let painter = new Painter(canvas);
  let drawnGray: ImageBitmap | null = null;
  let drawnFrame: unknown = null;
  let request = 0;

  const paint = () => {
    request = 0;
    const photo = store.photo.peek();
    const frame = store.frame.peek();
    if (!photo || !canvas.width || !canvas.height) return;
    if (drawnGray !== photo.gray) {
      painter.setGray(photo.gray);
      [drawnGray, drawnFrame] = [photo.gray, null];
    }
    if (frame && drawnFrame !== frame) {
      painter.setFrame(frame);
      drawnFrame = frame;
    }
    const divider = store.grayHeld.peek() ? Infinity : store.compare.peek() === "slider" ? store.divider.peek() * canvas.width : 0;
    const place = devicePhoto(photo.info, store.view.peek());
    painter.draw({ photo: place, divider });
    // What is on the canvas now, for whoever watches from outside.
    canvas.dataset.photo = place.map((v) => v / devicePixelRatio).join(" ");
    canvas.dataset.settled = String(frame !== null && !store.busy.peek());
  };
  const stop = effect(() => {
    const { width, height } = store.stage.value;
    const [w, h] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
    if (canvas.width !== w || canvas.height !== h) {
      [canvas.width, canvas.height] = [w, h];
      cancelAnimationFrame(request);
      paint(); // at once: a resized canvas is empty, and would flash
    }
    canvas.dataset.settled = "false";
    void [store.photo.value, store.frame.value, store.busy.value, store.view.value, store.compare.value, store.divider.value, store.grayHeld.value];
    request ||= requestAnimationFrame(paint);
  });

  const onLost = (event: Event) => event.preventDefault(); // asks the browser to restore it
  const onRestored = () => {
    painter = new Painter(canvas);
    [drawnGray, drawnFrame] = [null, null];
    paint();
  };
  canvas.addEventListener("webglcontextlost", onLost);
  canvas.addEventListener("webglcontextrestored", onRestored);
  return () => {
    stop();
    cancelAnimationFrame(request);
    canvas.removeEventListener("webglcontextlost", onLost);
    canvas.removeEventListener("webglcontextrestored", onRestored);
  };
}

function measure(element: HTMLElement): void {
  const { width, height } = element.getBoundingClientRect();
  store.stage.value = { width, height };
  const photo = store.photo.peek();
  if (photo && store.view.peek().fitted) store.view.value = fit(photo.info, store.stage.peek());
}

export function Stage() {
  const element = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);

  useEffect(() => {
    const stage = element.current!;
    const touch = new Gestures(stage);
    gestures = touch;
    const resized = new ResizeObserver(() => measure(stage));
    resized.observe(stage);
    measure(stage);
    stage.addEventListener("wheel", touch.wheel, { passive: false });
    let stop = () => {};
    try {
      stop = startPainting(canvas.current!);
    } catch {
      store.tell(texts.noWebGl, "error");
    }
    return () => {
      stop();
      resized.disconnect();
      stage.removeEventListener("wheel", touch.wheel);
    };
  }, []);

  const open = store.photo.value !== null;
  return (
    <main
      class={`stage${open ? " open" : ""}${store.panHeld.value ? " panning" : ""}`}
      ref={element}
      tabIndex={open ? 0 : -1}
      aria-label={texts.stage}
      onPointerDown={(e) => gestures?.down(e)}
      onPointerMove={(e) => gestures?.move(e)}
      onPointerUp={(e) => gestures?.up(e)}
      onPointerCancel={(e) => gestures?.up(e)}
    >
      <canvas ref={canvas} class="photo" aria-hidden="true" />
      {open && <Overlay />}
    </main>
  );
}

function Overlay() {
  const teach = !store.hints.value.length && store.frame.value && !store.notice.value;
  return (
    <>
      {store.effortOn.value && <EffortMap />}
      <div class={`rings${store.grayHeld.value ? " hidden" : ""}`}>
        {store.hints.value.map((hint, i) => (
          <Ring key={hint.key} hint={hint} number={i + 1} />
        ))}
      </div>
      {store.compare.value === "slider" && <Divider />}
      {teach && !store.phone.value && <p class="teach">{texts.firstClick}</p>}
      {!store.phone.value && store.selected.value && <Picker key={store.selected.value.key} hint={store.selected.value} />}
    </>
  );
}

const DIVIDER_KEYS: Record<string, number> = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 };

function Divider() {
  const share = store.divider.value;
  const width = store.stage.value.width;
  const set = (value: number) => (store.divider.value = Math.min(1, Math.max(0, value)));
  return (
    <div
      class="divider"
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
        if (event.button) return;
        drag(event, (dx) => set(share + dx / width), () => {});
      }}
      onKeyDown={(event) => {
        const by = DIVIDER_KEYS[event.key];
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
