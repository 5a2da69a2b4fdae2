// Draws the photo without a graphics card: a view's lightness is read once, and kept while only colors change; a photo that
// is moved takes its pixels along, and only what comes into view is computed. What may be shown next is drawn in memory before.

import type { Frame } from "../../engine/frame";
import { lookThrough, MOST_TEXELS, SHARP_FROM, type Chroma, type Painter, type Pane, type Rectangle, type Told } from "../painter";
import { Tiles, type Box, type FetchPart } from "../tiles";
import type { Size } from "../view";
import { grayOf, Levels } from "./gray";
import { Kernel } from "./kernel";
import { around, common, uncovered, type Region } from "./region";
import { BYTES_PER_PIXEL, Surface, type Desk, type Look, type Quads } from "./surface";

/** What of a pane is on the canvas. */
interface Drawn {
  pane: Pane;
  /** By the area that they fill. */
  textures: Map<string, Levels>;
}

interface Memory {
  key: string;
  desk: Desk;
  canvas: Surface;
  lens: Surface;
  quads: [number, number];
  planes: number;
}

export class CpuPainter implements Painter {
  readonly isLost = false;
  private readonly context: CanvasRenderingContext2D;
  private size: Size = { width: 1, height: 1 };
  private tiles: Tiles<Levels> | null = null;
  private frames: (Frame | null)[] = [null, null]; // the photo's, and what it is compared with
  private colors: (Quads | null)[] = [null, null];
  private shown: unknown[] = []; // what the colors in memory were made of
  private memory: Memory | null = null;
  private drawn: Drawn[] = [];
  private lenses: Region[] = [];
  private ahead: Region[] = []; // what is in memory and not on the canvas

