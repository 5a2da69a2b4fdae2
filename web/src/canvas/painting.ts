// Keeps the canvas up to date with the store; at most one drawing per frame of the screen.

import { effect } from "@preact/signals";
import { engine } from "#engine";
import * as store from "../state/store";
import { Painter, type Pane, type Rectangle } from "./painter";
import { colorPane, grayShown, LENS, lens, lensScale, whole } from "./panes";
import { devicePhoto, type View } from "./view";

/** Throws where the browser has no WebGL 2. */
export function startPainting(canvas: HTMLCanvasElement): () => void {
  const ask = () => (request ||= requestAnimationFrame(paint));
  const newPainter = () => new Painter(canvas, ask, (error) => store.tell(error instanceof Error ? error.message : String(error), "error"));
  let request = 0;
  let painter = newPainter();
  let drawnGray: ImageBitmap | null = null;

  const paint = () => {
    request = 0;
    const photo = store.photo.peek();
    const frame = store.frame.peek();
    if (!photo || !canvas.width || !canvas.height || painter.isLost) return;
    const { info, gray } = photo;
    if (drawnGray !== gray) {
      painter.setPhoto(gray, info, (part, signal) => engine.grayPart(info.id, part, signal));
      drawnGray = gray;
    }
    const { saturation, strength } = store.adjustments.peek();
    const chroma = grayShown.peek() ? 0 : saturation * strength;
    painter.setFrames(frame, store.before.peek()?.frame ?? null);
    const looks = panes(canvas);
    const isWhole = painter.draw(looks, chroma);
    // What is on the canvas now, for whoever watches from outside.
    canvas.dataset.photo = looks[0]!.photo.map((v) => v / devicePixelRatio).join(" ");
    canvas.dataset.settled = String(frame !== null && !store.busy.peek());
    canvas.dataset.sharp = String(isWhole);
  };

  const resize = () => {
    const { width, height } = whole.value; // measured once; asking the canvas would lay out the page at every move
    const [w, h] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
    if (canvas.width === w && canvas.height === h) return;
    [canvas.width, canvas.height] = [w, h];
    cancelAnimationFrame(request);
    paint(); // at once: a resized canvas is empty, and would flash
  };
  const stop = effect(() => {
    void [store.stage.value, colorPane.value];
    resize();
    canvas.dataset.settled = "false";
    void [store.photo.value, store.frame.value, store.busy.value, store.view.value, store.adjustments.value];
    void [store.compare.value, store.divider.value, store.before.value, store.grayHeld.value, grayShown.value, lens.value];
    ask();
  });

  const onLost = (event: Event) => event.preventDefault(); // asks the browser to restore it
  const onRestored = () => {
    painter = newPainter();
    drawnGray = null;
    paint();
  };
  canvas.addEventListener("webglcontextlost", onLost);
  canvas.addEventListener("webglcontextrestored", onRestored);
  return () => {
    stop();
    painter.free();
    cancelAnimationFrame(request);
    canvas.removeEventListener("webglcontextlost", onLost);
    canvas.removeEventListener("webglcontextrestored", onRestored);
  };
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
