// The palettes that a person keeps in this browser, and which of them lies open.

import { signal } from "@preact/signals";
import { withAt, without } from "../../state/lists";
import { load, save } from "../../state/settings";
import { PALETTE_FORMATS, readPalette, type Palette, type PaletteFormat } from "./palette";

const SHELF = "adacolvit.palettes";
const OPEN = "adacolvit.palette";

export const palettes = signal<Palette[]>(load<Palette[]>(SHELF, []));
export const openIndex = signal(Math.min(load(OPEN, 0), Math.max(0, palettes.value.length - 1)));
export const openPalette = (): Palette | null => palettes.value[openIndex.value] ?? null;

/** False where the browser keeps nothing: the palettes are there until the page is closed. */
function put(next: Palette[], open: number): boolean {
  palettes.value = next;
  openIndex.value = Math.max(0, Math.min(open, next.length - 1));
  return save(SHELF, next) && save(OPEN, openIndex.value);
}

const replaced = (list: Palette[], at: number, palette: Palette) => list.map((each, i) => (i === at ? palette : each));

export function show(index: number): boolean {
  openIndex.value = index;
  return save(OPEN, index);
}

/** Another window has written the shelf: what it laid there is not to be lost by the next change here. */
window.addEventListener("storage", ({ key }) => {
  if (key !== SHELF) return;
  const name = openPalette()?.name;
  palettes.value = load<Palette[]>(SHELF, []);
  openIndex.value = Math.max(0, palettes.value.findIndex((palette) => palette.name === name));
});

/** Reads palette files and lays them on the shelf; one of a name that is there already takes its place. */
export async function importPalettes(files: File[]): Promise<boolean> {
  let next = palettes.value;
  let at = openIndex.value;
  for (const palette of await Promise.all(files.map(readPalette))) {
    const same = next.findIndex(({ name }) => name === palette.name);
    at = same < 0 ? next.length : same;
    next = same < 0 ? [...next, palette] : replaced(next, same, palette);
  }
  return put(next, at);
}

/** Adds a color to the open palette, or to a first one of this name. */
export function addColor(color: string, firstName: string): boolean {
  const open = openPalette() ?? { name: firstName, swatches: [] };
  if (open.swatches.some((swatch) => swatch.color === color)) return true;
  const grown = { ...open, swatches: [...open.swatches, { color, name: "" }] };
  return put(palettes.value.length ? replaced(palettes.value, openIndex.value, grown) : [grown], openIndex.value);
}

/** Takes a color out of the open palette; returns what puts it back, wherever that palette lies by then. */
export function removeColor(index: number): () => boolean {
  const { name, swatches } = openPalette()!;
  put(replaced(palettes.value, openIndex.value, { name, swatches: without(swatches, index) }), openIndex.value);
  return () => {
    const at = palettes.value.findIndex((palette) => palette.name === name);
    if (at < 0) return true;
    return put(replaced(palettes.value, at, { name, swatches: withAt(palettes.value[at]!.swatches, index, swatches[index]!) }), at);
  };
}

/** Takes the open palette off the shelf; returns what puts it back. */
export function removeOpen(): () => boolean {
  const [open, at] = [openPalette()!, openIndex.value];
  put(without(palettes.value, at), at);
  return () => put(withAt(palettes.value, at, open), at);
}

/** The open palette as a file for other programs. */
export function paletteFile(format: PaletteFormat): { name: string; data: Blob } {
  const palette = openPalette()!;
  return { name: `${palette.name.replace(/[\\/:*?"<>|]+/g, " ").trim() || "palette"}.${format}`, data: PALETTE_FORMATS[format].write(palette) };
}