  private constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly kernel: Kernel,
    private readonly told: Told,
  ) {
    this.context = canvas.getContext("2d", { willReadFrequently: true })!; // its pixels come from here, not from a graphics card
  }

  /** Throws where the browser cannot compute with vectors. */
  static async load(canvas: HTMLCanvasElement, told: Told): Promise<CpuPainter> {
    return new CpuPainter(canvas, await Kernel.load(), told);
  }

  setPhoto(picture: ImageBitmap, size: Size, fetchPart: FetchPart): void {
    this.size = size;
    this.free();
    const base = new Levels(grayOf(picture), Infinity);
    const textures = { make: (texels: Uint8Array, width: number, height: number) => new Levels({ texels, width, height }, 0), drop: () => {} };
    this.tiles = new Tiles(textures, size, { texture: base, width: base.width }, fetchPart, this.told);
    [this.frames, this.drawn] = [[null, null], []];
  }

  setFrames(...frames: [Frame | null, Frame | null]): void {
    this.frames = frames;
  }

  free(): void {
    this.tiles?.free();
  }

  draw(panes: Pane[], chroma: Chroma): boolean {
    const lenses = panes.filter((pane) => pane.round);
    const memory = this.layOut(lenses);
    const changed = this.drawInMemory(memory, panes, chroma);
    const dirty = around([...changed, ...this.ahead, ...this.lenses]);
    this.ahead = [];
    if (dirty) this.context.putImageData(memory.canvas.picture, 0, 0, dirty.left, dirty.top, dirty.right - dirty.left, dirty.bottom - dirty.top);
    for (const pane of lenses) this.drawLens(memory, pane);
    this.lenses = lenses.map(({ box }) => regionOf(box));
    return this.tiles?.fetch() ?? true;
  }

  drawAhead(panes: Pane[], chroma: Chroma): void {
    const memory = this.layOut(panes.filter((pane) => pane.round));
    this.ahead.push(...this.drawInMemory(memory, panes, chroma));
  }

  /** Draws all but the lenses; returns what of it is different now. */
  private drawInMemory(memory: Memory, panes: Pane[], chroma: Chroma): Region[] {
    const main = panes.filter((pane) => !pane.round);
    const isRecolored = this.recolor(memory, chroma);
    const isDivided = main.length === this.drawn.length && main.every(({ box }, i) => box.every((v, j) => v === this.drawn[i]!.pane.box[j]));
    if (!isDivided) this.start(memory.canvas);
    const changed = main.flatMap((pane, i) => this.drawPane(memory.canvas, pane, i, isRecolored));
    return isDivided ? changed : [whole(memory.canvas)];
  }

  /** Memory for the canvas as it is; when that is another one, everything is drawn anew. */
  private layOut(lenses: Pane[]): Memory {
    const { width, height } = this.canvas;
    const lens = lenses[0]?.box[2] ?? 0;
    const texels = this.frames.map((frame) => (frame ? frame.info.width * frame.info.height : 0)) as [number, number];
    const most = Math.max(...texels);
    const key = [width, height, lens, ...texels].join(" ");
    if (this.memory?.key === key) return this.memory;
    const widest = 4 * (Math.max(width, lens) + 3);
    const at = this.kernel.lay({
      columns: widest,
      spread: 8 * widest,
      texels: MOST_TEXELS * MOST_TEXELS,
      canvas: BYTES_PER_PIXEL * width * height,
      lens: BYTES_PER_PIXEL * lens * lens,
      quads: 16 * texels[0],
      before: 16 * texels[1],
      planes: 16 * most,
    });
    const desk: Desk = { columns: at.columns, spread: at.spread, texels: at.texels, gray: null };
    [this.drawn, this.shown] = [[], []];
    return (this.memory = {
      key,
      desk,
      canvas: new Surface(this.kernel, desk, at.canvas, width, height),
      lens: new Surface(this.kernel, desk, at.lens, lens, lens),
      quads: [at.quads, at.before],
      planes: at.planes,
    });
  }

  /** Makes colors of the frames; returns whether they are others than those on the canvas. */
  private recolor({ quads, planes }: Memory, chroma: Chroma): boolean {
    const wanted = [...this.frames, ...chroma];
    if (wanted.every((each, i) => each === this.shown[i])) return false;
    this.shown = wanted;
    this.colors = this.frames.map((frame, i) => {
      if (!frame || !chroma[i]) return null;
      const { width, height } = frame.info;
      this.kernel.floats(planes, frame.planes.length).set(frame.planes);
      this.kernel.rows.quads(quads[i]!, planes, chroma[i], width * height);
      return { at: quads[i]!, width, height };
    });
    return true;
  }

  /** Begins with an empty canvas: what lies between panes is transparent. */
  private start(canvas: Surface): void {
    this.drawn = [];
    canvas.clear(whole(canvas));
  }

  /** Brings a pane up to date; returns what of it is different now. */
  private drawPane(to: Surface, pane: Pane, index: number, isRecolored: boolean): Region[] {
    const last = this.drawn[index];
    const box = regionOf(pane.box);
    const look = this.lookOf(pane);
    const moves = last !== undefined && isMoved(last.pane, pane);
    const [dx, dy] = moves ? [pane.photo[0] - last.pane.photo[0], pane.photo[1] - last.pane.photo[1]] : [0, 0];
    const fresh = moves ? uncovered(box, dx, dy) : [box];
    if (dx || dy) to.shift(box, dx, dy);
    for (const region of fresh) to.clear(region);

    const textures = new Map<string, Levels>();
    const read: Region[] = [];
    for (const patch of this.patches(pane)) {
      const { x, y, width, height } = patch.area;
      const name = [x, y, width, height].join(" ");
      const area = common(box, this.onCanvas(patch.area, pane));
      textures.set(name, patch.texture);
      if (!area) continue;
      const isThere = moves && last.textures.get(name) === patch.texture;
      for (const region of isThere ? fresh.flatMap((each) => common(each, area) ?? []) : [area]) {
        to.sample(region, look, patch);
        read.push(region);
      }
    }
    const all = common(box, this.onCanvas({ x: 0, y: 0, ...this.size }, pane));
    const isAllNew = isRecolored || !moves || last.pane.divider !== pane.divider;
    for (const region of isAllNew ? (all ? [all] : []) : read) this.color(to, region, look, pane.divider);
    this.drawn[index] = { pane, textures };
    if (dx || dy || !moves) return [box];
    return isAllNew && all ? [all] : read;
  }

  private color(to: Surface, region: Region, look: Look, divider: number): void {
    const middle = Math.min(region.right, Math.max(region.left, Math.ceil(Math.min(divider, 1e6) - 0.5)));
    to.color({ ...region, right: middle }, look, this.colors[1]!);
    to.color({ ...region, left: middle }, look, this.colors[0]!);
  }

  /** A circle above what is on the canvas. */
  private drawLens({ canvas, lens }: Memory, pane: Pane): void {
    const [left, top, side] = pane.box;
    const here: Pane = { ...pane, box: [0, 0, side, side], photo: [pane.photo[0] - left, pane.photo[1] - top, pane.photo[2], pane.photo[3]] };
    const look = this.lookOf(here);
    const box = regionOf(here.box);
    lens.take(canvas, left, top);
    const patches = this.patches(here);
    for (const patch of patches) {
      const region = common(box, this.onCanvas(patch.area, here));
      if (region) lens.sample(region, look, patch);
    }
    const region = common(box, this.onCanvas({ x: 0, y: 0, ...this.size }, here));
    if (region) this.color(lens, region, look, pane.divider - left);
    lens.take(canvas, left, top, side / 2);
    this.context.putImageData(lens.picture, left, top);
  }

  private patches(pane: Pane) {
    const { scale, seen } = lookThrough(pane, this.size);
    return this.tiles?.covering(seen, scale) ?? [];
  }

  private lookOf(pane: Pane): Look {
    const { scale } = lookThrough(pane, this.size);
    return { left: pane.photo[0], top: pane.photo[1], scale, sharp: scale >= SHARP_FROM, size: this.size };
  }

  /** The pixels of the canvas whose middles lie in a part of the photo. */
  private onCanvas({ x, y, width, height }: Box, pane: Pane): Region {
    const [left, top] = pane.photo;
    const { scale } = lookThrough(pane, this.size);
    const pixel = (from: number, v: number) => Math.ceil(from + v * scale - 0.5);
    return { left: pixel(left, x), top: pixel(top, y), right: pixel(left, x + width), bottom: pixel(top, y + height) };
  }
}

const whole = ({ width, height }: Size): Region => ({ left: 0, top: 0, right: width, bottom: height });
const regionOf = ([left, top, width, height]: Rectangle): Region => ({ left, top, right: left + width, bottom: top + height });

/** Whether two looks through the same box are the same, or the same but for a move. */
function isMoved(before: Pane, after: Pane): boolean {
  return before.photo[2] === after.photo[2] && before.photo[3] === after.photo[3];
}
