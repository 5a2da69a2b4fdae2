// Keeps the canvas up to date with the store; at most one drawing per frame of the screen.

import { effect } from "@preact/signals";
import { engine } from "#engine";
import type { Frame } from "../engine/frame";
import * as store from "../state/store";
import { CpuPainter } from "./cpu/painter";
import { GlPainter } from "./gl/painter";
import type { Chroma, Painter, Pane, Rectangle, Told } from "./painter";
import { colorPane, grayShown, LENS, lens, lensScale, whole } from "./panes";
import { devicePhoto, type View } from "./view";

/** What draws: a graphics card, or the processor where there is none. */
type Means = "gl" | "cpu";

const asked = new URLSearchParams(location.search).get("painter"); // "gl" or "cpu": whatever is quicker here
const isForced = asked === "gl";
export const FIRST_MEANS: Means = asked === "cpu" ? "cpu" : "gl";

/** `onUnable` hears that these means do not work here, or too slowly to be used. */
export function startPainting(canvas: HTMLCanvasElement, means: Means, onUnable: () => void): () => void {
  let painter: Painter | null = null;
  let request = 0; // of the screen's next frame
  let drawnAt = -1; // the screen's frame for which something was drawn
  let drawnGray: ImageBitmap | null = null;

  const told: Told = { onArrival: () => ask(), onError: (error) => store.tell(error instanceof Error ? error.message : String(error), "error") };
  const ready = (made: Painter) => {
    painter = made;
    drawnGray = null;
    ask();
  };
  const prepare = async () => {
    if (means === "cpu") return ready(await CpuPainter.load(canvas, told));
    const made = new GlPainter(canvas, told);
    if (isForced || made.isQuick()) return ready(made);
    made.free();
    onUnable();
  };

  const paint = () => {
    request = 0;
    fill();
    const photo = store.photo.peek();
    if (!painter || !photo || !canvas.width || !canvas.height || painter.isLost) return;
    const { info, gray } = photo;
    if (drawnGray !== gray) {
      painter.setPhoto(gray, info, (part, signal) => engine.grayPart(info.id, part, signal));
      drawnGray = gray;
    }
    painter.setFrames(store.frame.peek(), store.before.peek()?.frame ?? null);
    const looks = panes(canvas);
    const isWhole = painter.draw(looks, chroma());
    // What is on the canvas now, for whoever watches from outside.
    canvas.dataset.photo = looks[0]!.photo.map((v) => v / devicePixelRatio).join(" ");
    canvas.dataset.sharp = String(isWhole);
    tellSettled();
  };
  /** Not while there is something to be drawn. */
  const drawAhead = (frame: Frame) => {
    if (!painter?.drawAhead || request || drawnGray !== store.photo.peek()?.gray) return;
    painter.setFrames(frame, store.before.peek()?.frame ?? null);
    painter.drawAhead(panes(canvas), chroma());
  };
  const tellSettled = () => (canvas.dataset.settled = String(painter !== null && store.frame.peek() !== null && !store.busy.peek() && !request));
  const ask = () => {
    request ||= requestAnimationFrame(paint);
    tellSettled();
  };
  /** At once, where the screen's next frame has nothing yet: waiting for it would lose the time until then. */
  const paintNow = () => {
    const frame = document.timeline.currentTime as number;
    if (frame === drawnAt) return ask();
    drawnAt = frame;
    cancelAnimationFrame(request);
    paint();
  };

  /** Gives the canvas as many pixels as the screen has there; whether it had not. It is empty then. */
  const fill = (): boolean => {
    const { width, height } = whole.peek(); // measured once; asking the canvas would lay out the page at every move
    const [w, h] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
    if (canvas.width === w && canvas.height === h) return false;
    [canvas.width, canvas.height] = [w, h];
    return true;
  };
  let ratio: MediaQueryList | null = null; // of the screen's pixels to those of the page, while it is what it is now
  const onRatio = () => {
    ratio?.removeEventListener("change", onRatio);
    ratio = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    ratio.addEventListener("change", onRatio);
    ask();
  };
  onRatio();
  const stops = [
    effect(() => {
      void [whole.value, store.stage.value, colorPane.value];
      if (fill()) {
        cancelAnimationFrame(request);
        paint(); // at once, since an empty canvas would flash
      }
      void [store.photo.value, store.view.value, store.adjustments.value];
      void [store.compare.value, store.divider.value, store.before.value, store.grayHeld.value, grayShown.value, lens.value];
      ask();
    }),
    effect(() => {
      void store.frame.value;
      paintNow();
    }),
    effect(() => {
      if (store.foreseen.value) drawAhead(store.foreseen.value);
    }),
    effect(() => {
      void store.busy.value;
      tellSettled();
    }),
  ];
  prepare().catch(onUnable);

  const onLost = (event: Event) => event.preventDefault(); // asks the browser to restore it
  const onRestored = () => ready(new GlPainter(canvas, told));
  canvas.addEventListener("webglcontextlost", onLost);
  canvas.addEventListener("webglcontextrestored", onRestored);
  return () => {
    for (const stop of stops) stop();
    painter?.free();
    cancelAnimationFrame(request);
    ratio?.removeEventListener("change", onRatio);
    canvas.removeEventListener("webglcontextlost", onLost);
    canvas.removeEventListener("webglcontextrestored", onRestored);
  };
}

