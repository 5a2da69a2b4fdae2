// The table: the photo, and above it the rings, the picker, the lines and the lens of the canvas.

import { useEffect, useRef, useState } from "preact/hooks";
import { toggleFullScreen, wholeWindow } from "./commands";
import { Divider } from "./Divider";
import { EffortMap } from "./Effort";
import { Gestures } from "./gestures";
import { Lens, Pane, Twin } from "./Lens";
import { FIRST_MEANS, startPainting } from "./painting";
import { colorPane, followStage, pointer, whole } from "./panes";
import { unpoint } from "../hints/crosshair";
import { Hints, RubberBand } from "../hints/Hints";
import { beginBand } from "../hints/select";
import * as store from "../state/store";
import { texts } from "../texts";
import "./canvas.css";

export function Stage() {
  const element = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [means, setMeans] = useState(FIRST_MEANS);
  const gestures = useRef<Gestures | null>(null);

  useEffect(() => {
    const stage = element.current!;
    const touch = (gestures.current = new Gestures(stage));
    const measure = () => (whole.value = { width: stage.clientWidth, height: stage.clientHeight });
    const resized = new ResizeObserver(measure);
    resized.observe(stage);
    measure();
    const listening = new AbortController();
    const zooming = { passive: false, signal: listening.signal }; // the browser waits whether the page itself is to be zoomed
    stage.addEventListener("wheel", touch.wheel, zooming);
    stage.addEventListener("gesturestart", touch.gestureStart, zooming);
    stage.addEventListener("gesturechange", touch.gestureChange, zooming);
    const stopFollowing = followStage();
    return () => {
      stopFollowing();
      resized.disconnect();
      listening.abort();
    };
  }, []);

  useEffect(
    () => startPainting(canvas.current!, means, () => (means === "gl" ? setMeans("cpu") : store.tell(texts.noPainter, "error"))),
    [means],
  );

  const open = store.photo.value !== null;
  return (
    <main
      class={`stage${open ? " open" : ""}${store.panHeld.value ? " panning" : ""}${store.fullScreen.value ? " full" : ""}`}
      ref={element}
      tabIndex={open ? 0 : -1}
      aria-label={texts.stage}
      onMouseDown={(e) => store.panHeld.value && e.preventDefault()} // the keyboard stays: a button would take Space for itself
      onPointerDown={(e) => beginBand(e) || gestures.current?.down(e)}
      onPointerMove={(e) => {
        unpoint();
        gestures.current?.move(e);
      }}
      onPointerUp={(e) => gestures.current?.up(e)}
      onPointerCancel={(e) => gestures.current?.up(e)}
      onPointerLeave={() => (pointer.value = null)}
    >
      <canvas key={means} ref={canvas} class="photo" data-means={means} aria-hidden="true" />
      {open && <Panes />}
      {wholeWindow.value && (
        <button type="button" class="button leave" title={texts.view.leaveTip} onPointerDown={(e) => e.stopPropagation()} onClick={toggleFullScreen}>
          {texts.view.leave}
        </button>
      )}
    </main>
  );
}

/** What lies above the photo, in the pane that is in color. */
function Panes() {
  const { x, y } = colorPane.value;
  const split = x > 0 || y > 0;
  return (
    <>
      {split && <Twin />}
      {split && <RubberBand />}
      <Pane>
        <Overlay />
      </Pane>
      {split && <Tags />}
    </>
  );
}

function Overlay() {
  const teach = !store.hints.value.length && store.frame.value && !store.notice.value;
  return (
    <>
      {store.effortOn.value && <EffortMap />}
      <Lens />
      {store.compare.value === "slider" && <Divider />}
      {teach && !store.phone.value && <p class="teach">{texts.firstClick}</p>}
      <Hints />
    </>
  );
}

/** Which pane is which. */
function Tags() {
  const { x, y } = colorPane.value;
  return (
    <>
      <span class="tag" style={{ left: 0, top: 0 }}>
        {store.before.value?.snapshot.name ?? texts.before}
      </span>
      <span class="tag" style={{ left: `${x}px`, top: `${y}px` }}>
        {texts.after}
      </span>
    </>
  );
}
