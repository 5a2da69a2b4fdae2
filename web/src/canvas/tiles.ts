// The photo's own pixels, however large it is: a pyramid of square tiles, fetched where and when they are looked at.
// Until a tile is there, a coarser one or the base (the whole photo, scaled down) is drawn in its place.

import type { Part } from "../engine/engine";
import type { Told } from "./painter";
import type { Size } from "./view";

/** A rectangle of the photo, in photo pixels. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export type FetchPart = (part: Part, signal: AbortSignal) => Promise<Uint8Array>;

/** An area of the photo, and the texture (whatever a painter makes of texels) that holds what it shows. */
export interface Patch<Texture> {
  area: Box;
  texture: Texture;
  /** What the texture spans. */
  span: Box;
}

export interface Textures<Texture> {
  make(texels: Uint8Array, width: number, height: number): Texture;
  drop(texture: Texture): void;
}

interface Cell {
  level: number;
  column: number;
  row: number;
}

const SIDE = 512; // texels; a tile travels and is uploaded within a fraction of a frame
const APRON = 1; // texels around a tile, so that neighbors blend without a seam
const MOST_TILES = 192; // 50 MB of textures; a screen of 4K shows up to 150 at once, and of larger ones all stay that are seen
const MOST_FETCHES = 4; // at a time, so that what a person looks at now comes soon
const RETRY_MS = 2000;

/** The coarsest level (a texel is 2^level pixels) that is not coarser than the screen at `scale` device pixels per pixel. */
const levelFor = (scale: number) => Math.max(0, Math.floor(Math.log2(1 / scale) + 1e-6));

const nameOf = ({ level, column, row }: Cell) => `${level}/${column}/${row}`;

/** The cells of a level that a box touches, those in its middle first. */
function cellsIn(box: Box, level: number, photo: Size): Cell[] {
  const side = SIDE * 2 ** level;
  const count = (extent: number) => Math.ceil(extent / side);
  const columns = range(box.x / side, (box.x + box.width) / side, count(photo.width));
  const rows = range(box.y / side, (box.y + box.height) / side, count(photo.height));
  const [middleX, middleY] = [(box.x + box.width / 2) / side - 0.5, (box.y + box.height / 2) / side - 0.5];
  const distance = (cell: Cell) => Math.hypot(cell.column - middleX, cell.row - middleY);
  return rows.flatMap((row) => columns.map((column) => ({ level, column, row }))).sort((p, q) => distance(p) - distance(q));
}

function range(from: number, to: number, count: number): number[] {
  const [first, end] = [Math.max(0, Math.floor(from)), Math.min(count, Math.ceil(to))];
  return Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
}

function boxOf({ level, column, row }: Cell, photo: Size, apron = 0): Box {
  const side = SIDE * 2 ** level;
  const beyond = apron * 2 ** level;
  const [x, y] = [Math.max(0, column * side - beyond), Math.max(0, row * side - beyond)];
  const right = Math.min(photo.width, (column + 1) * side + beyond);
  const bottom = Math.min(photo.height, (row + 1) * side + beyond);
  return { x, y, width: right - x, height: bottom - y };
}

export class Tiles<Texture> {
  private readonly tiles = new Map<string, { texture: Texture; span: Box }>(); // the last used ones at the end
  private readonly fetching = new Map<string, AbortController>();
  private wanted: Cell[] = [];
  private looking = 0; // cells looked at since the last fetch
  private seen = 0; // and before it: what is on the screen
  private resting = 0;

  constructor(
    private readonly textures: Textures<Texture>,
    private readonly photo: Size,
    private readonly base: { texture: Texture; width: number },
    private readonly fetchPart: FetchPart,
    private readonly told: Told,
  ) {}

  /** What to draw so that a box of the photo is covered, at `scale` device pixels per photo pixel. */
  covering(box: Box, scale: number): Patch<Texture>[] {
    const level = levelFor(scale);
    const whole = { x: 0, y: 0, ...this.photo };
    const base = (area: Box): Patch<Texture> => ({ area, texture: this.base.texture, span: whole });
    if (this.isFineEnough(level)) return [base(whole)];
    const patches: Patch<Texture>[] = [];
    let found = false;
    const cells = cellsIn(box, level, this.photo);
    this.looking += cells.length;
    for (const cell of cells) {
      const area = boxOf(cell, this.photo);
      const tile = this.best(cell);
      found ||= tile !== null;
      patches.push(tile ? { area, ...tile } : base(area));
      if (!this.tiles.has(nameOf(cell))) this.wanted.push(cell);
    }
    return found ? patches : [base(whole)];
  }

  /**
   * Fetches what was looked at since the last call and is not there; what is not looked at any more is called off.
   * Returns whether everything is there.
   */
  fetch(): boolean {
    const names = new Set(this.wanted.map(nameOf));
    for (const [name, abort] of this.fetching) if (!names.has(name)) abort.abort();
    this.next();
    this.wanted = [];
    [this.seen, this.looking] = [this.looking, 0];
    return names.size === 0;
  }

  free(): void {
    clearTimeout(this.resting);
    for (const abort of this.fetching.values()) abort.abort();
    for (const { texture } of this.tiles.values()) this.textures.drop(texture);
    this.tiles.clear();
  }

  private isFineEnough = (level: number) => this.base.width / this.photo.width >= 2 ** -level - 1e-6;

  private best(cell: Cell): { texture: Texture; span: Box } | null {
    for (let up = 0; !this.isFineEnough(cell.level + up); up++) {
      const name = nameOf({ level: cell.level + up, column: cell.column >> up, row: cell.row >> up });
      const tile = this.tiles.get(name);
      if (!tile) continue;
      this.tiles.delete(name);
      this.tiles.set(name, tile);
      return tile;
    }
    return null;
  }

  private next(): void {
    if (this.resting) return;
    for (const cell of this.wanted) {
      if (this.fetching.size >= MOST_FETCHES) return;
      if (!this.fetching.has(nameOf(cell))) void this.load(cell);
    }
  }

  private async load(cell: Cell): Promise<void> {
    const name = nameOf(cell);
    const abort = new AbortController();
    this.fetching.set(name, abort);
    const part = { ...boxOf(cell, this.photo, APRON), shrink: 2 ** cell.level };
    try {
      const texels = await this.fetchPart(part, abort.signal);
      if (abort.signal.aborted) return;
      this.keep(name, part, texels);
    } catch (error) {
      if (abort.signal.aborted) return;
      // The base stays, so nothing is lost but sharpness. Asked again after a rest: the engine may be back by then.
      this.resting = window.setTimeout(() => {
        this.resting = 0;
        this.told.onArrival();
      }, RETRY_MS);
      this.told.onError(error);
    } finally {
      this.fetching.delete(name);
      this.told.onArrival(); // drawing again asks for what is still missing
    }
  }

  private keep(name: string, part: Part, texels: Uint8Array): void {
    const [width, height] = [Math.ceil(part.width / part.shrink), Math.ceil(part.height / part.shrink)];
    const texture = this.textures.make(texels, width, height);
    // The last texel of a row may stand for fewer pixels than the others: the texture reaches beyond the photo.
    this.tiles.set(name, { texture, span: { x: part.x, y: part.y, width: width * part.shrink, height: height * part.shrink } });
    for (const [oldest, tile] of this.tiles) {
      if (this.tiles.size <= Math.max(MOST_TILES, this.seen)) break;
      this.textures.drop(tile.texture);
      this.tiles.delete(oldest);
    }
  }
}