/** A snapshot is shown as it was adjusted when it was taken. */
function chroma(): Chroma {
  const now = store.adjustments.peek();
  const factor = ({ saturation, strength }: store.Adjustments) => (grayShown.peek() ? 0 : saturation * strength);
  return [factor(now), factor(store.before.peek()?.snapshot.adjustments ?? now)];
}

/** The looks at the photo, the main one first. */
function panes({ width, height }: HTMLCanvasElement): Pane[] {
  const { info } = store.photo.peek()!;
  const compare = store.compare.peek();
  const divider = store.grayHeld.peek() ? Infinity : compare === "slider" ? store.divider.peek() * width : 0;
  const [x, y] = [colorPane.peek().x, colorPane.peek().y].map((v) => Math.round(v * devicePixelRatio)) as [number, number];
  const { width: paneWidth, height: paneHeight } = store.stage.peek();
  const extent = (v: number, most: number) => Math.min(most, Math.round(v * devicePixelRatio));
  const size = [extent(paneWidth, width), extent(paneHeight, height)] as const;
  const corners: [number, number, number][] = [[x, y, divider], ...(x || y ? [[0, 0, Infinity] as [number, number, number]] : [])];
  const main = corners.map(([left, top, gray]): Pane => ({ box: [left, top, ...size], photo: shifted(devicePhoto(info, store.view.peek()), left, top), divider: gray }));
  const round = corners.flatMap(([left, top, gray]) => lensPane(left, top, gray) ?? []);
  return [...main, ...round];
}

function lensPane(left: number, top: number, divider: number): Pane | null {
  const center = lens.peek();
  if (!center) return null;
  const { info } = store.photo.peek()!;
  const view = store.view.peek();
  const scale = lensScale(view.scale);
  const ratio = scale / view.scale;
  // What lies under the lens's center without the lens lies there with it.
  const enlarged: View = { scale, x: center.x - (center.x - view.x) * ratio, y: center.y - (center.y - view.y) * ratio, fitted: false };
  const side = Math.round(LENS * devicePixelRatio);
  const corner = (v: number) => Math.round(v * devicePixelRatio - side / 2);
  const box: Rectangle = [left + corner(center.x), top + corner(center.y), side, side];
  return { box, photo: shifted(devicePhoto(info, enlarged), left, top), divider, round: true };
}

const shifted = ([x, y, width, height]: Rectangle, dx: number, dy: number): Rectangle => [x + dx, y + dy, width, height];
